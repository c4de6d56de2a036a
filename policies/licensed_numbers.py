"""Finds CPT and CDT numbers in texts: they and their descriptions belong to others and are not kept.

CPT (American Medical Association): five digits, or four digits and F, T, U, M or A. CDT (American Dental Association):
D and four digits.
"""

import re
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

REFUSED = (
    "Five digits, or D and four digits, are read as a CPT or CDT number, which may not be stored. "
    "Leave it out, or write a larger number with a comma (10,000)."
)

CPT_DROPPED = "CPT number, not licensed"
CDT_DROPPED = "CDT number, not licensed"

_CPT, _CDT = r"\d{5}|\d{4}[FTUMA]", r"D\d{4}"
_NUMBER = rf"(?:{_CPT}|{_CDT})"
_LICENSED = re.compile(rf"(?<![A-Z0-9]){_NUMBER}(?![A-Z0-9])|CPT\W?{_NUMBER}(?![A-Z0-9])", re.IGNORECASE)
_TRAILING = re.compile(
    rf"[\s(:,;–—-]*(?:\bfor\s+)?(?<![A-Z0-9])CPT\W{{0,2}}\s*(?:codes?)?\W{{0,2}}"
    rf"{_NUMBER}(?:\s*(?:-|–|,|and|to|/)\s*{_NUMBER})*\W*",
    re.IGNORECASE,
)
_ALONE = re.compile(rf"(?<![0-9A-Z.]){_NUMBER}(?![0-9A-Z])", re.IGNORECASE)

# Whether a whole text in capitals has the shape of such a number.
is_cpt = re.compile(_CPT).fullmatch
is_cdt = re.compile(_CDT).fullmatch


def holds_licensed_number(text: str) -> bool:
    return bool(_LICENSED.search(text))


def refuse_licensed_numbers(row: models.Model, fields: Iterable[str]) -> None:
    """Raises ValidationError for those of the fields of a row that hold such a number."""
    if held := [name for name in fields if holds_licensed_number(getattr(row, name))]:
        raise ValidationError(dict.fromkeys(held, REFUSED))


def without_licensed_number(title: str) -> str:
    """The title without the numbers that it names at its end ("... (CPT codes 00000-00001)").

    "" where the numbers stand elsewhere: then the title may be what the licensed description of a number says.
    """
    if not holds_licensed_number(title):
        return title
    match = _TRAILING.search(title)
    kept = title[: match.start()] if match and match.end() == len(title) else ""
    return "" if kept.endswith("Coding") or holds_licensed_number(kept) else kept.strip()


def hide_licensed_numbers(text: str) -> str:
    """A text for a report, in which no CPT or CDT number stands."""
    return _ALONE.sub("(CPT or CDT number)", text)
