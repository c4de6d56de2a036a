"""Writes what search reads: one SearchEntry a code, its exact names, and the full-text index of the engine."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, reset_queries, transaction
from django.utils import timezone

from procedures.models import (
    CodeSystem,
    ContentVersion,
    EverydayWord,
    Guide,
    MedicalCode,
    Misspelling,
    SearchEntry,
    SearchPhrase,
    Succession,
    Word,
)
from procedures.models.codes import normalize, status_of
from procedures.models.guides import sections_in_order
from procedures.search.engines import engine
from procedures.search.entry_ids import make_entry_id, marks_of
from procedures.search.names import names_for
from procedures.search.spelling import misspellings_of
from procedures.search.text import (
    doses_of,
    head_of,
    index_words,
    key_of,
    letters_joined,
    meant_stems,
    phrase_key,
    text_of_html,
    tokenize,
)
from procedures.search.word_forms import stem

# Counts up whenever what is written here changes its form: an index of another form is answered with wrong results.
FORMAT = 2

BATCH = 2000
LONGEST_KEY = SearchPhrase._meta.get_field("key").max_length


@dataclass(slots=True)
class Entry:
    """What is written of one code: the columns of SearchEntry, its exact names, and the words that it brings.

    `words` are those that a visitor may have meant; `others` are its official abbreviations and its doses.
    """

    row: tuple
    keys: set[str]
    words: set[str]
    others: set[str]

    @property
    def id(self) -> int:
        return self.row[0]


def reindex(code_ids: Iterable[int]) -> None:
    """Brings the entries of these codes, and of their successors, up to date, in the caller's transaction or its own.

    Called wherever a code, its names or its guide change: by the importers, and by the admin after it saved.
    """
    code_ids = list(code_ids)
    with transaction.atomic():
        # Two transactions that bring the same word or the same entry would collide.
        version = ContentVersion.wait_for_other_writers()
        if version.index_format != FORMAT and not SearchEntry.objects.exists():
            _begin()
            _add_words(Vocabulary(_words_of_phrases()))
        code_ids += sorted(_successors_of(code_ids) - set(code_ids))
        for start in range(0, len(code_ids), BATCH):
            batch = code_ids[start : start + BATCH]
            engine().remove_entries(batch)
            entries = list(_entries(MedicalCode.objects.filter(pk__in=batch)))
            engine().insert("procedures_searchentry", ENTRY_COLUMNS, [entry.row for entry in entries])
            engine().add_entries([entry.id for entry in entries])
            _insert_keys(entries)
            _learn_words(entries)
        ContentVersion.advance()


def rebuild(progress=lambda entries: entries) -> int:
    """Makes the whole index afresh and returns the number of entries.

    `progress` wraps the iterable of entries, as tqdm does.
    """
    count = 0
    with transaction.atomic():
        # Two transactions that bring the same word or the same entry would collide.
        ContentVersion.wait_for_other_writers()
        vocabulary = Vocabulary(_words_of_phrases())
        engine().clear()
        Misspelling.objects.all().delete()
        Word.objects.all().delete()
        _begin()
        entries = iter(progress(_entries(MedicalCode.objects.order_by("pk"))))
        while batch := list(islice(entries, BATCH)):
            engine().load(ENTRY_COLUMNS, [entry.row for entry in batch])
            _insert_keys(batch)
            count += len(batch)
            for entry in batch:
                vocabulary.add(entry)
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()
        engine().index_all()
        _store_words(vocabulary.rows())
        ContentVersion.advance()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return count


def reindex_everyday_words() -> None:
    """Brings what search reads of EverydayWord up to date, in the caller's transaction or its own."""
    with transaction.atomic():
        ContentVersion.wait_for_other_writers()
        _store_phrases()
        _add_words(Vocabulary(_words_of_phrases()))
        ContentVersion.advance()


def index_is_current() -> bool:
    """Whether the index, if there is one, has the form that this version of the code reads."""
    return ContentVersion.objects.filter(pk=1, index_format=FORMAT).exists() or not SearchEntry.objects.exists()


def stale_code_ids(today: datetime.date | None = None) -> list[int]:
    """The codes whose status has changed by itself since they were indexed, because a date has come."""
    return list(
        SearchEntry.objects.filter(stale_on__lte=today or timezone.localdate()).values_list("code_id", flat=True)
    )


def _begin() -> None:
    """What belongs to an index that is empty."""
    _store_phrases()
    ContentVersion.objects.filter(pk=1).update(index_format=FORMAT)


def _insert_keys(entries: list[Entry]) -> None:
    keys = [(key, entry.id) for entry in entries for key in sorted(entry.keys)]
    engine().insert("procedures_searchname", ("key", "entry_id"), keys)


# The columns of SearchEntry, as `_entries` gives them.
ENTRY_COLUMNS = ("id", "code_id", "normalized", "flags", "title", "short", "names", "guide", "stale_on")


