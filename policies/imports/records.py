"""What the readers of policies give to the loader, and the report of what they met."""

import datetime
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from policies.facts import Codes, Facts

# Lines of one kind that a report holds; more are only counted.
MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class ReportLine:
    """Something that the reader met: where (`file`, `row` from 1, None for the file as a whole), and what."""

    file: str
    row: int | None
    text: str

    def __str__(self):
        return f"{self.file}, row {self.row}: {self.text}" if self.row else f"{self.file}: {self.text}"


@dataclass(slots=True)
class ImportReport:
    """What was met while reading.

    `problems` keep a policy from being imported, and everything unless --skip-errors is given; `notes` do not. `counts`
    are numbers by what they count ("rows read"), `dropped` numbers by why ("CPT number"), `unknown_codes` the codes
    that no loaded code system has, with how often they were named.
    """

    problems: list[ReportLine] = field(default_factory=list)
    notes: list[ReportLine] = field(default_factory=list)
    problem_count: int = 0
    note_count: int = 0
    counts: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    unknown_codes: Counter = field(default_factory=Counter)

    def problem(self, file: str, row: int | None, text: str) -> None:
        self.problem_count += 1
        if len(self.problems) < MOST_LINES:
            self.problems.append(ReportLine(file, row, text))

    def note(self, file: str, row: int | None, text: str) -> None:
        self.note_count += 1
        if len(self.notes) < MOST_LINES:
            self.notes.append(ReportLine(file, row, text))


@dataclass(slots=True)
class PlanRecord:
    """A health plan as a source names it. `source_key` names it in its source, "" where the name does."""

    name: str
    kind: str = ""
    organization: str = ""
    contractor_number: str = ""
    region: str = ""
    website: str = ""
    source_key: str = ""


@dataclass(slots=True)
class PolicyRecord:
    """A policy as a source has it. `issuer` is a key of ReadPolicies.plans.

    `facts` holds only what the source states (see policies.facts); its `plans` are keys of ReadPolicies.plans.
    `codes` is None where the source says nothing of codes. `verified`, if it is set, stands for ReadPolicies.verified.
    """

    issuer: str
    kind: str
    number: str
    facts: Facts
    codes: Codes | None
    file: str
    row: int | None = None
    verified: datetime.date | None = None


def keep_none(source: str) -> bool:
    return False


def keep_no_reference(kind: str, key: str) -> bool:
    return False


def covers_nothing(kind: str, issuer_slug: str) -> bool:
    return False


@dataclass(slots=True)
class ReadPolicies:
    """Everything that a reader read.

    Of an excerpt, codes and documents may be missing that its source has. `as_of` is the day of which the source
    tells; `verified` the day on which that was what the issuers said, None where nobody knows. `keeps_codes` says
    of the `source` of a code held already whether this source, which does not state it, leaves it as it is (its
    table was missing); `keeps_references` says so of a kind of policy and the key of a document that it names.
    `is_complete_for` says of a kind of policy and the slug of its issuer whether a policy that is absent here has
    gone from the source. `left_out` names the policies that are absent from `policies` because of a problem:
    issuer, kind, and number or, without one, title, as in PolicyRecord.
    """

    kind: str
    source_name: str
    as_of: datetime.date
    verified: datetime.date | None
    plans: dict[str, PlanRecord]
    policies: list[PolicyRecord]
    report: ImportReport
    is_excerpt: bool = False
    keeps_codes: Callable[[str], bool] = keep_none
    keeps_references: Callable[[str, str], bool] = keep_no_reference
    is_complete_for: Callable[[str, str], bool] = covers_nothing
    left_out: set[tuple[str, str, str]] = field(default_factory=set)
