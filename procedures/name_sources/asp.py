"""The ASP NDC-HCPCS crosswalk of CMS: the products that are sold under each HCPCS code, by their names.

The official layout has eight lines before its header, whose first cell changes with the year (_2026_CODE), and up to
252 empty columns. A csv with the plain header `hcpcs,...,drug_name,...` is read as well.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from procedures.code_sets.records import PREAMBLE_LINES, RefusedFile, printable
from procedures.code_sets.source_files import Member
from procedures.name_sources.drug_names import BRAND, kind_of, names_in, substances_in
from procedures.name_sources.names import (
    LEVEL_II,
    LONGEST_NAME,
    ListingReport,
    NameRecord,
    month_label,
    refuse_bad_release,
    release_in,
)

FAMILY = "CMS ASP NDC-HCPCS crosswalk"
WHAT = "an ASP NDC-HCPCS crosswalk"
# Members of the zip of CMS, which also holds a crosswalk of drugs without a code of their own.
WANTED = [re.compile(rf"(?i)^(?!.*\bnoc\b)(?!.*508).*(?:ndc|asp).*\.{ending}$") for ending in ("csv", "xlsx")]

_CODE_CELL = re.compile(r"_?\d{4}_CODE|hcpcs(?:[ _]code)?", re.IGNORECASE)
_NAME_CELL = re.compile(r"drug[ _]name", re.IGNORECASE)


@dataclass(slots=True)
class AspCrosswalk:
    """The crosswalk as it was read: each code with the names of its products, in the order of the file."""

    source: str
    products: dict[str, dict[str, int]]
    report: ListingReport = field(default_factory=ListingReport)

    def names(self, descriptions: Mapping[str, str]) -> Iterator[NameRecord]:
        """The names; each is a brand unless the description of its code begins with it."""
        substances = substances_in(descriptions.values())
        for code, products in self.products.items():
            for product in products:
                for text in names_in(product):
                    yield NameRecord(code, kind_of(text, descriptions.get(code, ""), BRAND, substances), text)


def read_asp(member: Member, version: str = "") -> AspCrosswalk:
    """The crosswalk of a csv or xlsx; `version` (2026-01) where neither its name nor its first lines tell it.

    Raises RefusedFile for a file that is something else or cannot be read.
    """
    if member.kind == "text":
        raise RefusedFile(member.name, f"{WHAT} is a csv or xlsx file.")
    with closing(member.rows()) as rows:
        return _read(enumerate(rows, 1), member, version)


def _read(rows: Iterator[tuple[int, tuple]], member: Member, version: str) -> AspCrosswalk:
    preamble: list[str] = []
    for _, row in islice(rows, PREAMBLE_LINES):
        cells = [_text(cell) for cell in row]
        if columns := _columns(cells):
            break
        preamble += filter(None, cells)
    else:
        raise RefusedFile(member.name, f"this is not {WHAT}: no line has a header with the drug name.", 1)
    version = version or release_in(member.name, member.source.name, *preamble)
    if not version:
        raise RefusedFile(
            member.source.name, "its name does not tell the year and month: give them with --release YYYY-MM."
        )
    refuse_bad_release(member.name, version)
    read = AspCrosswalk(f"{FAMILY}, {month_label(version)}", {})
    read.products = _products(rows, *columns, read.report)
    if not read.products:
        raise RefusedFile(member.name, f"this is not {WHAT}: no line under the header names a drug.")
    return read


def _columns(cells: list[str]) -> tuple[int, int] | None:
    """Where the code and the name are, in a row that is the header."""
    code = next((place for place, cell in enumerate(cells) if _CODE_CELL.fullmatch(cell)), None)
    name = next((place for place, cell in enumerate(cells) if _NAME_CELL.fullmatch(cell)), None)
    return None if code is None or name is None else (code, name)


def _products(rows: Iterable, code_at: int, name_at: int, report: ListingReport) -> dict[str, dict[str, int]]:
    products: dict[str, dict[str, int]] = {}
    for number, row in rows:
        if len(row) <= max(code_at, name_at):
            if any(_text(cell) for cell in row):
                report.drop("line without a drug name", f"line {number}")
            continue
        code, name = _text(row[code_at]).upper(), _text(row[name_at])
        if not code and not name:
            continue
        report.read["products"] += 1
        if not LEVEL_II.fullmatch(code):
            report.drop("code that is not of HCPCS Level II", f"line {number}")
        elif not name:
            report.drop("line without a drug name", f"line {number}")
        elif len(name) > LONGEST_NAME:
            report.drop("name longer than 300 characters", f"line {number}")
        else:
            products.setdefault(code, {}).setdefault(name, number)
    return products


def _text(cell) -> str:
    return "" if cell is None else " ".join(printable(str(cell).replace("\xa0", " ")).split())
