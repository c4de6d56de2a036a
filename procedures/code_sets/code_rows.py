"""Reads and writes the rows of a code system's codes in bulk, for the loader.

Model instances of 100,000 codes would take four times the memory, so they are made for one batch at a time.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter

from procedures.code_sets.records import CodeRecord
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import make_slug, make_title

CHUNK = 2000

FACTS = (
    "kind",
    "code",
    "short_description",
    "long_description",
    "added",
    "effective",
    "terminated",
    "indicators",
    "is_noc",
)
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
    is_noc: bool = False
    listed_in_id: int | None = None
    first_listed_in_id: int | None = None
    missing_from_id: int | None = None
    parent_id: int | None = None
    pk: int | None = None

    @classmethod
    def of(cls, key: str, record: CodeRecord) -> "CodeRow":
        """A row with the facts of a record, not yet stored."""
        dates = (record.added, record.effective, record.terminated)
        return cls(key, record.kind, record.code, record.short, record.long, *dates, record.indicators, record.is_noc)

    def has_facts_of(self, other: "CodeRow") -> bool:
        return _facts(self) == _facts(other)


def read_rows(system: CodeSystem) -> Iterator[CodeRow]:
    """The codes of a system."""
    columns = ("normalized", *FACTS, *LISTINGS, "parent_id", "pk")
    rows = MedicalCode.objects.filter(system=system).order_by().values_list(*columns)
    return (CodeRow(*row) for row in rows.iterator(chunk_size=CHUNK))


def insert(system: CodeSystem, rows: list[CodeRow]) -> None:
    """Inserts new codes and gives the rows their primary keys."""
    codes = MedicalCode.objects.bulk_create([_as_code(system, row) for row in rows])
    for row, code in zip(rows, codes, strict=True):
        row.pk = code.pk


def update(system: CodeSystem, rows: list[CodeRow]) -> None:
    """Writes the facts and listings of codes that are stored."""
    # An upsert is one statement for many rows, where bulk_update compares every row with every key.
    MedicalCode.objects.bulk_create(
        [_as_code(system, row) for row in rows],
        update_conflicts=True,
        unique_fields=["system", "normalized"],
        update_fields=[name.removesuffix("_id") for name in WRITTEN],
    )


def _as_code(system: CodeSystem, row: CodeRow) -> MedicalCode:
    title = make_title(row.long_description)
    return MedicalCode(
        system_id=system.pk,
        normalized=row.normalized,
        parent_id=row.parent_id,
        title=title,
        slug=make_slug(title),
        **dict(zip(FACTS, _facts(row), strict=True)),
        **dict(zip(LISTINGS, _listings(row), strict=True)),
    )
