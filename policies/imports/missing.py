"""Finds policies that have gone from their source: an editor looks at them, nothing is retired or deleted."""

from policies.imports.held import HeldPolicies
from policies.imports.plans import PlanBook
from policies.imports.records import ReadPolicies
from policies.models import Policy, PolicySource


def missing_policies(read: ReadPolicies, plans: PlanBook, listed: set[int]) -> list[Policy]:
    """Policies of the same kind of source that a full source does not list, and that are not marked so already.

    `listed` are the primary keys of those that it lists. Those left out because of a problem are not missing, nor those
    known from a newer import.
    """
    imported = PolicySource.objects.filter(loaded_from__kind=read.kind, loaded_from__as_of__lte=read.as_of).order_by()
    pairs = set(imported.values_list("policy__kind", "policy__issuer__slug").distinct())
    complete = [pair for pair in sorted(pairs) if read.is_complete_for(*pair)]
    if not complete:
        return []
    listed = listed | _left_out(read, plans)
    missing = []
    for kind, issuer in complete:
        policies = Policy.objects.filter(kind=kind, issuer__slug=issuer, missing_since__isnull=True)
        policies = policies.filter(imported__in=imported).only("number", "title").order_by("number", "title", "pk")
        missing += [policy for policy in policies.iterator() if policy.pk not in listed]
    return missing


def _left_out(read: ReadPolicies, plans: PlanBook) -> set[int]:
    """The policies of which the source tells, but not what it says."""
    names = [(plans.slug_of(issuer), kind, name) for issuer, kind, name in sorted(read.left_out) if name]
    held = HeldPolicies(issuer for issuer, _, _ in names)
    numbered = held.match([(issuer, kind, name, "") for issuer, kind, name in names])
    titled = held.match([(issuer, kind, "", name) for issuer, kind, name in names])
    return {each.pk for each in (*numbered, *titled) if each}
