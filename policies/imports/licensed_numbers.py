"""Finds CPT and CDT numbers in texts: they and their descriptions belong to others and are not kept.

CPT (American Medical Association): five digits, or four digits and F, T, U, M or A. CDT (American Dental Association):
D and four digits.
"""

import re

_NUMBER = r"(?:\d{5}|\d{4}[FTUMA]|D\d{4})"
_LICENSED = re.compile(rf"(?<![A-Z0-9]){_NUMBER}(?![A-Z0-9])|CPT\W?{_NUMBER}(?![A-Z0-9])", re.IGNORECASE)
_TRAILING = re.compile(
    rf"[\s(:,;–—-]*(?:\bfor\s+)?(?<![A-Z0-9])CPT\W{{0,2}}\s*(?:codes?)?\W{{0,2}}"
    rf"{_NUMBER}(?:\s*(?:-|–|,|and|to|/)\s*{_NUMBER})*\W*",
    re.IGNORECASE,
)


def holds_licensed_number(text: str) -> bool:
    return bool(_LICENSED.search(text))


def without_licensed_number(title: str) -> str:
    """The title without the numbers that it names at its end ("... (CPT codes 00000-00001)").

    "" where the numbers stand elsewhere: then the title may be what the licensed description of a number says.
    """
    if not holds_licensed_number(title):
        return title
    match = _TRAILING.search(title)
    kept = title[: match.start()] if match and match.end() == len(title) else ""
    return "" if kept.endswith("Coding") or holds_licensed_number(kept) else kept.strip()
