"""Understands what a visitor typed; knows nothing of a database."""

import re
from dataclasses import dataclass

from procedures.models.codes import normalize
from procedures.search.text import is_dose, tokenize, without_small_words
from procedures.search.word_forms import stem

MOST_WORDS = 16

_MODIFIER_SHAPE = re.compile(r"[A-Za-z]{2}")
_CODE_SHAPE = re.compile(r"[A-Z0-9]{1,8}")


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query.

    `code` is the text as a normalized code or the beginning of one ("" where it has not the shape of a code);
    `code_has_dot` tells that it was written with the dot of ICD-10, after three characters; `modifier` is the text
    where it may be a modifier of two letters, which may also be a word or its beginning; `words` are the words to
    find, all of them, the last of which may be half typed; `words_left_out` counts those beyond the sixteenth.
    """

    text: str
    code: str
    code_has_dot: bool
    modifier: str
    words: tuple[str, ...]
    words_left_out: int

    @property
    def is_empty(self) -> bool:
        return not (self.code or self.words)


def parse_query(text: str) -> Query:
    """Parses any text; never fails."""
    words = list(dict.fromkeys(without_small_words(_with_doses(tokenize(text)))))
    code = _as_code(text)
    return Query(
        text=text.strip(),
        code=code,
        code_has_dot=bool(code) and "".join(text.split())[3:4] == ".",
        modifier=normalize(text) if _MODIFIER_SHAPE.fullmatch(text.strip()) else "",
        words=tuple(words[:MOST_WORDS]),
        words_left_out=max(0, len(words) - MOST_WORDS),
    )


def _with_doses(words: list[str]) -> list[str]:
    """The words, a number and the unit behind it as one: 10 mg is 10mg, as it stands in the index."""
    joined: list[str] = []
    for word in words:
        if joined and is_dose(joined[-1], word):
            joined[-1] += stem(word)
        else:
            joined.append(word)
    return joined


def _as_code(text: str) -> str:
    """The normalized code where the whole text could be one: up to 8 letters and digits with at least one digit.

    Some ICD-10-PCS codes, such as GZFZZZZ, have seven characters and no digit.
    """
    code = normalize(text)
    if not _CODE_SHAPE.fullmatch(code):
        return ""
    return code if len(code) == 7 or any(character.isdigit() for character in code) else ""
