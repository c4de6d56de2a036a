"""Turns the cells of a list of policies into facts: days, words, texts."""

import datetime
import re

from policies.facts import DAY_FACTS, Facts
from policies.imports import html_text
from policies.licensed_numbers import holds_licensed_number, without_licensed_number
from policies.models import Policy, PolicyCode

# The columns that are facts, and which.
FACT_COLUMNS = {
    "title": "title",
    "url": "url",
    "effective_date": "effective",
    "last_reviewed": "last_reviewed",
    "retired_date": "retired",
    "status": "status",
    "article_type": "article_type",
    "summary": "summary",
}

YEARS = range(1900, 2101)
# How lists say that there is nothing.
NOTHING = ("", "na", "n/a", "-", "–", "—")
_MONTHS = ("january", "february", "march", "april", "may", "june", "july")
_MONTHS += ("august", "september", "october", "november", "december")
_DAY_SHAPES = [
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"),
    re.compile(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<day>\d{1,2})[- ](?P<name>[a-z]+)[- ](?P<year>\d{4})"),
    re.compile(r"(?P<name>[a-z]+)\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"),
]
_SENTENCES = re.compile(r"(?<=[.!?;])[ \t]+")
_MARKUP = re.compile(r"<[a-z!/?]|&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);", re.IGNORECASE)

Authorization = PolicyCode.PriorAuthorization
_AUTHORIZATION_WORDS = {
    **dict.fromkeys(("required", "yes", "pa required", "needed"), Authorization.AUTH_NEEDED.value),
    **dict.fromkeys(("not required", "no", "none needed"), Authorization.NO_AUTH.value),
    **dict.fromkeys(NOTHING, Authorization.UNKNOWN.value),
    **{value: value for value in Authorization.values},
}


def read_facts(cells: dict[str, str]) -> tuple[Facts, list[str], list[str]]:
    """The facts of the columns that are there, what is wrong with them, and what is worth a note."""
    facts: Facts = {}
    problems: list[str] = []
    notes: list[str] = []
    for column, fact in FACT_COLUMNS.items():
        if column not in cells:
            continue
        try:
            facts[fact], note = _read_cell(fact, cells[column])
        except ValueError as error:
            problems.append(f"{column}: {error}")
        else:
            notes += [f"{column}: {note}"] if note else []
    return facts, problems, notes


def read_kind(text: str) -> str:
    """The kind of policy; a payer policy where nothing is said. Raises ValueError with the kinds there are."""
    return _choose(text, Policy.Kind) or Policy.Kind.PAYER_POLICY.value


def read_prior_authorization(text: str) -> str:
    """The word of HL7 Da Vinci that is meant. Raises ValueError with the words that are understood."""
    try:
        return _AUTHORIZATION_WORDS[one_line(text).lower()]
    except KeyError:
        known = ", ".join(word for word in _AUTHORIZATION_WORDS if word not in NOTHING)
        raise ValueError(f"“{one_line(text)[:60]}” is none of these: {known}") from None


def read_day(text: str) -> str | None:
    """A day as 2025-01-31; None for "", "N/A" and the like. Raises ValueError.

    Days are written 2025-01-31, 01/31/2025 (the month first), 20250131, 31-Jan-2025 or January 31, 2025.
    """
    words = one_line(text).lower()
    if words in NOTHING:
        return None
    shown = one_line(text)[:40]
    for shape in _DAY_SHAPES:
        if match := shape.fullmatch(words):
            parts = match.groupdict()
            month = _month(parts["name"]) if "name" in parts else int(parts["month"])
            try:
                day = datetime.date(int(parts["year"]), month, int(parts["day"]))
            except ValueError:
                raise ValueError(f"there is no day “{shown}”") from None
            if day.year not in YEARS:
                raise ValueError(f"“{shown}” is not between {YEARS[0]} and {YEARS[-1]}")
            return day.isoformat()
    raise ValueError(f"“{shown}” is no day that can be read: write it as 2025-01-31 or 01/31/2025 (month first)")


def one_line(text: str) -> str:
    """The text with single blanks, also for what looks like one."""
    return " ".join(text.split())


def _read_cell(fact: str, text: str) -> tuple[str | None, str]:
    """The value of a fact, and a note or "". Raises ValueError."""
    if fact in DAY_FACTS:
        return read_day(text), ""
    if fact == "status":
        return _choose(text, Policy.Status) or Policy.Status.UNKNOWN.value, ""
    if fact == "article_type":
        return _choose(text, Policy.ArticleType), ""
    if fact == "url":
        return "" if text.lower() in NOTHING else text, ""
    return _read_title(text) if fact == "title" else _read_summary(text)


def _read_title(text: str) -> tuple[str, str]:
    cleaned = html_text.one_line(text) if _MARKUP.search(text) else one_line(text)
    note = "HTML was turned into text" if cleaned != one_line(text) else ""
    if holds_licensed_number(cleaned):
        cleaned, note = without_licensed_number(cleaned), "a CPT or CDT number was left out"
        if not cleaned:
            raise ValueError("it holds what looks like a CPT or CDT number, which may not be kept: leave it out")
    return cleaned, note


def _read_summary(text: str) -> tuple[str, str]:
    if _MARKUP.search(text):
        return html_text.summary_of(text)[0], "HTML was turned into text"
    # Line ends differ between programs.
    lines = text.splitlines()
    if not holds_licensed_number(text):
        return "\n".join(lines), ""
    kept = [" ".join(piece for piece in _SENTENCES.split(line) if not holds_licensed_number(piece)) for line in lines]
    return "\n".join(kept).strip(), "sentences with a CPT or CDT number were left out"


def _choose(text: str, choices) -> str:
    """The value that a word or label means, "" for nothing. Raises ValueError with the values there are."""
    words = one_line(text).lower()
    if words in NOTHING:
        return ""
    by_label = {str(label).lower(): value for value, label in choices.choices}
    value = words.replace(" ", "-").replace("_", "-")
    if value in choices.values:
        return value
    if words in by_label:
        return by_label[words]
    raise ValueError(f"“{one_line(text)[:60]}” is none of these: {', '.join(choices.values)}")


def _month(name: str) -> int:
    """1 to 12 for a month in full or by at least three letters; 0 for what is no month."""
    return next((number for number, month in enumerate(_MONTHS, 1) if len(name) > 2 and month.startswith(name)), 0)
