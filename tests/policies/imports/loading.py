"""How the tests of the loader state what a source says, and look at what is stored: never by primary key."""

import datetime

from policies.changes import PolicyState
from policies.facts import code_facts
from policies.imports.loader import load_policies
from policies.imports.records import ImportReport, PlanRecord, PolicyRecord, ReadPolicies
from policies.imports.summary import LoadSummary
from policies.models import Policy

PLAN = PlanRecord("Example Health", kind="commercial")
DAY = datetime.date(2025, 3, 1)


def named(*codes: str, source: str = "List of codes", **columns) -> dict:
    """Codes of HCPCS that a document names, each with these columns."""
    return {f"hcpcs:{code}|named|": code_facts(source=source, **columns) for code in codes}


def stated(number: str = "MP-1", codes=None, *, issuer="example", kind="payer-policy", row=2, **facts) -> PolicyRecord:
    """A policy as a source has it: its facts are the title and what is given."""
    facts = {"title": f"Policy {number}", **facts}
    return PolicyRecord(issuer, kind, number, facts, codes, "list.csv", row)


def reading(*records: PolicyRecord, plans=None, as_of=DAY, verified=None, complete=False, kind="csv", **fields):
    """A source that names these policies; a `complete` one names all that there are."""
    plans = {"example": PLAN, "cms": PlanRecord("CMS"), **(plans or {})}
    if complete:
        fields["is_complete_for"] = lambda kind, issuer: True
    return ReadPolicies(kind, "list.csv", as_of, verified, plans, list(records), ImportReport(), **fields)


def load(*records: PolicyRecord, dry_run=False, skip_errors=False, only_add=False, **options) -> LoadSummary:
    read = reading(*records, **options)
    return load_policies(read, dry_run=dry_run, skip_errors=skip_errors, only_add=only_add)


def get_policy(number: str = "MP-1") -> Policy:
    return Policy.objects.get(number=number)


def facts_of(number: str = "MP-1") -> dict:
    return PolicyState.of(get_policy(number)).facts


def codes_of(number: str = "MP-1") -> list[str]:
    """The codes that a policy names, with what else it says of them."""
    rows = get_policy(number).policy_codes.order_by("code__normalized", "label")
    said = ((row.code.code, row.label, row.prior_authorization) for row in rows)
    return [" ".join(word for word in words if word not in ("", "unknown")) for words in said]


def revisions(number: str = "MP-1") -> list[tuple[str, int, int, int]]:
    """Kind, and codes added, dropped and changed, of each revision in turn."""
    rows = get_policy(number).revisions.order_by("number")
    return list(rows.values_list("kind", "codes_added", "codes_dropped", "codes_changed"))
