"""Words of texts and of queries: the one tokenizer of both engines.

Both engines are given words that were already cut here, so that the same text has the same words on SQLite and
PostgreSQL. `A00.0` becomes `a000`, `1,000` becomes `1000`, `0.1` stays one word, `Alzheimer's` becomes `alzheimer`,
`10mg` becomes `10 mg`. Beside each word its stem is indexed (`word_forms.py`), where its forms meet.
"""

import html
import re
import unicodedata
from itertools import pairwise

from procedures.search.word_forms import singular, stem

WORD_LENGTH = 64
KEY_LENGTH = 200

# Words that say nothing alone; they are passed over while another word remains.
SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a am an and are at by can do does for from have how in is it me my of on or that the this to what when which",
    )
)

# With them official descriptions begin that are about what follows.
LEADING_WORDS = frozenset(
    ["acute", "chronic", "encounter", "essential", "infusion", "inj", "injection", "other", "primary", "unspecified"]
)

# Behind a number they are a part of it: 10 mg is not 10 ml.
UNITS = frozenset(
    ["cc", "cm", "g", "gm", "gram", "grams", "iu", "kg", "mcg", "mci", "meq", "mg", "ml", "mm", "unit", "units"]
)

LONGEST_UNIT = max(map(len, UNITS))

_DOTTED_CODE = re.compile(r"(?<![^\W_])([a-z][0-9][0-9a-z])\.([0-9a-z]{1,4})(?![^\W_])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s(?![^\W_])")
_TAG = re.compile(r"<[^>]*>")
_DOSE = re.compile(rf"(?<![^\W_])(\d+(?:\.\d+)?)({'|'.join(sorted(UNITS, key=len, reverse=True))})(?![^\W_])")
_WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+")


def fold(text: str) -> str:
    """Lower case without accents; the length may change."""
    if text.isascii():
        return text.lower()
    # Twice, because decomposing makes new capitals: ™ becomes TM.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text.casefold()).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


def tokenize(text: str) -> list[str]:
    """The words of a text in order, each at most 64 characters long."""
    folded = fold(text)
    if "." in folded:
        folded = _DOTTED_CODE.sub(r"\1\2", folded)
    if "," in folded:
        folded = _THOUSANDS.sub("", folded)
    if "'" in folded or "’" in folded:
        folded = _POSSESSIVE.sub("", folded)
    folded = _DOSE.sub(r"\1 \2", folded)
    return [word[:WORD_LENGTH].rstrip(".") for word in _WORD.findall(folded)]


def index_words(words: list[str]) -> list[str]:
    """What is indexed of the words of a text: they, their stems, and each number together with its unit (10mg)."""
    indexed = list(words)
    indexed += [as_stem(form) for word in words if (form := stem(word)) != word]
    indexed += [number + unit for number, unit in doses_of(words)]
    return indexed + letters_joined(words)


def letters_joined(words: list[str]) -> list[str]:
    """Single letters together with the word behind them: xray, tcell, csection."""
    pairs = [(letter, word) for letter, word in pairwise(words) if len(letter) == 1 and letter not in SMALL_WORDS]
    return [letter + word for letter, word in pairs if 2 < len(word) < WORD_LENGTH and (letter + word).isalpha()]


def as_stem(form: str) -> str:
    """How a stem is indexed beside the words: with a sign that begins no word."""
    return f".{form}"


def doses_of(words: list[str]) -> list[tuple[str, str]]:
    """Numbers with the units that follow them, the units without their ending."""
    pairs = pairwise(words)
    return [(number, stem(unit)) for number, unit in pairs if is_dose(number, unit)]


def is_dose(number: str, unit: str) -> bool:
    """Whether two words are a number and its unit, and together no longer than a word may be."""
    return unit in UNITS and number.replace(".", "").isdigit() and len(number) <= WORD_LENGTH - LONGEST_UNIT


def without_small_words(words: list[str]) -> list[str]:
    """The words that say something; all of them where none does. An `a` at the end is no article: hepatitis A."""
    last = len(words) - 1
    return [word for at, word in enumerate(words) if word not in SMALL_WORDS or (word == "a" and at == last)] or words


def key_of(words: list[str]) -> str:
    """How the words of a name are compared as a whole: in any order, without small words and plurals.

    Empty for what is longer than 200 characters, which nobody types as a whole.
    """
    key = " ".join(sorted({singular(word) for word in without_small_words(words)}))
    return key if len(key) <= KEY_LENGTH else ""


def phrase_key(words: list[str]) -> str:
    """How an everyday phrase is compared: its words in order, without small words.

    A phrase of several words is found in any form of them (throwing up); a single word in singular and plural alone,
    because other forms of it often mean something else (padding).
    """
    told = without_small_words(words)
    return singular(told[0]) if len(told) == 1 else " ".join(map(stem, told))


def head_of(words: list[str]) -> str:
    """The word that a description is about: the first that does not only lead to it. Indexed behind a sign."""
    told = [word for word in words if word not in SMALL_WORDS and word not in LEADING_WORDS]
    return as_head(told[0]) if told else ""


def as_head(word: str) -> str:
    return f"=={singular(word)}"


def meant_stems(words: str) -> list[str]:
    """The stems of the words that an everyday phrase means."""
    return [stem(word) for word in without_small_words(tokenize(words))]


def text_of_html(clean_html: str) -> str:
    """The text of HTML that procedures.markdown made: no tags, no character references."""
    return html.unescape(_TAG.sub(" ", clean_html))
