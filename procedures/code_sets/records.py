"""What every importer of a code system hands to the loader."""

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


class RefusedFile(Exception):
    """A source that cannot be imported. The message names the file, the line where there is one, and what to do."""

    def __init__(self, file: str, message: str, line: int | None = None):
        place = f"{file}, line {line}" if line else file
        super().__init__(f"{printable(place)}: {printable(message)}")


def printable(text: str) -> str:
    """A text from outside, such as the name of a file, with a question mark for what cannot be shown or stored."""
    return "".join(character if character.isprintable() else "?" for character in text)


@dataclass(slots=True)
class CodeRecord:
    """The facts that one release states of one code.

    `code` is the display form; `kind` is code, modifier or header; `indicators` are the CMS indicators as described in
    cms_indicators; `cross_references` are codes of the same system to which CMS refers; `action` is the CMS action code
    ("" where a release has none); `is_noc` marks a catch-all ("not otherwise classified"), which only HCPCS has.
    """

    code: str
    kind: str
    short: str
    long: str
    added: datetime.date | None = None
    effective: datetime.date | None = None
    terminated: datetime.date | None = None
    indicators: dict = field(default_factory=dict)
    cross_references: tuple[str, ...] = ()
    action: str = ""
    is_noc: bool = False


@dataclass(slots=True)
class ReadingReport:
    """What a parser passed over, and why: counts by reason, and the place of the first broken line."""

    passed_over: Counter = field(default_factory=Counter)
    first_broken: int | None = None

    def broken(self, line: int, reason: str) -> None:
        self.passed_over[reason] += 1
        self.first_broken = self.first_broken or line


# A release may hold a stray line; one line in a hundred that cannot be read means another layout or a damaged file.
MOST_BROKEN = 0.01

PREAMBLE_LINES = 40


def numbered(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines from 1, without their line breaks."""
    return ((number, line.rstrip("\r\n")) for number, line in enumerate(lines, 1))


def refuse_when_broken(file: str, kept: int, broken: int, report: ReadingReport, what: str) -> None:
    """Raises RefusedFile where nothing was kept or too many lines were broken."""
    if not kept:
        raise RefusedFile(file, f"this is not {what}: no line of it could be read.", report.first_broken or 1)
    if broken > MOST_BROKEN * (kept + broken):
        raise RefusedFile(
            file, f"{broken} of {kept + broken} lines are not of {what}; this is the first.", report.first_broken
        )
