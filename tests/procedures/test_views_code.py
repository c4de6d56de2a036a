import datetime
from urllib.parse import quote

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures.models import Succession
from procedures.search import reindex
from tests.factories import create_code, create_release
from tests.pages import read_page

pytestmark = pytest.mark.django_db

J9302 = "/code/hcpcs/J9302-injection-ofatumumab-10-mg"
INOTUZUMAB = "Injection, inotuzumab ozogamicin, 0.1 mg"


@pytest.fixture
def ofatumumab():
    return create_code(added=datetime.date(2011, 1, 1))


@pytest.fixture
def inotuzumab():
    """C9028, which ended on 31 December 2018, and its successor J9229."""
    old = create_code("C9028", INOTUZUMAB, added=datetime.date(2018, 7, 1), terminated=datetime.date(2018, 12, 31))
    new = create_code("J9229", INOTUZUMAB, added=datetime.date(2019, 1, 1))
    Succession.objects.create(predecessor=old, successor=new)
    return old


def get_page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response)


def link_texts(page, address):
    return [link.text for link in page.all("a") if link.attributes["href"] == address]


# Addresses


@pytest.mark.parametrize(
    "spelling",
    [
        "/code/hcpcs/J9302",
        "/code/hcpcs/J9302/",
        "/code/hcpcs/j9302",
        "/code/hcpcs/J9302-",
        "/code/hcpcs/J9302-wrong-slug",
        "/code/hcpcs/j9302-injection-ofatumumab-10-mg",
        "/code/hcpcs/J9302-injection-ofatumumab-10-mg/",
        "/code/hcpcs/J9302-Injection-Ofatumumab-10-MG",
        "/code/hcpcs/J-9302",
        "/code/hcpcs/J%209302",
        "/code/hcpcs/%20J9302%20",
        "/code/hcpcs/J.9302",
        "/code/HCPCS/J9302-injection-ofatumumab-10-mg",
    ],
)
def test_code_redirects_every_other_spelling(client, ofatumumab, spelling):
    response = client.get(spelling)

    assert response.status_code == 301
    assert response.headers["Location"] == J9302


@pytest.mark.parametrize(
    "spelling", ["A00.0", "A000", "a00.0", "a000", "A000-cholera", "A00.0-x", "A00.0/", "A%2000.0"]
)
def test_code_redirects_spellings_without_the_dot(client, spelling):
    create_code("A00", "Cholera", system="icd10cm", kind="header")
    create_code("A00.0", "Cholera due to Vibrio cholerae 01, biovar cholerae", system="icd10cm")

    response = client.get(f"/code/icd10cm/{spelling}")

    assert response.status_code == 301
    assert response.headers["Location"] == "/code/icd10cm/A00.0-cholera-due-to-vibrio-cholerae-01-biovar-cholerae"


def test_code_keeps_the_query_string_when_it_redirects(client, ofatumumab):
    response = client.get("/code/hcpcs/j9302?as_of=2018-06-30&x=%26")

    assert response.headers["Location"] == f"{J9302}?as_of=2018-06-30&x=%26"


def test_code_answers_its_own_address_without_a_redirect(client, ofatumumab):
    assert ofatumumab.get_absolute_url() == J9302
    assert client.get(J9302).status_code == 200
    assert client.get(f"{J9302}?as_of=2018-06-30").status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        "/code/hcpcs/J9999",
        "/code/icd10cm/J9302",
        "/code/cpt4/J9302",
        "/code/nosuch/J9302",
        "/code/hcpcs/-",
        "/code/hcpcs/%20",
        "/code/hcpcs/%FF",
        "/code/hcpcs/%ED%A0%80",
        "/code/hcpcs/%25",
        "/code/hcpcs/" + "J" * 5000,
        "/code/hcpcs/" + quote("💉"),
        "/code/%F0%9F%92%89/J9302",
        "/code/hcpcs/J9302/more",
        "/code/hcpcs/",
        "/code/hcpcs",
        "/code/",
    ],
)
def test_code_that_does_not_exist_answers_404(client, ofatumumab, address):
    response = client.get(address, follow=True)

    assert response.status_code == 404
    assert "There is no page at this address" in read_page(response).text


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text))
def test_code_answers_any_spelling(client, text):
    spelling = quote(text, safe="", errors="surrogatepass")

    assert client.get(f"/code/hcpcs/{spelling}").status_code == 404
    assert client.get(f"/code/{spelling}/J9302").status_code == 404


