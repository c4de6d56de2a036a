import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import Succession
from tests.factories import create_code, create_guide, create_name, create_policy
from tests.pages import read_page

pytestmark = pytest.mark.django_db

COMPARE = "/codes/compare/"
ENDED = datetime.date(2018, 12, 31)


@pytest.fixture
def codes():
    """J1020 with a guide, names and a policy, and the retired J1040, which it replaced."""
    code = create_code("J1020", "Injection, exampline, 20 mg", added=datetime.date(2019, 1, 1))
    old = create_code("J1040", "Injection, exampline, 40 mg", terminated=ENDED)
    Succession.objects.create(predecessor=old, successor=code)
    create_name(code, "Examplex")
    create_guide(code, summary="A medicine.", recovery="Rest for a day.")
    create_policy("Exampline", codes=[code])
    return code, old


def get(client, *codes):
    response = client.get(COMPARE, {"code": codes})
    assert response.status_code == 200
    return read_page(response)


def test_facts_stand_side_by_side_and_what_differs_is_said(client, codes):
    page = get(client, "hcpcs:J1020", "hcpcs:J1040")
    rows = [row.text for row in page.all("tr")]

    assert "Compare J1020 and J1040" in page.headings
    assert "Code system The same for both: HCPCS Level II" in rows
    assert "Status Different J1020: In use J1040: Retired" in rows
    assert "Valid from Different J1020: 1 January 2019 J1040: Nothing given" in rows
    assert "Last day of use Different J1020: Nothing given J1040: 31 December 2018" in rows
    assert "Replaces Different J1020: J1040 Injection, exampline, 40 mg J1040: Nothing given" in rows
    assert "Brand names Different J1020: Examplex J1040: Nothing given" in rows
    assert "Policies Different J1020: 1 policy names it J1040: No policy on this site names it" in rows
    assert (
        "They differ in: Status, Valid from, Last day of use, Replaced by, Replaces, Official description" in page.text
    )
    assert not [row for row in rows if row.startswith("Kind")]


def test_differing_words_of_the_descriptions_are_marked_in_style_and_words(client, codes):
    page = get(client, "J1020", "J1040")

    assert [mark.text for mark in page.all("mark")] == [
        "differs: 20 (end of difference)",
        "differs: 40 (end of difference)",
    ]
    assert "Official description Different" in page.headings


def test_guides_are_compared_section_by_section(client, codes):
    other = create_code("J1030", "Injection, exampline, 30 mg")
    create_guide(other, summary="Another medicine.", recovery="Rest for a day.", benefits="Less pain.")

    page = get(client, "J1020", "J1030")

    assert "Summary Different" in page.headings
    assert "J1020 A medicine. J1030 Another medicine." in page.text
    assert page.text.count("Rest for a day.") == 1
    assert "Recovery The same for both" in page.headings
    assert "J1020 The guide says nothing here. J1030 Less pain." in page.text


def test_missing_guide_is_said(client, codes):
    page = get(client, "J1020", "J1040")

    assert "J1020 A medicine. J1040 No guide yet." in page.text
    assert "Guide Different" in page.text


def test_guide_that_was_taken_off_its_page_is_not_shown(client, codes):
    code, _ = codes
    code.guide.unpublish(reason="Being checked.", by=None)

    page = get(client, "J1020", "J1040")

    assert "Taken off its page: Being checked." in page.text
    assert "A medicine." not in page.text


