"""What every engine must find: this file runs on SQLite and on PostgreSQL."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.search import Filters
from procedures.search.text import tokenize
from tests.factories import create_code, create_guide, create_name
from tests.procedures.search.questions import OFATUMUMAB, codes, facet, find

pytestmark = pytest.mark.django_db


# Codes


@pytest.mark.parametrize("spelling", ["J9302", "j9302", " J 9302 ", "J-9302", "j93 02"])
def test_search_finds_a_hcpcs_code_in_any_spelling_first(spelling):
    create_code("J9301", "Injection, obinutuzumab, 10 mg")
    create_code("J9302", OFATUMUMAB)
    create_code("J9303", "Injection, panitumumab, 10 mg")

    assert codes(spelling)[0] == "J9302"


@pytest.mark.parametrize(
    ("spelling", "code"),
    [("a000", "A00.0"), ("A00.0", "A00.0"), ("A000", "A00.0"), (" a 00.0", "A00.0"), ("M5416", "M54.16")],
)
def test_search_finds_an_icd_code_in_any_spelling_first(spelling, code):
    create_code("A00", "Cholera", system="icd10cm", kind="header")
    create_code("A00.0", "Cholera due to Vibrio cholerae 01, biovar cholerae", system="icd10cm")
    create_code("A00.01", "An invented subdivision of cholera", system="icd10cm")
    create_code("A0001", "An invented ambulance service", system="hcpcs")
    create_code("M54.16", "Radiculopathy, lumbar region", system="icd10cm")

    assert codes(spelling)[0] == code


def test_search_finds_the_exact_code_before_longer_ones():
    for code in ("M54.16", "M54.1", "M54"):
        create_code(code, f"Condition {code}", system="icd10cm")

    assert codes("m541") == ["M54.1", "M54.16"]
    assert codes("M54") == ["M54", "M54.1", "M54.16"]


def test_search_finds_codes_by_their_beginning_in_order():
    for code in ("J9302", "J9229", "J9301", "J1750", "C9302"):
        create_code(code, f"Injection {code}")

    assert codes("j93") == ["J9301", "J9302"]
    assert codes("J9") == ["J9229", "J9301", "J9302"]


def test_search_keeps_the_order_of_codes_from_page_to_page():
    create_code("M54", "Dorsalgia", system="icd10cm", kind="header")
    for number in range(25):
        create_code(f"M54.{number:02}", "An invented subdivision", system="icd10cm")

    shown = [[row["code"] for row in find("m54", page=page).rows] for page in (1, 2)]

    assert shown[0] == ["M54", *(f"M54.{number:02}" for number in range(19))]
    assert shown[1] == [f"M54.{number:02}" for number in range(19, 25)]


def test_search_puts_hcpcs_before_icd_where_a_spelling_is_a_code_of_both():
    create_code("A01.00", "Typhoid fever, unspecified", system="icd10cm")
    create_code("A0100", "Non-emergency transportation; taxi", system="hcpcs")

    assert codes("a0100") == ["A0100", "A01.00"]
    assert codes("A01.00") == ["A01.00"]
    assert facet(find("a0100"), "system") == {"hcpcs": 1, "icd10cm": 1}


@pytest.mark.parametrize("code", ["0DTJ4ZZ", "GZFZZZZ"])
def test_search_finds_a_procedure_code_with_and_without_digits(code):
    create_code(code, "Resection of appendix, percutaneous endoscopic approach", system="icd10pcs")

    assert codes(code.lower()) == [code]


def test_search_finds_a_modifier():
    create_code("LT", "Left side (used to identify procedures performed on the left side of the body)", kind="modifier")

    assert "LT" in codes("lt")


def test_search_takes_text_for_words_where_no_code_has_its_shape():
    create_code("E0001", "An invented oxygen concentrator, type 2b")

    assert codes("2b") == ["E0001"]
    assert codes("oxygen 2b") == ["E0001"]


def test_search_finds_a_code_among_words():
    create_code("J9302", OFATUMUMAB)
    create_code("J9301", "Injection, obinutuzumab, 10 mg")

    assert codes("injection j9302") == ["J9302"]


# Words


@pytest.mark.parametrize(
    "text",
    [
        "ofatumumab injection",
        "injection ofatumumab",
        "INJECTION, OFATUMUMAB!",
        "mg 10 ofatumumab",
        "an injection of mg",
    ],
)
def test_search_finds_all_words_in_any_order(text):
    create_code("J9302", OFATUMUMAB)
    create_code("A4281", "Tubing for breast pump, replacement")

    assert codes(text) == ["J9302"]


def test_search_wants_every_word():
    create_code("J9302", OFATUMUMAB)

    assert codes("ofatumumab wheelchair") == []


def test_search_finds_words_of_description_names_and_guide_together():
    code = create_code("J9302", OFATUMUMAB)
    create_name(code, "Arzerra")
    create_guide(code, summary="A medicine for chronic *lymphocytic* leukemia.", recovery="Rest at home.")

    assert codes("arzerra") == ["J9302"]
    assert codes("leukemia rest") == ["J9302"]
    assert codes("lymphocytic arzerra injection") == ["J9302"]


def test_search_puts_the_code_that_is_named_so_before_those_that_mention_it():
    for number in range(25):
        create_guide(create_code(f"L{number:04}", f"Brace {number}"), summary="It also helps after knee surgery.")
    create_code("L1833", "Knee orthosis, adjustable knee joints")

    assert codes("knee")[0] == "L1833"


def test_search_says_why_a_result_is_there():
    code = create_code("J9302", OFATUMUMAB)
    create_name(code, "Arzerra")
    create_guide(code, summary="A medicine for chronic leukemia.")

    def match(text):
        return find(text).rows[0]["match"]

    def said(text):
        return match(text)["kind"], match(text)["label"], match(text)["text"]

    assert said("j9302") == ("code", "Code", "J9302")
    assert said("ofatumumab") == ("description", "In its description", OFATUMUMAB)
    assert said("arzerra") == ("name", "Brand name", "Arzerra")
    assert said("leukemia")[:2] == ("guide", "In the guide")
    assert "chronic leukemia" in match("leukemia")["text"]


def test_search_marks_what_was_looked_for():
    code = create_code("C84.02", "Mycosis fungoides & <others>, lymph nodes of head", system="icd10cm")
    create_name(code, "Alibert's disease")
    create_guide(create_code("J9302", OFATUMUMAB), summary="A medicine for chronic leukemia.")

    def match(text):
        return find(text).rows[0]["match"]

    assert match("nodes mycos")["title_html"] == (
        "<mark>Mycosis</mark> fungoides &amp; &lt;others&gt;, lymph <mark>nodes</mark> of head"
    )
    assert match("c840")["html"] == "<mark>C84.0</mark>2"
    assert match("alibert")["html"] == "<mark>Alibert</mark>&#x27;s disease"
    assert match("10 mg")["title_html"] == "Injection, ofatumumab, <mark>10</mark> <mark>mg</mark>"
    assert "chronic <mark>leukemia</mark>" in match("leukemia")["html"]


@pytest.mark.parametrize("text", ["injection ofatu", "ofatum", "10 mg ofatumuma"])
def test_search_finds_a_half_typed_last_word(text):
    create_code("J9302", OFATUMUMAB)

    assert codes(text) == ["J9302"]


def test_search_wants_the_words_before_the_last_whole():
    create_code("J9302", OFATUMUMAB)

    assert codes("ofatu injection") == []


@pytest.mark.parametrize("text", ["meniere", "Ménière", "MENIERE'S", "Ménière’s disease"])
def test_search_does_not_mind_accents(text):
    create_code("H81.01", "Ménière's disease, right ear", system="icd10cm")
    create_code("H81.02", "Meniere's disease, left ear", system="icd10cm")

    assert sorted(codes(text)) == ["H81.01", "H81.02"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.1 mg", ["J0001"]),
        ("0.5 mg", ["J0002"]),
        ("5 mg", ["J0003"]),
        ("mg 0.1", ["J0001"]),
        ("1,000 units", ["J0004"]),
        ("1000 units", ["J0004"]),
        ("100 units", ["J0005"]),
    ],
)
def test_search_tells_numbers_apart(text, found):
    for code, amount in [("J0001", "0.1 mg"), ("J0002", "0.5 mg"), ("J0003", "5 mg"), ("J0004", "1,000 units")]:
        create_code(code, f"Injection, an invented medicine, {amount}")
    create_code("J0005", "Injection, an invented medicine, 100 units")

    assert codes(text) == found


def test_search_without_text_finds_everything():
    create_code("J9302", OFATUMUMAB)
    create_code("A00.0", "Cholera", system="icd10cm")

    assert sorted(codes("")) == ["A00.0", "J9302"]
    assert sorted(codes("   ")) == ["A00.0", "J9302"]


@pytest.mark.parametrize(
    "text",
    [
        *('"', "*", "%", "_", "\\", "'", "';--", "NEAR(", "a AND", "NOT", "OR", "title:", "{title}: a", "^a", "-a"),
        *("a:*", "& | !", "<->", "ofatumumab*", 'ofatumumab"', "ofatumumab)", "=active", "=retired"),
        *("💉", "\u202eabc", "a" * 10_000),
    ],
)
def test_search_takes_no_character_for_an_operator(text):
    create_code("J9302", OFATUMUMAB)

    results = find(text)

    assert results.rows == [] or results.rows[0]["code"] == "J9302"
    assert len(results.rows) == results.total


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="aAbJx029.,-'’%_*\"() üßµжЖ日ع", min_size=1, max_size=30))
def test_search_finds_a_code_by_each_word_of_its_description(text):
    code = create_code("J9302", f"Injection {text}")

    found = [codes(f"{word} injection") for word in tokenize(text)]
    code.delete()

    assert all(each == ["J9302"] for each in found)


# Status and filters


def test_search_finds_retired_codes_and_marks_them():
    create_code("C9028", "Injection, inotuzumab ozogamicin, 0.1 mg", terminated=datetime.date(2018, 12, 31))
    create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")

    rows = find("inotuzumab").rows

    assert [(row["code"], row["status"]) for row in rows] == [("J9229", "active"), ("C9028", "retired")]
    assert rows[1]["terminated"] == datetime.date(2018, 12, 31)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(systems=frozenset({"icd10cm"})), ["M10", "M10.1"]),
        (Filters(systems=frozenset({"hcpcs", "icd10cm"}), has_policy=True), ["J1002", "J1003"]),
        (Filters(systems=frozenset({"icd10pcs"})), []),
        (Filters(status=frozenset({"retired"})), ["J1001"]),
        (Filters(status=frozenset({"header"})), ["M10"]),
        (Filters(status=frozenset({"active"})), ["J1000", "J1002", "J1003", "M10.1"]),
        (Filters(status=frozenset({"header", "retired"})), ["J1001", "M10"]),
        (Filters(has_guide=True), ["J1003"]),
        (Filters(has_guide=False), ["J1000", "J1001", "J1002", "M10", "M10.1"]),
        (Filters(has_policy=True), ["J1002", "J1003"]),
        (Filters(has_policy=False, status=frozenset({"active"})), ["J1000", "M10.1"]),
    ],
)
@pytest.mark.parametrize("text", ["medicine", ""])
def test_search_narrows_to_the_filters(mixed_codes, text, filters, found):
    results = find(text, filters)

    assert sorted(row["code"] for row in results.rows) == found
    assert results.total == len(found)


def test_search_narrows_codes_found_by_their_beginning(mixed_codes):
    assert codes("J10", status=frozenset({"retired"})) == ["J1001"]
    assert codes("J10", has_guide=True) == ["J1003"]
    assert codes("J1000", status=frozenset({"retired"})) == []


def test_search_says_which_results_have_a_guide_or_a_policy(mixed_codes):
    shown = {row["code"]: (row["has_guide"], row["has_policy"]) for row in find("J10").rows}

    assert shown == {"J1000": (False, False), "J1001": (False, False), "J1002": (False, True), "J1003": (True, True)}


def test_name_with_a_trademark_sign_is_found():
    create_name(create_code(), "Kesimpta™ pen")

    assert codes("kesimpta™ pen") == ["J9302"]


def test_code_that_looks_like_a_number_is_found_beside_words():
    create_code("3E033GC", "Introduction of other therapeutic substance into peripheral vein", system="icd10pcs")

    assert codes("3e033gc introduction") == ["3E033GC"]


@pytest.mark.parametrize("text", ["?!", "%", "*", '"', "💉"])
def test_text_without_letter_or_digit_finds_nothing(text):
    create_code()

    assert find(text).total == 0
