"""Writes what search reads: one SearchEntry a code, and the full-text index of the engine beside it.

The id of an entry is made of four parts, so that a range of ids is a code system in the order of a static rank:

    bits 48..55  position of the code system
    bits 36..47  static rank: retired, without a guide, words of the title (0 to 255), header, without a policy
    bits 0..35   primary key of the code

The first rows of a system's range are therefore the ones that most visitors look for (living, with a guide, shortly
titled), which is what a capped scan sees first; and facets are counted from the ids alone.
"""

import datetime
from collections import Counter
from collections.abc import Iterable

from django.db import connection, reset_queries, transaction
from django.utils import timezone

from procedures.models import CodeName, ContentVersion, Guide, MedicalCode, Misspelling, SearchEntry, Word
from procedures.search.spelling import learn
from procedures.search.text import text_of_html, tokenize

SYSTEM_SHIFT = 48
RANK_SHIFT = 36
RANK_BITS = (1 << (SYSTEM_SHIFT - RANK_SHIFT)) - 1
CODE_MASK = (1 << RANK_SHIFT) - 1

RETIRED = 1 << 11
NO_GUIDE = 1 << 10
HEADER = 1 << 1
NO_POLICY = 1
TITLE_WORDS_SHIFT = 2
MOST_TITLE_WORDS = 255

BATCH = 2000


def system_range(position: int) -> tuple[int, int]:
    """First and last possible entry id of a code system."""
    return position << SYSTEM_SHIFT, ((position + 1) << SYSTEM_SHIFT) - 1


def code_id(entry_id: int) -> int:
    """The primary key of the entry's code."""
    return entry_id & CODE_MASK


def make_entry_id(position: int, code_pk: int, status: str, has_guide: bool, has_policy: bool, words: int) -> int:
    rank = min(words, MOST_TITLE_WORDS) << TITLE_WORDS_SHIFT
    if status == MedicalCode.Status.RETIRED:
        rank |= RETIRED
    if status == MedicalCode.Status.HEADER:
        rank |= HEADER
    if not has_guide:
        rank |= NO_GUIDE
    if not has_policy:
        rank |= NO_POLICY
    return position << SYSTEM_SHIFT | rank << RANK_SHIFT | code_pk


def flag_words(status: str, has_guide: bool, has_policy: bool) -> list[str]:
    """The words of the `flags` column. No word of a text or query begins with `=`, so they never meet."""
    return [f"={status}", "=guide" if has_guide else "=noguide", "=policy" if has_policy else "=nopolicy"]


def reindex(code_ids: Iterable[int]) -> None:
    """Brings the entries of these codes up to date, in the caller's transaction or one of its own.

    Called wherever a code, its names or its guide change: by the importers, and by the admin after it saved.
    """
    from procedures.search.engine import engine

    code_ids = list(code_ids)
    with transaction.atomic():
        for start in range(0, len(code_ids), BATCH):
            batch = code_ids[start : start + BATCH]
            SearchEntry.objects.filter(code_id__in=batch).delete()
            entries = SearchEntry.objects.bulk_create(_entries(MedicalCode.objects.filter(pk__in=batch)))
            engine().add_entries([entry.pk for entry in entries])
            _learn_words(entries)
        ContentVersion.advance()


def rebuild(progress=lambda entries: entries) -> int:
    """Makes the whole index afresh and returns the number of entries.

    `progress` wraps the iterable of entries, as tqdm does.
    """
    from procedures.search.engine import engine

    frequencies = Counter()
    count = 0
    with transaction.atomic():
        engine().clear()
        Misspelling.objects.all().delete()
        Word.objects.all().delete()
        batch = []
        for entry in progress(_entries(MedicalCode.objects.order_by("pk"))):
            batch.append(entry)
            frequencies.update(_entry_words(entry))
            if len(batch) == BATCH:
                # Under DEBUG, Django keeps the text of every query.
                reset_queries()
                SearchEntry.objects.bulk_create(batch)
                count += len(batch)
                batch.clear()
        SearchEntry.objects.bulk_create(batch)
        count += len(batch)
        engine().index_all()
        words = [Word(text=text, frequency=frequency) for text, frequency in sorted(frequencies.items())]
        Word.objects.bulk_create(words, batch_size=BATCH)
        learn(words)
        ContentVersion.advance()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return count


def stale_code_ids(today: datetime.date | None = None) -> list[int]:
    """The codes whose status has changed by itself since they were indexed, because a date has come."""
    return list(
        SearchEntry.objects.filter(stale_on__lte=today or timezone.localdate()).values_list("code_id", flat=True)
    )


def _entries(codes):
    """SearchEntry objects of a queryset of codes, read in batches of fixed memory."""
    today = timezone.localdate()
    fields = ("pk", "system__position", "kind", "normalized", "short_description", "long_description")
    fields += ("terminated", "missing_from_id", "has_policy")
    rows = codes.values_list(*fields).iterator(chunk_size=BATCH)
    while batch := [row for _, row in zip(range(BATCH), rows, strict=False)]:
        pks = [row[0] for row in batch]
        names, guides = _names_of(pks), _guides_of(pks)
        for pk, position, kind, normalized, short, long, terminated, missing_from_id, has_policy in batch:
            code = MedicalCode(pk=pk, kind=kind, terminated=terminated, missing_from_id=missing_from_id)
            status = code.status_on(today)
            title = tokenize(long)
            has_guide = pk in guides
            yield SearchEntry(
                id=make_entry_id(position, pk, status, has_guide, has_policy, len(title)),
                code_id=pk,
                normalized=normalized,
                flags=" ".join(flag_words(status, has_guide, has_policy)),
                title=" ".join([normalized.lower(), *title]),
                short=" ".join(tokenize(short)),
                names=names.get(pk, ""),
                guide=guides.get(pk, ""),
                stale_on=_stale_on(code, today),
            )


def _stale_on(code: MedicalCode, today: datetime.date) -> datetime.date | None:
    if code.kind != MedicalCode.Kind.HEADER and code.terminated and code.terminated >= today:
        return code.terminated + datetime.timedelta(days=1)
    return None


def _names_of(pks: list[int]) -> dict[int, str]:
    names: dict[int, list[str]] = {}
    for pk, text in CodeName.objects.filter(code_id__in=pks).order_by("pk").values_list("code_id", "text"):
        names.setdefault(pk, []).extend(tokenize(text))
    return {pk: " ".join(words) for pk, words in names.items()}


def _guides_of(pks: list[int]) -> dict[int, str]:
    guides = Guide.objects.published().filter(code_id__in=pks)
    texts = {pk: text_of_html(" ".join(html.values())) for pk, html in guides.values_list("code_id", "html")}
    return {pk: " ".join(tokenize(text)) for pk, text in texts.items()}


def _entry_words(entry: SearchEntry) -> set[str]:
    return {*entry.title.split(), *entry.names.split(), *entry.guide.split()}


def _learn_words(entries: list[SearchEntry]) -> None:
    """Adds the words that were unknown; frequencies are counted afresh by `rebuild`."""
    texts = set().union(*map(_entry_words, entries))
    texts -= set(Word.objects.filter(text__in=texts).values_list("text", flat=True))
    words = [Word(text=text, frequency=1) for text in sorted(texts)]
    Word.objects.bulk_create(words, batch_size=BATCH, ignore_conflicts=True)
    learn(words)
