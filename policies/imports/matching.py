"""Finds out which policy each record of a source means."""

from dataclasses import dataclass, field

from policies.imports.checks import report_problem
from policies.imports.held import HeldPolicies, HeldPolicy, PolicyName
from policies.imports.plans import PlanBook
from policies.imports.records import PolicyRecord, ReadPolicies


@dataclass(slots=True)
class MatchedRecords:
    """The records of `new` policies, and of those that are `known`."""

    plans: PlanBook
    held: HeldPolicies
    new: list[PolicyRecord] = field(default_factory=list)
    known: list[tuple[PolicyRecord, HeldPolicy]] = field(default_factory=list)

    def name_of(self, record: PolicyRecord) -> PolicyName:
        return _name_of(record, self.plans)


def match_records(read: ReadPolicies, records: list[PolicyRecord], plans: PlanBook) -> MatchedRecords:
    """Parts the records. Two of one policy are a problem, and so is a new one whose number an editor gave away."""
    records = _each_once(read, records, plans)
    names = [_name_of(record, plans) for record in records]
    held = HeldPolicies((issuer for issuer, *_ in names), read.kind)
    matched = MatchedRecords(plans, held)
    for record, name, known in zip(records, names, held.match(names), strict=True):
        if known:
            matched.known.append((record, known))
        elif other := held.with_number_of(name):
            text = f"an editor gave its number to “{other.title}”, which has another name in the source"
            report_problem(read, record, text)
        else:
            matched.new.append(record)
    return matched


def _each_once(read: ReadPolicies, records: list[PolicyRecord], plans: PlanBook) -> list[PolicyRecord]:
    """Without those that another record names already, which are problems."""
    first: dict[PolicyName, PolicyRecord] = {}
    for record in records:
        other = first.setdefault(_name_of(record, plans), record)
        if other is not record:
            place = f"row {other.row} of {other.file}" if other.row else other.file
            report_problem(read, record, f"{place} is of the same policy")
    return list(first.values())


def _name_of(record: PolicyRecord, plans: PlanBook) -> PolicyName:
    title = "" if record.number else record.facts["title"]
    return plans[record.issuer].slug, record.kind, record.number, title