@pytest.mark.parametrize(
    ("asked", "message", "compared"),
    [
        (["J1020", "J1040", "none"], "“none” is no code on this site; it was left out.", ["J1020", "J1040"]),
        (["J1020", "J1040", "j-1020"], "J1020 was named more than once; it is shown once.", ["J1020", "J1040"]),
        (["J1020,J1040", "J1020"], "J1020 was named more than once; it is shown once.", ["J1020", "J1040"]),
        (["A1, A2; A3\nA4|J1020"], "At most four codes fit here. Left out: J1020.", ["A1", "A2", "A3", "A4"]),
        (["J1020", "J1040", "x\0<b>y"], "“x<b>y” is no code on this site; it was left out.", ["J1020", "J1040"]),
        (["99213", "hcpcs:J1020"], "“99213” is no code on this site; it was left out.", ["J1020"]),
    ],
)
def test_what_cannot_be_compared_is_named_and_the_rest_is_compared(client, codes, asked, message, compared):
    for number in range(1, 5):
        create_code(f"A{number}", f"Modifier {number}", kind="modifier")

    page = get(client, *asked)

    assert message in page.text
    removed = [text for text in page.links.values() if text.startswith("Remove ")]
    assert removed == [f"Remove {code} ×" for code in compared]


@pytest.mark.parametrize("values", [["x" * 5000], [","] * 50, ["\0"], [f"J{number}" for number in range(300)], ["é:ﬁ"]])
def test_nothing_that_is_sent_breaks_the_page(client, codes, values):
    assert "Compare codes" in get(client, *values).headings


def test_one_code_alone_asks_for_another_and_offers_similar_ones(client, codes):
    page = get(client, "J1020")

    assert "Name another code to see it beside J1020" in page.text
    assert page.links["/codes/compare/?code=hcpcs:J1020&code=hcpcs:J1040"] == "Compare J1020 with J1040"
    assert not page.all("table")


def test_form_carries_the_codes_along_and_links_remove_them(client, codes):
    page = get(client, "J1020", "J1040")

    assert [box.attributes["value"] for box in page.all("input") if box.attributes.get("type") == "hidden"] == [
        "hcpcs:J1020",
        "hcpcs:J1040",
    ]
    assert page.links["/codes/compare/?code=hcpcs:J1040"] == "Remove J1020 ×"


def test_order_of_the_address_is_the_order_of_the_columns(client, codes):
    assert "Compare J1040 and J1020" in get(client, "J1040", "J1020").headings


def test_codes_of_two_systems_are_compared(client, codes):
    heading = create_code("C91", "Leukemia", system="icd10cm", kind="header")
    create_code("C91.1", "Chronic leukemia", system="icd10cm", parent=heading)

    page = get(client, "J1020", "C91.1", "C91")

    assert "Code system Different J1020: HCPCS Level II C91.1: ICD-10-CM C91: ICD-10-CM" in page.text
    assert "C91: Heading, not for bills" in page.text
    assert "No words that all of them have." in page.text


def test_texts_of_editors_and_releases_are_shown_as_text(client):
    create_name(create_code("J0001", "<b>Bold</b> & one"), "<i>Name</i>")
    create_code("J0002", "<b>Bold</b> & two")

    page = get(client, "J0001", "J0002")

    assert "<i>Name</i>" in page.text
    assert not page.all("b")
    assert not page.all("i")


def test_comparison_is_kept_out_of_search_engines_but_its_form_is_not(client, codes):
    def robots(page):
        return [each.attributes["content"] for each in page.all("meta") if each.attributes.get("name") == "robots"]

    assert robots(get(client, "J1020", "J1040")) == ["noindex"]
    assert robots(get(client)) == []


def test_page_may_be_cached_and_sets_no_cookie(client, codes):
    response = client.get(f"{COMPARE}?code=J1020&code=J1040")

    assert "public" in response.headers["Cache-Control"]
    assert not response.cookies
    again = client.get(f"{COMPARE}?code=J1020&code=J1040", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304
    assert client.post(COMPARE).status_code == 405


def test_number_of_queries_is_the_same_for_four_codes(client, codes):
    for number in range(2):
        create_guide(create_code(f"A000{number}", f"Thing {number}"))

    def count_queries(*codes):
        with CaptureQueriesContext(connection) as captured:
            get(client, *codes)
        return len(captured)

    assert count_queries("J1020", "J1040") == count_queries("J1020", "J1040", "A0000", "A0001") <= 9
