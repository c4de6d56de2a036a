"""Catch-all codes ("not otherwise classified"): told by CMS's list in the zip of a release, else by descriptions."""

import datetime
import io
import zipfile

import pytest
from openpyxl import Workbook

from procedures.code_sets.hcpcs import MOST_NOC_ROWS, parse_noc_list
from procedures.code_sets.readers import UNREAD_NOC_LIST, read_release
from procedures.code_sets.records import RefusedFile
from procedures.code_sets.source_files import open_source
from procedures.models import MedicalCode
from tests.procedures.code_sets.loading import load
from tests.procedures.code_sets.made_releases import hcpcs_line, hcpcs_release, icd_release, listed, text_file
from tests.procedures.management.running import said_by

MEMBER = "HCPC2025_JAN_ANWEB_12172024.txt"
LIST = "NOC codes_JAN2025.xlsx"
HEADER = ("HCPCS", "LONG DESCRIPTION", "ADD DATE", "TERM DATE")
EMPTY = (None, None, None, None)

CODES = text_file(
    [
        hcpcs_line("J3490", "Unclassified drugs", "Drugs unclassified injection", ADD="19860101"),
        hcpcs_line("J9302", "Injection, ofatumumab, 10 mg", "Ofatumumab injection", ADD="20110101"),
        hcpcs_line("S9986", "Not medically necessary service", "Not med necessary", ADD="20020101"),
        hcpcs_line("G9743", "Symptoms not assessed, reason not otherwise specified", "Reason", ADD="20170101"),
        hcpcs_line("A1", "Unclassified modifier", "Modifier", recid="7", ADD="20170101"),
    ]
)


def rows_of_list(*codes: str) -> list[tuple]:
    """The sheet as CMS makes it: a title, blank rows, the header, a blank row, days as numbers."""
    rows = [(code, "Its description", 19860101, None) for code in codes]
    return [(None, "NOC CODES - HCPCS 2025", None, None), EMPTY, HEADER, EMPTY, *rows]


def workbook(rows: list[tuple]) -> bytes:
    book, saved = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(saved)
    return saved.getvalue()


@pytest.fixture
def write_zip(tmp_path):
    """A release zip with the codes and these further members; gives its path."""

    def write(**members: bytes) -> str:
        path = tmp_path / "january-2025-alpha-numeric-hcpcs-file.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in {MEMBER: CODES, **members}.items():
                archive.writestr(name, content)
        return str(path)

    return write


def read(path: str) -> tuple[set[str], dict]:
    """The codes that are catch-alls, and what was passed over."""
    with open_source(path) as source:
        release = read_release("hcpcs", source)
        return {record.code for record in release.records if record.is_noc}, release.report.passed_over


def stored_noc_codes() -> set[str]:
    return set(MedicalCode.objects.not_otherwise_classified().values_list("code", flat=True))


# The list


def test_list_is_read_below_its_header_each_code_once():
    rows = rows_of_list("J3490", "J7192", "J7192", " v5299 ", "99199", "D9999")

    assert parse_noc_list(rows, file=LIST) == {"J3490", "J7192", "V5299"}


def test_list_finds_its_column_wherever_it_is():
    rows = [("ADD DATE", " hcpcs "), (datetime.date(1986, 1, 1), "J3490"), ("J9999",), (20110101, None)]

    assert parse_noc_list(rows, file=LIST) == {"J3490"}


@pytest.mark.parametrize(
    "rows", [[], [EMPTY], [("CODE",), ("J3490",)], [HEADER], [HEADER, ("99199", "", "", "")], [EMPTY] * 60 + [HEADER]]
)
def test_list_without_header_or_codes_is_refused_by_name(rows):
    with pytest.raises(RefusedFile, match=rf"^{LIST}: this is not CMS's list of NOC codes"):
        parse_noc_list(rows, file=LIST)


def test_list_of_millions_of_rows_is_refused_before_they_are_read():
    def endless():
        yield HEADER
        for number in range(10**9):
            assert number <= MOST_NOC_ROWS
            yield ("J3490", "", None, None)

    with pytest.raises(RefusedFile, match=f"line {MOST_NOC_ROWS + 1}"):
        parse_noc_list(endless(), file=LIST)


