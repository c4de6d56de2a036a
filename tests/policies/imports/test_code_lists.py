from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policies.imports.code_lists import CodeList, read_code_list
from policies.imports.code_table import CodeTable
from policies.licensed_numbers import CDT_DROPPED, CPT_DROPPED
from procedures.models import CodeSystem
from tests.factories import create_code

pytestmark = pytest.mark.django_db

TABLES = {"whole": lambda text: CodeTable.whole(), "for_text": CodeTable.for_text}

INJECTIONS = ("J9300", "J9301", "J9302", "J9306", "J9307")
DIAGNOSES = ("C91", "C91.1", "C91.10", "E11", "E11.0", "E11.00", "E11.9", "M54.16", "S72.001A", "QA0", "QA00")


@pytest.fixture(autouse=True)
def loaded_codes(db):
    for code in INJECTIONS:
        create_code(code, f"Injection {code}")
    create_code("JW", "Drug amount discarded", kind="modifier")
    for code in DIAGNOSES:
        create_code(code, f"Diagnosis {code}", system="icd10cm")
    for code in ("0016070", "GZFZZZZ"):
        create_code(code, f"Procedure {code}", system="icd10pcs")


@pytest.fixture(params=TABLES)
def read(request):
    """Reads a list with either table: both have to say the same."""

    def read_with_table(text: str) -> CodeList:
        return read_code_list(text, TABLES[request.param](text))

    return read_with_table


def plain(found: CodeList) -> list[str]:
    """The codes with their systems; all of the list has to be codes."""
    assert (found.unknown, found.dropped, found.problems, found.notes) == ({}, {}, [], [])
    return [f"{system}:{code}" + (f" in {named}" if named else "") for system, code, named in found.codes]


@pytest.mark.parametrize(
    "text",
    [
        "J9301,J9302",
        "J9301; J9302",
        "J9301 | J9302",
        "J9301/J9302",
        "J9301\nJ9302",
        "J9301\r\nJ9302\r\n",
        "J9301 J9302",
        "  J9301\u00a0\u00a0J9302\u00a0",
        "j9301 , j9302 , J9301",
        "J9301 and J9302.",
        "HCPCS codes: J9301, J9302",
        "CPT/HCPCS: J9301; J9302",
        "CPT: J9301, J9302",
        "- J9301\n- J9302",
        "• J9301\n• J9302*",
        "(J9301) [J9302]",
        "Ｊ9301, J9302\u200b",
        "hcpcs:J9301|HCPCS: J9302",
    ],
)
def test_codes_are_found_whatever_separates_them(read, text):
    assert plain(read(text)) == ["hcpcs:J9301", "hcpcs:J9302"]


@pytest.mark.parametrize("text", ["", " ", "\u00a0\r\n", ",;|/", " - "])
def test_nothing_is_nothing(read, text):
    found = read(text)

    assert (found.codes, found.problems, found.unknown) == ([], [], {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C91.1", "icd10cm:C911"),
        ("c911", "icd10cm:C911"),
        ("S72.001A", "icd10cm:S72001A"),
        ("S72001A", "icd10cm:S72001A"),
        ("QA0", "icd10cm:QA0"),
        ("ICD-10: C91.1", "icd10cm:C911"),
        ("icd10cm:C91.1", "icd10cm:C911"),
        ("0016070", "icd10pcs:0016070"),
        ("GZFZZZZ", "icd10pcs:GZFZZZZ"),
        ("M54.16", "icd10cm:M5416"),
        ("M5416", "icd10cm:M5416"),
    ],
)
def test_shape_tells_the_code_system(read, text, expected):
    assert plain(read(text)) == [expected]


def test_text_of_two_shapes_is_an_hcpcs_code_where_there_is_one(read):
    create_code("M5416", "Measure, invented")

    assert plain(read("M5416")) == ["hcpcs:M5416"]
    assert plain(read("M54.16")) == ["icd10cm:M5416"]
    assert plain(read("icd10cm:M5416")) == ["icd10cm:M5416"]