def _entries(codes) -> Iterator[Entry]:
    """The entries for a queryset of codes, read in batches of fixed memory.

    Their rows are tuples, written by the engine: model instances of 100,000 entries took three times as long.
    """
    today = timezone.localdate()
    fields = ("pk", "system__position", "kind", "normalized", "short_description", "long_description")
    fields += ("terminated", "missing_from_id", "has_policy")
    codes = iter(codes.values_list(*fields).iterator(chunk_size=BATCH))
    while batch := list(islice(codes, BATCH)):
        pks = [row[0] for row in batch]
        names, guides = names_for(pks), _guides_of(pks)
        for pk, position, kind, normalized, short, long, terminated, missing_from_id, has_policy in batch:
            status = status_of(kind, terminated, missing_from_id, today)
            spelled = normalized.lower()
            title, abbreviated, guide = tokenize(long), tokenize(short), guides.get(pk, [])
            called = [tokenize(name.text) for name in names.get(pk, ())]
            ends = status == MedicalCode.Status.ACTIVE and terminated
            words = {*title, *guide}.union(*called)
            entry_id = make_entry_id(position, pk, status, pk in guides, has_policy, len(title) + later_words(title))
            row = (
                entry_id,
                pk,
                normalized,
                # The column is left over: what it held are marks in the title now.
                "",
                _column([*marks_of(entry_id), f"={spelled}", head_of(title), spelled, *index_words(title)]),
                _column(index_words(abbreviated)),
                _column([each for name in called for each in index_words(name)]),
                _column(index_words(guide)),
                terminated + datetime.timedelta(days=1) if ends else None,
            )
            keys = {key_of(text) for text in (title, abbreviated, *called)} - {""}
            texts = (title, abbreviated, guide, *called)
            joined = {number + unit for text in texts for number, unit in doses_of(text)}
            joined.update(each for text in texts for each in letters_joined(text))
            yield Entry(row, keys, words, {*abbreviated, *joined} - words)


def later_words(title: list[str]) -> int:
    """How much longer a description counts than it is: what comes after a first visit is mostly not what is meant."""
    if "sequela" in title:
        return 8
    return 4 if "subsequent" in title and "encounter" in title else 0


def _column(words: list[str]) -> str:
    return " ".join(word for word in dict.fromkeys(words) if word)


def _successors_of(pks: Iterable[int]) -> set[int]:
    found: set[int] = set()
    reached = set(pks)
    while reached:
        following: set[int] = set()
        ordered = sorted(reached)
        for start in range(0, len(ordered), BATCH):
            batch = Succession.objects.filter(predecessor_id__in=ordered[start : start + BATCH])
            following.update(batch.values_list("successor_id", flat=True))
        reached = following - found
        found |= reached
    return found


def _guides_of(pks: list[int]) -> dict[int, list[str]]:
    guides = Guide.objects.published().filter(code_id__in=pks)
    texts = {pk: text_of_html(" ".join(sections_in_order(html))) for pk, html in guides.values_list("code_id", "html")}
    return {pk: tokenize(text) for pk, text in texts.items()}


@dataclass(slots=True)
class Vocabulary:
    """The words of all entries, and how many entries hold a word of each stem."""

    words: set[str] = field(default_factory=set)
    frequencies: Counter = field(default_factory=Counter)
    others: set[str] = field(default_factory=set)

    def add(self, entry: Entry) -> None:
        self.words |= entry.words
        self.others |= entry.others
        self.frequencies.update({stem(word) for word in (*entry.words, *entry.others)})

    def rows(self) -> list[tuple]:
        """(text, stem, frequency, is_spelling) of each word, in order."""
        return [
            (text, form := stem(text), self.frequencies[form], text in self.words)
            for text in sorted(self.words | self.others)
        ]


def _learn_words(entries: list[Entry]) -> None:
    """Adds the words that were unknown; frequencies are counted afresh by `rebuild`."""
    vocabulary = Vocabulary()
    for entry in entries:
        vocabulary.add(entry)
    _add_words(vocabulary)


def _add_words(vocabulary: Vocabulary) -> None:
    rows = {row[0]: row for row in vocabulary.rows()}
    texts = sorted(rows)
    for start in range(0, len(texts), BATCH):
        batch = Word.objects.filter(text__in=texts[start : start + BATCH])
        for known, is_spelling in batch.values_list("text", "is_spelling"):
            # A word that was an abbreviation so far may have become one that can be offered.
            if is_spelling or not rows[known][3]:
                del rows[known]
    promoted = Word.objects.filter(text__in=[text for text in texts if text in rows], is_spelling=False)
    promoted.delete()
    _store_words([rows[text] for text in texts if text in rows])


def _store_words(rows: list[tuple]) -> None:
    """Adds words to the vocabulary, and the ways to misspell those that may be offered."""
    engine().insert("procedures_word", ("text", "stem", "frequency", "is_spelling"), rows)
    misspellings = [(spelling, row[0]) for row in rows if row[3] for spelling in misspellings_of(row[0])]
    engine().insert("procedures_misspelling", ("text", "word_id"), misspellings)


def _store_phrases() -> None:
    """Writes a SearchPhrase for each meaning of each everyday word; codes of unknown systems are passed over."""
    positions = dict(CodeSystem.objects.values_list("slug", "position"))
    rows = []
    for phrase, words, code in EverydayWord.objects.order_by("pk").values_list("phrase", "words", "code"):
        key = phrase_key(tokenize(phrase))
        if not 0 < len(key) <= LONGEST_KEY:
            continue
        slug, _, beginning = code.partition(":")
        if stems := meant_stems(words):
            rows.append((key, phrase, " ".join(stems), None, ""))
        elif code and slug in positions and normalize(beginning):
            rows.append((key, phrase, "", positions[slug], normalize(beginning)))
    SearchPhrase.objects.all().delete()
    engine().insert("procedures_searchphrase", ("key", "phrase", "words", "position", "code"), rows)


def _words_of_phrases() -> set[str]:
    """The words that people say, which are known although no code may hold them."""
    phrases = EverydayWord.objects.order_by("phrase").values_list("phrase", flat=True).distinct()
    return {word for phrase in phrases for word in tokenize(phrase)}
