import csv
import datetime
import io

import pytest
from openpyxl import Workbook

from procedures.code_sets.hcpcs import parse_table, parse_text
from procedures.code_sets.records import ReadingReport, RefusedFile
from tests.procedures.code_sets.made_releases import (
    HCPCS_HEADER,
    codes_line,
    hcpcs_line,
    hcpcs_lines,
    order_line,
)

PREAMBLE = ["The following is a disclaimer", "\xa0\t\xa0", "", "CPT codes are the property of others."]


def read(*lines):
    """The records by code, and the report."""
    report = ReadingReport()
    records = list(parse_text([f"{line}\r\n" for line in lines], file="HCPC2025.txt", report=report))
    return {record.code: record for record in records}, report


def read_one(*lines):
    records, _ = read(*lines)
    [record] = records.values()
    return record


def read_table(rows):
    report = ReadingReport()
    return list(parse_table(rows, file="HCPC2025.xlsx", report=report)), report


def refusal_of(*lines):
    with pytest.raises(RefusedFile) as refusal:
        read(*lines)
    return str(refusal.value)


# The fixed-width text


def test_record_is_read_at_its_official_positions():
    record = read_one(
        hcpcs_line(
            "C9028",
            "Injection, inotuzumab ozogamicin, 0.1 mg",
            "Inj. inotuzumab ozogamicin",
            **{"PRICE1": "53", "MULT_PI": "A", "CIM1": "110.17", "MCM1": "2049", "STATUTE": "1833(t)"},
            **{"LABCERT1": "220", "LABCERT8": "630", "XREF1": "J9229", "COV": "D", "ASC_GRP": "YY"},
            **{"ASC_DT": "170401", "OPPS": "123", "OPPS_PI": "G", "OPPS_DT": "20180101", "PROCNOTE": "0145"},
            **{"BETOS": "O1D", "TOS1": "1", "TOS2": "P", "ANEST_BU": "  0"},
            **{"ADD": "20180101", "EFF": "20190101", "TERM": "20181231", "ACTION": "D"},
        )
    )

    assert record.code == "C9028"
    assert record.kind == "code"
    assert record.long == "Injection, inotuzumab ozogamicin, 0.1 mg"
    assert record.short == "Inj. inotuzumab ozogamicin"
    assert record.added == datetime.date(2018, 1, 1)
    assert record.effective == datetime.date(2019, 1, 1)
    assert record.terminated == datetime.date(2018, 12, 31)
    assert record.action == "D"
    assert record.cross_references == ("J9229",)
    assert record.indicators == {
        **{"PRICE": ["53"], "MULT_PI": "A", "CIM": ["110.17"], "MCM": ["2049"], "STATUTE": "1833(t)"},
        **{"LABCERT": ["220", "630"], "XREF": ["J9229"], "COV": "D", "ASC_GRP": "YY", "ASC_DT": "170401"},
        **{"OPPS": "123", "OPPS_PI": "G", "OPPS_DT": "20180101", "PROCNOTE": "0145", "BETOS": "O1D"},
        "TOS": ["1", "P"],
    }


def test_continuations_are_joined_in_the_order_of_their_numbers_with_one_blank():
    record = read_one(
        hcpcs_line("G0556", "  Advanced primary care    management services", "Apcm"),
        hcpcs_line("G0556", "third part.  ", recid="4", seqnum="00300"),
        hcpcs_line("G0556", " second part, ", recid="4", seqnum="00200"),
    )

    assert record.long == "Advanced primary care management services second part, third part."


def test_continuation_of_another_code_is_counted_and_joined_to_nothing():
    records, report = read(
        hcpcs_line("A1000", "Lost part of nobody", recid="4"),
        hcpcs_line("A1001", "Supply one"),
        hcpcs_line("A1002", "Lost part of another", recid="4", seqnum="00200"),
        hcpcs_line("A1001", "and more", recid="4", seqnum="00200"),
    )

    assert {code: record.long for code, record in records.items()} == {"A1001": "Supply one and more"}
    assert report.passed_over["continuation without its first line"] == 2


def test_short_lines_are_read_as_if_padded():
    line = hcpcs_line("J9302", "Injection, ofatumumab, 10 mg", "Ofatumumab injection", ADD="20110101", ACTION="N")
    records, _ = read(
        line.rstrip(), hcpcs_line("J9303", "Injection").rstrip(), hcpcs_line("J9303", "more", recid="4")[:91]
    )

    assert records["J9302"].added == datetime.date(2011, 1, 1)
    assert records["J9303"].long == "Injection more"
    assert records["J9303"].added is None


def test_preamble_and_blank_lines_are_counted_not_read():
    records, report = read(*PREAMBLE, hcpcs_line("A1000", "Supply"), "")

    assert list(records) == ["A1000"]
    assert report.passed_over["preamble line"] == 2
    assert report.passed_over["blank line"] == 3
    assert report.passed_over["broken line"] == 0


