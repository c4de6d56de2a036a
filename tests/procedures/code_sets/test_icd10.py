import pytest

from procedures.code_sets.icd10 import display, parse_codes_file, parse_order_file
from procedures.code_sets.records import ReadingReport, RefusedFile
from tests.procedures.code_sets.made_releases import codes_line, hcpcs_line, order_line


def read_order_file(*lines, system="icd10cm"):
    report = ReadingReport()
    return list(parse_order_file([f"{line}\r\n" for line in lines], system=system, file="order.txt", report=report))


def read_codes_file(*lines, system="icd10cm"):
    report = ReadingReport()
    return list(parse_codes_file([f"{line}\r\n" for line in lines], system=system, file="codes.txt", report=report))


def test_order_file_gives_headers_and_codes_with_both_descriptions():
    header, code = read_order_file(
        order_line(1, "A00", "0", "Cholera"),
        order_line(2, "A000", "1", "Cholera due to Vibrio cholerae 01, biovar cholerae", "Cholera due to V. cholerae"),
    )

    assert (header.code, header.kind, header.short, header.long) == ("A00", "header", "Cholera", "Cholera")
    assert (code.code, code.kind) == ("A00.0", "code")
    assert code.short == "Cholera due to V. cholerae"
    assert code.long == "Cholera due to Vibrio cholerae 01, biovar cholerae"


def test_order_file_says_nothing_of_dates():
    [code] = read_order_file(order_line(2, "A000", "1", "Cholera"))

    assert (code.added, code.effective, code.terminated, code.indicators) == (None, None, None, {})


@pytest.mark.parametrize(
    ("raw", "shown"),
    [("A00", "A00"), ("M5416", "M54.16"), ("C4A0", "C4A.0"), ("QA00101", "QA0.0101"), ("T3695XS", "T36.95XS")],
)
def test_cm_codes_are_shown_with_a_dot_after_the_third_character(raw, shown):
    assert read_order_file(order_line(1, raw, "1", "Condition"))[0].code == shown
    assert display("icd10cm", raw) == shown


def test_cm_category_without_subdivisions_is_a_code():
    [code] = read_order_file(order_line(1, "I10", "1", "Essential (primary) hypertension"))

    assert (code.code, code.kind) == ("I10", "code")


def test_pcs_codes_have_no_dot_and_tables_are_headers():
    table, code = read_order_file(
        order_line(1, "001", "0", "Central Nervous System and Cranial Nerves, Bypass"),
        order_line(2, "0016070", "1", "Bypass Cerebral Ventricle to Nasopharynx"),
        system="icd10pcs",
    )

    assert (table.code, table.kind) == ("001", "header")
    assert (code.code, code.kind) == ("0016070", "code")


def test_codes_file_gives_codes_only():
    three, seven = read_codes_file(codes_line("I10", "Essential hypertension"), codes_line("T3695XS", "Adverse effect"))

    assert (three.code, three.kind, three.short, three.long) == ("I10", "code", "", "Essential hypertension")
    assert (seven.code, seven.long) == ("T36.95XS", "Adverse effect")


def test_blanks_within_descriptions_are_one():
    [code] = read_codes_file(codes_line("I10", "Essential   (primary)  hypertension  "))

    assert code.long == "Essential (primary) hypertension"


def test_blank_lines_are_counted_not_read():
    report = ReadingReport()
    lines = [codes_line("I10", "Hypertension"), "", "   "]

    assert len(list(parse_codes_file(lines, system="icd10cm", file="codes.txt", report=report))) == 1
    assert report.passed_over["blank line"] == 2


@pytest.mark.parametrize(
    "line",
    [
        order_line(1, "A0I", "0", "A PCS code has no letter I"),
        order_line(1, "0016O70", "1", "A PCS code has no letter O"),
        order_line(1, "A001", "1", "A PCS code is not shorter than seven"),
        order_line(1, "001", "1", "A PCS table is no code"),
        order_line(1, "0016070", "0", "A PCS code is no table"),
    ],
)
def test_pcs_refuses_lines_that_are_no_pcs(line):
    with pytest.raises(RefusedFile, match=r"^order.txt, line 1: this is not an ICD-10-PCS order file"):
        read_order_file(line, system="icd10pcs")


@pytest.mark.parametrize(
    "line",
    [
        order_line(1, "0016070", "1", "Bypass Cerebral Ventricle to Nasopharynx"),
        order_line(1, "A000", "2", "The flag is 0 or 1"),
        order_line(1, "A000", "1", ""),
        order_line(1, "a000", "1", "Lower case"),
        " " + order_line(1, "A000", "1", "One position too far to the right"),
        order_line(1, "A00", "0", "Cholera").replace("     0", "   0"),
        codes_line("A000", "A codes file"),
        hcpcs_line("J9302", "Injection, ofatumumab, 10 mg"),
        "Delete:      1 C810A   Nodular lymphocyte predominant Hodgkin lymphoma",
        "<?xml version='1.0'?>",
    ],
)
def test_order_file_refuses_other_lines(line):
    with pytest.raises(RefusedFile, match=r"^order.txt, line 1: this is not an ICD-10-CM order file"):
        read_order_file(*[line] * 50)


@pytest.mark.parametrize(
    "line",
    [
        codes_line("0016070", "Bypass Cerebral Ventricle to Nasopharynx"),
        order_line(1, "A000", "1", "An order file"),
        hcpcs_line("J9302", "Injection, ofatumumab, 10 mg"),
        hcpcs_line("A1", "Dressing for one wound", recid="7"),
        "A000",
        "A000    ",
        "Code Description",
        "\xff\xd8\xff\xe0\x10JFIF",
    ],
)
def test_codes_file_refuses_other_lines(line):
    with pytest.raises(RefusedFile, match=r"^codes.txt, line 1: this is not an ICD-10-CM codes file"):
        read_codes_file(*[line] * 50)


def test_one_order_line_in_ten_broken_is_refused_with_file_and_first_line():
    lines = [order_line(n, f"A{n:02}", "1", "Condition") for n in range(100)]
    lines[7::10] = ["?"] * 10

    with pytest.raises(RefusedFile, match=r"^order.txt, line 8: 10 of 100 lines are not of an ICD-10-CM order file"):
        read_order_file(*lines)


def test_one_codes_line_in_ten_broken_is_refused_with_file_and_first_line():
    lines = [codes_line(f"A{n:02}", "Condition") for n in range(100)]
    lines[7::10] = ["?"] * 10

    with pytest.raises(RefusedFile, match=r"^codes.txt, line 8: 10 of 100 lines are not of an ICD-10-CM codes file"):
        read_codes_file(*lines)


def test_a_codes_file_of_the_other_system_is_refused_though_some_codes_look_alike():
    lines = [codes_line(f"B{n:06}" if n % 5 == 0 else f"0{n:06}", "Imaging") for n in range(100)]

    with pytest.raises(RefusedFile, match=r"^codes.txt, line 2: 80 of 100 lines are not of an ICD-10-CM codes file"):
        read_codes_file(*lines)


def test_an_empty_file_is_refused():
    with pytest.raises(RefusedFile, match=r"^codes.txt, line 1: "):
        read_codes_file()
