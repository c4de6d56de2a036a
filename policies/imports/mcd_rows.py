"""The rows of the Medicare Coverage Database: days, numbers, and documents of which the last version counts."""

import datetime
import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

from policies.imports.mcd_tables import KEY_COLUMNS, Table
from policies.imports.records import ImportReport

Held = TypeVar("Held")

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T][\d:.]*)?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: [\d: APMapm.]*)?")
_NO_DAY = {"", "n/a", "na", "null", "none"}
# A year outside is a slip, or stands for no day.
_YEARS = range(1900, 2200)
_LONGEST_NUMBER = 9


@lru_cache(maxsize=65536)
def read_day(text: str) -> datetime.date | None:
    """The day of `2014-04-02 20:41:53.373000000` or 04/02/2014; None for an empty field or N/A.

    Raises ValueError for anything else, and for a day that is in no calendar.
    """
    text = text.strip()
    if text.lower() in _NO_DAY:
        return None
    if match := _ISO.fullmatch(text):
        year, month, day = map(int, match.groups())
    elif match := _AMERICAN.fullmatch(text):
        month, day, year = map(int, match.groups())
    else:
        raise ValueError(f"“{text[:40]}” is not a date")
    if year not in _YEARS:
        raise ValueError(f"“{text[:40]}” is not a date: its year is {year}")
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a date: no calendar has it") from None


@lru_cache(maxsize=65536)
def read_number(text: str) -> int:
    """An identifier or a version. Raises ValueError for what is not all digits."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ValueError(f"“{text[:40]}” is not a number")
    return int(text)


class LastVersions(Generic[Held]):
    """What the last version of each document holds; what was gathered of earlier ones makes way.

    A document is any key that a table gives with a version.
    """

    def __init__(self, make: Callable[[], Held]):
        self._make = make
        self._held: dict[Hashable, tuple[int, Held]] = {}

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._held)

    def __contains__(self, document: Hashable) -> bool:
        return document in self._held

    def at(self, document: Hashable, version: int) -> Held | None:
        """What this version holds so far, to be added to; None where a later version is known."""
        known = self._held.get(document)
        if known is None or known[0] < version:
            known = self._held[document] = version, self._make()
        return known[1] if known[0] == version else None

    def of(self, document: Hashable, version: int | None = None) -> Held | None:
        """What a version holds, or the last one that is known; None for nothing."""
        known = self._held.get(document)
        return known[1] if known and version in (None, known[0]) else None

    def version(self, document: Hashable) -> int:
        known = self._held.get(document)
        return known[0] if known else -1


class RowReader:
    """Reads rows of tables; `newest` is the newest day on which one was updated, up to `today`."""

    def __init__(self, report: ImportReport, today: datetime.date):
        self.report, self.today = report, today
        self.newest: datetime.date | None = None

    def rows(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Each row with its number and the cells of `columns`, in this order; "" for a column that is missing."""
        self.report.counts["tables read"] += 1
        count = unread = 0
        for number, cells in table.rows((*columns, "last_updated"), self.report):
            count += 1
            try:
                # The day stands in the first ten characters of either form.
                day = read_day(cells[-1][:10])
                if day and day <= self.today:
                    self.newest = max(self.newest or day, day)
            except ValueError:
                unread += 1
            yield number, cells
        self.report.counts["rows read"] += count
        self.report.counts[f"rows of {table.name}"] += count
        if unread:
            self.report.note(table.file, None, f"last_updated of {unread:,} rows is no date.")

    def document_rows(
        self, table: Table, columns: Sequence[str], numbers: int = 2
    ) -> Iterator[tuple[int, tuple[int, ...], tuple[str, ...]]]:
        """Each row with its number, its first key columns as numbers (id and version), and the cells of `columns`.

        A row whose key columns are not numbers is a problem.
        """
        keys = KEY_COLUMNS[table.name][:numbers]
        for number, cells in self.rows(table, (*keys, *columns)):
            try:
                key = tuple([read_number(cell) for cell in cells[:numbers]])
            except ValueError as error:
                self.report.problem(table.file, number, f"{' and '.join(keys)}: {error}")
                table.lost.add(cells[0].strip())
                continue
            yield number, key, cells[numbers:]
