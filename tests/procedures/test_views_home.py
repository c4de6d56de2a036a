import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import create_code, create_draft, create_guide
from tests.pages import read_page

pytestmark = pytest.mark.django_db


def get_home(client):
    response = client.get("/")
    assert response.status_code == 200
    return read_page(response)


def card_of(page, name):
    return next(item.text for item in page.all("li") if item.text.startswith(name))


def test_home_has_one_search_box_that_leads_to_results(client):
    page = get_home(client)

    [form] = page.all("form")
    assert form.attributes["action"] == "/codes/"
    assert form.attributes.get("method", "get") == "get"
    assert [box.attributes["name"] for box in page.all("input")] == ["q"]


def test_home_shows_every_code_system_with_its_count(client):
    create_code("J9302")
    create_code("C9028", "Injection", terminated=datetime.date(2018, 12, 31))
    create_code("LT", "Left side", kind="modifier")
    create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm")

    page = get_home(client)

    assert "3 codes" in card_of(page, "HCPCS Level II")
    assert "1 code" in card_of(page, "ICD-10-CM")
    assert "No release is loaded" in card_of(page, "ICD-10-PCS")
    assert "needs a license" in card_of(page, "CPT")
    assert [text for address, text in page.links.items() if address.startswith("/codes/") and "?" not in address] == [
        *("Paste it and read it line by line", "HCPCS Level II", "ICD-10-CM", "ICD-10-PCS", "CPT", "CDT")
    ]


def test_home_counts_afresh_after_a_code_is_added(client):
    create_code("J9302")
    assert "1 code" in card_of(get_home(client), "HCPCS Level II")

    create_code("J9303", "Injection, panitumumab, 10 mg")

    assert "2 codes" in card_of(get_home(client), "HCPCS Level II")


def test_home_links_published_guides_only(client):
    shown, in_work, off = create_code("J9302"), create_code("J9303"), create_code("J9304")
    create_guide(shown)
    create_draft(in_work)
    create_guide(off).unpublish(reason="It is wrong.", by=None)

    links = get_home(client).links

    assert shown.get_absolute_url() in links
    assert in_work.get_absolute_url() not in links
    assert off.get_absolute_url() not in links


def test_home_is_public_and_conditional(client):
    first = client.get("/")
    same = client.get("/", headers={"If-None-Match": first.headers["ETag"]})
    create_code()

    assert (same.status_code, same.content) == (304, b"")
    assert client.get("/", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    assert not first.cookies
    assert "Cookie" not in first.headers.get("Vary", "")
    assert "public" in first.headers["Cache-Control"]


def test_home_answers_head_and_refuses_post(client):
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405


def test_home_takes_as_many_queries_for_one_guide_as_for_many(client):
    def count_queries():
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            get_home(client)
        return len(captured)

    create_guide(create_code("J0000", "Medicine"))
    few = count_queries()
    for number in range(1, 15):
        create_guide(create_code(f"J{number:04}", "Medicine"))

    assert count_queries() == few <= 6
