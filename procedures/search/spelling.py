"""Offers another spelling for words that no entry holds.

A misspelt word and the right one meet in what both become when a letter is left out of either, which finds a letter
left out, put in, replaced, or swapped with its neighbor. The candidates are then compared letter by letter.
"""

from collections.abc import Container

from procedures.models import Word

SHORTEST = 4
FURTHEST = 2


def correct(words: tuple[str, ...], known: Container[str]) -> str | None:
    """The query with each unknown word replaced by the nearest known one; None where nothing better is known.

    `known` are the words of the query that the vocabulary holds. Numbers and words of fewer than four letters are left
    alone. Of equally near words the one with the same first letter wins, then the most frequent.
    """
    corrected = tuple(word if word in known else nearest(word) or word for word in words)
    return " ".join(corrected) if corrected != words else None


def nearest(word: str) -> str | None:
    """The known word that the visitor may have meant; None where none is near."""
    if not can_be_misspelt(word):
        return None
    spellings = [word, *without_one_letter(word)]
    # Two queries, because one with OR over the join reads the whole vocabulary.
    candidates = Word.objects.filter(text__in=spellings).union(Word.objects.filter(misspellings__text__in=spellings))
    ranked = [
        (distance, text[0] != word[0], -frequency, text)
        for text, frequency in candidates.values_list("text", "frequency")
        if (distance := edit_distance(word, text, FURTHEST)) <= FURTHEST
    ]
    return min(ranked)[-1] if ranked else None


def misspellings_of(word: str) -> list[str]:
    """What is stored to find the word by: nothing for numbers and short words."""
    return without_one_letter(word) if can_be_misspelt(word) else []


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
