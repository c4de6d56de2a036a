"""The queries of the benchmark: made from the rows themselves, by rule, the same for the same rows."""

import random

from procedures.models import CodeName, EverydayWord, MedicalCode, Word
from procedures.search import tokenize
from procedures.search.text import SMALL_WORDS

SEED = 20250101
EACH = 25
COMMON = 120


def make_queries(each: int = EACH) -> dict[str, list[str]]:
    """Queries by kind, at most so many of each: what visitors type, from exact codes to words run together.

    A kind has fewer where the rows give no more: there are 120 frequent words.
    """
    chance = random.Random(SEED)
    codes = list(MedicalCode.objects.order_by("pk").values_list("code", flat=True))
    titles = _sample(chance, MedicalCode.objects.order_by("pk").values_list("long_description", flat=True), each * 20)
    titles = [[word for word in tokenize(text) if word not in SMALL_WORDS and word.isalpha()] for text in titles]
    titles = [words for words in titles if len(words) >= 4]
    words = Word.objects.filter(is_spelling=True)
    common = words.order_by("-frequency", "text").values_list("text", flat=True)[: COMMON * 2]
    common = [word for word in common if word.isalpha() and word not in SMALL_WORDS][:COMMON]
    rarer = list(words.filter(frequency__range=(3, 300)).order_by("text").values_list("text", flat=True))
    long_words = [word for word in rarer if len(word) > 6 and word.isalpha()]
    brands = CodeName.objects.filter(kind=CodeName.Kind.BRAND).order_by("text").values_list("text", flat=True)
    phrases = EverydayWord.objects.order_by("phrase").values_list("phrase", flat=True)
    kinds = {
        "exact code": [_any_spelling(chance, code) for code in _sample(chance, codes, each)],
        "beginning of a code": _sample(chance, {code[:length] for code in codes for length in (2, 3, 4)}, each),
        "frequent word": _sample(chance, common, each),
        "rarer word": _sample(chance, rarer, each),
        "two words": [" ".join(chance.sample(title, 2)) for title in _sample(chance, titles, each)],
        "three words": [" ".join(chance.sample(title, 3)) for title in _sample(chance, titles, each)],
        "half-typed word": [_half_typed(chance, title) for title in _sample(chance, titles, each)],
        "misspelled word": [_misspell(chance, word) for word in _sample(chance, long_words, each)],
        "joined words": ["".join(chance.sample(title, 2)) for title in _sample(chance, titles, each)],
        "brand name": _sample(chance, set(brands), each),
        "everyday word": _sample(chance, set(phrases), each),
    }
    return {kind: list(dict.fromkeys(texts)) for kind, texts in kinds.items() if texts}


def _sample(chance: random.Random, items, count: int) -> list:
    items = sorted(items) if isinstance(items, set) else list(items)
    return chance.sample(items, min(count, len(items)))


def _any_spelling(chance: random.Random, code: str) -> str:
    return chance.choice((code, code.lower(), code.replace(".", ""), f" {code} "))


def _half_typed(chance: random.Random, words: list[str]) -> str:
    first, last = chance.sample(words, 2)
    return f"{first} {last[: max(3, len(last) - 3)]}"


def _misspell(chance: random.Random, word: str) -> str:
    at = chance.randrange(1, len(word) - 2)
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
