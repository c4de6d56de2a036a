"""The difference of two texts in words, so that a reader sees what was changed in a guide."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Literal

from procedures.guide_sections import SECTIONS

# What one comparison costs at most: so many steps of the search in `_longest_common`, of about a third of a
# microsecond each, and otherwise time in proportion to the texts. Without a bound, two texts of 50,000 characters that
# have nothing or few different words in common take minutes.
# Sentences are compared first. The words inside a changed passage get the share of the steps that its length deserves;
# a passage that needs more is shown as replaced, from its first changed word to its last.
_MOST_STEPS_FOR_SENTENCES = 100_000
_MOST_STEPS_FOR_WORDS = 400_000

# Words of an unchanged run between two changes that is taken into them: a rewritten phrase is one change.
_LONGEST_ISLAND = 3

# Where a sentence or line ends, before the white space.
_SENTENCE_END = re.compile(r"(?<![.!?])[.!?]+[)\]”\"’'*_]*(?=\s)|(?<=\S)(?=\n)")
# A word, which may hold single signs ("10,000", "E11.9", "follow-up"), or one sign; and the white space before it.
_TOKEN = re.compile(r"(\s*)(\w+(?:[-‑–'’./:@,]\w+)*|[^\w\s]|\Z)")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a difference. A "gap", which has no text, stands for an unchanged run that was left out."""

    kind: Literal["same", "removed", "added", "gap"]
    text: str


@dataclass(frozen=True, slots=True)
class SectionDifference:
    """What was changed in one section of a guide; `field` is "sources" for the sources of the whole guide."""

    field: str
    heading: str
    pieces: list[Piece]

    def excerpt(self, context_words: int = 20) -> list[Piece]:
        """Return the changes with the words around them. See also `shortened`."""
        return shortened(self.pieces, context_words)


# What a guide consists of, in the order of its page: the key of each part and its heading.
PART_HEADINGS = {
    key: heading
    for section in SECTIONS
    for key, heading in (
        (section.field, section.heading),
        (f"{section.field}_sources", f"Sources of {section.heading}"),
    )
} | {"sources": "Sources"}

# The text of a passage before and after; a passage without a change has the same text twice.
_Passage = tuple[str, str]


def compare(before: str, after: str) -> list[Piece]:
    """Return the difference of two texts as pieces in reading order, removed before added.

    The texts of the pieces "same" and "removed" joined are exactly `before`, those of "same" and "added" `after`. Words
    and the white space between them are compared as they are written, Markdown included.
    """
    passages = _joined(_compare_sentences(before, after))
    passages = _without_islands(_joined(_with_shared_space_apart(passages)))
    pieces = (piece for passage in passages for piece in _pieces_of(passage) if piece.text)
    return [Piece(kind, "".join(p.text for p in run)) for kind, run in groupby(pieces, key=lambda piece: piece.kind)]


def compare_sections(before: dict[str, str], after: dict[str, str]) -> list[SectionDifference]:
    """Return the parts of a guide that differ: each section and its sources, in the order of SECTIONS, then "sources".

    The texts, Markdown or plain (procedures.markdown.plain_text), are given by `Section.field`, sources of a section by
    `<field>_sources`, as GuideText.all_texts has them; a missing one is empty. How a browser ends its lines makes no
    difference.
    """
    headings = PART_HEADINGS
    texts = {field: [version.get(field, "").replace("\r\n", "\n") for version in (before, after)] for field in headings}
    return [
        SectionDifference(field=field, heading=headings[field], pieces=compare(*versions))
        for field, versions in texts.items()
        if versions[0] != versions[1]
    ]


