"""What an editor wants to know of a guide's text: length, reading grade, unfinished places, and guides that are alike.

Hints, no rules: the formulas are crude. static/js/guide_editor.js shows words, grade and unfinished marks while an
editor types; tests/procedures/reading_hints.json holds it to the functions of this module.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from typing import Self

from procedures.guide_sections import SECTIONS, Section
from procedures.markdown import plain_text

FEWEST_WORDS_TO_GRADE = 30

# "10,000", "E11.9", "follow-up" and "patient's" are one word each; a slash or a dash parts two.
_WORD = re.compile(r"[^\W_]+(?:[’'.,‑-][^\W_]+)*")
# A colon ends one too: most lines of a guide are "Label: text".
_SENTENCE_END = re.compile(r"(?::|(?<![.!?])[.!?]+[)\]”\"’']*(?!\s+[a-z]))\s+")

_SILENT_U = re.compile(r"(?<=[gq])u(?=[aeio])")
# Neighboring vowels of two syllables, as in "anemia", "create", "diarrhea" and "experience".
_HIATUS = re.compile(r"(?<![tcsxg])(?:i[aou]|ienc)|(?<!p)eo|ua|creat|react|thea|eing|rhea|[aeiou][a-z]ea(?=s?$)")
_SILENT_END = re.compile(
    r"(?<![aeiouylr])e$|(?<=[aeiouy])[lr]es?$|(?<=[^aeioutdy])ed$|(?<=[^aeiouyscxzghlr])(?<!bet)es$"
)

_CODE = r"[A-Z](?:[0-9]{4}|[0-9][0-9A-Z]\.[0-9A-Z]{1,4})"

_UNFINISHED = re.compile(
    r"\b(?:[Tt][Oo][Dd][Oo]|TBD|tbd|TBC|FIXME|[Ff]ixme)\b"
    r"|(?<![0-9],)(?<![0-9], )\b(?:X{3,8}|x{3,8})\b"  # not "47, XXX", a karyotype
    r"|\b[Ll]orem [Ii]psum\b"
    r"|\?{3,}"
    r"|\[(?![0-9, –-]+\])(?:[^\[\]\n]{0,80}\]|\w*)"  # not "[1]", a reference
)
_BALANCED = re.compile(r"\([^()\n]*\)")
_HALF_BRACKETED_CODE = re.compile(rf"\({_CODE}\b|\b{_CODE}\)")
_MOST_NESTED = 3

# The verb within six words of the code, unless a clause begins between them: "the code for a hip that was replaced".
_CLAUSE = r"(?:when|if|after|before|where|while|until|for|to|with|whose|that|because|not|never)\b"
_RETIRED = r"(?:retired|replaced|superseded|discontinued|deleted|terminated|withdrawn|ended|expired|inactive|obsolete)"
_ENDED = rf"(?:{_RETIRED}|no\s+longer\s+(?:used|valid|active|current|listed|accepted|billed|reported|in\s+use|an?))"
_RETIREMENT = re.compile(
    rf"(?:\b(?i:codes?)|\b{_CODE})\b(?:[\s,:()–—]+(?!{_CLAUSE})[\w’'-]+(?:\.\w+)*){{0,6}}?[\s,:()–—]+(?i:{_ENDED})\b"
    rf"|\b(?i:(?:retired|discontinued|deleted|terminated|inactive|obsolete|expired|former))\s+(?:[\w-]+\s+){{0,2}}?"
    rf"(?:(?i:codes?)|{_CODE})\b"
    rf"|\b(?i:(?:replaced|superseded|succeeded)\s+(?:by|with))\s+(?:[\w-]+\s+){{0,3}}?(?:(?i:codes?)|{_CODE})\b"
)

# 64 of the smallest hashes tell a similarity of 0.9 to within 0.04 (standard error).
SKETCH_SIZE = 64
_SEQUENCE_WORDS = 3
# Bounds `near_duplicates` where thousands of texts share their rarest sequences.
_MOST_COMPARISONS = 20


def words_in(text: str) -> int:
    """Return the number of words of a Markdown text."""
    return _count_words(plain_text(text))


def reading_grade(text: str) -> float | None:
    """Return the Flesch-Kincaid grade of a Markdown text, in American school years; None below 30 words.

    A list item or paragraph ends a sentence, with or without a full stop. No text is below grade 0.
    Source of the formula: Kincaid et al., Derivation of New Readability Formulas (1975).
    """
    return _grade(plain_text(text))


def count_syllables(word: str) -> int:
    """Return about how many syllables an English word has (vowels in a row, no silent ending); a number has 1."""
    letters = _SILENT_U.sub("", re.sub(r"[^a-z]", "", word.lower()))
    count = len(re.findall(r"[aeiouy]+", letters)) + len(_HIATUS.findall(letters))
    return max(1, count - 1 if _SILENT_END.search(letters) else count)


def unfinished_marks(text: str) -> list[str]:
    """Return the marks of unfinished work in a Markdown text, as written, each once.

    TODO, TBD, TBC, FIXME, XXX, "???", "lorem ipsum", brackets that are neither a link nor a numbered reference, and
    codes with half a pair of parentheses ("C9028)").
    """
    return _find_unfinished(plain_text(text))


def mentions_retirement(text: str) -> bool:
    """Whether a Markdown text says of a code that it is retired, replaced, no longer used, ended or the like."""
    return _RETIREMENT.search(plain_text(text)) is not None


def sketch(text: str) -> list[int]:
    """Return the 64 smallest hashes of the three-word sequences of a Markdown text, ascending, for `similarity`.

    They are the same in every process and below 2**53, so that every reader of JSON has them exactly. A text of one
    or two words is one sequence; fewer than 64 hashes are all that the text has.
    """
    return _sketch(plain_text(text))


def similarity(one: list[int], other: list[int]) -> float:
    """Return the share of three-word sequences that two texts have in common, 0 to 1, estimated from their sketches.

    Exact for texts of fewer than 64 sequences; two empty texts have nothing in common.
    """
    first, second = set(one), set(other)
    smallest = sorted(first | second)[:SKETCH_SIZE]
    return len(first.intersection(second, smallest)) / len(smallest) if smallest else 0.0


def near_duplicates(sketches: dict[int, list[int]], threshold: float = 0.9) -> list[tuple[int, int, float]]:
    """Return the pairs of keys whose texts are at least `threshold` (above 0, at most 1) alike, with the similarity.

    The smaller key comes first; pairs are sorted. All pairs are found, except that a text is compared with no more
    than 20 of those that share its rarest sequences.
    """
    frequencies = Counter(value for values in sketches.values() for value in values)
    sets = {key: frozenset(values) for key, values in sketches.items()}
    index: dict[int, list[int]] = defaultdict(list)
    pairs = []
    for key, values in sorted(sketches.items()):
        # Texts that are alike share all but a few sequences, so at least one of the few rarest of each: no others
        # need an index, and phrases that every guide has stay out of it.
        rarest = sorted(values, key=lambda value: (frequencies[value], value))
        rarest = rarest[: len(values) - ceil(threshold * len(values)) + 1]
        for candidate in _first_of(index, rarest):
            if len(sets[candidate] & sets[key]) < threshold * len(values):
                continue
            alike = similarity(sketches[candidate], values)
            if alike >= threshold:
                pairs.append((candidate, key, alike))
        for value in rarest:
            if frequencies[value] > 1 and len(index[value]) < _MOST_COMPARISONS:
                index[value].append(key)
    return sorted(pairs)


def _first_of(index: dict[int, list[int]], values: Iterable[int]) -> list[int]:
    found: dict[int, None] = {}
    for value in values:
        found.update(dict.fromkeys(index.get(value, ())))
        if len(found) >= _MOST_COMPARISONS:
            break
    return list(found)[:_MOST_COMPARISONS]


@dataclass(frozen=True, slots=True)
class ReadingHints:
    """The hints of one guide. `reading_grade` and `word_count` leave its sources out; `unfinished` does not."""

    word_count: int
    reading_grade: float | None
    empty_sections: list[Section]
    unfinished: list[str]
    mentions_retirement: bool
    sketch: list[int]

    @classmethod
    def of(cls, texts: dict[str, str]) -> Self:
        """Return the hints of the Markdown texts of a guide by `Section.field`, and "sources" where it has any.

        A section is empty without a word. The grade is that of all sections together.
        """
        sections = {section: plain_text(texts.get(section.field, "")) for section in SECTIONS}
        text = "\n".join(sections.values())
        return cls(
            word_count=_count_words(text),
            reading_grade=_grade(text),
            empty_sections=[section for section, plain in sections.items() if not _WORD.search(plain)],
            unfinished=_find_unfinished(f"{text}\n{plain_text(texts.get('sources', ''))}"),
            mentions_retirement=_RETIREMENT.search(text) is not None,
            sketch=_sketch(text),
        )


# Below, texts are plain: one paragraph or list item per line.


def _count_words(text: str) -> int:
    return sum(1 for _ in _WORD.finditer(text))


def _grade(text: str) -> float | None:
    words = _WORD.findall(text)
    if len(words) < FEWEST_WORDS_TO_GRADE:
        return None
    sentences = sum(1 for _ in _sentences(text))
    syllables = sum(count * count_syllables(word) for word, count in Counter(words).items())
    grade = 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59
    return max(0.0, round(grade, 1))


def _sentences(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield from (part for part in _SENTENCE_END.split(line) if _WORD.search(part))


def _find_unfinished(text: str) -> list[str]:
    marks = _UNFINISHED.findall(text)
    for _ in range(_MOST_NESTED):
        text = _BALANCED.sub(" ", text)
    return list(dict.fromkeys([*marks, *_HALF_BRACKETED_CODE.findall(text)]))


def _sketch(text: str) -> list[int]:
    words = [word.lower() for word in _WORD.findall(text)]
    if not words:
        return []
    starts = range(max(1, len(words) - _SEQUENCE_WORDS + 1))
    sequences = {" ".join(words[start : start + _SEQUENCE_WORDS]) for start in starts}
    return sorted({_hash(sequence) for sequence in sequences})[:SKETCH_SIZE]


def _hash(sequence: str) -> int:
    return int.from_bytes(blake2b(sequence.encode(), digest_size=8).digest()) >> 11
