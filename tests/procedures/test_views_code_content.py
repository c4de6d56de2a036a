"""What a code's page holds below its status: guide, names, indicators, hierarchy, description."""

import datetime

import pytest

from procedures.guide_sections import SECTIONS
from procedures.models import CodeChange, Succession
from tests.factories import create_code, create_draft, create_guide, create_name, create_release
from tests.pages import read_page

pytestmark = pytest.mark.django_db

HEADINGS = [
    *("Name of the Procedure", "Summary", "Purpose", "Indications", "Preparation", "Procedure Description", "Duration"),
    *("Setting", "Personnel", "Risks and Complications", "Benefits", "Recovery", "Alternatives", "Patient Experience"),
]


def page_of(client, code):
    response = client.get(code.get_absolute_url())
    assert response.status_code == 200
    return read_page(response)


def test_code_page_shows_the_guide_in_the_order_of_its_sections(client):
    code = create_code()
    create_guide(code, **{section.field: f"Text of {section.field}." for section in SECTIONS})

    page = page_of(client, code)

    assert [heading for heading in page.headings if heading in HEADINGS] == HEADINGS
    places = [page.text.index(f"Text of {section.field}.") for section in SECTIONS]
    assert places == sorted(places)


def test_code_page_shows_a_text_under_its_own_heading(client):
    code = create_code()
    create_guide(code, purpose="It treats **leukemia**.", recovery="- Rest\n- Drink")

    page = page_of(client, code)

    assert [heading for heading in page.headings if heading in HEADINGS] == ["Purpose", "Recovery"]
    assert "Purpose It treats leukemia." in page.text
    assert "Recovery Rest Drink" in page.text
    assert "leukemia" in [element.text for element in page.all("strong")]


