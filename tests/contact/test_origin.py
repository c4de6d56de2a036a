"""Where a visitor came from is carried along, and what is no code or page of this site is as if it were not there."""

import pytest
from django.http import QueryDict

from contact.origin import Origin, public_path, read_origin
from tests.factories import create_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def code():
    return create_code("J9302")


@pytest.mark.parametrize("written", ["hcpcs:J9302", "J9302", "j9302", " j93.02 ", "HCPCS:j9302"])
def test_code_is_found_in_any_spelling(code, written):
    assert read_origin(QueryDict(mutable=True) | {"code": written}).code == code


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=",
        "code=%00",
        "code=J9302%00",
        "code=NOPE",
        "code=icd10cm:J9302",
        "code=%FF%FE",
        "code=%E2%80%AE",
        f"code={'J' * 5000}",
        "code=:::",
        "code=J9302%0AX",
        "other=J9302",
    ],
)
def test_what_is_no_code_is_ignored(code, query):
    assert read_origin(QueryDict(query)) == Origin(None, "")


@pytest.mark.parametrize(
    "path",
    ["/", "/codes/", "/code/hcpcs/J9302-injection", "/policies/", "/policy/cms/12345678-x", "/plans/cms/"],
)
def test_page_of_this_site_is_kept(path):
    assert public_path(path) == path


def test_only_the_path_of_a_page_is_kept():
    assert public_path("/policies/?q=hiv+kim+lee#codes") == "/policies/"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "policies/",
        "/nothing",
        "//evil.example/",
        "https://evil.example/policies/",
        "javascript:alert(1)",
        "/admin/",
        "/admin/login/",
        "/livez",
        "/contact/message/",
        "/meeting/a-token/",
        "/calendars/a-secret.ics",
        "/preview/a-token/",
        "/static/css/site.css",
        "/../policies/",
    ],
)
def test_other_addresses_and_those_with_secrets_are_dropped(path):
    assert public_path(path) == ""


@pytest.mark.parametrize("written", ["/codes/\0", "/policy/cms/a\nb", "/policy/cms/\u2028", f"/policy/cms/{'a' * 300}"])
def test_page_that_no_column_could_hold_is_dropped(written):
    assert read_origin(QueryDict(mutable=True) | {"page": written}).page == ""


@pytest.mark.parametrize("page", ["", "/policy/cms/12345678-a"])
def test_query_leads_to_the_same_origin(code, page):
    for origin in (Origin(code, page), Origin(None, page)):
        assert read_origin(QueryDict(origin.query)) == origin


def test_code_is_written_as_short_as_it_is_found_again(code):
    assert Origin(code).code_as_written == "J9302"
    assert Origin().code_as_written == ""

    other = create_code("J9302", system="icd10cm")
    assert Origin(code).code_as_written == "J9302"
    assert Origin(other).code_as_written == "icd10cm:J9302"
