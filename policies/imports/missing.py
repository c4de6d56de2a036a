"""Finds policies that have gone from their source: an editor looks at them, nothing is retired or deleted."""

from django.utils import timezone

from policies.imports.held import HeldPolicies
from policies.imports.plans import PlanBook
from policies.imports.records import ReadPolicies
from policies.models import HealthPlan, Policy, PolicyImport, PolicySource
from procedures.batches import batches


def missing_policies(read: ReadPolicies, plans: PlanBook, listed: set[int]) -> list[Policy]:
    """Policies of the same kind of source that a full source does not list, and that are not marked so already.

    `listed` are the primary keys of those that it lists. Those left out because of a problem are not missing, nor those
    known from a newer import, nor retired ones, which sources cease to list.
    """
    older = set(PolicyImport.objects.filter(kind=read.kind, as_of__lte=read.as_of).values_list("pk", flat=True))
    # Each table by itself: to join thousands of rows that were written in the same transaction, of which it knows
    # nothing yet, PostgreSQL may compare each with each.
    sources = PolicySource.objects.filter(kind=read.kind).order_by().values_list("policy_id", "loaded_from")
    unlisted = {policy for policy, loaded_from in sources if loaded_from in older} - listed
    slugs = dict(HealthPlan.objects.order_by().values_list("pk", "slug"))
    ended = Policy.objects.ended(timezone.localdate()).values("pk")
    missing = []
    for pks in batches(sorted(unlisted)):
        policies = Policy.objects.filter(pk__in=pks, missing_since__isnull=True).exclude(pk__in=ended)
        for policy in policies.only("kind", "issuer", "number", "title").order_by():
            if read.is_complete_for(policy.kind, slugs[policy.issuer_id]):
                missing.append(policy)
    left_out = _left_out(read, plans) if missing else set()
    missing = [policy for policy in missing if policy.pk not in left_out]
    return sorted(missing, key=lambda each: (each.kind, slugs[each.issuer_id], each.number, each.title, each.pk))


def _left_out(read: ReadPolicies, plans: PlanBook) -> set[int]:
    """The policies of which the source tells, but not what it says."""
    names = [(plans.slug_of(issuer), kind, name) for issuer, kind, name in sorted(read.left_out) if name]
    held = HeldPolicies((issuer for issuer, _, _ in names), read.kind)
    numbered = held.match([(issuer, kind, name, "") for issuer, kind, name in names])
    titled = held.match([(issuer, kind, "", name) for issuer, kind, name in names])
    return {each.pk for each in (*numbered, *titled) if each}
