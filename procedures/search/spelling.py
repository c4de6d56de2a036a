"""Finds what a visitor meant by words that no entry holds.

A misspelt word and the right one meet in what both become when a letter is left out of either, which finds a letter
left out, put in, replaced, or swapped with its neighbor; or in how they sound. The candidates are then compared letter
by letter. Words that were written together, or apart, are tried too.
"""

import itertools

from django.db.models import Max

from procedures.models import Word
from procedures.search.sounds import sound_of
from procedures.search.text import SMALL_WORDS
from procedures.search.vocabulary import Vocabulary
from procedures.search.word_forms import stem

SHORTEST = 4
FURTHEST = 2
# Words that only sound alike may differ in so many letters.
FURTHEST_BY_SOUND = 5
SHORTEST_PART = 3
LONGEST_SPLIT = 24
# A word that fewer entries hold may be a slip where nothing was found.
RARE = 20
# A query of more unknown words is in another language.
MOST_UNKNOWN = 3


def correct(words: list[str], vocabulary: Vocabulary, *, is_doubtful: bool = False) -> list[str] | None:
    """The words of a query with each unknown one replaced by what is nearest; None where nothing better is known.

    Numbers and words of fewer than four letters are left alone. The last word may be the beginning of a known one. With
    `is_doubtful` that is not enough, and rare words are replaced by more frequent ones.
    """
    corrected: list[str] = []
    at = tried = 0
    while at < len(words):
        word, following = words[at], words[at + 1 : at + 2]
        at += 1
        is_begun = at == len(words) and bool(vocabulary.continuations) and not is_doubtful
        if tried == MOST_UNKNOWN or is_begun or not _is_unknown(word, vocabulary, RARE if is_doubtful else 0):
            corrected.append(word)
            continue
        tried += 1
        if following and _frequencies([word + following[0]]):
            corrected.append(word + following[0])
            at += 1
        elif corrected and corrected[-1].isalpha() and _frequencies([corrected[-1] + word]):
            corrected[-1] += word
        else:
            corrected += _nearest_words(word, vocabulary.frequency(word))
    return corrected if corrected != words else None


def join_known(words: list[str]) -> list[str] | None:
    """The words with the first two neighbors that are one known word written together; None where there are none."""
    pairs = {left + right: at for at, (left, right) in enumerate(itertools.pairwise(words))}
    known = _frequencies([text for text in pairs if text.isalpha()])
    joined = next((text for text in pairs if stem(text) in known), None)
    if joined is None:
        return None
    at = pairs[joined]
    return [*words[:at], joined, *words[at + 2 :]]


def _is_unknown(word: str, vocabulary: Vocabulary, rare: int) -> bool:
    if word in SMALL_WORDS or not can_be_misspelt(word):
        return False
    return not vocabulary.knows(word) or vocabulary.frequency(word) < rare


def _nearest_words(word: str, frequency: int = 0) -> list[str]:
    """What replaces an unknown word: a more frequent one, two that were written together, or the word itself."""
    distance, near = nearest(word, frequency)
    if distance == 1:
        return [near]
    return _split(word) or [near or word]


def _split(word: str) -> list[str]:
    """Two or three known words that the word is made of; nothing where it is not.

    Of several ways the one of fewer words wins, then the one whose rarest word is most frequent.
    """
    if len(word) > LONGEST_SPLIT:
        return []
    cuts = range(SHORTEST_PART, len(word) - SHORTEST_PART + 1)
    ways = [[word[:at], word[at:]] for at in cuts]
    ways += [[word[:a], word[a:b], word[b:]] for a in cuts for b in cuts if b - a >= SHORTEST_PART]
    known = _frequencies(sorted({part for way in ways for part in way}))
    found = [
        (-len(way), min(known[stem(part)] for part in way), way)
        for way in ways
        if all(stem(part) in known for part in way)
    ]
    return max(found)[2] if found else []


def _frequencies(words: list[str]) -> dict[str, int]:
    """How many entries hold each of these words, by stem; unknown ones are missing."""
    if not words:
        return {}
    known = Word.objects.filter(stem__in={stem(word) for word in words}, is_spelling=True)
    return dict(known.values_list("stem").annotate(Max("frequency")))


def nearest(word: str, frequency: int = 0) -> tuple[int, str]:
    """How many slips away the known word is that the visitor may have meant, and that word; (0, "") for none.

    Of equally near words the one with the same first letter wins, then one that sounds alike, then the most frequent;
    it has to be more frequent than the word itself, whose `frequency` is given.
    """
    if not can_be_misspelt(word):
        return 0, ""
    sound = sound_of(word)
    spellings = [word, *without_one_letter(word)]
    # Two queries, because one with OR over the join reads the whole vocabulary.
    written = Word.objects.filter(text__in=spellings, is_spelling=True)
    meeting = Word.objects.filter(misspellings__text__in=[*spellings, *_as_sound(sound)])
    ranked = []
    for text, found in written.union(meeting).values_list("text", "frequency"):
        if text == word or found < frequency:
            continue
        sounds_alike = bool(sound) and sound_of(text) == sound
        furthest = FURTHEST_BY_SOUND if sounds_alike else FURTHEST if len(word) > SHORTEST else 1
        distance = edit_distance(word, text, furthest)
        if distance <= furthest:
            slips = min(distance, FURTHEST + 1)
            ranked.append((slips, text[0] != word[0], not sounds_alike, distance, -found, text))
    if not ranked:
        return 0, ""
    best = min(ranked)
    return best[0], best[-1]


def misspellings_of(word: str) -> list[str]:
    """What is stored to find the word by: nothing for numbers and short words."""
    return [*without_one_letter(word), *_as_sound(sound_of(word))] if can_be_misspelt(word) else []


def _as_sound(sound: str) -> list[str]:
    """Told from spellings by a sign that no word holds."""
    return [f"~{sound}"] if sound else []


def can_be_misspelt(word: str) -> bool:
    return len(word) >= SHORTEST and word.isalpha()


def without_one_letter(word: str) -> list[str]:
    """The word with each of its letters left out in turn, each result once."""
    return sorted({word[:at] + word[at + 1 :] for at in range(len(word))})


def edit_distance(a: str, b: str, furthest: int) -> int:
    """Insertions, deletions, replacements and swaps of neighbors between two words; `furthest` + 1 when beyond."""
    if abs(len(a) - len(b)) > furthest:
        return furthest + 1
    before, row = [], list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, before, row = before, row, [i]
        for j, y in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > furthest:
            return furthest + 1
    return row[-1]
