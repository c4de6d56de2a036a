"""What an import of policies did, or would do."""

from collections import Counter
from dataclasses import dataclass, field

from policies.changes import PolicyState
from policies.imports.differences import (
    MOST_CODES_SHOWN,
    Difference,
    code_differences,
    code_of,
    fact_differences,
    listed,
    shortened,
)
from policies.imports.records import ImportReport
from policies.models import Policy, PolicyCodeChange, PolicyRevision

# Entries of one kind that a summary holds; more are only counted.
MOST_CHANGES = 200


@dataclass(slots=True)
class PolicyDifference:
    """A policy that changed. `kind` is that of its revision, "missing" or "withheld"; `what` are lines to read."""

    kind: str
    number: str
    title: str
    what: list[str]

    def __str__(self):
        name = f"{self.number} {self.title}".strip()
        return "\n    ".join([f"{self.kind}: {name}", *self.what])


@dataclass(slots=True)
class LoadSummary:
    """Counts of policies, unless the name says otherwise, and the first changes of each kind.

    `changed` are those with a revision, of which some are `retired` or `reinstated`. `verified` are those whose day of
    verification moved on. `withheld` are those of which an editor has to decide something, from this import or an
    earlier one. `superseded` are those known from a newer import, `left_out` those with problems. `references_unknown`
    counts documents that are named and not held. Codes that no code system has and what was dropped are in the report.
    """

    report: ImportReport
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    retired: int = 0
    reinstated: int = 0
    missing: int = 0
    found_again: int = 0
    verified: int = 0
    withheld: int = 0
    superseded: int = 0
    left_out: int = 0
    plans_added: int = 0
    codes_added: int = 0
    codes_dropped: int = 0
    codes_changed: int = 0
    references_unknown: Counter = field(default_factory=Counter)
    changes: list[PolicyDifference] = field(default_factory=list)
    changes_by_kind: Counter = field(default_factory=Counter)

    def note_change(self, change: PolicyDifference) -> None:
        self.changes_by_kind[change.kind] += 1
        if self.changes_by_kind[change.kind] <= MOST_CHANGES:
            self.changes.append(change)

    def note_revision(
        self,
        policy: Policy,
        before: PolicyState | None,
        after: PolicyState,
        revision: PolicyRevision,
        code_changes: list[PolicyCodeChange],
    ) -> None:
        """Counts a revision and tells what it changed; of a new policy only its codes."""
        self.added += before is None
        self.changed += before is not None
        self.retired += revision.kind == PolicyRevision.Kind.RETIRED
        self.reinstated += revision.kind == PolicyRevision.Kind.REINSTATED
        self.codes_added += revision.codes_added
        self.codes_dropped += revision.codes_dropped
        self.codes_changed += revision.codes_changed
        if self.changes_by_kind[revision.kind] >= MOST_CHANGES:
            self.changes_by_kind[revision.kind] += 1
            return
        what = [_in_one_line(each) for each in fact_differences(before.facts, after.facts)] if before else []
        what += _code_lines(before, after, code_changes)
        self.note_change(PolicyDifference(revision.kind, policy.number, policy.title, what))

    def note_withheld(self, policy: Policy, state: PolicyState, facts: dict, codes: dict) -> None:
        """Tells what an editor has to decide: these facts and codes of the source differ from the policy's."""
        self.withheld += 1
        differences = [_in_one_line(each) for each in fact_differences(state.facts, facts)]
        in_codes = code_differences(state.codes, codes)
        differences += [_in_one_line(each) for each in in_codes[:MOST_CODES_SHOWN]]
        if len(in_codes) > MOST_CODES_SHOWN:
            differences.append(f"and {len(in_codes) - MOST_CODES_SHOWN:,} more codes")
        self.note_change(PolicyDifference("withheld", policy.number, policy.title, differences))

    def as_counts(self) -> dict:
        """As stored with the PolicyImport and shown at the end: numbers by what they count."""
        names = ("read", "added", "changed", "unchanged", "retired", "reinstated", "missing", "found_again")
        names += ("verified", "withheld", "superseded", "left_out", "plans_added")
        names += ("codes_added", "codes_dropped", "codes_changed")
        return {
            **{name: getattr(self, name) for name in names},
            "codes_unknown": len(self.report.unknown_codes),
            "references_unknown": len(self.references_unknown),
            "dropped": dict(self.report.dropped),
        }


def _in_one_line(difference: Difference) -> str:
    return f"{difference.what}: {shortened(difference.ours)} → {shortened(difference.theirs)}"


def _code_lines(before: PolicyState | None, after: PolicyState, changes: list[PolicyCodeChange]) -> list[str]:
    states = [state for state in (before, after) if state]
    codes = {code_id: code_of(key) for state in states for key, code_id in state.code_ids.items()}
    lines = []
    for kind, words in (("added", "codes added"), ("dropped", "codes dropped"), ("changed", "codes changed")):
        texts = [
            codes[change.code_id] + (f" ({change.before} → {change.after})" if kind == "changed" else "")
            for change in changes
            if change.kind == kind
        ]
        if texts:
            lines.append(f"{words}: {listed(sorted(texts))}")
    return lines