# Status and dates


def test_code_page_begins_with_code_system_and_title(client, ofatumumab):
    page = get_page(client, J9302)

    assert [element.text for element in page.all("h1")] == ["Injection, ofatumumab, 10 mg"]
    assert "HCPCS code J9302 Injection, ofatumumab, 10 mg" in page.text
    assert "1 January 2011" in page.text
    assert "J9302" in page.all("title")[0].text
    assert "Discontinued" not in page.text


def test_code_page_of_a_terminated_code_names_its_successor(client, inotuzumab):
    page = get_page(client, inotuzumab.get_absolute_url())

    assert "Discontinued on 31 December 2018. Use J9229" in page.text
    assert "J9229" in link_texts(page, "/code/hcpcs/J9229-injection-inotuzumab-ozogamicin-01-mg")


def test_code_page_of_a_successor_links_its_predecessor(client, inotuzumab):
    page = get_page(client, "/code/hcpcs/J9229-injection-inotuzumab-ozogamicin-01-mg")

    assert "C9028" in link_texts(page, inotuzumab.get_absolute_url())
    assert "Replaces C9028" in page.text
    assert "Discontinued" not in page.text


def test_code_page_of_an_undated_missing_code_names_the_release(client):
    code = create_code(listed_in=create_release(version="2018-01"), missing_from=create_release(version="2019-04"))

    page = get_page(client, code.get_absolute_url())

    assert "No longer listed: not in the April 2019 release of HCPCS Level II" in page.text
    assert "Discontinued on" not in page.text


def test_code_page_shows_the_release_as_source(client):
    create_code(listed_in=create_release(version="2025-01"))

    assert "HCPCS Level II release of January 2025" in get_page(client, J9302).text


def test_code_page_tells_of_an_end_that_is_still_to_come(client):
    with time_machine.travel("2018-12-31T12:00:00+00:00", tick=False):
        code = create_code("C9028", INOTUZUMAB, terminated=datetime.date(2018, 12, 31))
        page = get_page(client, code.get_absolute_url())

    assert "In use until 31 December 2018" in page.text
    assert "Discontinued" not in page.text


@pytest.mark.parametrize(
    ("as_of", "answer"),
    [
        ("2018-06-30", "On 30 June 2018 C9028 was not yet valid"),
        ("2018-07-01", "On 1 July 2018 C9028 was valid"),
        ("2018-12-31", "On 31 December 2018 C9028 was valid"),
        ("2019-01-01", "On 1 January 2019 C9028 was no longer valid: J9229 was valid on that day"),
        ("0001-01-01", "C9028 was not yet valid"),
        ("9999-12-31", "C9028 is no longer valid: J9229 is valid on that day"),
    ],
)
def test_code_page_answers_for_a_date_of_service(client, inotuzumab, as_of, answer):
    page = get_page(client, f"{inotuzumab.get_absolute_url()}?as_of={as_of}")

    assert answer in page.text
    assert [box.attributes["value"] for box in page.all("input") if box.attributes.get("name") == "as_of"] == [as_of]


def test_code_page_answers_unknown_where_the_releases_do_not_tell(client):
    code = create_code(
        first_listed_in=create_release(version="2018-01"),
        listed_in=create_release(version="2019-01"),
        missing_from=create_release(version="2020-01"),
    )
    for as_of in ("2017-12-31", "2019-06-30"):
        assert "do not tell" in get_page(client, f"{code.get_absolute_url()}?as_of={as_of}").text
    assert "was valid" in get_page(client, f"{code.get_absolute_url()}?as_of=2018-06-30").text
    assert "no longer valid" in get_page(client, f"{code.get_absolute_url()}?as_of=2020-01-01").text


