import datetime

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import CodeSystem
from procedures.search import reindex
from tests.factories import create_code, create_guide, create_release
from tests.pages import read_page

pytestmark = pytest.mark.django_db


def get_page(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return read_page(response)


def code_links(page):
    return [text for address, text in page.links.items() if address.startswith("/code/")]


def range_links(page):
    return [address for address in page.links if "?range=" in address]


def test_system_page_lists_the_ranges_that_hold_codes_with_their_counts(client):
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    create_code("A0427", "Ambulance service, advanced life support, emergency transport, level 1")

    page = get_page(client, "/codes/hcpcs/")

    assert page.headings[0] == "HCPCS Level II"
    assert range_links(page) == ["/codes/hcpcs/?range=a0", "/codes/hcpcs/?range=j"]
    assert "chemotherapy drugs 2 codes" in page.text
    assert "including ambulance 1 code" in page.text


def test_system_page_counts_codes_without_headers(client):
    heading = create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm", parent=heading)

    assert "connective tissue 1 code" in get_page(client, "/codes/icd10cm/").text


def test_system_page_names_the_newest_release(client):
    create_release(version="2019-04")
    create_release(version="2025-01")

    assert "HCPCS Level II release of January 2025" in get_page(client, "/codes/hcpcs/").text


def test_system_page_without_codes_says_so(client):
    page = get_page(client, "/codes/icd10pcs/")

    assert range_links(page) == []
    assert "No release of this code system has been loaded yet" in page.text


@pytest.mark.parametrize(("slug", "owner"), [("cpt4", "American Medical Association"), ("cdt", "American Dental")])
def test_system_page_of_an_unlicensed_system_says_why_it_is_empty(client, slug, owner):
    page = get_page(client, f"/codes/{slug}/")

    assert owner in page.text
    assert range_links(page) == code_links(page) == []


def test_system_page_shows_the_codes_of_a_range_in_order(client):
    for code in ("J9302", "J9229", "J1750", "K0001"):
        create_code(code, f"Item {code}")

    page = get_page(client, "/codes/hcpcs/?range=j")

    assert code_links(page) == ["J1750 Item J1750", "J9229 Item J9229", "J9302 Item J9302"]


def test_system_page_of_a_range_shows_the_top_of_the_hierarchy(client):
    heading = create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm", parent=heading)
    create_code("N17", "Acute kidney failure", system="icd10cm", kind="header")

    assert code_links(get_page(client, "/codes/icd10cm/?range=m00-m99")) == ["M54 Dorsalgia"]


def test_system_page_keeps_modifiers_apart_from_codes(client):
    create_code("A1001", "Dressing for one wound")
    create_code("A1", "Dressing for one wound", kind="modifier")

    page = get_page(client, "/codes/hcpcs/")

    assert range_links(page) == ["/codes/hcpcs/?range=a1-a8", "/codes/hcpcs/?range=modifiers"]
    assert "surgical supplies 1 code Modifiers 1 code" in page.text
    assert code_links(get_page(client, "/codes/hcpcs/?range=a1-a8")) == ["A1001 Dressing for one wound"]
    assert code_links(get_page(client, "/codes/hcpcs/?range=modifiers")) == ["A1 Dressing for one wound"]


def test_system_page_marks_retired_codes(client):
    create_code(terminated=datetime.date(2018, 12, 31))

    assert "Retired, last day 31 December 2018" in get_page(client, "/codes/hcpcs/?range=j").text


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ("status=active", ["J1 In use", "J3 With a guide"]),
        ("status=retired", ["J2 Ended"]),
        ("has_guide=1", ["J3 With a guide"]),
        ("status=retired&has_guide=1", []),
        ("status=&has_guide=", ["J1 In use", "J2 Ended", "J3 With a guide"]),
        ("status=nosuch&has_guide=maybe", ["J1 In use", "J2 Ended", "J3 With a guide"]),
    ],
)
def test_system_page_narrows_a_range(client, filters, shown):
    create_code("J1", "In use")
    create_code("J2", "Ended", terminated=datetime.date(2018, 12, 31))
    create_guide(create_code("J3", "With a guide"))

    assert code_links(get_page(client, f"/codes/hcpcs/?range=j&{filters}")) == shown


def test_system_page_pages_through_a_long_range(client):
    for number in range(101):
        create_code(f"J{number:04}", "Medicine")

    first = get_page(client, "/codes/hcpcs/?range=j&status=active")
    [following] = [a.attributes["href"] for a in first.all("a") if a.attributes.get("rel") == "next"]
    second = get_page(client, f"/codes/hcpcs/{following}")
    [back] = [a.attributes["href"] for a in second.all("a") if a.attributes.get("rel") == "prev"]

    assert len(code_links(first)) == 100
    assert code_links(second) == ["J0100 Medicine"]
    assert code_links(get_page(client, f"/codes/hcpcs/{back}")) == code_links(first)
    assert "101" in first.text


@pytest.mark.parametrize("page", ["abc", "-1", "0", "", "%00", "%ED%A0%80"])
def test_system_page_takes_a_bad_page_for_some_page(client, page):
    create_code()

    assert code_links(get_page(client, f"/codes/hcpcs/?range=j&page={page}")) == ["J9302 Injection, ofatumumab, 10 mg"]


@pytest.mark.parametrize("page", ["2", "1000000000000000000000000000000", "9" * 5000])
def test_system_page_past_the_end_shows_the_last_page(client, page):
    create_code()

    assert len(code_links(get_page(client, f"/codes/hcpcs/?range=j&page={page}"))) == 1


@pytest.mark.parametrize(
    "address",
    [
        *("/codes/hcpcs/?range=nosuch", "/codes/hcpcs/?range=J", "/codes/hcpcs/?range=a00-b99", "/codes/cpt4/?range=j"),
        *("/codes/hcpcs/?range=%00", "/codes/hcpcs/?range=%ED%A0%80", "/codes/hcpcs/?range=modifiers"),
        *("/codes/nosuch/", "/codes/%F0%9F%92%89/", "/codes/%00/", "/codes/hcpcs/j/"),
    ],
)
def test_system_page_that_does_not_exist_answers_404(client, address):
    create_code()

    assert client.get(address).status_code == 404


def test_system_page_is_public_and_conditional(client):
    code = create_code()
    address = "/codes/hcpcs/?range=j"
    first = client.get(address)
    same = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    changed = client.get(address, headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, changed.status_code) == (304, 200)
    assert code_links(read_page(changed))[1] == f"J9302 {code.title}"
    assert not first.cookies
    assert "public" in first.headers["Cache-Control"]
    assert client.post(address).status_code == 405


def test_system_page_counts_afresh_after_an_edit(client):
    code = create_code()
    assert range_links(get_page(client, "/codes/hcpcs/")) == ["/codes/hcpcs/?range=j"]

    code.system = CodeSystem.objects.get(slug="icd10pcs")
    code.save()
    reindex([code.pk])

    assert range_links(get_page(client, "/codes/hcpcs/")) == []


def test_system_page_takes_as_many_queries_for_one_code_as_for_many(client):
    create_code("K0001", "Standard wheelchair")
    for number in range(20):
        create_code(f"J{number:04}", "Medicine", terminated=datetime.date(2018, 12, 31))

    def count_queries(slug):
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"/codes/hcpcs/?range={slug}").status_code == 200
        return len(captured)

    assert count_queries("k") == count_queries("j") <= 10


def test_system_page_in_capitals_leads_to_its_address(client):
    create_code()

    answer = client.get("/codes/HCPCS/")

    assert (answer.status_code, answer.headers["Location"]) == (301, "/codes/hcpcs/")
