"""The list documents_latest*.csv: titles, dates and addresses of LCDs and articles, where the tables with them lack.

It has a row a document, and a second one where a version is announced that is not yet in effect (its `note` begins
with "Future"). The row that counts is that of the version which the tables have; else the newest (`updated_on_sort`)
that is in effect; else the newest.
"""

import datetime
import re
from collections import Counter
from dataclasses import dataclass

from policies.imports.mcd_rows import RowReader, read_day, read_number
from policies.imports.mcd_tables import Table

_COLUMNS = (
    *("document_display_id", "document_type", "document_version", "title", "updated_on_sort"),
    *("updated_on", "effective_date", "note", "retirement_date"),
)
_KINDS = {"L": "lcd", "A": "article"}
_is_final = re.compile(r"([LA])(\d{1,9})").fullmatch
_is_proposed = re.compile(r"D[LA]\d+").fullmatch


@dataclass(slots=True)
class LatestRow:
    """One row of the list, with its days as they stand there."""

    file: str
    row: int
    version: int
    title: str
    sort: str
    updated: str
    effective: str
    note: str
    retired: str

    def days(self) -> tuple[datetime.date | None, datetime.date | None]:
        """Effective and retired. Raises ValueError for what is no date."""
        return read_day(self.effective), read_day(self.retired)

    def is_future(self, on: datetime.date) -> bool:
        """Whether this version was announced and is not in effect on the day `on`."""
        if not self.note.lower().startswith("future"):
            return False
        try:
            effective = read_day(self.effective)
        except ValueError:
            return True
        return effective is None or effective > on

    @property
    def is_retired(self) -> bool:
        return self.note.lower().startswith("retired")


class LatestDocuments:
    """All rows of the lists. Feed them, then ask for the row of a document. `newest` is the newest day in them."""

    def __init__(self, reader: RowReader):
        self.reader = reader
        self.newest: datetime.date | None = None
        self._rows: dict[tuple[str, int], list[LatestRow]] = {}

    def take(self, table: Table) -> None:
        report, others = self.reader.report, Counter()
        for number, cells in self.reader.rows(table, _COLUMNS):
            display, kind, version, title, sort, updated, effective, note, retired, _ = cells
            display = display.strip().upper()
            match = _is_final(display)
            if not match:
                others["proposed documents" if _is_proposed(display) else f"documents of type “{kind[:40]}”"] += 1
                continue
            try:
                version = read_number(version)
            except ValueError as error:
                report.problem(table.file, number, f"{display}, document_version: {error}")
                continue
            row = LatestRow(table.file, number, version, title, sort.strip(), updated, effective, note.strip(), retired)
            self._rows.setdefault((_KINDS[match[1]], int(match[2])), []).append(row)
            self._see_day(row)
        for what, count in others.items():
            report.counts[f"{what}, left out"] += count

    def documents(self, kind: str) -> set[int]:
        return {document for held, document in self._rows if held == kind}

    def choose(self, kind: str, document: int, version: int, on: datetime.date) -> LatestRow | None:
        """The row that counts for a document of which the tables have this version (-1 for none).

        A future version that was passed over is a note of the report.
        """
        rows = sorted(self._rows.get((kind, document), ()), key=lambda row: (row.sort, row.version), reverse=True)
        if not rows:
            return None
        chosen = min(rows, key=lambda row: (row.version != version, row.is_future(on)))
        for row in rows:
            if row.is_future(on) and row.version > chosen.version:
                text = (
                    f"version {row.version}, from {row.effective}, is not in effect; version {chosen.version} counts."
                )
                self.reader.report.note(row.file, row.row, f"{'L' if kind == 'lcd' else 'A'}{document}: {text}")
        return chosen

    def _see_day(self, row: LatestRow) -> None:
        try:
            day = read_day(row.updated)
        except ValueError:
            return
        if day and day <= self.reader.today:
            self.newest = max(self.newest or day, day)