def shortened(pieces: Sequence[Piece], context_words: int = 20) -> list[Piece]:
    """Return the pieces with a gap in the place of what is far from any change.

    `context_words` words stay beside each change. An unchanged run stays whole if the gap would take the place of
    fewer than half as many.
    """
    result: list[Piece] = []
    for position, piece in enumerate(pieces):
        kept_at_start = context_words if position > 0 else 0
        kept_at_end = context_words if position < len(pieces) - 1 else 0
        words = list(re.finditer(r"\S+", piece.text)) if piece.kind == "same" else []
        if len(words) - kept_at_start - kept_at_end < max(1, context_words // 2):
            result.append(piece)
            continue
        start = words[kept_at_start - 1].end() if kept_at_start else 0
        end = words[-kept_at_end].start() if kept_at_end else len(piece.text)
        around = [Piece("same", piece.text[:start]), Piece("gap", ""), Piece("same", piece.text[end:])]
        result += [part for part in around if part.text or part.kind == "gap"]
    return result


def _pieces_of(passage: _Passage) -> list[Piece]:
    before, after = passage
    return [Piece("same", before)] if before == after else [Piece("removed", before), Piece("added", after)]


def _compare_sentences(before: str, after: str) -> Iterator[_Passage]:
    passages = list(_compare_parts(_sentences(before), _sentences(after), _MOST_STEPS_FOR_SENTENCES))
    changed = sum(len(old) + len(new) for old, new in passages if old != new)
    for old, new in passages:
        if old == new or not old.strip() or not new.strip():
            yield old, new
        else:
            most_steps = _MOST_STEPS_FOR_WORDS * (len(old) + len(new)) // changed
            yield from _compare_parts(_TOKEN.findall(old), _TOKEN.findall(new), most_steps)


# A sentence or word, and the white space before it. The space is not compared with it: else blanks, alike everywhere,
# would break a rewritten phrase into single words, and a sentence would change because another follows it.
_Part = tuple[str, str]


def _compare_parts(before: Sequence[_Part], after: Sequence[_Part], most_steps: int) -> Iterator[_Passage]:
    pairs = _longest_common([text for _, text in before], [text for _, text in after], most_steps)
    old = new = 0
    for next_old, next_new in [*pairs, (len(before), len(after))]:
        yield "".join(map("".join, before[old:next_old])), "".join(map("".join, after[new:next_new]))
        if next_old < len(before):
            (old_space, text), (new_space, _) = before[next_old], after[next_new]
            yield old_space, new_space
            yield text, text
        old, new = next_old + 1, next_new + 1


def _sentences(text: str) -> list[_Part]:
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    parts = [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]
    return [(part[: len(part) - len(part.lstrip())], part.lstrip()) for part in parts]


def _longest_common(before: Sequence[str], after: Sequence[str], most_steps: int) -> list[tuple[int, int]]:
    """Return the positions of a longest common subsequence, ascending.

    If it is not found in `most_steps`, only what both sequences have at their beginning and their end.
    """
    shortest = min(len(before), len(after))
    start = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    rest = shortest - start
    end = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    # A word that only one side has cannot be common, and each costs the search below a round.
    middle_before, middle_after = before[start : len(before) - end], after[start : len(after) - end]
    shared = set(middle_before) & set(middle_after)
    olds = [start + at for at, word in enumerate(middle_before) if word in shared]
    news = [start + at for at, word in enumerate(middle_after) if word in shared]
    runs = _common_runs([before[at] for at in olds], [after[at] for at in news], most_steps)
    return [
        *((at, at) for at in range(start)),
        *((olds[old + at], news[new + at]) for old, new, length in runs for at in range(length)),
        *((len(before) - at, len(after) - at) for at in range(end, 0, -1)),
    ]


def _common_runs(before: Sequence[str], after: Sequence[str], most_steps: int) -> list[tuple[int, int, int]]:
    """Return the runs of a longest common subsequence (position before, after, length); none after `most_steps`.

    Source: Myers, An O(ND) Difference Algorithm and Its Variations (1986), the greedy algorithm. `furthest` has for
    each diagonal (position before minus position after) how far `edits` edits lead, and the runs on the way there as
    linked tuples.
    """
    furthest: dict[int, tuple[int, tuple | None]] = {1: (0, None)}
    steps = 0
    for edits in range(len(before) + len(after) + 1):
        lowest = -edits + 2 * max(0, edits - len(after))
        highest = edits - 2 * max(0, edits - len(before))
        steps += edits + 1
        for diagonal in range(lowest, highest + 1, 2):
            if diagonal == -edits or (diagonal != edits and furthest[diagonal - 1][0] < furthest[diagonal + 1][0]):
                old, runs = furthest[diagonal + 1]
            else:
                old, runs = furthest[diagonal - 1]
                old += 1
            first, new = old, old - diagonal
            while old < len(before) and new < len(after) and before[old] == after[new]:
                old, new = old + 1, new + 1
            if old > first:
                runs = (runs, (first, first - diagonal, old - first))
                steps += old - first
            if old >= len(before) and new >= len(after):
                return _unlinked(runs)
            if steps > most_steps:
                return []
            furthest[diagonal] = old, runs
    return []


def _unlinked(runs: tuple | None) -> list[tuple[int, int, int]]:
    result = []
    while runs:
        runs, run = runs
        result.append(run)
    return result[::-1]


def _joined(passages: Iterable[_Passage]) -> list[_Passage]:
    """Join neighbors that are both changed or both unchanged."""
    joined = []
    for _, group in groupby((p for p in passages if p != ("", "")), key=lambda passage: passage[0] == passage[1]):
        olds, news = zip(*group, strict=True)
        joined.append(("".join(olds), "".join(news)))
    return joined


def _with_shared_space_apart(passages: Iterable[_Passage]) -> Iterator[_Passage]:
    for before, after in passages:
        spaces = [text[: len(text) - len(text.lstrip())] for text in (before, after)]
        length = next(
            (at for at, (old, new) in enumerate(zip(*spaces, strict=False)) if old != new), min(map(len, spaces))
        )
        yield before[:length], after[:length]
        yield before[length:], after[length:]


def _without_islands(passages: Iterable[_Passage]) -> list[_Passage]:
    result: list[_Passage] = []
    for passage in passages:
        if len(result) > 1 and passage[0] != passage[1] and _is_island(result[-1][0], result[-2], passage):
            parts = [result.pop(-2), result.pop(), passage]
            passage = "".join(old for old, _ in parts), "".join(new for _, new in parts)
        result.append(passage)
    return result


def _is_island(text: str, *changes: _Passage) -> bool:
    """Whether an unchanged text between two changes is best taken into them. A line break keeps lines apart."""
    words = len(_WORD.findall(text))
    if "\n" in text or words > _LONGEST_ISLAND:
        return False
    return all(any(_has_words(side, words) for side in change) for change in changes)


def _has_words(text: str, count: int) -> bool:
    return sum(1 for _ in islice(_WORD.finditer(text), count)) == count
