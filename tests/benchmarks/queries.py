"""The queries of the benchmark: made from the rows themselves, by rule, the same for the same rows."""

import random

from procedures.models import MedicalCode, SearchEntry, Word
from procedures.search.text import SMALL_WORDS

SEED = 20250101
EACH = 25


def make_queries() -> list[str]:
    """200 queries of eight kinds, 25 of each: what visitors type, from exact codes to words with a slip."""
    chance = random.Random(SEED)
    codes = list(MedicalCode.objects.order_by("pk").values_list("code", flat=True))
    titles = [words.split()[1:] for words in _sample(chance, SearchEntry.objects.order_by("pk"), EACH * 20)]
    titles = [[word for word in words if word not in SMALL_WORDS and word.isalpha()] for words in titles]
    titles = [words for words in titles if len(words) >= 4]
    common = list(Word.objects.order_by("-frequency", "text").values_list("text", flat=True)[:120])
    common = [word for word in common if word.isalpha() and word not in SMALL_WORDS]
    rarer = list(Word.objects.filter(frequency__range=(3, 300)).order_by("text").values_list("text", flat=True))
    long_words = [word for word in rarer if len(word) > 6 and word.isalpha()]
    kinds = {
        "exact code": [_any_spelling(chance, code) for code in chance.sample(codes, EACH)],
        "beginning of a code": [code[: chance.choice((2, 3, 4))] for code in chance.sample(codes, EACH)],
        "frequent word": chance.sample(common, EACH),
        "rarer word": chance.sample(rarer, EACH),
        "two words": [" ".join(chance.sample(words, 2)) for words in chance.sample(titles, EACH)],
        "three words": [" ".join(chance.sample(words, 3)) for words in chance.sample(titles, EACH)],
        "half-typed word": [_half_typed(chance, words) for words in chance.sample(titles, EACH)],
        "misspelled word": [_misspell(chance, word) for word in chance.sample(long_words, EACH)],
    }
    return [query for queries in kinds.values() for query in queries]


def _sample(chance: random.Random, entries, count: int) -> list[str]:
    titles = list(entries.values_list("title", flat=True))
    return chance.sample(titles, count)


def _any_spelling(chance: random.Random, code: str) -> str:
    return chance.choice((code, code.lower(), code.replace(".", ""), f" {code} "))


def _half_typed(chance: random.Random, words: list[str]) -> str:
    first, last = chance.sample(words, 2)
    return f"{first} {last[: max(3, len(last) - 3)]}"


def _misspell(chance: random.Random, word: str) -> str:
    at = chance.randrange(1, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
