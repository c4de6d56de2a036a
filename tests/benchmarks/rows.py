"""Rows of the benchmark beyond the imports: replicas up to a million codes, and marks of policies.

python -m tests.benchmarks.rows replicas|policies|no-policies|settle
"""

import json
import sys
from collections.abc import Iterable

import django

django.setup()

from django.core.management.color import no_style  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.db.models import F, JSONField, Max, Model  # noqa: E402

from procedures.models import CodeName, Guide, MedicalCode, Succession  # noqa: E402
from procedures.search.engines import engine  # noqa: E402
from tests.benchmarks.run import QUICK  # noqa: E402

# What stands behind the codes of replicas: no real code has a letter O before its last digit.
ENDINGS = ["O1"] if QUICK else [f"O{digit}" for digit in range(1, 10)]
BATCH = 2_000
# One code in so many is named by a policy.
POLICY_EVERY = 20


def add_replicas() -> None:
    """Nine invented codes for each real one: its code and two characters more, its texts, dates, names and guide."""
    newest = MedicalCode.objects.aggregate(newest=Max("pk"))["newest"]
    apart = 10 ** len(str(newest))
    for model, make in ((MedicalCode, _replicas_of_code), (CodeName, _replicas_of_name)):
        fields = [field for field in model._meta.concrete_fields if model is MedicalCode or not field.primary_key]
        columns = tuple(field.column for field in fields)
        for rows in _batches(model, [field.attname for field in fields]):
            with transaction.atomic():
                engine().insert(
                    model._meta.db_table,
                    columns,
                    [
                        _for_database(fields, make(row, number * apart, ending))
                        for row in rows
                        for number, ending in enumerate(ENDINGS, 1)
                    ],
                )
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [MedicalCode]):
            cursor.execute(statement)
    _copy_all(Guide, ["code_id"], apart)
    _copy_all(Succession, ["predecessor_id", "successor_id"], apart)


def _batches(model: type[Model], names: list[str]) -> Iterable[list[dict]]:
    """The rows that are there now, in order of their primary keys, a few at a time."""
    last = model.objects.aggregate(last=Max("pk"))["last"] or 0
    at = 0
    while rows := list(model.objects.filter(pk__gt=at, pk__lte=last).order_by("pk").values(*{*names, "pk"})[:BATCH]):
        yield rows
        at = rows[-1]["pk"]


def _replicas_of_code(row: dict, add: int, ending: str) -> dict:
    changed = {"id": row["id"] + add, "code": row["code"] + ending, "normalized": row["normalized"] + ending}
    return {**row, **changed}


def _replicas_of_name(row: dict, add: int, ending: str) -> dict:
    return {**row, "code_id": row["code_id"] + add}


def _for_database(fields, row: dict) -> tuple:
    return tuple(
        json.dumps(row[field.attname]) if isinstance(field, JSONField) else row[field.attname] for field in fields
    )


def _copy_all(model: type[Model], keys: list[str], apart: int) -> None:
    originals = list(model.objects.order_by("pk"))
    copies = []
    for number in range(1, len(ENDINGS) + 1):
        for original in originals:
            values = {field.attname: getattr(original, field.attname) for field in model._meta.concrete_fields}
            del values["id"]
            copies.append(model(**values | {key: values[key] + number * apart for key in keys}))
    model.objects.bulk_create(copies, batch_size=500)


def mark_policies() -> None:
    """Tells of one code in twenty that a policy names it; whoever reads it next has to rebuild the index."""
    MedicalCode.objects.annotate(rest=F("pk") % POLICY_EVERY).filter(rest=0).update(has_policy=True)


def unmark_policies() -> None:
    MedicalCode.objects.filter(has_policy=True).update(has_policy=False)


def settle() -> None:
    """What a database does by itself after a bulk load, done before anything is measured."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA wal_checkpoint(TRUNCATE)")


{"replicas": add_replicas, "policies": mark_policies, "no-policies": unmark_policies, "settle": settle}[sys.argv[1]]()
