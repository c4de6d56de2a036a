"""What every reader of a list of names hands to the loader."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from django.utils import timezone

from procedures.code_sets.loader import MOST_AHEAD
from procedures.code_sets.readers import MONTHS, VERSION
from procedures.code_sets.records import RefusedFile

# Level II of HCPCS without D, the codes of dentists, which are licensed as CPT is.
LEVEL_II = re.compile(r"[A-CE-V]\d{4}")
LONGEST_NAME = 300


@dataclass(frozen=True, slots=True)
class NameRecord:
    """One name that a list gives to a code; `code` is normalized, `kind` is one of CodeName.Kind."""

    code: str
    kind: str
    text: str


@dataclass(slots=True)
class ListingReport:
    """What a reader met: entries by what they are, what it dropped and why, with the places of the first of each."""

    read: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def drop(self, reason: str, example: str = "", *, most_examples: int = 5) -> None:
        self.dropped[reason] += 1
        examples = self.examples.setdefault(reason, [])
        if example and len(examples) < most_examples and example not in examples:
            examples.append(example)


class DrugList(Protocol):
    """A list of drugs that was read whole. Which name is whose may depend on the official descriptions."""

    source: str
    report: ListingReport

    def names(self, descriptions: Mapping[str, str]) -> Iterable[NameRecord]:
        """The names, given the official description of each HCPCS code that is held, by its normalized code."""


def release_in(*texts: str) -> str:
    """The year and month (2026-01) that the first of the texts to do so tells in numbers or in words; else ""."""
    for text in texts:
        if match := _NUMBERS.search(text):
            return f"{match['year']}-{match['month']}"
        if match := _WORDS.search(text):
            return f"{match['year'] or match['year_before']}-{_number_of(match['name'] or match['name_after']):02}"
    return ""


def year_in(*texts: str) -> str:
    """The first year that one of the texts tells, or ""."""
    return next((match[0] for text in texts if (match := _YEAR.search(text))), "")


def month_label(version: str) -> str:
    """Year and month in words: 2026-01 is January 2026."""
    return f"{date(int(version[:4]), int(version[5:]), 1):%B %Y}"


def version_of(label: str) -> str:
    """Year and month of a source whose label ends in them ("..., April 2026"); "" where it does not."""
    return release_in(label.rpartition(",")[2])


def refuse_bad_release(file: str, version: str) -> None:
    """Raises RefusedFile for a release that is no year and month, or is more than a year ahead."""
    if not VERSION.fullmatch(version):
        raise RefusedFile(file, f"--release {version} is not a year and month such as 2026-01.")
    if version > f"{timezone.localdate() + MOST_AHEAD:%Y-%m}":
        raise RefusedFile(file, f"a release of {version} is more than a year ahead.")


def _number_of(month: str) -> int:
    return next(number for number, name in enumerate(MONTHS, 1) if name.startswith(month[:3].lower()))


_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS)
_NUMBERS = re.compile(r"(?<!\d)(?P<year>20\d\d)[-_](?P<month>0[1-9]|1[0-2])(?!\d)")
_WORDS = re.compile(
    rf"(?i)(?<![a-z])(?P<name>{_MONTH})(?![a-z])[ _,-]*(?:\d?\d[ ,_-]+)?(?P<year>20\d\d)(?!\d)"
    rf"|(?<!\d)(?P<year_before>20\d\d)[ _-]*(?P<name_after>{_MONTH})(?![a-z])"
)
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
