"""Finds the documents that facts name by the keys of policies.facts.reference_key."""

from collections.abc import Iterable

from django.db.models import QuerySet

from policies.facts import BY_PUBLIC_ID, policy_key
from policies.models import HealthPlan, Policy
from policies.models.policies import make_public_id

IssuerKey = tuple[int, str]


def find_documents(keys: Iterable[IssuerKey]) -> dict[IssuerKey, Policy]:
    """The policies of these keys, each with the primary key of the issuer in whose facts it stands.

    A number names the document that has it, or else the one that came with it and was given another one. Three queries
    at most, whose parameters are as many as the keys: for what one page shows, or one policy names.
    """
    wanted = set(keys)
    found = _find_by_number({key for key in wanted if not _is_public_id(key)})
    if rest := wanted - found.keys():
        found |= _find_by_public_id(rest)
    return found


def _find_by_number(wanted: set[IssuerKey]) -> dict[IssuerKey, Policy]:
    if not wanted:
        return {}
    numbers = {key.partition(":")[2] for _, key in wanted} - {""}
    policies = _policies().filter(issuer__in={issuer for issuer, _ in wanted}, number__in=numbers)
    found = {(policy.issuer_id, policy_key(policy.kind, policy.number)): policy for policy in policies}
    return {pair: found[pair] for pair in wanted & found.keys()}


def _find_by_public_id(wanted: set[IssuerKey]) -> dict[IssuerKey, Policy]:
    renumbered = {issuer for issuer, key in wanted if not _is_public_id((issuer, key))}
    plans = HealthPlan.objects.filter(pk__in=renumbered)
    slugs = dict(plans.values_list("pk", "slug")) if renumbered else {}
    public_ids = {}
    for issuer, key in wanted:
        kind, _, name = key.partition(":")
        # Of a number, the one that its document had when it came.
        public_ids[issuer, key] = name if kind == BY_PUBLIC_ID else make_public_id(slugs.get(issuer, ""), kind, name)
    policies = {policy.public_id: policy for policy in _policies().filter(public_id__in=public_ids.values())}
    found = {}
    for (issuer, key), public_id in public_ids.items():
        policy = policies.get(public_id)
        kind = key.partition(":")[0]
        if policy and kind in (BY_PUBLIC_ID, policy.kind if policy.issuer_id == issuer else ""):
            found[issuer, key] = policy
    return found


def _is_public_id(key: IssuerKey) -> bool:
    return key[1].startswith(f"{BY_PUBLIC_ID}:")


def _policies() -> QuerySet[Policy]:
    return Policy.objects.select_related("issuer").defer("summary").order_by()