def test_code_page_of_a_header_is_never_valid(client):
    code = create_code("A00", "Cholera", system="icd10cm", kind="header")

    page = get_page(client, f"{code.get_absolute_url()}?as_of=2020-01-01")

    assert "This is a heading" in page.text
    assert "A00 is a heading and is" in page.text
    assert "was valid" not in page.text


@pytest.mark.parametrize(
    "as_of", ["30.06.2018", "2018-02-30", "soon", "99999-01-01", "2018", "%00", "%ED%A0%80", "<b>"]
)
def test_code_page_explains_a_date_that_it_cannot_read(client, ofatumumab, as_of):
    page = get_page(client, f"{J9302}?as_of={as_of}")

    assert "Write the date as year-month-day" in page.text
    assert "was valid" not in page.text
    assert "Injection, ofatumumab, 10 mg" in page.text


def test_code_page_answers_nothing_for_an_empty_date(client, ofatumumab):
    page = get_page(client, f"{J9302}?as_of=")

    assert "Write the date" not in page.text
    assert " was valid" not in page.text


# Caching


def test_code_page_is_public_and_conditional(client, ofatumumab):
    first = client.get(J9302)
    again = client.get(J9302, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert not first.cookies
    assert "Cookie" not in first.headers.get("Vary", "")
    assert "public" in first.headers["Cache-Control"]
    assert client.get(f"{J9302}?as_of=2018-06-30").headers["ETag"] != first.headers["ETag"]


def test_code_page_changes_after_an_edit(client, ofatumumab):
    etag = client.get(J9302).headers["ETag"]

    ofatumumab.short_description = "Ofatumumab injection"
    ofatumumab.save()
    reindex([ofatumumab.pk])
    response = client.get(J9302, headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert "Ofatumumab injection" in read_page(response).text


def test_code_page_changes_on_the_next_day(client):
    with time_machine.travel("2018-12-31T23:59:00+00:00", tick=False):
        address = create_code("C9028", INOTUZUMAB, terminated=datetime.date(2018, 12, 31)).get_absolute_url()
        today = client.get(address)
    with time_machine.travel("2019-01-01T00:01:00+00:00", tick=False):
        tomorrow = client.get(address, headers={"If-None-Match": today.headers["ETag"]})

    assert tomorrow.status_code == 200
    assert "Discontinued on 31 December 2018" in read_page(tomorrow).text


def test_code_page_answers_head_and_refuses_post(client, ofatumumab):
    head = client.head(J9302)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == client.get(J9302).headers["ETag"]
    assert client.post(J9302).status_code == 405


def test_code_page_takes_as_many_queries_for_many_relatives_as_for_one(client):
    few = create_code("M00", "Few relatives", system="icd10cm", kind="header")
    many = create_code("M01", "Many relatives", system="icd10cm", kind="header")
    for parent, count in ((few, 1), (many, 20)):
        for number in range(count):
            child = create_code(f"{parent.code}.{number:02}", f"Child {number}", system="icd10cm", parent=parent)
            Succession.objects.create(predecessor=parent, successor=child)
            Succession.objects.create(predecessor=child, successor=parent)
            parent.names.create(kind="common", text=f"Name {number}", source="Test")

    def count_queries(code):
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{code.get_absolute_url()}?as_of=2020-01-01").status_code == 200
        return len(captured)

    assert count_queries(few) == count_queries(many) <= 12


def test_code_page_with_a_nul_in_its_address_is_not_found(client):
    assert client.get("/code/hcpcs/J9302%00").status_code == 404


def test_unchanged_code_page_may_be_kept_like_the_page_itself(client):
    address = create_code().get_absolute_url()
    page = client.get(address)

    unchanged = client.get(address, headers={"If-None-Match": page.headers["ETag"]})

    assert unchanged.status_code == 304
    assert unchanged.headers["Cache-Control"] == page.headers["Cache-Control"]


def test_redirect_to_the_canonical_address_is_not_kept_for_ever(client):
    create_code()

    assert "max-age=0" in client.get("/code/hcpcs/j9302").headers["Cache-Control"]