# In a release


def test_list_in_the_zip_decides_against_the_descriptions(write_zip):
    codes, passed_over = read(write_zip(**{LIST: workbook(rows_of_list("J3490", "S9986", "J8499", "A1"))}))

    assert codes == {"J3490", "S9986"}
    assert not passed_over


@pytest.mark.parametrize("name", ["NOC_codes_APR2026_v2.xlsx", "folder/noc codes.XLSX", "NOC Codes (Jan).xlsx"])
def test_list_is_known_by_its_name_however_it_is_written(write_zip, name):
    codes, _ = read(write_zip(**{name: workbook(rows_of_list("S9986"))}))

    assert codes == {"S9986"}


def test_descriptions_decide_without_a_list_but_not_those_of_measures_and_modifiers(write_zip):
    codes, passed_over = read(write_zip())

    assert codes == {"J3490"}
    assert not passed_over


@pytest.mark.parametrize(
    "members",
    [
        {LIST: b""},
        {LIST: b"not a workbook"},
        {LIST: workbook([HEADER])},
        {LIST: workbook(rows_of_list("J3490"))[:-400]},
        {LIST: workbook(rows_of_list("J3490")), "NOC codes_v2.xlsx": workbook(rows_of_list("S9986"))},
    ],
    ids=["empty", "no workbook", "no codes", "cut off", "two lists"],
)
def test_list_that_cannot_be_read_is_noted_and_the_codes_are_read_all_the_same(write_zip, members):
    codes, passed_over = read(write_zip(**members))

    assert codes == {"J3490"}
    assert passed_over[UNREAD_NOC_LIST] == 1


@pytest.mark.django_db
def test_import_marks_the_codes_of_the_list_and_says_when_it_is_damaged(write_zip):
    said = said_by("import_codes", "hcpcs", write_zip(**{LIST: b"damaged"}))
    assert "passed over                         1  CMS's list of NOC codes that cannot be read" in said
    assert stored_noc_codes() == {"J3490"}

    path = write_zip(**{LIST: workbook(rows_of_list("J3490", "S9986"))})
    assert "changed                             1" in said_by("import_codes", "hcpcs", path)
    assert stored_noc_codes() == {"J3490", "S9986"}
    assert "Nothing changed" in said_by("import_codes", "hcpcs", path)


# In the database


@pytest.mark.django_db
@pytest.mark.parametrize("step", [1, -1], ids=["in order", "reversed"])
def test_newest_release_that_lists_a_code_decides_in_any_order(step):
    older = hcpcs_release("2024-01", listed("S9986"), listed("J7192", is_noc=True), listed("J3590", is_noc=True))
    newer = hcpcs_release("2025-01", listed("S9986", is_noc=True), listed("J7192"))

    load("hcpcs", *[older, newer][::step])

    assert stored_noc_codes() == {"J3590", "S9986"}


@pytest.mark.django_db
def test_older_table_does_not_change_what_a_newer_release_says():
    table = hcpcs_release("2024-01", listed("S9986", is_noc=True))
    table.is_table = True

    load("hcpcs", hcpcs_release("2025-01", listed("S9986")), table)

    assert not stored_noc_codes()


@pytest.mark.django_db
def test_table_of_the_same_release_does_not_change_what_its_text_says():
    table = hcpcs_release("2025-01", listed("S9986", is_noc=False))
    table.is_table = True

    load("hcpcs", hcpcs_release("2025-01", listed("S9986", is_noc=True)), table)

    assert stored_noc_codes() == {"S9986"}


@pytest.mark.django_db
def test_headings_that_say_unspecified_are_no_catch_all_of_hcpcs():
    load("icd10cm", icd_release("2024-10", listed("R69", "Illness, unspecified, not elsewhere classified")))

    assert not stored_noc_codes()


@pytest.mark.releases
def test_list_of_january_2025_marks_its_159_codes(releases_dir):
    codes, passed_over = read(str(releases_dir / "hcpcs/january-2025-alpha-numeric-hcpcs-file.zip"))

    assert len(codes) == 159
    assert {"J3490", "J3590", "J8499", "J8999", "J9999", "C9399", "J7192"} <= codes
    assert not passed_over[UNREAD_NOC_LIST]
