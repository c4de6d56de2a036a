"""What is read of the lines of a bill, without a list of codes."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.bill_lines import read_bill

TODAY = datetime.date(2025, 6, 1)
DAY = datetime.date(2018, 1, 15)


def read(text):
    return read_bill(text, TODAY)


def codes(text):
    return [code for line in read(text) for code in line.codes]


def spellings(text):
    """The codes as system:spelling of their first reading, or kind:typed where no list has such codes."""
    return [
        f"{code.readings[0].system}:{code.readings[0].spelling}" if code.readings else f"{code.kind}:{code.typed}"
        for code in codes(text)
    ]


def test_line_of_a_bill():
    [line] = read("J9302-JW 01/15/2018 x10 $1,234.56")
    [code] = line.codes

    assert (line.number, line.date, line.prices) == (1, DAY, ["$1,234.56"])
    assert (code.typed, code.kind, code.units, code.date) == ("J9302", "hcpcs", "10", DAY)
    assert [(each.typed, each.is_attached) for each in code.readings[0].modifiers] == [("JW", True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("E11.9, I10; M54.50", ["icd10cm:E119", "icd10cm:I10", "icd10cm:M5450"]),
        ("HCPCS J3420QTY1", ["hcpcs:J3420"]),
        ("j9302\tj9303", ["hcpcs:J9302", "hcpcs:J9303"]),
        ("01/15/2018 | 0636 | J9302 | JW | 10 | 1,234.56", ["revenue:0636", "hcpcs:J9302"]),
        ("REV 0636 MS-DRG: 0871", ["revenue:0636", "ms-drg:0871"]),
        ("NDC 50242-0040-62 N450242004062", ["ndc:50242-0040-62", "ndc:50242004062"]),
        ("NDC: 5024200406", ["ndc:5024200406"]),
        ("99213, 99214", ["cpt4:99213", "cpt4:99214"]),
        ("0001U 3006F", ["cpt4:0001U", "cpt4:3006F"]),
        ("DX: J0190", ["icd10cm:J0190"]),
        ("0DTJ4ZZ GZFZZZZ", ["icd10pcs:0DTJ4ZZ", "icd10pcs:GZFZZZZ"]),
        ("ICD-9: 250.00, V70.0", ["icd9:250.00", "icd9:V70.0"]),
        ("J93O2", ["hcpcs:J93O2"]),
        ("Ｊ９３０２ – J9303", ["hcpcs:J9302", "hcpcs:J9303"]),
        ("J93\x0002\x07", ["hcpcs:J9302"]),
        ("Modifiers: RT, 59", ["hcpcs:RT", "cpt-modifier:59"]),
        ("Office visit 99213   $150.00", ["cpt4:99213"]),
        ("ACCOUNT   99213", ["cpt4:99213"]),
        ("99213 CO 80202", ["cpt4:99213", "cpt4:80202"]),
        ("Procedure no. 99213", ["cpt4:99213"]),
        ("ICD9: 250.00 401.9 V58.11", ["icd9:250.00", "icd9:401.9", "icd9:V58.11"]),
        ("ICD-9-CM codes 25000, 4019 diabetes V70.0", ["icd9:25000", "icd9:4019", "icd9:V70.0"]),
        ("ICD9 250.00 CPT 99213 ICD-10 V58.11", ["icd9:250.00", "cpt4:99213", "icd10cm:V5811"]),
        ("0SR90J9 4A023N7", ["icd10pcs:0SR90J9", "icd10pcs:4A023N7"]),
        ("30233N1", ["icd10pcs:30233N1"]),
        ("J-9302, J 9302", ["hcpcs:J9302", "hcpcs:J9302"]),
        ("X9999 J0000", ["icd10cm:X9999", "hcpcs:J0000"]),
        ("Claim J9302", ["hcpcs:J9302"]),
        ("Remark: N130 J9302", ["hcpcs:J9302"]),
    ],
)
def test_codes_are_found_among_anything(text, expected):
    assert spellings(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "John Smith, 12345 North Main Street",
        "Boise, ID 83702",
        "PORTLAND OR 97201-1234",
        "(503) 555-1234, 1-800-555-1212, 555-1234",
        "Account # 12345",
        "Visit no. 12345",
        "Claim no. 99214",
        "Zip code: 12345",
        "PO Box 12345",
        "SSN 123-45-6789",
        "Balance 12345",
        "$12345 12,345 12345.67",
        "10000 units",
        "5 mg, 10.5 ml, 0.25mg",
        "10:30 am, 50%",
        "https://example.org/J9302 kim@J9302.example",
        "Room A18, vitamin B12",
        "Statement of 01/15/2018",
        "Thank you!",
        "Group #E0100, policy no J1100, member ID E0100, Member ID: J1100",
        "Remark codes: N130, M15; RARC MA01 CARC CO-45",
        "Kim A 4206 Elm Street, Part B 4034, vitamin B 1000 mg",
        "É9302 J9302É",
    ],
)
def test_other_numbers_are_no_codes(text):
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "is_sure"),
    [("99213", False), ("CPT 99213", True), ("99213-25", True), ("99213 150.00", True), ("see 12345 there", False)],
)
def test_five_digits_alone_could_be_anything(text, is_sure):
    [code] = codes(text)

    assert (code.kind, code.is_sure) == ("cpt4", is_sure)


@pytest.mark.parametrize(
    ("text", "modifiers"),
    [
        ("99213 25", ["25"]),
        ("99213-25,59", ["25", "59"]),
        ("99213 | 25 | 1 | 150.00", ["25"]),
        ("J9302JWRT", ["JW", "RT"]),
        ("J9302, JW, JZ", ["JW", "JZ"]),
        ("J9302-jw", ["JW"]),
        ("J9302 JW 50 $1,234.56", ["JW"]),
        ("J9302 50 $1,234.56", []),
        ("J9302 10 units", []),
        ("99213 25 units", []),
        ("J0897 AT HOME", []),
        ("J9302 for Kim", []),
        ("E11.9 25", []),
        ("J9302-A1-A2-A3-A4-A5", ["A1", "A2", "A3", "A4"]),
    ],
)
def test_modifiers_stand_behind_a_code(text, modifiers):
    assert [each.typed for each in codes(text)[0].readings[0].modifiers] == modifiers


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("J9302 x2", "2"),
        ("J9302 ×2", "2"),
        ("2 x J9302", "2"),
        ("J9302 qty 3", "3"),
        ("J9302 Quantity: 3", "3"),
        ("J9302 10 units", "10"),
        ("J9302 2.5 UN", "2.5"),
        ("J0585 Injection, 1 unit x100", "100"),
        ("J1817 insulin per 50 units 2 $30.00", "2"),
        ("J9302 JW 10 $1,234.56", "10"),
        ("J9302 10 mg", ""),
        ("J9302", ""),
        ("J9302 X1000", "1000"),
        ("06/05/2018||C9028||27|40000", "27"),
        ("06/05/2018|C9028|27|4000", "27"),
        ("06/05/2018\tC9028\t40000\t27", "27"),
        ("06/05/2018 | 99213 | 25 | 1 | 15000", "1"),
        ("C9028|27|40000", ""),
    ],
)
def test_units_are_read(text, units):
    assert codes(text)[0].units == units


def test_number_in_a_column_behind_a_code_and_a_date_is_an_amount():
    drug, amount = codes("06/05/2018||C9028||27|40000")
    [visit] = read("06/05/2018 | 99213 | 25 | 1 | 15000")

    assert (drug.typed, amount.typed, amount.amount_of) == ("C9028", "40000", drug)
    assert ([code.typed for code in visit.codes], visit.prices) == (["99213"], ["15000"])
    assert spellings("06/05/2018 | 99213 | 99214") == ["cpt4:99213", "cpt4:99214"]


def test_column_of_remarks_has_no_codes():
    heading = "Date | Code | Remark | Paid\n"
    assert spellings(f"{heading}06/05/2018 | J9302 | N130, M15 | 40.00") == ["hcpcs:J9302"]
    assert spellings(f"{heading}06/05/2018 | J9302 | E119 | 40.00") == ["hcpcs:J9302", "icd10cm:E119"]
    assert spellings("Code   Remark\nJ9302   N130") == ["hcpcs:J9302"]


def test_units_go_to_the_code_before_them():
    assert [code.units for code in codes("J9302 x2 J9303 E11.9 x3")] == ["2", "3", ""]


@pytest.mark.parametrize(
    "written",
    [
        "01/15/2018",
        "1/15/18",
        "1-15-18",
        "01.15.2018",
        "2018-01-15",
        "2018/1/15",
        "Jan 15 2018",
        "January 15th, 2018",
        "15 Jan 2018",
        "15-Jan-18",
        "15JAN2018",
        "15/01/2018",
        "01152018",
        "20180115",
        "01 15 18 01 16 18",
        "01/15/2018 - 01/17/2018",
        "from 01/15/2018 thru 01/17/2018",
        "DOB 05/12/1958, 01/15/2018",
    ],
)
def test_dates_are_read_in_many_forms(written):
    [line] = read(f"{written} J9302")

    assert (line.date, line.codes[0].date) == (DAY, DAY)


@pytest.mark.parametrize("written", ["02/30/2018", "DOB 05/12/58", "1/15", "12345678", "99/99/9999", "Paid 01/15/2018"])
def test_other_numbers_are_no_dates_of_service(written):
    assert read(f"{written} J9302")[0].date is None


def test_date_counts_for_the_code_beside_it():
    first = codes("01/15/2018 J9302 E11.9 01/16/2018 J9303")
    last = codes("J9302 01/15/2018 J9303 01/16/2018")

    assert [code.date.day for code in first] == [15, 15, 16]
    assert [code.date.day for code in last] == [15, 16]


def test_date_of_service_in_a_heading_counts_for_the_lines_below_without_one():
    lines = read("J9301\nDate of service: 01/15/2018\n\nJ9302\nJ9303 02/01/2018\nJ9304")

    assert [line.number for line in lines] == [1, 2, 4, 5, 6]
    assert [line.date for line in lines] == [None, DAY, DAY, datetime.date(2018, 2, 1), DAY]


@pytest.mark.parametrize(("year", "century"), [("26", 2000), ("27", 1900), ("99", 1900)])
def test_year_of_two_digits_is_not_far_in_the_future(year, century):
    assert read(f"1/15/{year} J9302")[0].date.year == century + int(year)


PIECES = [
    "J9302",
    "-",
    "99213",
    " ",
    "25",
    "01/15/2018",
    "\t",
    "$1,234.56",
    "E11.9",
    "\n",
    "x10",
    "NDC ",
    "é",
    "\0",
    "O",
]


@settings(max_examples=50)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=8)).map("".join))
def test_any_text_is_read(text):
    for line in read(text):
        assert line.text.strip()
        assert all(code.typed in line.text and code.typed for code in line.codes)


@pytest.mark.parametrize("piece", ["J9302 ", "01/15/2018 J9302 ", "1,", "a@", "99213 25 ", "Jan 1 ", "é-"])
def test_long_lines_are_read(piece):
    assert len(read((piece * 10_000)[:10_000])) == 1
