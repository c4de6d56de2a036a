"""Reads our CSV of health-plan policies: one row a policy, or several where its codes need more room.

Columns, in any order: plan, title (both needed), policy_number, url, kind, effective_date, last_reviewed, prior_auth,
codes; also status, retired_date, summary, article_type. The codes are free text: see policies.imports.code_lists.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.utils import timezone
from django.utils.text import slugify

from policies.facts import Codes, Facts, code_facts, code_key, split_code_key
from policies.imports.checks import check_plan, check_record
from policies.imports.code_lists import display_form, read_code_list
from policies.imports.code_table import CodeTable
from policies.imports.csv_facts import FACT_COLUMNS, NOTHING, one_line, read_facts, read_kind, read_prior_authorization
from policies.imports.csv_rows import CsvRow, CsvTable, open_csv
from policies.imports.differences import shortened
from policies.imports.merge import is_blank
from policies.imports.plans import LONGEST_SLUG
from policies.imports.records import ImportReport, PlanRecord, PolicyRecord, ReadPolicies
from policies.models import CMS, HealthPlan, Policy, PolicyImport
from procedures.code_sets.loader import no_progress
from procedures.code_sets.records import RefusedFile

REQUIRED = ("plan", "title")
COLUMNS = ("plan", "policy_number", "title", "url", "kind", "effective_date", "last_reviewed", "prior_auth", "codes")
COLUMNS += tuple(column for column in FACT_COLUMNS if column not in COLUMNS)

SOURCE = "Policy list of the plan"
MOST_POLICIES = 100_000
# Codes named by all policies together; ranges can name a million in a small file.
MOST_NAMED_CODES = 1_000_000
# Different unknown codes that are told apart; of more, only those known already are counted.
MOST_UNKNOWN = 100_000

Progress = Callable[..., Iterable]


def read_csv_list(
    path: Path, *, verified: datetime.date | None = None, partial: bool = False, progress: Progress = no_progress
) -> ReadPolicies:
    """Everything in the file; `verified` is the day on which the list was what the plans said, where that is known.

    A payer policy that is absent is taken for gone where the file names others of its issuer, unless the file is
    `partial`, or it is not certain of which policies all its rows are: of documents of Medicare, a plan has not all.
    The values of PolicyRecord.codes are shared by policies. Raises RefusedFile where nothing can be read.
    """
    with open_csv(path, known=COLUMNS, required=REQUIRED) as table:
        reading = _Reading(table)
        for row in progress(table.rows, desc="Reading", unit=" rows"):
            reading.read_row(row)
    return reading.result(verified, partial=partial)


# Issuer, kind, number, and where there is none the title.
_Name = tuple[str, str, str, str]


@dataclass(slots=True)
class _Entry:
    """A policy of the file, broken where one of its rows has a problem; the row that named each code first."""

    record: PolicyRecord
    is_broken: bool = False
    code_rows: dict[str, int] = field(default_factory=dict)


class _Reading:
    """One file being read, row by row."""

    def __init__(self, table: CsvTable):
        self.file, self.columns = table.name, frozenset(table.columns)
        self.report = ImportReport()
        self.plans: dict[str, PlanRecord] = {}
        self.entries: dict[_Name, _Entry] = {}
        self.is_uncertain = False
        self.code_table = CodeTable.whole()
        self.code_count = 0
        self._known_plans = _KnownPlans()
        # One key and one value where the same is said of a code by many policies.
        self._keys: dict[tuple[str, str], str] = {}
        self._values: dict[tuple[str, str], dict[str, str]] = {}
        for column in table.unknown_columns:
            self.report.note(self.file, None, f"the column “{column[:60]}” is not known and was not read.")

    def read_row(self, row: CsvRow) -> None:
        self.report.counts["rows read"] += 1
        problems: list[str] = []
        name, facts = self._read_policy(row, problems)
        codes = None if row.problem else self._read_codes(row, problems)
        if row.problem:
            # What follows from the break needs no line of its own.
            problems = [row.problem]
        # A row that breaks may be of another policy than it seems, and a file that is cut lacks some.
        self.is_uncertain |= name is None or bool(row.problem)
        if name is not None:
            entry = self.entries.get(name)
            if entry is None:
                if len(self.entries) == MOST_POLICIES:
                    raise RefusedFile(self.file, f"it holds more than {MOST_POLICIES:,} policies.", row.line)
                entry = self._begin(row, name, facts, codes)
                problems += [] if problems else _check_facts(entry.record)
            elif not problems:
                self._continue(entry, row, facts, codes, problems)
            if problems:
                entry.is_broken, entry.record.codes = True, None
        for problem in problems:
            self.report.problem(self.file, row.number, _with_line(row, problem))

    def _read_policy(self, row: CsvRow, problems: list[str]) -> tuple[_Name | None, Facts]:
        """The policy that a row is of, None where that cannot be told, and its facts."""
        cells = row.cells
        facts, fact_problems, notes = read_facts(cells)
        problems += fact_problems
        for note in () if row.problem else notes:
            self._note(row, note)
        kind = ""
        try:
            kind = read_kind(cells.get("kind", ""))
        except ValueError as error:
            problems.append(f"kind: {error}")
        plan = one_line(cells.get("plan", ""))
        if not plan:
            problems.append("the row names no plan")
        elif plan_problems := check_plan(PlanRecord(plan)):
            problems += plan_problems
            plan = ""
        number, title = one_line(cells.get("policy_number", "")), facts.get("title", "")
        if number.lower() in NOTHING:
            number = ""
        if not title and "title" in cells and not any(problem.startswith("title:") for problem in problems):
            problems.append("the row has no title")
        breaks_before_name = self.columns & {"kind", "policy_number"} - cells.keys()
        if breaks_before_name or not (plan and kind and (number or title)):
            return None, facts
        issuer = key = self._plan(plan, row)
        facts["plans"] = [key]
        if kind != Policy.Kind.PAYER_POLICY:
            number, issuer = number.upper(), self._plan(CMS, row)
            facts["plans"] = [] if key == issuer else [key]
        return (issuer, kind, number, "" if number else title), facts

    def _begin(self, row: CsvRow, name: _Name, facts: Facts, codes: Codes | None) -> _Entry:
        issuer, kind, number, _ = name
        entry = _Entry(PolicyRecord(issuer, kind, number, facts, codes, self.file, row.number))
        entry.code_rows = dict.fromkeys(codes or (), row.number)
        self.entries[name] = entry
        return entry

    def _plan(self, name: str, row: CsvRow) -> str:
        """The key of a plan: its slug, or what that would be."""
        key, record, is_known = self._known_plans.find(name)
        if key not in self.plans:
            self.plans[key] = record
            if not is_known:
                self._note(row, f"the plan “{name}” is new")
        return key

    def _read_codes(self, row: CsvRow, problems: list[str]) -> Codes | None:
        """The codes of a row; None where the file has no such column."""
        authorization = "unknown"
        try:
            authorization = read_prior_authorization(row.cells.get("prior_auth", ""))
        except ValueError as error:
            problems.append(f"prior_auth: {error}")
        if "codes" not in self.columns:
            return None
        found = read_code_list(row.cells["codes"], self.code_table)
        problems += [f"codes: {problem}" for problem in found.problems]
        for note in found.notes:
            self._note(row, f"codes: {note}")
        if authorization != "unknown" and not found.codes:
            self._note(row, "what it says of prior authorization is not kept, as it names no known code")
        self.report.dropped.update(found.dropped)
        unknown = self.report.unknown_codes
        for code, count in found.unknown.items():
            if code in unknown or len(unknown) < MOST_UNKNOWN:
                unknown[code] += count
        self.code_count += len(found.codes)
        if self.code_count > MOST_NAMED_CODES:
            raise RefusedFile(self.file, f"its policies name more than {MOST_NAMED_CODES:,} codes.", row.line)
        return {self._key(system, code): self._value(authorization, named) for system, code, named in found.codes}

    def _key(self, system: str, normalized: str) -> str:
        pair = (system, normalized)
        if pair not in self._keys:
            self._keys[pair] = code_key(system, normalized)
        return self._keys[pair]

    def _value(self, authorization: str, named: str) -> dict[str, str]:
        pair = (authorization, named)
        if pair not in self._values:
            self._values[pair] = code_facts(prior_authorization=authorization, range=named, source=SOURCE)
        return self._values[pair]

    def _continue(self, entry: _Entry, row: CsvRow, facts: Facts, codes: Codes | None, problems: list[str]) -> None:
        """Adds to a policy what a further row says of it, where the two do not contradict each other."""
        record = entry.record
        self._note(row, f"row {row.number:,} continues row {record.row:,}")
        if entry.is_broken:
            return
        ours = record.facts
        for name, value in facts.items():
            if name == "plans":
                ours["plans"] = sorted({*ours["plans"], *value})
            elif is_blank(name, ours[name], record.number):
                ours[name] = value
            elif ours[name] != value and not is_blank(name, value, record.number):
                was, now = (shortened(str(text)) for text in (ours[name], value))
                problems.append(f"it continues row {record.row:,}, but its {name} is “{now}” instead of “{was}”")
        for key, columns in (codes or {}).items():
            held = record.codes.get(key, columns)
            if _contradict(held, columns):
                system, code = split_code_key(key)[:2]
                was, now = held["prior_authorization"], columns["prior_authorization"]
                problems.append(
                    f"prior_auth: {display_form(system, code)} has “{now}”, but “{was}” in row {entry.code_rows[key]:,}"
                )
            record.codes[key] = _together(held, columns)
            entry.code_rows.setdefault(key, row.number)
        problems += [] if problems else _check_facts(record)

    def _note(self, row: CsvRow, text: str) -> None:
        self.report.note(self.file, row.number, _with_line(row, text))

    def result(self, verified: datetime.date | None, *, partial: bool) -> ReadPolicies:
        good = [entry.record for entry in self.entries.values() if not entry.is_broken]
        is_complete = not partial and not self.is_uncertain
        named = ((kind, issuer) for issuer, kind, _, _ in self.entries if kind == Policy.Kind.PAYER_POLICY)
        complete = frozenset(named if is_complete else ())
        if self.is_uncertain and not partial:
            text = "it is not certain of which policies all its rows are, so none is taken for missing."
            self.report.note(self.file, None, text)
        self.report.counts["codes named"] = sum(len(record.codes or ()) for record in good)
        return ReadPolicies(
            kind=PolicyImport.Kind.CSV.value,
            source_name=self.file,
            as_of=verified or timezone.localdate(),
            verified=verified,
            plans=self.plans,
            policies=good,
            report=self.report,
            is_complete_for=lambda kind, issuer_slug: (kind, issuer_slug) in complete,
            left_out={
                (issuer, kind, number or title)
                for (issuer, kind, number, title), entry in self.entries.items()
                if entry.is_broken
            },
        )


class _KnownPlans:
    """The health plans that are held, by name and slug in any case."""

    def __init__(self):
        plans = list(HealthPlan.objects.order_by("pk").values_list("slug", "name"))
        self._by_slug = {slug.lower(): (slug, PlanRecord(name)) for slug, name in plans}
        self._by_name = {_folded(name): (slug, PlanRecord(name)) for slug, name in plans}

    def find(self, name: str) -> tuple[str, PlanRecord, bool]:
        """Its key, its record, and whether it is held."""
        slug = slugify(name)[:LONGEST_SLUG].strip("-_")
        known = self._by_name.get(_folded(name)) or self._by_slug.get(name.lower()) or self._by_slug.get(slug)
        if known:
            return *known, True
        return slug or _folded(name), PlanRecord(name), False


def _folded(name: str) -> str:
    return one_line(name).casefold()


def _check_facts(record: PolicyRecord) -> list[str]:
    """What keeps a record from being stored, apart from its codes, which are in order as they come from the table."""
    return check_record(replace(record, codes=None))


def _contradict(held: dict[str, str], columns: dict[str, str]) -> bool:
    values = [side["prior_authorization"] for side in (held, columns) if "prior_authorization" in side]
    return len(set(values)) > 1


def _together(held: dict[str, str], columns: dict[str, str]) -> dict[str, str]:
    """What two rows say of a code; one that names it by itself needs no range."""
    if held == columns:
        return held
    said = {**columns, **held}
    if not ("range" in held and "range" in columns):
        said.pop("range", None)
    return said


def _with_line(row: CsvRow, text: str) -> str:
    """Ends the text, and tells the line of the file where that is not the row: texts can have several lines."""
    text = text.rstrip(".")
    return f"{text}." if row.line == row.number else f"{text} (line {row.line:,} of the file)."