def test_characters_of_windows_stay():
    assert read_one(hcpcs_line("A1000", "Bandage – 5 µm, “sterile” ½")).long == "Bandage – 5 µm, “sterile” ½"


def test_a_code_without_a_long_description_has_the_short_one():
    assert read_one(hcpcs_line("A1000", "", "Supply")).long == "Supply"


def test_a_code_without_any_description_is_left_out_and_counted():
    records, report = read(hcpcs_line("A1000", ""), hcpcs_line("A1001", "Supply"))

    assert list(records) == ["A1001"]
    assert report.passed_over["code without a description"] == 1


# What may not be stored


def test_modifiers_are_their_own_kind():
    records, _ = read(hcpcs_line("A1", "Dressing for one wound", recid="7"), hcpcs_line("A1000", "Supply"))

    assert {code: record.kind for code, record in records.items()} == {"A1": "modifier", "A1000": "code"}


def test_continuations_of_modifiers_are_joined():
    record = read_one(
        hcpcs_line("KX", "Requirements specified in the", recid="7"),
        hcpcs_line("KX", "medical policy have been met", recid="8", seqnum="00200"),
    )

    assert record.long == "Requirements specified in the medical policy have been met"


@pytest.mark.parametrize("modifier", ["P1", "P2", "P3", "P4", "P5", "P6", "25", "1P"])
def test_cpt_modifiers_are_dropped_and_counted(modifier):
    records, report = read(hcpcs_line(modifier, "Not ours", recid="7"), hcpcs_line("A1000", "Supply"))

    assert list(records) == ["A1000"]
    assert report.passed_over["CPT modifier, not licensed"] == 1


def test_hcpcs_modifiers_that_look_alike_are_kept():
    records, report = read(*(hcpcs_line(code, "Ours", recid="7") for code in ("PA", "PO", "PT", "P7")))

    assert list(records) == ["PA", "PO", "PT", "P7"]
    assert not report.passed_over


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("99213", "CPT or other code, not licensed"),
        ("0001F", "CPT or other code, not licensed"),
        ("0345T", "CPT or other code, not licensed"),
        ("W1234", "CPT or other code, not licensed"),
        ("D0120", "CDT code, not licensed"),
    ],
)
def test_codes_of_other_owners_are_dropped_with_their_continuations_and_counted(code, reason):
    records, report = read(
        hcpcs_line(code, "Not ours"),
        hcpcs_line(code, "nor this", recid="4", seqnum="00200"),
        hcpcs_line("A1000", "Supply"),
    )

    assert {each: record.long for each, record in records.items()} == {"A1000": "Supply"}
    assert report.passed_over[reason] == 1


@pytest.mark.parametrize("letter", "ABCEGHJKLMPQRSTUV")
def test_codes_of_every_letter_in_use_are_kept(letter):
    assert read_one(hcpcs_line(f"{letter}0001", "Ours")).code == f"{letter}0001"


def test_cross_references_keep_codes_and_modifiers_and_drop_what_is_not_licensed():
    records, report = read(
        hcpcs_line("A1000", "Supply", XREF1="A2000", XREF2="QM", XREF3="99213", XREF4="CPT", XREF5="D0120")
    )

    assert records["A1000"].cross_references == ("A2000", "QM")
    assert records["A1000"].indicators["XREF"] == ["A2000", "QM"]
    assert report.passed_over["cross-reference to a CPT code, left out"] == 3


# Dates


@pytest.mark.parametrize("odd", ["20181301", "00000000", "2018", "170401", "JAN 2018", "２０１８０１０１"])
def test_an_odd_date_is_left_out_and_counted(odd):
    records, report = read(hcpcs_line("A1000", "Supply", ADD="20100101", TERM=odd))

    assert records["A1000"].added == datetime.date(2010, 1, 1)
    assert records["A1000"].terminated is None
    assert report.passed_over["date that cannot be read, left out"] == 1


def test_an_addition_after_the_termination_is_left_out_and_counted():
    records, report = read(hcpcs_line("A1000", "Supply", ADD="20200101", TERM="20181231"))

    assert records["A1000"].added is None
    assert records["A1000"].terminated == datetime.date(2018, 12, 31)
    assert report.passed_over["added date after the termination, left out"] == 1


def test_a_layout_with_dates_elsewhere_is_refused_with_file_and_line():
    moved = [line[:200] + "  " + line[200:318] for line in hcpcs_lines(100)]

    assert refusal_of(*moved).startswith("HCPC2025.txt, line 1: 100 of 100 records have a date that cannot be read")


def test_one_line_in_ten_with_its_columns_moved_is_refused_with_file_and_first_line():
    lines = hcpcs_lines(100)
    for at in range(14, 100, 10):
        lines[at] = lines[at][:200] + " " + lines[at][200:319]

    assert refusal_of(*lines).startswith("HCPC2025.txt, line 15: 9 of 100 records have a date that cannot be read")


# Files that are refused


