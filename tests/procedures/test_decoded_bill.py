"""The answer to a bill, line by line: what is found, what has ended, what is not shown and why."""

import csv
import datetime
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures.bill_csv import write_csv
from procedures.decoded_bill import MOST_CODES, MOST_LINES, decode_bill
from procedures.models import MedicalCode, Succession
from tests.factories import create_code, create_release

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2025, 6, 1)


def decode(text, on=None):
    return decode_bill(text, on, TODAY)


def answer(text, on=None):
    """The answer to the only code of a text."""
    [code] = decode(text, on).codes
    return code


@pytest.fixture
def drugs(db):
    """C9028, whose place J9229 took on the first day of 2019, and J9302."""
    retired = create_code(
        "C9028", "Inotuzumab", added=datetime.date(2018, 1, 1), terminated=datetime.date(2018, 12, 31)
    )
    successor = create_code("J9229", "Inotuzumab, new", added=datetime.date(2019, 1, 1))
    Succession.objects.create(predecessor=retired, successor=successor)
    create_code("J9302", "Ofatumumab", added=datetime.date(2011, 1, 1))
    create_code("JW", "Drug amount discarded", kind=MedicalCode.Kind.MODIFIER)
    create_code("RT", "Right side", kind=MedicalCode.Kind.MODIFIER, terminated=datetime.date(2016, 12, 31))


def test_bill_is_answered_line_by_line(drugs):
    bill = decode("Kim Lee\n\nC9028 03/01/2019\n99213 25\nJ9302-JW x10 $1,234.56")

    assert [(line.number, [code.status.value for code in line.codes]) for line in bill.lines] == [
        (1, []),
        (3, ["retired"]),
        (4, ["not-shown"]),
        (5, ["found"]),
    ]
    assert bill.summary == "3 codes: 1 found, 1 retired, 1 not shown"


def test_code_that_was_in_use(drugs):
    found = answer("J9302 x10 01/15/2018")

    assert (found.status, found.code, found.title, found.units) == ("found", "J9302", "Ofatumumab", "10")
    assert (found.url, found.valid_on) == ("/code/hcpcs/J9302-ofatumumab", datetime.date(2018, 1, 15))
    assert (found.problem, found.note, found.replaced_by) == ("", "", [])


def test_retired_code_tells_which_code_was_valid_on_the_day(drugs):
    found = answer("C9028 2019-03-01")

    assert found.status == "retired"
    assert found.problem == "Not in use on 1 March 2019: its last day was 31 December 2018."
    assert [each.code for each in found.replaced_by] == ["J9229"]


def test_retired_code_without_a_code_in_its_place(drugs):
    Succession.objects.all().delete()

    assert answer("C9028 2019-03-01").problem.endswith("This site knows of no code in its place on that day.")


def test_code_that_is_not_yet_valid_tells_which_code_was(drugs):
    found = answer("J9229 2018-06-30")

    assert found.status == "not-yet"
    assert found.problem == "Not yet in use on 30 June 2018: its first day was 1 January 2019."
    assert [each.code for each in found.replaced_by] == ["C9028"]


def test_day_of_the_line_counts_before_the_day_asked_for_and_today(drugs):
    assert answer("C9028 2018-06-30", on=datetime.date(2019, 3, 1)).status == "found"
    assert answer("C9028", on=datetime.date(2018, 6, 30)).status == "found"
    assert answer("C9028").valid_on == TODAY


def test_only_day_of_service_counts_for_lines_without_one(drugs):
    bill = decode("C9028 2018-06-30\nC9028\nJ9302 2018-06-30")
    several = decode("C9028 2018-06-30\nC9028\nJ9302 2018-07-01")
    asked = decode("C9028 2018-06-30\nC9028", on=datetime.date(2019, 3, 1))

    assert [code.status.value for code in bill.codes] == ["found", "found", "found"]
    assert (bill.undated_on, bill.is_only_date) == (datetime.date(2018, 6, 30), True)
    assert [bill.is_only_date for bill in (several, asked)] == [False, False]
    assert [list(bill.codes)[1].status.value for bill in (several, asked)] == ["retired", "retired"]


def test_amount_of_a_code_that_a_list_has_is_no_code(drugs):
    [line] = decode("06/05/2018||C9028||27|40000").lines
    [code] = line.codes

    assert (code.code, code.units, line.prices) == ("C9028", "27", ["40000"])
    assert [code.code for code in decode("06/05/2018||J9399||27|40000").codes] == ["J9399", "40000"]


def test_code_whose_days_the_releases_do_not_tell(db):
    release = create_release(system="icd10cm", version="2024-10")
    create_code("E11.9", "Diabetes", system="icd10cm", first_listed_in=release, listed_in=release)

    found = answer("e119 2018-01-15")

    assert (found.status, found.code, found.title) == ("date-unknown", "E11.9", "Diabetes")
    assert found.problem == "The releases on this site do not tell whether it was in use on 15 January 2018."


