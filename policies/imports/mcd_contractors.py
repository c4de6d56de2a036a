"""The Medicare contractors of the Medicare Coverage Database, one health plan a contract.

Source: contractor.csv, contractor_jurisdiction.csv, state_lookup.csv and contractor_type_lookup.csv of the exports.
"""

import datetime
import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from policies.imports.html_text import one_line, shorten
from policies.imports.mcd_rows import LastVersions, RowReader, read_day, read_number
from policies.imports.mcd_tables import Table
from policies.imports.records import PlanRecord

# A contractor's id and type. The type is a part of its key: one company has a contract of each kind.
Contract = tuple[int, int]

# What a contract is for. CMS's lookup of contractor_subtype_id is not a part of all exports; the words are those of
# contractor_name_type in documents_latest: of 2,787 documents in both (August 2025), 2,785 have the parts of the
# subtypes of their contractors, and the other two were changed in between.
_BY_SUBTYPE = {1: "MAC Part A", 2: "MAC Part B", 3: "HHH MAC", 4: "DME MAC"}
# Types 12 and 13 are contractors for several parts, and say nothing of a single contract.
_BY_TYPE = {8: "MAC Part A", 9: "MAC Part B", 10: "DME MAC", 11: "HHH MAC"}

_is_number = re.compile(r"[0-9A-Z]{1,10}").fullmatch
_check_address = URLValidator(schemes=["http", "https"])
_LONGEST_ORGANIZATION, _LONGEST_REGION, _LONGEST_WEBSITE = 150, 500, 300
_ENTIRE = " - Entire State"


@dataclass(slots=True)
class _Row:
    """One row of contractor.csv: the newest of those with its key."""

    updated: str
    name: str
    number: str
    status: str
    ignored: str
    website: str
    subtype: str


class Contractors:
    """All contractors of an export. Feed the tables, then ask for the plans."""

    def __init__(self, reader: RowReader):
        self.reader = reader
        self.is_known = False
        self._rows: LastVersions[list[_Row]] = LastVersions(list)
        self._states: LastVersions[dict[int, tuple[str, datetime.date | None]]] = LastVersions(dict)
        self._state_names: dict[int, str] = {}
        self._type_words: dict[int, str] = {}

    def take_contractors(self, table: Table) -> None:
        self.is_known = True
        columns = ("contractor_bus_name", "contractor_number", "status", "ignore", "url", "contractor_subtype_id")
        for _, (contractor, kind, version), cells in self.reader.document_rows(table, columns, numbers=3):
            rows = self._rows.at((contractor, kind), version)
            if rows is None:
                continue
            name, number, status, ignored, website, subtype, updated = cells
            row = _Row(updated, name, number.strip(), status.strip(), ignored.strip(), website.strip(), subtype.strip())
            if not rows or rows[0].updated < updated:
                rows[:] = [row]

    def take_jurisdictions(self, table: Table) -> None:
        columns = ("state_id", "term_date")
        for number, (contractor, kind, version), cells in self.reader.document_rows(table, columns, numbers=3):
            states = self._states.at((contractor, kind), version)
            if states is None:
                continue
            try:
                state, ended = read_number(cells[0]), read_day(cells[1])
            except ValueError as error:
                self.reader.report.problem(table.file, number, str(error))
                continue
            if state not in states or states[state][0] < cells[2]:
                states[state] = cells[2], ended

    def take_states(self, table: Table) -> None:
        for _, (state,), (words, _) in self.reader.document_rows(table, ("description",), numbers=1):
            self._state_names[state] = one_line(words).removesuffix(_ENTIRE)

    def take_types(self, table: Table) -> None:
        for _, (kind,), (words, _) in self.reader.document_rows(table, ("description",), numbers=1):
            self._type_words[kind] = one_line(words).replace(" - ", " ")

    def plans(self, on: datetime.date) -> tuple[dict[str, PlanRecord], dict[Contract, str]]:
        """The plans by their keys, and the key of each contract; a contractor that CMS says to ignore has none.

        Rows with the same contractor number are one contract: the newest of those in force speaks for it.
        """
        plans: dict[str, PlanRecord] = {}
        keys: dict[Contract, str] = {}
        by_number: dict[str, str] = {}
        for contract in sorted(self._rows, key=self._newest_first):
            row = self._rows.of(contract)[0]
            if row.ignored.upper() == "Y":
                self.reader.report.counts["contractors to be ignored"] += 1
                continue
            key = f"mcd:{contract[0]}-{contract[1]}"
            number = row.number if _is_number(row.number) else ""
            if number and number in by_number:
                keys[contract] = by_number[number]
                continue
            keys[contract] = by_number[number or key] = key
            plans[key] = self._plan(contract, row, number, on)
        return dict(sorted(plans.items())), keys

    def _newest_first(self, contract: Contract) -> tuple:
        row = self._rows.of(contract)[0]
        updated = "".join(character for character in row.updated if character.isdigit())
        return row.status == "D", -int(updated[:14].ljust(14, "0")), contract

    def _plan(self, contract: Contract, row: _Row, number: str, on: datetime.date) -> PlanRecord:
        organization = shorten(one_line(row.name) or f"Contractor {contract[0]}", _LONGEST_ORGANIZATION)
        words = f"{self._words(contract, row)} {number or f'{contract[0]}-{contract[1]}'}".strip()
        return PlanRecord(
            name=f"{organization} ({words})",
            kind="medicare-contractor",
            organization=organization,
            contractor_number=number,
            region=self._region(contract, on),
            website=_address(row.website),
            source_key=f"mcd:{contract[0]}-{contract[1]}",
        )

    def _words(self, contract: Contract, row: _Row) -> str:
        subtype = int(row.subtype) if row.subtype.isascii() and row.subtype.isdigit() else None
        return _BY_SUBTYPE.get(subtype) or _BY_TYPE.get(contract[1]) or self._type_words.get(contract[1], "")

    def _region(self, contract: Contract, on: datetime.date) -> str:
        states = self._states.of(contract, self._rows.version(contract)) or self._states.of(contract) or {}
        held = {self._state_names.get(state, "") for state, (_, ended) in states.items() if not ended or ended > on}
        return shorten(", ".join(sorted(held - {""})), _LONGEST_REGION)


def _address(text: str) -> str:
    """The address of a website, "" where it is none. CMS leaves out the scheme of most."""
    if not text:
        return ""
    address = text if re.match("https?://", text, re.IGNORECASE) else f"https://{text}"
    if len(address) > _LONGEST_WEBSITE:
        return ""
    try:
        _check_address(address)
    except ValidationError:
        return ""
    scheme, _, rest = address.partition("://")
    return f"{scheme.lower()}://{rest}"