def test_code_page_links_each_section_from_its_contents(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.", risks_and_complications="Nausea.")

    page = page_of(client, code)

    places = {element.attributes["id"] for element in page.elements if "id" in element.attributes}
    assert page.links["#risks-and-complications"] == "Risks and Complications"
    assert {address[1:] for address in page.links if address.startswith("#")} <= places


def test_code_page_shows_no_draft(client):
    code = create_code()
    create_draft(code, purpose="It treats leukemia.")

    page = page_of(client, code)

    assert "leukemia" not in page.text
    assert not set(HEADINGS) & set(page.headings)


def test_code_page_shows_no_guide_that_was_taken_off(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.").unpublish(reason="A reader found a mistake.", by=None)

    page = page_of(client, code)

    assert "leukemia" not in page.text
    assert not set(HEADINGS) & set(page.headings)


def test_code_page_shows_no_edit_before_it_is_published(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.")
    draft = create_draft(code, purpose="It treats lymphoma.")
    draft.submit(by=None)
    draft.approve(by=None)

    assert "leukemia" in page_of(client, code).text
    assert "lymphoma" not in page_of(client, code).text


def test_code_page_shows_what_an_editor_wrote_as_text(client):
    code = create_code("J9301", "Injection <b id='x'>bold</b> & more")
    create_guide(code, purpose="<img src=x onerror=alert(1)> [link](javascript:alert(1))")
    create_name(code, "<i>Arzerra</i>")

    page = page_of(client, code)

    assert "Injection <b id='x'>bold</b> & more" in page.headings
    assert "<img src=x onerror=alert(1)>" in page.text
    assert "<i>Arzerra</i>" in page.text
    assert not [element for element in page.elements if element.tag == "b" or "onerror" in element.attributes]
    assert not [address for address in page.links if address.startswith("javascript")]


def test_code_page_lists_other_names_by_kind(client):
    code = create_code()
    create_name(code, "Arzerra", kind="brand")
    create_name(code, "Kesimpta", kind="brand")
    create_name(code, "ofatumumab", kind="generic")

    page = page_of(client, code)

    assert "Also called" in page.text
    assert "Arzerra, Kesimpta (brand names)" in page.text
    assert "ofatumumab (generic name)" in page.text


def test_code_page_decodes_the_indicators_and_keeps_what_no_table_explains(client):
    code = create_code(indicators={"COV": "C", "PRICE": ["51"], "BETOS": "ZZ9", "ANEST_BU": "000"})

    page = page_of(client, code)
    rows = [row.text for row in page.all("tr")]

    assert "Medicare coverage C Carrier judgment: the regional Medicare contractor decides on coverage" in rows
    assert "Pricing method 51 Drugs" in rows
    assert [row for row in rows if "ZZ9" in row]
    assert "Anesthesia base units" not in page.text


def test_names_that_people_use_come_first_and_many_are_folded(client):
    code = create_code()
    create_name(code, "ofatumumabum", kind="technical")
    create_name(code, "ofatumumab", kind="generic")
    for number in range(9):
        create_name(code, f"Brand {number}", kind="brand")

    page = page_of(client, code)

    assert page.text.index("Brand 0") < page.text.index("ofatumumab (generic name)") < page.text.index("ofatumumabum (")
    assert "Brand 7 (brand names; 1 more below) Show 1 more brand names Brand 8" in page.text


@pytest.mark.parametrize(("count", "folded"), [(2, False), (9, True)])
def test_inclusion_terms_are_a_list_which_is_folded_when_it_is_long(client, count, folded):
    code = create_code("I10", "Hypertension", system="icd10cm")
    for number in range(count):
        create_name(code, f"High blood pressure {number}", kind="inclusion")

    page = page_of(client, code)

    assert [item.text for item in page.all("li") if item.text.startswith("High blood pressure")] == [
        f"High blood pressure {number}" for number in range(count)
    ]
    assert ("Show the 9 conditions and terms that this code includes" in page.text) is folded
    assert "Also called" not in page.text


def test_names_of_the_code_that_was_replaced_are_shown_as_such(client):
    old = create_code("C9028", "Injection, inotuzumab, 0.1 mg", terminated=datetime.date(2018, 12, 31))
    new = create_code("J9229", "Injection, inotuzumab, 0.1 mg")
    Succession.objects.create(predecessor=old, successor=new)
    create_name(old, "Besponsa")
    create_name(old, "inotuzumab", kind="generic")
    create_name(new, "Inotuzumab", kind="generic")

    page = page_of(client, new)

    assert "Also called Inotuzumab (generic name) Besponsa (brand name of C9028, which this code replaces)" in page.text
    assert "which this code replaces" not in page_of(client, old).text


def test_code_page_links_headings_above_and_codes_below(client):
    chapter = create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    heading = create_code("M54.1", "Radiculopathy", system="icd10cm", kind="header", parent=chapter)
    lumbar = create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm", parent=heading)
    create_code("M54.12", "Radiculopathy, cervical region", system="icd10cm", parent=heading)

    above, below = page_of(client, lumbar), page_of(client, heading)

    trail = list(above.links)[list(above.links).index("/codes/icd10cm/") :][:3]
    assert trail == ["/codes/icd10cm/", chapter.get_absolute_url(), heading.get_absolute_url()]
    assert [text for address, text in below.links.items() if address.startswith("/code/") and "M54.1" in address] == [
        "M54.12 Radiculopathy, cervical region",
        "M54.16 Radiculopathy, lumbar region",
    ]


def test_code_page_shows_a_long_description_whole(client):
    text = " ".join(f"part{number}" for number in range(400))
    code = create_code("K9999", text)

    page = page_of(client, code)

    assert page.all("h1")[0].text.endswith("…")
    assert len(page.all("h1")[0].text) <= 150
    assert text in page.text
    assert "Official description" in page.headings


def test_code_page_says_a_short_description_once(client):
    page = page_of(client, create_code())

    assert "Official description" not in page.headings


def test_code_page_tells_the_history_with_the_wording(client):
    code = create_code()
    older, newer = create_release(version="2018-01"), create_release(version="2019-04")
    CodeChange.objects.create(release=older, code=code, kind="added")
    CodeChange.objects.create(release=newer, code=code, kind="reworded", before="Old words", after="New words")

    page = page_of(client, code)

    assert "January 2018 release Added" in page.text
    assert "April 2019 release Reworded" in page.text
    assert page.text.index("April 2019 release") < page.text.index("January 2018 release")
    assert "Before Old words After New words" in page.text


def test_code_page_shows_nothing_empty(client):
    page = page_of(client, create_code())

    assert "Also called" not in page.text
    assert not page.all("table")
    assert not {"History of the code", "More specific codes", "How Medicare handles it"} & set(page.headings)
    assert "None" not in page.text