@pytest.mark.parametrize(
    "text",
    [
        "J9301-J9306",
        "J9301 - J9306",
        "J9301 to J9306",
        "J9301 TO J9306",
        "J9301 thru J9306",
        "j9301 through j9306",
        "J9301–J9306",
        "J9301 — J9306",
        "J9301\u00a0‑\u00a0J9306.",
        "hcpcs:J9301-J9306",
        "hcpcs:J9301 - hcpcs:J9306",
        "(J9301-J9306)",
    ],
)
def test_range_names_the_codes_that_are_in_it(read, text):
    assert plain(read(text)) == [f"hcpcs:{code} in J9301-J9306" for code in ("J9301", "J9302", "J9306")]


@pytest.mark.parametrize(
    ("text", "named", "codes"),
    [
        ("E11.0-E11.9", "E11.0-E11.9", ["E110", "E1100", "E119"]),
        ("E110-E119", "E11.0-E11.9", ["E110", "E1100", "E119"]),
        ("E11-E11.0", "E11-E11.0", ["E11", "E110", "E1100"]),
        ("C91.10 - E11", "C91.10-E11", ["C9110", "E11", "E110", "E1100", "E119"]),
        ("M5410-M5416", None, ["M5416"]),
        ("icd10cm:M5410-M5416", "M54.10-M54.16", ["M5416"]),
    ],
)
def test_range_of_diagnoses_takes_in_what_is_below_its_ends(read, text, named, codes):
    found = read(text)
    if named is None:
        # HCPCS numbers, of which there are none: only its second end is a diagnosis.
        assert found.codes == []
        assert found.unknown == {"M5410-M5416": 1}
    else:
        assert plain(found) == [f"icd10cm:{code} in {named}" for code in codes]


def test_code_that_is_also_named_by_itself_has_no_range(read):
    assert plain(read("J9302, J9301-J9306")) == [
        "hcpcs:J9302",
        *(f"hcpcs:{c} in J9301-J9306" for c in ("J9301", "J9306")),
    ]
    assert plain(read("J9301-J9306, J9302"))[1] == "hcpcs:J9302"


def test_range_and_codes_of_one_part_are_all_read(read):
    found = read("rituximab - J9300 - J9301 and J9306 to J9307")

    assert [code for _, code, _ in found.codes] == ["J9300", "J9301", "J9306", "J9307"]
    assert [named for _, _, named in found.codes] == ["J9300-J9301", "J9300-J9301", "J9306-J9307", "J9306-J9307"]
    assert found.notes == ["no codes: rituximab"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("J9306-J9301", "the range J9306-J9301 runs backwards"),
        ("E11.9 to E11.0", "the range E11.9-E11.0 runs backwards"),
        ("E11.9-E11", "the range E11.9-E11 runs backwards"),
        ("J0000-J9999", "the range J0000-J9999 spans more than 1,000 numbers"),
        ("A0001-Z9999", "the range A0001-Z9999 begins in one code system and ends in another"),
        ("A0001-V9999", "the range A0001-V9999 spans more than 1,000 numbers"),
        ("J9301-C91.1", "the range J9301-C91.1 begins in one code system and ends in another"),
        ("hcpcs:J9301-icd10cm:J9306", "the range J9301-J9306 begins in one code system and ends in another"),
        ("J9301-0016070", "the range J9301-0016070 begins in one code system and ends in another"),
        ("J9301-06", "“J9301-06” is no range that can be read: write both ends in full, as J9301-J9306"),
        ("J9301-9306", "“J9301-9306” is no range that can be read: write both ends in full, as J9301-J9306"),
        (
            "J9301-J9302-J9306",
            "“J9301-J9302-J9306” is no range that can be read: write both ends in full, as J9301-J9306",
        ),
        ("J9301 - J9302 - J9306", "“J9301 - J9302 - J9306” is no range that can be read"),
        ("J9301 -", "“J9301-” is a range without its end"),
        ("J9301 to", "“J9301-” is a range without its end"),
        ("E11.-", "“E11.-” is a range without its end"),
        ("J930*", "“J930*” names no certain codes: write a range, such as J9301-J9306"),
        ("snomed:123", "“snomed:123” names no known code system (cdt, cpt4, hcpcs, icd10cm, icd10pcs)"),
        ("snomed:J9301-J9306", "the range J9301-J9306 is of no known code system"),
    ],
)
def test_what_is_not_certain_is_a_problem_and_names_no_code(read, text, problem):
    found = read(text)

    assert found.problems == [problem]
    assert (found.codes, found.unknown, found.dropped) == ([], {}, {})


