"""Writes what search reads: one SearchEntry a code, and the full-text index of the engine beside it."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice

from django.db import connection, reset_queries, transaction
from django.utils import timezone

from procedures.models import CodeName, ContentVersion, Guide, MedicalCode, Misspelling, SearchEntry, Word
from procedures.models.codes import status_of
from procedures.models.guides import sections_in_order
from procedures.search.engines import engine
from procedures.search.entry_ids import make_entry_id
from procedures.search.spelling import misspellings_of
from procedures.search.text import text_of_html, tokenize

BATCH = 2000


def flag_words(status: str, has_policy: bool) -> list[str]:
    """The words of the `flags` column. No word of a text or query begins with `=`, so they never meet."""
    return [f"={status}", "=policy" if has_policy else "=nopolicy"]


def reindex(code_ids: Iterable[int]) -> None:
    """Brings the entries of these codes up to date, in the caller's transaction or one of its own.

    Called wherever a code, its names or its guide change: by the importers, and by the admin after it saved.
    """
    code_ids = list(code_ids)
    with transaction.atomic():
        # Two transactions that bring the same word or the same entry would collide.
        ContentVersion.wait_for_other_writers()
        for start in range(0, len(code_ids), BATCH):
            batch = code_ids[start : start + BATCH]
            SearchEntry.objects.filter(code_id__in=batch).delete()
            rows = list(_entries(MedicalCode.objects.filter(pk__in=batch)))
            engine().insert("procedures_searchentry", ENTRY_COLUMNS, rows)
            engine().add_entries([row[0] for row in rows])
            _learn_words(rows)
        ContentVersion.advance()


def rebuild(progress=lambda entries: entries) -> int:
    """Makes the whole index afresh and returns the number of entries.

    `progress` wraps the iterable of entries, as tqdm does.
    """
    frequencies = Counter()
    count = 0
    with transaction.atomic():
        # Two transactions that bring the same word or the same entry would collide.
        ContentVersion.wait_for_other_writers()
        engine().clear()
        Misspelling.objects.all().delete()
        Word.objects.all().delete()
        entries = iter(progress(_entries(MedicalCode.objects.order_by("pk"))))
        while rows := list(islice(entries, BATCH)):
            engine().insert("procedures_searchentry", ENTRY_COLUMNS, rows)
            count += len(rows)
            for row in rows:
                frequencies.update(_words_of(row))
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()
        engine().index_all()
        _store_words(sorted(frequencies.items()))
        ContentVersion.advance()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return count


def stale_code_ids(today: datetime.date | None = None) -> list[int]:
    """The codes whose status has changed by itself since they were indexed, because a date has come."""
    return list(
        SearchEntry.objects.filter(stale_on__lte=today or timezone.localdate()).values_list("code_id", flat=True)
    )


# The columns of SearchEntry, as `_entries` gives them.
ENTRY_COLUMNS = ("id", "code_id", "normalized", "flags", "title", "short", "names", "guide", "stale_on")


def _entries(codes) -> Iterator[tuple]:
    """The rows of SearchEntry for a queryset of codes, read in batches of fixed memory.

    Tuples, written by the engine: model instances of 100,000 entries took three times as long.
    """
    today = timezone.localdate()
    fields = ("pk", "system__position", "kind", "normalized", "short_description", "long_description")
    fields += ("terminated", "missing_from_id", "has_policy")
    codes = iter(codes.values_list(*fields).iterator(chunk_size=BATCH))
    while batch := list(islice(codes, BATCH)):
        pks = [row[0] for row in batch]
        names, guides = _names_of(pks), _guides_of(pks)
        for pk, position, kind, normalized, short, long, terminated, missing_from_id, has_policy in batch:
            status = status_of(kind, terminated, missing_from_id, today)
            title = tokenize(long)
            has_guide = pk in guides
            ends = status == MedicalCode.Status.ACTIVE and terminated
            yield (
                make_entry_id(position, pk, status, has_guide, has_policy, len(title)),
                pk,
                normalized,
                " ".join(flag_words(status, has_policy)),
                " ".join([normalized.lower(), *title]),
                " ".join(tokenize(short)),
                names.get(pk, ""),
                guides.get(pk, ""),
                terminated + datetime.timedelta(days=1) if ends else None,
            )


def _names_of(pks: list[int]) -> dict[int, str]:
    names: dict[int, list[str]] = {}
    for pk, text in CodeName.objects.filter(code_id__in=pks).order_by("pk").values_list("code_id", "text"):
        names.setdefault(pk, []).extend(tokenize(text))
    return {pk: " ".join(words) for pk, words in names.items()}


def _guides_of(pks: list[int]) -> dict[int, str]:
    guides = Guide.objects.published().filter(code_id__in=pks)
    texts = {pk: text_of_html(" ".join(sections_in_order(html))) for pk, html in guides.values_list("code_id", "html")}
    return {pk: " ".join(tokenize(text)) for pk, text in texts.items()}


def _words_of(entry: tuple) -> set[str]:
    """The words of an entry's title, names and guide: its code and official abbreviations are no vocabulary."""
    _, _, _, _, title, _, names, guide, _ = entry
    return {*title.split()[1:], *names.split(), *guide.split()}


def _learn_words(entries: list[tuple]) -> None:
    """Adds the words that were unknown; frequencies are counted afresh by `rebuild`."""
    texts = set().union(*map(_words_of, entries))
    texts -= set(Word.objects.filter(text__in=texts).values_list("text", flat=True))
    _store_words([(text, 1) for text in sorted(texts)])


def _store_words(words: list[tuple[str, int]]) -> None:
    """Adds words with their frequencies to the vocabulary, and the ways to misspell them."""
    engine().insert("procedures_word", ("text", "frequency"), words)
    misspellings = [(spelling, word) for word, _ in words for spelling in misspellings_of(word)]
    engine().insert("procedures_misspelling", ("text", "word_id"), misspellings)
