"""Reads the policies that the database holds, many at a time, for the loader."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from policies.changes import PolicyState
from policies.code_ids import names_of_codes
from policies.facts import CODE_COLUMNS, code_facts, code_key, facts_of, reference_key
from policies.imports.merge import Sides
from policies.models import HealthPlan, Policy, PolicyCode, PolicyImport, PolicyRevision, PolicySource, WithheldUpdate
from policies.models.policies import make_public_id
from procedures.batches import PK_BATCH, batches

# Slug of the issuer, kind, number, and the title by which a policy without number is known.
PolicyName = tuple[str, str, str, str]


@dataclass(slots=True)
class HeldPolicy:
    """What decides whether a policy needs a closer look.

    `as_of` is the day of the last import of this kind of source, None without one, and `name` what that source calls
    the policy.
    """

    pk: int
    issuer: str
    kind: str
    number: str
    title: str
    public_id: str
    last_verified: datetime.date | None
    missing_since: datetime.date | None
    as_of: datetime.date | None = None
    name: PolicyName | None = None
    has_others: bool = False
    has_withheld: bool = False

    @property
    def was_imported(self) -> bool:
        return bool(self.as_of) or self.has_others


class HeldPolicies:
    """The policies of some issuers (slugs), found as a source of some kind (PolicyImport.Kind) names them."""

    def __init__(self, issuers: Iterable[str], source_kind: str):
        slugs = dict(HealthPlan.objects.filter(slug__in=set(issuers)).values_list("pk", "slug"))
        columns = ("pk", "issuer", "kind", "number", "title", "public_id", "last_verified", "missing_since")
        # Each table by itself, here and below: how to join rows that were written in the same transaction, PostgreSQL
        # can only guess.
        rows = Policy.objects.filter(issuer__in=slugs).order_by("pk").values_list(*columns)
        self.by_pk = {pk: HeldPolicy(pk, slugs[issuer], *others) for pk, issuer, *others in rows}
        self._read_sources(source_kind)
        for pk in WithheldUpdate.objects.order_by().values_list("policy_id", flat=True):
            if pk in self.by_pk:
                self.by_pk[pk].has_withheld = True
        self._by_name: dict[PolicyName, HeldPolicy] = {}
        self._by_number: dict[PolicyName, HeldPolicy] = {}
        self._by_title: dict[PolicyName, HeldPolicy] = {}
        self._imported_by_public_id: dict[str, HeldPolicy] = {}
        for held in self.by_pk.values():
            if held.was_imported:
                self._imported_by_public_id[held.public_id] = held
            if held.name:
                self._by_name.setdefault(held.name, held)
            if held.number:
                self._by_number[held.issuer, held.kind, held.number, ""] = held
            else:
                self._by_title.setdefault((held.issuer, held.kind, "", held.title), held)

    def _read_sources(self, source_kind: str) -> None:
        days = dict(PolicyImport.objects.order_by().values_list("pk", "as_of"))
        rows = PolicySource.objects.order_by().values_list("policy_id", "kind", "loaded_from", "number", "facts__title")
        for pk, kind, loaded_from, number, title in rows:
            held = self.by_pk.get(pk)
            if held is None:
                continue
            if kind != source_kind:
                held.has_others = True
                continue
            held.as_of = days[loaded_from]
            held.name = (held.issuer, held.kind, number, "" if number else title or "")

    def match(self, names: list[PolicyName]) -> list[HeldPolicy | None]:
        """The policy that each of these different names means, none of them twice."""
        found: list[HeldPolicy | None] = [None] * len(names)
        claimed = set()
        # The surest way of each name comes before the second best of another one: what the source itself calls it comes
        # before the number, which an editor may have given to it.
        for find in (self._by_name.get, self._by_number.get, self._by_title.get, self._renamed):
            for place, name in enumerate(names):
                held = None if found[place] else find(name)
                if held and held.pk not in claimed:
                    found[place] = held
                    claimed.add(held.pk)
        return found

    def with_number_of(self, name: PolicyName) -> HeldPolicy | None:
        """The policy that has the number of this name, whatever its source calls it."""
        return self._by_number.get(name)

    def _renamed(self, name: PolicyName) -> HeldPolicy | None:
        """An imported policy to which an editor gave another number: its public id is made of the one it came with."""
        issuer, kind, number, title = name
        held = self._imported_by_public_id.get(make_public_id(issuer, kind, number or title))
        return held if held and (held.issuer, held.kind) == (issuer, kind) else None


@dataclass(slots=True)
class HeldState:
    """All of one policy. The dictionaries lead from the keys of policies.facts to primary keys of rows."""

    policy: Policy
    state: PolicyState
    withheld: WithheldUpdate | None = None
    newest_revision: int = 0
    plan_rows: dict[str, int] = field(default_factory=dict)
    reference_rows: dict[str, int] = field(default_factory=dict)
    code_rows: dict[str, int] = field(default_factory=dict)


def read_sources(pks: list[int]) -> dict[int, dict[str, Sides]]:
    """What the sources of these policies last said, by the policy and the kind of source; as they name documents."""
    found: dict[int, dict[str, Sides]] = {}
    rows = PolicySource.objects.filter(policy__in=pks).order_by().values_list("policy_id", "kind", "facts", "codes")
    for pk, kind, facts, codes in rows:
        found.setdefault(pk, {})[kind] = Sides(facts, codes)
    return found


def read_states(pks: list[int]) -> dict[int, HeldState]:
    """These policies as they are, in a few queries for all. See also PolicyState.of."""
    policies = Policy.objects.select_related("issuer").in_bulk(pks)
    states: dict[int, HeldState] = {}
    plans, references = _read_plans(pks), _read_references(policies)
    for pk, policy in policies.items():
        reference_rows: dict[str, int] = references.get(pk, {})
        plan_rows: dict[str, int] = plans.get(pk, {})
        states[pk] = HeldState(policy, PolicyState(facts_of(policy, plan_rows, reference_rows), {}, {}))
        states[pk].plan_rows, states[pk].reference_rows = plan_rows, reference_rows
    _read_codes(states)
    for pk, number in PolicyRevision.objects.filter(policy__in=pks).order_by("number").values_list("policy", "number"):
        states[pk].newest_revision = number
    for withheld in WithheldUpdate.objects.filter(policy__in=pks):
        states[withheld.policy_id].withheld = withheld
    return states


def _read_plans(pks: list[int]) -> dict[int, dict[str, int]]:
    rows = Policy.plans.through.objects.filter(policy__in=pks).order_by().values_list("policy", "healthplan", "pk")
    slugs = dict(HealthPlan.objects.order_by().values_list("pk", "slug"))
    found: dict[int, dict[str, int]] = {}
    for policy, plan, pk in rows:
        found.setdefault(policy, {})[slugs[plan]] = pk
    return found


def _read_references(policies: dict[int, Policy]) -> dict[int, dict[str, int]]:
    rows = Policy.references.through.objects.filter(from_policy__in=policies).order_by()
    rows = list(rows.values_list("from_policy", "to_policy", "pk"))
    columns = ("pk", "issuer", "kind", "number", "public_id")
    documents = {}
    for batch in batches({document for _, document, _ in rows}, PK_BATCH):
        for pk, issuer, *names in Policy.objects.filter(pk__in=batch).order_by().values_list(*columns):
            documents[pk] = issuer, names
    found: dict[int, dict[str, int]] = {}
    for policy, document, pk in rows:
        issuer, names = documents[document]
        key = reference_key(*names, same_issuer=issuer == policies[policy].issuer_id)
        found.setdefault(policy, {})[key] = pk
    return found


def _read_codes(states: dict[int, HeldState]) -> None:
    columns = ("policy_id", "pk", "code_id", "listed_as", "label", *CODE_COLUMNS)
    rows = list(PolicyCode.objects.filter(policy__in=list(states)).order_by().values_list(*columns))
    names = names_of_codes({code_id for _, _, code_id, *_ in rows})
    for policy, pk, code_id, listed_as, label, *values in rows:
        held = states[policy]
        key = code_key(*names[code_id], listed_as, label)
        held.state.codes[key] = code_facts(**dict(zip(CODE_COLUMNS, values, strict=True)))
        held.state.code_ids[key] = code_id
        held.code_rows[key] = pk