def test_range_of_1000_numbers_is_read_and_one_more_is_a_problem(read):
    assert [code for _, code, _ in read("J8307-J9306").codes] == ["J9300", "J9301", "J9302", "J9306"]
    assert read("J8306-J9306").problems == ["the range J8306-J9306 spans more than 1,000 numbers"]


def test_range_that_finds_more_than_1000_codes_is_a_problem(read, monkeypatch):
    monkeypatch.setattr("policies.imports.code_lists.MOST_IN_RANGE", 3)
    monkeypatch.setattr("policies.imports.code_table.MOST_IN_RANGE", 3)

    assert read("E11.0-E11.9").problems == []
    assert read("E11-E11.9").problems == ["the range E11-E11.9 holds more than 3 codes"]


@pytest.mark.parametrize(
    "text",
    ["No HCPCS", "no hcpcs code", "N/A", "n/a", "NA", "none", "None.", "not applicable", "No specific code", "--"],
)
def test_words_for_no_code_name_none_and_are_a_note(read, text):
    found = read(text)

    assert found.notes == [f"no code: “{text}”"]
    assert (found.codes, found.unknown, found.problems) == ([], {}, [])


def test_word_for_no_code_beside_codes_is_passed_over(read):
    assert [code for _, code, _ in read("J9301, No HCPCS, N/A J9302").codes] == ["J9301", "J9302"]


def test_unknown_codes_and_ranges_are_counted(read):
    found = read("J1234, J1234, C99.9, C999, 001607X, J1200-J1209, J9302")

    assert found.unknown == {"J1234": 2, "C99.9": 2, "001607X": 1, "J1200-J1209": 1}
    assert found.codes == [("hcpcs", "J9302", "")]
    assert found.problems == []


def test_modifiers_after_a_hyphen_are_left_out_with_a_note(read):
    found = read("J9302-JW, J9301-JZ-RT, J1234-JW")

    assert [code for _, code, _ in found.codes] == ["J9302", "J9301"]
    assert found.notes == ["modifiers, left out: JW, JZ, RT"]
    assert found.unknown == {"J1234": 1}


def test_modifiers_are_no_codes(read):
    found = read("JW, J9302")

    assert found.codes == [("hcpcs", "J9302", "")]
    assert found.notes == ["no codes: JW"]


def test_words_that_are_no_codes_are_named_in_a_note(read):
    found = read("J9302 - Ofatumumab injection, 10 mg; BENEFIT ONE; J9301 - 100 mg, 0078-0669-13")

    assert [code for _, code, _ in found.codes] == ["J9302", "J9301"]
    assert found.notes == ["no codes: Ofatumumab, injection, 10, mg, BENEFIT, ONE, 100, 0078-0669-13"]
    assert found.problems == []


def test_a_note_names_ten_words_and_counts_the_others(read):
    found = read(" ".join(f"word{letter}" for letter in "abcdefghijklm"))

    assert found.notes[0].endswith("wordi, wordj and 3 more")


@pytest.mark.parametrize(
    "text", ["J9301-" * 50_000, "J9301-JW-" * 30_000, "a-" * 100_000, "a:" * 100_000, "x" * 400_000]
)
def test_endless_words_are_read_and_named_shortly(text):
    found = read_code_list(text, CodeTable.whole())

    assert all(len(line) <= 300 for line in found.problems + found.notes)
    assert len(found.problems + found.notes) == 1


