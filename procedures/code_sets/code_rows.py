"""Reads and writes the rows of a code system's codes in bulk, for the loader.

Model instances of 100,000 codes would take four times the memory, and writing them with bulk_create four times the
time.
"""

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from django.db import connection
from django.db.models import Max

from procedures.code_sets.records import CodeRecord
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import make_slug, make_title

CHUNK = 2000

FACTS = ("kind", "code", "short_description", "long_description", "added", "effective", "terminated", "indicators")
LISTINGS = ("listed_in_id", "first_listed_in_id", "missing_from_id")
WRITTEN = (*FACTS, *LISTINGS, "title", "slug")

_facts = attrgetter(*FACTS)
_listings = attrgetter(*LISTINGS)


@dataclass(slots=True)
class CodeRow:
    """What the database holds of one code, as far as releases decide on it. Its key is the normalized code."""

    normalized: str
    kind: str
    code: str
    short_description: str
    long_description: str
    added: datetime.date | None = None
    effective: datetime.date | None = None
    terminated: datetime.date | None = None
    indicators: dict = field(default_factory=dict)
    listed_in_id: int | None = None
    first_listed_in_id: int | None = None
    missing_from_id: int | None = None
    parent_id: int | None = None
    pk: int | None = None

    @classmethod
    def of(cls, key: str, record: CodeRecord) -> "CodeRow":
        """A row with the facts of a record, not yet stored."""
        dates = (record.added, record.effective, record.terminated)
        return cls(key, record.kind, record.code, record.short, record.long, *dates, record.indicators)

    def has_facts_of(self, other: "CodeRow") -> bool:
        return _facts(self) == _facts(other)


def read_rows(system: CodeSystem) -> Iterator[CodeRow]:
    """The codes of a system."""
    columns = ("normalized", *FACTS, *LISTINGS, "parent_id", "pk")
    rows = MedicalCode.objects.filter(system=system).order_by().values_list(*columns)
    return (CodeRow(*row) for row in rows.iterator(chunk_size=CHUNK))


def highest_pk() -> int:
    return MedicalCode.objects.aggregate(highest=Max("pk"))["highest"] or 0


def read_pks(system: CodeSystem, *, above: int) -> dict[str, int]:
    """The primary keys above the given one, by normalized code."""
    return dict(MedicalCode.objects.filter(system=system, pk__gt=above).order_by().values_list("normalized", "pk"))


def insert(system: CodeSystem, rows: Iterable[CodeRow]) -> None:
    """Inserts new codes. The database gives them their primary keys: read these afterwards."""
    columns = ("system_id", "normalized", "parent_id", "has_policy", *WRITTEN)
    values = [(system.pk, row.normalized, row.parent_id, False, *_written(row)) for row in rows]
    target = f"{_quote(MedicalCode._meta.db_table)} ({', '.join(map(_quote, columns))})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {target} FROM STDIN") as copy:
                for each in values:
                    copy.write_row(each)
        else:
            cursor.executemany(f"INSERT INTO {target} VALUES ({', '.join(['%s'] * len(columns))})", values)


def update(rows: Iterable[CodeRow]) -> None:
    """Writes the facts and listings of codes that are stored."""
    assignments = ", ".join(f"{_quote(column)} = %s" for column in WRITTEN)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_quote(MedicalCode._meta.db_table)} SET {assignments} WHERE id = %s",
            [(*_written(row), row.pk) for row in rows],
        )


def _written(row: CodeRow) -> tuple:
    """The values of WRITTEN, as the database driver takes them."""
    title = make_title(row.long_description)
    *texts, added, effective, terminated, indicators = _facts(row)
    dates = [connection.ops.adapt_datefield_value(day) for day in (added, effective, terminated)]
    json = connection.ops.adapt_json_value(indicators, encoder=None)
    return (*texts, *dates, json, *_listings(row), title, make_slug(title))


def _quote(name: str) -> str:
    return connection.ops.quote_name(name)
