"""The everyday words that a migration brings."""

import csv
from importlib import import_module

import pytest
from django.apps import apps

from procedures.admin.everyday_word_rules import check_phrase, tidy
from procedures.models import CodeSystem, EverydayWord

migration = import_module("procedures.migrations.0011_everyday_words")


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str]]:
    return migration.read_sheet()


def test_sheet_is_a_csv_of_three_columns(rows):
    with migration.SHEET.open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)

    assert header == ["phrase", "words", "code"]
    assert {len(line) for line in lines} == {3}
    assert rows == [tuple(line) for line in lines]


def test_sheet_has_many_phrases_in_order_and_each_row_once(rows):
    assert len({phrase for phrase, _, _ in rows}) >= 600
    assert rows == sorted(set(rows))


@pytest.mark.django_db
def test_rows_are_everyday_words_as_editors_may_write_them(rows):
    systems = list(CodeSystem.objects.all())
    codes = {system.slug for system in systems if system.may_hold_texts}
    wrong = []
    for row in rows:
        word = EverydayWord(phrase=row[0], words=row[1], code=row[2])
        tidy(word, systems)
        fits = all(
            len(text) <= EverydayWord._meta.get_field(name).max_length
            for name, text in vars(word).items()
            if name in ("phrase", "words", "code")
        )
        has_meaning = bool(word.words) != bool(word.code)
        is_known = not word.code or word.code.partition(":")[0] in codes
        check_phrase(word.phrase)
        if (word.phrase, word.words, word.code) != row or not (fits and has_meaning and is_known):
            wrong.append(row)
    assert wrong == []


@pytest.mark.django_db
def test_migration_adds_them_once_and_takes_back_these_alone(monkeypatch):
    monkeypatch.setattr(migration, "read_sheet", lambda: [("heart attack", "", "icd10cm:I21"), ("cane", "stick", "")])
    EverydayWord.objects.create(phrase="heart attack", code="icd10cm:I21")
    EverydayWord.objects.create(phrase="heart attack", words="infarction")

    migration.add(apps, None)
    assert EverydayWord.objects.count() == 3
    migration.remove(apps, None)

    assert list(EverydayWord.objects.values_list("phrase", "words")) == [("heart attack", "infarction")]


@pytest.mark.django_db
def test_tests_begin_without_everyday_words():
    assert not EverydayWord.objects.exists()