# CPT and CDT numbers, which are made here so that none stands in a file.

CPT, CPT_WITH_LETTER, CDT = "9" * 5, "9" * 4 + "T", "D" + "9" * 4


def said(found: CodeList) -> str:
    return str((found.codes, found.unknown, found.problems, found.notes))


@pytest.mark.parametrize(
    ("text", "dropped"),
    [
        (CPT, {CPT_DROPPED: 1}),
        (f"{CPT}, {CPT}; {CPT_WITH_LETTER.lower()}", {CPT_DROPPED: 3}),
        (f"CPT: {CPT}", {CPT_DROPPED: 1}),
        (f"cpt4:{CPT}", {CPT_DROPPED: 1}),
        (f"hcpcs:{CPT}", {CPT_DROPPED: 1}),
        (f"{CPT}-25", {CPT_DROPPED: 1}),
        (f"{CPT}-{CPT}", {CPT_DROPPED: 1}),
        (f"10000-{CPT}", {CPT_DROPPED: 1}),
        (f"{CDT}, cdt:{CDT}", {CDT_DROPPED: 2}),
        (f"D0000 to {CDT}", {CDT_DROPPED: 1}),
    ],
)
def test_cpt_and_cdt_numbers_are_dropped_counted_and_named_nowhere(read, text, dropped):
    found = read(text)

    assert found.dropped == dropped
    assert (found.codes, found.problems, found.notes, found.unknown) == ([], [], [], {})


@pytest.mark.parametrize("text", [f"J9301-{CPT}", f"snomed:{CPT}", f"{CPT}- foo{CPT} ({CPT})x", f"J9301-{CPT}-J9302"])
def test_problems_and_notes_name_no_cpt_number(read, text):
    found = read(text)

    assert found.problems or found.notes
    assert CPT not in said(found).replace(f"FOO{CPT}", "").replace(f"foo{CPT}", "")


def test_diagnosis_that_looks_like_a_cdt_number_is_a_diagnosis_where_there_is_one(read):
    create_code("D18.09", "Diagnosis, invented", system="icd10cm")

    assert plain(read("D1809, D18.09")) == ["icd10cm:D1809"]
    assert read("D1801-D1809").dropped == {CDT_DROPPED: 1}
    assert plain(read("D18.01-D18.09")) == ["icd10cm:D1809 in D18.01-D18.09"]
    assert read("icd10cm:D1801").unknown == {"D18.01": 1}


def test_licensed_and_loaded_numbers_are_codes(read):
    create_code(CPT, "Invented", system="cpt4")
    assert read(CPT).dropped == {CPT_DROPPED: 1}

    CodeSystem.objects.filter(slug="cpt4").update(licence="attribution")

    assert plain(read(f"{CPT}, CPT: {CPT}")) == [f"cpt4:{CPT}"]
    assert plain(read(f"99990-{CPT}")) == [f"cpt4:{CPT} in 99990-{CPT}"]


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.sampled_from("J9301CE. -–:,;/*ntoJW\n()") | st.characters(exclude_categories=["Cs"]), max_size=60))
@example("ßJ9301\x00:-:J9306ﬁ")
@example(":" * 50 + "-" * 50)
def test_any_text_is_read_and_both_tables_say_the_same(text):
    whole, small = (read_code_list(text, table(text)) for table in TABLES.values())

    assert said(whole) == said(small)
    assert whole.dropped == small.dropped


def test_codes_of_one_text_take_few_queries(django_assert_max_num_queries):
    text = ", ".join(INJECTIONS + DIAGNOSES)
    with django_assert_max_num_queries(3):
        found = read_code_list(text, CodeTable.for_text(text))

    assert len(found.codes) == len(INJECTIONS + DIAGNOSES)
    assert found.unknown == Counter()
