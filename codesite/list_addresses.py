"""What the address of a list of the desk may ask for: Django hands values to the database that it cannot take."""

import datetime
import re

from django.http import HttpRequest
from django.utils.dateparse import parse_date, parse_datetime

# What is searched for may be any text.
SEARCHES = ("q", "term")

# Days far from these have no moment in some time zones.
YEARS = range(1900, 2900)
LARGEST_NUMBER = 2**31 - 1
_YEAR = re.compile(r"__(?:iso_)?year(?:__|$)")
_PATTERN = re.compile(r"__i?regex$")


def can_be_asked(request: HttpRequest) -> bool:
    """Whether the filters in the address of a list hold no day, number or pattern that makes a database fail.

    Addresses of other pages are not looked at.
    """
    match = request.resolver_match
    if match is None or not (match.url_name or "").endswith(("_changelist", "_export")):
        return True
    return all(
        not _PATTERN.search(name) and all(_is_possible(name, each) for text in texts for each in text.split(","))
        for name, texts in request.GET.lists()
        if name not in SEARCHES
    )


def _is_possible(name: str, text: str) -> bool:
    if re.fullmatch(r"\s*[-+]?\d+\s*", text):
        if _YEAR.search(name):
            return len(text) < 20 and int(text) in YEARS
        # Django itself looks at keys and single numbers, but not at lists of them.
        return "__" not in name or (len(text) < 20 and abs(int(text)) <= LARGEST_NUMBER) or name.endswith("exact")
    day = _read_day(text)
    return day is None or day.year in YEARS


def _read_day(text: str) -> datetime.date | None:
    """A day or moment as Django reads it; None for anything else, which Django answers by itself."""
    try:
        return parse_datetime(text) or parse_date(text)
    except ValueError:
        return None