def test_code_that_a_later_release_does_not_list(db):
    before, after = create_release(version="2024-01"), create_release(version="2025-01")
    create_code("G9976", "Measure", first_listed_in=before, listed_in=before, missing_from=after)

    assert answer("G9976").problem.startswith(
        "Not in use on 1 June 2025: the release of January 2025 does not list it."
    )


def test_heading_asks_for_a_more_specific_code(db):
    create_code("E11", "Diabetes", system="icd10cm", kind=MedicalCode.Kind.HEADER)

    found = answer("E11")

    assert (found.status, found.url) == ("heading", "/code/icd10cm/E11-diabetes")
    assert "choose a more specific code" in found.problem


def test_modifiers_are_explained(drugs):
    found = answer("J9302-JW-RT-25-ZZ 01/15/2018").modifiers

    assert [(each.code, each.status.value, each.title) for each in found] == [
        ("JW", "found", "Drug amount discarded"),
        ("RT", "retired", "Right side"),
        ("25", "not-shown", ""),
        ("ZZ", "unknown", ""),
    ]
    assert found[1].problem == "Not in use on 15 January 2018."
    assert "needs a license" in found[2].problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A0427-SH", ["From the scene of an accident or emergency to a hospital"]),
        ("A0427 RH 12 $50.00", ["From the patient’s home to a hospital"]),
        ("A0427-RX", ["From the patient’s home to a stop at a physician’s office on the way to the hospital"]),
        ("A0427-XR", [""]),
        ("A0427-GX-RH", ["Notice", "From the patient’s home to a hospital"]),
        ("J9302-SH", ["Second infusion"]),
    ],
)
def test_trip_of_an_ambulance_is_told_by_its_letters(drugs, text, said):
    create_code("A0427", "Ambulance")
    create_code("SH", "Second infusion", kind=MedicalCode.Kind.MODIFIER)
    create_code("GX", "Notice", kind=MedicalCode.Kind.MODIFIER)

    assert [each.title for each in answer(text).modifiers] == said


def test_two_letters_after_a_code_that_are_no_modifier_are_text(drugs):
    assert answer("J9302 XY JW").modifiers == []


def test_modifier_alone(drugs):
    found = answer("Modifier: JW")

    assert (found.status, found.code, found.system_label) == ("found", "JW", "HCPCS Level II modifier")
    assert answer("modifier 25").status == "not-shown"
    assert list(decode("QQ").codes) == []


@pytest.mark.parametrize(
    ("text", "status", "problem"),
    [
        ("CPT 99213", "not-shown", "99213 looks like a CPT code. Its description needs a license"),
        ("99213", "not-shown", "99213 could be a CPT code."),
        ("D0120", "not-shown", "D0120 looks like a dental (CDT) code."),
        ("Rev 0636", "other-kind", "0636 looks like a revenue code"),
        ("NDC 50242-0040-62", "other-kind", "50242-0040-62 looks like a National Drug Code"),
        ("DRG 470", "other-kind", "470 looks like an MS-DRG"),
        ("ICD-9 250.00", "other-kind", "250.00 looks like an ICD-9-CM code"),
        ("0DTJ4ZZ", "unknown", "0DTJ4ZZ looks like an ICD-10-PCS code"),
        ("4A023N7", "unknown", "4A023N7 looks like an ICD-10-PCS code"),
        ("ICD9 V58.11", "other-kind", "V58.11 looks like an ICD-9-CM code"),
        ("J9399", "unknown", "J9399 looks like an HCPCS Level II code"),
        ("E11.99", "unknown", "E11.99 looks like an ICD-10-CM code"),
    ],
)
def test_codes_that_are_not_here_are_told_by_their_kind(text, status, problem):
    found = answer(text)

    assert (found.status, found.url, found.title) == (status, "", "")
    assert found.problem.startswith(problem)


def test_unknown_code_comes_with_the_nearest(drugs):
    create_code("E11", "Diabetes", system="icd10cm", kind=MedicalCode.Kind.HEADER)
    create_code("E11.9", "Diabetes without complications", system="icd10cm")

    assert [each.code for each in answer("J9305").nearest] == ["J9302"]
    assert [each.code for each in answer("E11.99").nearest] == ["E11.9"]


@pytest.mark.parametrize(("typed", "meant"), [("J93O2", "J9302"), ("EI1.9", "E11.9"), ("e1l9", "E11.9")])
def test_slip_of_a_scanner_is_corrected_and_said(drugs, typed, meant):
    create_code("E11.9", "Diabetes", system="icd10cm")

    found = answer(typed)

    assert (found.status, found.code, found.typed) == ("found", meant, typed)
    assert found.note == f"The text says {typed}. That is no known code; {meant} is, and looks alike."


def test_each_mention_of_a_code_is_answered(drugs):
    bill = decode("J9302 j9302 J-9302 J 9302 J-9399")

    assert [code.typed for code in bill.codes] == ["J9302", "j9302", "J-9302", "J 9302"]
    assert bill.summary == "4 codes: 4 found"


def test_spelling_that_is_a_code_is_not_corrected(drugs):
    create_code("J93.O2", "Invented", system="icd10cm")

    assert answer("J93.O2").code == "J93.O2"


