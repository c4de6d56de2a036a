"""Words of texts and of queries: the one tokenizer of both engines.

Both engines are given words that were already cut here, so that the same text has the same words on SQLite and
PostgreSQL. `A00.0` becomes `a000`, `1,000` becomes `1000`, `0.1` stays one word, `Alzheimer's` becomes `alzheimer`.
"""

import html
import re
import unicodedata

WORD_LENGTH = 64

_DOTTED_CODE = re.compile(r"(?<![^\W_])([a-z][0-9][0-9a-z])\.([0-9a-z]{1,4})(?![^\W_])")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_POSSESSIVE = re.compile(r"['’]s(?![^\W_])")
_TAG = re.compile(r"<[^>]*>")
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
    return [word[:WORD_LENGTH].rstrip(".") for word in _WORD.findall(folded)]


def text_of_html(clean_html: str) -> str:
    """The text of HTML that procedures.markdown made: no tags, no character references."""
    return html.unescape(_TAG.sub(" ", clean_html))
