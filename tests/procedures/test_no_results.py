"""The help of a search that found nothing."""

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from procedures.demand import countable
from procedures.models import CodeSystem, MedicalCode
from procedures.no_results import help_for
from tests.factories import create_code
from tests.pages import Page

pytestmark = pytest.mark.django_db

LICENSE = "Its description needs a license and is not on this site."


def ask(text):
    return help_for(text, list(CodeSystem.objects.searchable()))


@pytest.fixture
def codes(db):
    for code in ("J9300", "J9301", "J9302", "J9303", "J9310", "J0120", "E1190"):
        create_code(code, f"Drug {code}")
    for code in ("E11.8", "E11.9", "E11.65"):
        create_code(code, f"Diabetes {code}", system="icd10cm")
    create_code("J9", "Modifier", kind=MedicalCode.Kind.MODIFIER)
    create_code("RT", "Right side", kind=MedicalCode.Kind.MODIFIER)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("99213", f"99213 looks like a CPT code. {LICENSE}"),
        ("D0120", f"D0120 looks like a dental (CDT) code. {LICENSE}"),
        ("clinic visit 99213", f"99213 could be a CPT code. {LICENSE}"),
        ("0636", "0636 looks like a revenue code, by which a hospital tells the kind of a charge."),
        ("J9305", "J9305 looks like an HCPCS Level II code. No release on this site lists it."),
        ("A1C", "A1C could be an ICD-10-CM code, which names a diagnosis."),
    ],
)
def test_shape_of_a_code_is_told(codes, text, hint):
    [found] = ask(text).hints

    assert found.startswith(hint)


@pytest.mark.parametrize("text", ["", "heart attack", "\0", "é" * 300, "type 2 diabetes", "T2DM A1C"])
def test_words_get_no_hint(codes, text):
    found = ask(text)

    assert (found.hints, found.code_list, found.nearest) == ([], "", [])


@pytest.mark.parametrize("text", ["J9302 J9999", "99213, 99214", "I10 E11.9", "J9302-JW x10, E119"])
def test_several_codes_lead_to_the_page_that_decodes_them(codes, text):
    assert ask(text).code_list == text


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("J9305", ["J9300", "J9301", "J9302", "J9303"]),
        ("j9305-JW", ["J9300", "J9301", "J9302", "J9303"]),
        ("J9319", ["J9300", "J9301", "J9302", "J9303", "J9310"]),
        ("E11.99", ["E11.65", "E11.8", "E11.9"]),
        ("E1199", ["E1190", "E11.65", "E11.8", "E11.9"]),
        ("J9302 zebra", ["J9302"]),
        ("Q5001", []),
        ("99213", []),
    ],
)
def test_nearest_codes_have_the_longest_common_beginning(codes, text, nearest):
    assert [each.code for each in ask(text).nearest] == nearest


@pytest.mark.parametrize(
    ("text", "code", "modifiers"),
    [
        ("j9302 rt", "J9302", ["RT"]),
        ("J-9302, RT, ZZ", "J9302", ["RT", "ZZ"]),
        ("J9302RT", "J9302", ["RT"]),
        ("modifier rt", "RT", []),
        ("RT", "RT", []),
        ("HCPCS J9302", "J9302", []),
        ("dx e119", "E11.9", []),
    ],
)
def test_code_among_other_characters_is_no_unknown_one(codes, text, code, modifiers):
    found = ask(text)

    assert (found.hints, found.decoded.code, bool(found.decoded.url)) == ([], code, True)
    assert [each.code for each in found.decoded.modifiers] == modifiers


@pytest.mark.parametrize(("text", "code"), [("j9305-rt", "J9305"), ("99213 RT", "99213")])
def test_modifier_of_another_code_is_explained(codes, text, code):
    found = ask(text)

    assert found.hints[0].startswith(f"{code} looks like")
    assert [each.title for each in found.decoded.modifiers] == ["Right side"]


def test_code_that_filters_hide_is_not_called_unknown(codes):
    found = ask("J9302")

    assert (found.hints, [each.code for each in found.nearest]) == ([], ["J9302"])


def test_nearest_code_is_linked_with_its_title(codes):
    [found] = ask("J9302 zebra").nearest

    assert (found.title, found.url, found.label) == ("Drug J9302", "/code/hcpcs/J9302-drug-j9302", "HCPCS code")


def test_words_take_no_query_and_codes_two_for_each_system(codes):
    systems = list(CodeSystem.objects.searchable())
    with CaptureQueriesContext(connection) as queries:
        help_for("heart attack", systems)
        help_for("99213", systems)
    assert len(queries) == 0

    with CaptureQueriesContext(connection) as queries:
        help_for("J9399", systems)
    assert len(queries) == 4


def show(**page):
    return Page(render_to_string("procedures/_no_results.html", {"page": page}))


def test_page_shows_the_help(codes):
    page = show(help=ask("J9305"))

    assert "J9305 looks like an HCPCS Level II code." in page.text
    assert page.links["/code/hcpcs/J9302-drug-j9302"] == "J9302 Drug J9302"
    assert "/contact/message/" in page.links


def test_page_shows_a_code_with_its_modifiers(codes):
    page = show(help=ask("j9302 rt zz"))

    assert page.links["/code/hcpcs/J9302-drug-j9302"] == "J9302 Drug J9302"
    assert page.links["/code/hcpcs/RT-right-side"] == "RT Right side"
    assert "Modifier ZZ: ZZ looks like a modifier" in page.text


def test_page_hands_a_list_of_codes_on_without_an_address_that_holds_it(codes):
    page = show(help=ask("J9302 J9999"))

    [form] = page.all("form")
    [box] = page.all("input")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/codes/decode/")
    assert (box.attributes["name"], box.attributes["value"]) == ("text", "J9302 J9999")


def test_page_does_without_help():
    page = show()

    assert "Check the spelling" in page.text
    assert "/codes/decode/" in page.links


@pytest.mark.parametrize(
    "text",
    [
        "J9302-JW 01/15/2018 x10 $1,234.56",
        "99213, 99214",
        "99213 25 01/15/2018",
        "Kim Lee 99213 E11.9 J9302 JW x10 Boise",
        "E11.9, I10; M54.50, Z00.00, R51.9, E78.5, K21.9",
    ],
)
def test_bills_are_not_counted_as_searches(text):
    assert countable(text) is None