def test_spelling_of_two_codes_is_said(db):
    create_code("J0190", "Biperiden")
    create_code("J01.90", "Sinusitis", system="icd10cm")
    create_code("D04.39", "Carcinoma", system="icd10cm")

    assert (answer("J0190").system, answer("DX J0190").system, answer("J01.90").note) == ("hcpcs", "icd10cm", "")
    assert answer("J0190").note == "Written so, it could also be the ICD-10-CM code J01.90, Sinusitis."
    assert answer("D0439").note == "Written so, it could also be a dental (CDT) code."


def test_words_that_only_look_like_codes_are_text(drugs):
    assert list(decode("Q12 T2DM A1C BALANCE 1234567").codes) == []


def test_codes_of_systems_without_a_license_are_never_shown(db):
    create_code("99213", "Secret description", system="cpt4")
    create_code("D0120", "Secret description", system="cdt")

    assert [(code.status.value, code.title) for code in decode("CPT 99213, D0120").codes] == [("not-shown", "")] * 2


def test_queries_are_as_many_for_one_code_as_for_two_hundred(drugs):
    with CaptureQueriesContext(connection) as few:
        decode("C9028 J93O2 J9399 99213-25")
    text = "\n".join(f"C9028 J93O2 J9229 J{number:04} E11.{number % 100} 99213-25" for number in range(30))
    with CaptureQueriesContext(connection) as many:
        decode(text)

    assert len(few) == len(many) == 5


def test_text_without_codes_is_answered_too(drugs):
    with CaptureQueriesContext(connection) as queries:
        bill = decode("Thank you for your payment.")

    assert (bill.summary, len(queries)) == ("No codes were found in the text", 1)


def test_two_hundred_codes_are_answered_and_the_others_counted(drugs):
    bill = decode("J9302 J93O2\n" * (MOST_CODES // 2) + "J9302 J9302\n99213")

    assert (bill.counts["found"], bill.codes_left_out, len(bill.lines)) == (MOST_CODES, 3, MOST_CODES // 2 + 2)


def test_lines_beyond_a_thousand_are_counted(drugs):
    bill = decode("x\n" * (MOST_LINES + 2))

    assert (len(bill.lines), bill.lines_left_out) == (MOST_LINES, 2)


def test_answer_as_json(drugs):
    found = decode("C9028-JW 2019-03-01 x2 $5.00\nnothing").as_json()

    [first, second] = found["lines"]
    [code] = first.pop("codes")
    assert first == {"number": 1, "text": "C9028-JW 2019-03-01 x2 $5.00", "date": "2019-03-01", "prices": ["$5.00"]}
    assert second == {"number": 2, "text": "nothing", "date": None, "prices": [], "codes": []}
    assert code == {
        "typed": "C9028",
        "system": "hcpcs",
        "code": "C9028",
        "title": "Inotuzumab",
        "url": "/code/hcpcs/C9028-inotuzumab",
        "status": "retired",
        "valid_on": "2019-03-01",
        "problem": "Not in use on 1 March 2019: its last day was 31 December 2018.",
        "note": "",
        "units": "2",
        "replaced_by": [
            {"system": "hcpcs", "code": "J9229", "title": "Inotuzumab, new", "url": "/code/hcpcs/J9229-inotuzumab-new"}
        ],
        "nearest": [],
        "modifiers": [
            {
                "code": "JW",
                "status": "found",
                "title": "Drug amount discarded",
                "url": "/code/hcpcs/JW-drug-amount-discarded",
                "problem": "",
            }
        ],
    }
    assert found["counts"]["retired"] == found["counts"]["codes"] == 1
    assert (found["codes_left_out"], found["lines_left_out"]) == (0, 0)


def test_answer_as_csv_runs_no_formula(drugs):
    file = io.StringIO(newline="")
    write_csv(file, decode('=HYPERLINK("x")\nJ9302-JW x2 $5.00, C9028 @sum'))

    rows = list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))
    assert [(row["Line"], row["Text"], row["Code"], row["Result"]) for row in rows] == [
        ("1", '\'=HYPERLINK("x")', "", ""),
        ("2", "J9302-JW x2 $5.00, C9028 @sum", "J9302", "Found"),
        ("2", "J9302-JW x2 $5.00, C9028 @sum", "C9028", "Retired"),
    ]
    assert (rows[1]["Modifiers"], rows[1]["Units"], rows[1]["Prices"]) == ("JW: Drug amount discarded", "2", "$5.00")
    assert rows[2]["Instead or nearest"] == "J9229 Inotuzumab, new"


PIECES = [
    "J9302",
    "-",
    "99213",
    " ",
    "JW",
    "01/15/2018",
    "C9028",
    "$1.00",
    "E11.9",
    "\n",
    "J93O2",
    "D0120",
    "\0",
    "modifier ",
]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6)).map("".join))
def test_any_text_is_answered(drugs, text):
    bill = decode(text)

    assert sum(bill.counts.values()) == 2 * bill.counts["codes"]
    assert bill.as_json()
    write_csv(io.StringIO(), bill)
