"""The files that the demonstration ships: what they hold, and above all what they do not hold."""

import csv
import re
from pathlib import Path

import pytest

import procedures.demonstration
from policies import demonstration
from policies.demonstration.excerpts import read_example_plan, read_medicare
from policies.facts import split_code_key
from tests.factories import create_code

pytestmark = pytest.mark.django_db

FOLDER = Path(demonstration.__file__).parent
MEDICARE = FOLDER / "medicare"
FILES = sorted(FOLDER.rglob("*.csv"))

# Columns of numbers that CMS gives to documents, contractors and times; all others are texts or codes.
NUMBERS = re.compile(r".*_(id|num|version|sort|number|row)|.*(_date|_on|_updated)|url|document_display_id")
CPT_OR_CDT = re.compile(r"(?<![\w.])(\d{5}|\d{4}[FTUMA]|D\d{4})(?!\w)")
LICENSED_WORDS = re.compile(r"\b(CPT|CDT|AMA)\b|American (Medical|Dental) Association", re.IGNORECASE)
CONTACT = re.compile(r"@|\(\d{3}\) ?\d{3}-\d{4}|\b\d{3}[-.]\d{3}[-.]\d{4}\b|P\.? ?O\.? Box", re.IGNORECASE)
CODE_COLUMNS = ("hcpc_code_id", "codes")


def rows_of(file: Path) -> list[dict[str, str]]:
    encoding = "cp1252" if file.parent != MEDICARE else "utf-8"
    with file.open(encoding=encoding, newline="") as opened:
        return list(csv.DictReader(opened, strict=True))


def documents(*, kind: str | None = None) -> dict[str, dict[str, str]]:
    [file] = MEDICARE.glob("documents_latest*.csv")
    return {row["document_display_id"]: row for row in rows_of(file) if kind in (None, row["document_type"])}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_cell_names_cpt_or_cdt_or_how_to_reach_anybody(file):
    rows = rows_of(file)
    assert rows
    for row in rows:
        for column, text in row.items():
            if not NUMBERS.fullmatch(column) or column in CODE_COLUMNS:
                assert not CPT_OR_CDT.search(text), (column, text)
            assert not LICENSED_WORDS.search(text), (column, text)
            assert not CONTACT.search(text), (column, text)


@pytest.mark.parametrize(
    "text",
    ["99213", "0001F", "0042T", "D0120", "Use 99213-25", "See CPT Codes", "PO Box 1", "555-555-0100", "a@b.example"],
)
def test_what_looks_for_licensed_numbers_and_contact_sees_them(text):
    assert any(pattern.search(text) for pattern in (CPT_OR_CDT, LICENSED_WORDS, CONTACT))


def test_address_columns_of_contractors_are_empty():
    for folder in ("current_lcd", "current_article"):
        for row in rows_of(MEDICARE / folder / "contractor.csv"):
            private = ("address1", "address2", "address3", "city", "zipcode", "phone", "fax", "email", "cmd_name")
            assert not any(row[column] for column in private)


def test_excerpt_holds_documents_of_many_contractors_some_of_them_retired():
    listed = documents()
    organizations = {row["contractor_name_type"].partition("\n")[0] for row in listed.values()}

    assert len(listed) == 71
    assert len(documents(kind="LCD")) == 29
    assert len(organizations) >= 6
    assert {number for number, row in listed.items() if row["note"] == "Retired"} == {"L33829", "A52488", "A53022"}
    assert {"L33789", "A52498", "A55426"} <= listed.keys()
    for number, row in listed.items():
        kind, parameter = ("lcd", "lcdid") if row["document_type"] == "LCD" else ("article", "articleid")
        address = f"https://www.cms.gov/medicare-coverage-database/view/{kind}.aspx?{parameter}={number[1:]}&ver="
        assert row["url"].startswith(address)


def test_tables_hold_rows_of_these_documents_and_of_codes_of_the_demonstration_only():
    ids = {kind: {row["document_id"] for row in documents(kind=kind).values()} for kind in ("LCD", "Article")}
    releases = Path(procedures.demonstration.__file__).parent / "hcpcs.txt"
    codes = {line[:5] for line in releases.read_text(encoding="ascii").splitlines()}
    for file in MEDICARE.rglob("*.csv"):
        for row in rows_of(file):
            for column, kind in (("lcd_id", "LCD"), ("article_id", "Article")):
                assert row.get(column) is None or row[column] in ids[kind], file
                assert not row.get(f"r_{column}") or row[f"r_{column}"] in ids[kind], file
            assert row.get("hcpc_code_id") is None or row["hcpc_code_id"] in codes, file


# As the readers read it


def test_excerpt_is_read_without_a_problem_and_says_nothing_by_absence():
    read = read_medicare()

    assert read.report.problems == []
    assert not read.report.dropped
    assert len(read.policies) == 71
    assert not any(read.is_complete_for(kind, "cms") for kind in ("ncd", "lcd", "article"))
    assert read.as_of.isoformat().startswith("2026-01-")


def test_excerpt_names_codes_brands_and_related_documents():
    records = {record.number: record for record in read_medicare().policies}

    chairs = records["L33789"]
    assert {split_code_key(key)[1] for key in chairs.codes} == {"K0800", "K0823"}
    assert {"article:A52498", "article:A55426"} <= set(chairs.facts["references"])
    assert chairs.facts["title"] == "Power Mobility Devices"
    assert chairs.facts["effective"] == "2023-05-16"
    labels = {split_code_key(key)[3] for number in ("A52527", "A53127") for key in records[number].codes}
    assert any("Kesimpta" in label for label in labels)
    assert records["L33829"].facts["status"] == "retired"
    assert records["L33829"].facts["retired"] == "2024-11-14"
    # Status is in a table that was not at hand.
    assert {record.facts.get("status", "unknown") for record in records.values()} == {"unknown", "retired"}


def test_policies_of_the_example_plan_are_a_title_and_codes_and_nothing_more():
    for code in ("J9302", "C9028", "J9229"):
        create_code(code)
    read = read_example_plan()

    assert read.report.problems == []
    assert not read.report.unknown_codes
    assert [plan.name for plan in read.plans.values()] == ["Example plan (demonstration)"]
    found = {record.facts["title"]: sorted(split_code_key(key)[1] for key in record.codes) for record in read.policies}
    assert found == {"Arzerra (ofatumumab)": ["J9302"], "Besponsa (inotuzumab ozogamicin)": ["C9028", "J9229"]}
    for record in read.policies:
        assert record.number == ""
        facts = {name: value for name, value in record.facts.items() if value and name not in ("title", "plans")}
        assert facts in ({}, {"status": "unknown"})
        assert all(columns.keys() <= {"source"} for columns in record.codes.values())
    assert not any(read.is_complete_for(kind, "example-plan-demonstration") for kind in ("payer-policy", "lcd"))