def test_one_line_in_ten_broken_is_refused_with_file_and_first_line():
    lines = hcpcs_lines(100)
    for at in range(14, 100, 10):
        lines[at] = lines[at][3:]

    assert refusal_of(*lines) == (
        "HCPC2025.txt, line 15: 9 of 100 lines are not of a HCPCS Level II release; this is the first."
    )


def test_a_stray_broken_line_is_counted_not_refused():
    lines = hcpcs_lines(200)
    lines[100] = "garbage"
    records, report = read(*lines)

    assert len(records) == 199
    assert report.passed_over["broken line"] == 1


@pytest.mark.parametrize(
    "line",
    [
        order_line(1, "A000", "1", "Cholera due to Vibrio cholerae 01, biovar cholerae"),
        codes_line("A000", "Cholera due to Vibrio cholerae 01, biovar cholerae"),
        codes_line("0016070", "Bypass cerebral ventricle to nasopharynx"),
        "HCPC,SEQNUM,RECID,LONG DESCRIPTION",
        "\xff\xd8\xff\xe0\x10JFIF",
        "",
    ],
)
def test_a_file_of_another_kind_is_refused(line):
    message = refusal_of(*[line] * 100)

    assert message.startswith("HCPC2025.txt, line ")
    assert "this is not a HCPCS Level II release" in message


# The same columns as xlsx or csv


def cells(code, long, *, recid="3", seqnum="0010", added="20110101", xref="", term=""):
    return [code, seqnum, recid, long, "Short", "51", xref, "C", "O1D", "1", added, added, term, "N"]


@pytest.mark.parametrize("above", [0, 7, 10])
def test_table_is_read_from_the_row_with_its_header(above):
    preamble = [["A disclaimer", None]] * above
    records, report = read_table([*preamble, HCPCS_HEADER, cells("J9302", "Injection"), cells("A1", "x", recid="7")])

    assert [(record.code, record.kind) for record in records] == [("J9302", "code"), ("A1", "modifier")]
    assert records[0].added == datetime.date(2011, 1, 1)
    assert records[0].indicators == {"PRICE": ["51"], "COV": "C", "BETOS": "O1D", "TOS": ["1"]}
    assert report.passed_over["preamble line"] == above


def test_table_of_a_workbook_and_of_a_csv_are_the_same_release():
    rows = [
        *[["Disclaimer"]] * 10,
        HCPCS_HEADER,
        cells("   A1", "Dressing", recid="7"),
        cells("C9028", "Injection, inotuzumab", xref="J9229", term="20181231"),
        cells("C9028", "ozogamicin", recid="4", seqnum="0020"),
        [],
    ]
    workbook, saved, text = Workbook(), io.BytesIO(), io.StringIO()
    for row in rows:
        workbook.active.append(row)
    workbook.save(saved)
    csv.writer(text).writerows(rows)
    text.seek(0)

    from_sheet, _ = read_table(workbook.active.iter_rows(values_only=True))
    from_csv, _ = read_table(csv.reader(text))

    assert from_sheet == from_csv
    assert [(record.code, record.long) for record in from_sheet] == [
        ("A1", "Dressing"),
        ("C9028", "Injection, inotuzumab ozogamicin"),
    ]
    assert from_sheet[1].cross_references == ("J9229",)


@pytest.mark.parametrize(
    "added", [20110101, "20110101", 20110101.0, datetime.datetime(2011, 1, 1), datetime.date(2011, 1, 1)]
)
def test_table_cells_may_be_numbers_or_days(added):
    [record], _ = read_table([HCPCS_HEADER, cells("J9302", "Injection", recid=3, seqnum=10, added=added)])

    assert record.added == datetime.date(2011, 1, 1)


def test_table_orders_parts_by_number_also_where_the_cells_are_numbers():
    parts = [cells("G0556", f"part {n}", recid=4, seqnum=10 * n) for n in (11, 2, 10)]
    [record], _ = read_table([HCPCS_HEADER, cells("G0556", "part 1", seqnum=10), *parts])

    assert record.long == "part 1 part 2 part 10 part 11"


def test_table_without_its_header_is_refused():
    with pytest.raises(RefusedFile, match=r"HCPC2025.xlsx, line 1: this is not .* no.* HCPC"):
        read_table([["CODE", "TEXT"], ["A1000", "Supply"]] * 100)


def test_table_without_a_needed_column_is_refused_with_its_name_and_line():
    header = ["TERM DATE" if name == "TERM DT" else name for name in HCPCS_HEADER]

    with pytest.raises(RefusedFile, match=r"^HCPC2025.xlsx, line 2: the header lacks TERM DT\.$"):
        read_table([["Disclaimer"], header, cells("A1000", "Supply")])


def test_table_with_one_row_in_ten_broken_is_refused_with_its_line():
    rows = [cells(f"A{1000 + n}", "Supply", recid="x" if n % 10 == 4 else "3") for n in range(100)]

    with pytest.raises(RefusedFile, match=r"^HCPC2025.xlsx, line 6: 10 of 100 lines"):
        read_table([HCPCS_HEADER, *rows])
