"""The everyday words that the site begins with; editors change them like any other.

They are in the sheet beside this file, written from general medical knowledge. Search reads them after the next
`rebuild_search`, which an index of a former form needs anyway, or after the next change of an everyday word.
"""

import csv
from pathlib import Path

from django.db import migrations

SHEET = Path(__file__).with_suffix(".csv")
ROWS_AT_ONCE = 300


def read_sheet():
    """The rows of the sheet as (phrase, words, code)."""
    with SHEET.open(encoding="utf-8", newline="") as file:
        return [(row["phrase"], row["words"], row["code"]) for row in csv.DictReader(file)]


def add(apps, schema_editor):
    EverydayWord = apps.get_model("procedures", "EverydayWord")
    words = [EverydayWord(phrase=phrase, words=words, code=code) for phrase, words, code in read_sheet()]
    # An editor may have written one of them already.
    EverydayWord.objects.bulk_create(words, batch_size=ROWS_AT_ONCE, ignore_conflicts=True)


def remove(apps, schema_editor):
    EverydayWord = apps.get_model("procedures", "EverydayWord")
    brought = set(read_sheet())
    rows = EverydayWord.objects.values_list("pk", "phrase", "words", "code")
    keys = [pk for pk, *row in rows if tuple(row) in brought]
    for start in range(0, len(keys), ROWS_AT_ONCE):
        EverydayWord.objects.filter(pk__in=keys[start : start + ROWS_AT_ONCE]).delete()


class Migration(migrations.Migration):
    dependencies = [("procedures", "0010_groups_of_words")]

    operations = [migrations.RunPython(add, remove)]
