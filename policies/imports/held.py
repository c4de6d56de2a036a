"""Reads the policies that the database holds, many at a time, for the loader."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field

from policies.changes import PolicyState
from policies.facts import CODE_COLUMNS, code_facts, code_key, facts_of, policy_key
from policies.imports.merge import Sides
from policies.models import Policy, PolicyCode, PolicyRevision, PolicySource, WithheldUpdate
from policies.models.policies import make_public_id

# Slug of the issuer, kind, number, and the title by which a policy without number is known.
PolicyName = tuple[str, str, str, str]


@dataclass(slots=True)
class HeldPolicy:
    """What decides whether a policy needs a closer look. `as_of` is the day of its last import, None without one."""

    pk: int
    issuer: str
    kind: str
    number: str
    title: str
    public_id: str
    last_verified: datetime.date | None
    missing_since: datetime.date | None
    as_of: datetime.date | None
    imported_title: str | None
    has_withheld: bool = False


class HeldPolicies:
    """The policies of some issuers (slugs), found as a source names them."""

    def __init__(self, issuers: Iterable[str]):
        columns = ("pk", "issuer__slug", "kind", "number", "title", "public_id", "last_verified", "missing_since")
        columns += ("imported__loaded_from__as_of", "imported__facts__title")
        rows = Policy.objects.filter(issuer__slug__in=set(issuers)).order_by("pk").values_list(*columns)
        self.by_pk = {row[0]: HeldPolicy(*row) for row in rows.iterator()}
        for pk in WithheldUpdate.objects.order_by().values_list("policy_id", flat=True):
            if pk in self.by_pk:
                self.by_pk[pk].has_withheld = True
        self._by_number: dict[tuple[str, str, str], HeldPolicy] = {}
        self._by_title: dict[tuple[str, str, str], HeldPolicy] = {}
        self._by_imported_title: dict[tuple[str, str, str], HeldPolicy] = {}
        self._imported_by_public_id: dict[str, HeldPolicy] = {}
        for held in self.by_pk.values():
            key = (held.issuer, held.kind)
            if held.as_of:
                self._imported_by_public_id[held.public_id] = held
            if held.number:
                self._by_number[*key, held.number] = held
                continue
            self._by_title.setdefault((*key, held.title), held)
            if held.imported_title:
                self._by_imported_title.setdefault((*key, held.imported_title), held)

    def match(self, names: list[PolicyName]) -> list[HeldPolicy | None]:
        """The policy that each of these different names means, none of them twice."""
        found: list[HeldPolicy | None] = [None] * len(names)
        claimed = set()
        # The surest way of each name comes before the second best of another one.
        for find in (self._by_name, self._titled, self._renamed):
            for place, name in enumerate(names):
                held = None if found[place] else find(*name)
                if held and held.pk not in claimed:
                    found[place] = held
                    claimed.add(held.pk)
        return found

    def _by_name(self, issuer: str, kind: str, number: str, title: str) -> HeldPolicy | None:
        if number:
            return self._by_number.get((issuer, kind, number))
        return self._by_imported_title.get((issuer, kind, title))

    def _titled(self, issuer: str, kind: str, number: str, title: str) -> HeldPolicy | None:
        return None if number else self._by_title.get((issuer, kind, title))

    def _renamed(self, issuer: str, kind: str, number: str, title: str) -> HeldPolicy | None:
        """An imported policy to which an editor gave another number: its public id is made of the one it came with."""
        held = self._imported_by_public_id.get(make_public_id(issuer, kind, number or title))
        return held if held and (held.issuer, held.kind) == (issuer, kind) else None

    def reference_ids(self) -> dict[tuple[str, str], int]:
        """Primary keys by issuer and key of policies.facts (lcd:L33789)."""
        return {(issuer, policy_key(kind, number)): held.pk for (issuer, kind, number), held in self._by_number.items()}


@dataclass(slots=True)
class HeldState:
    """All of one policy. The dictionaries lead from the keys of policies.facts to primary keys of rows."""

    policy: Policy
    state: PolicyState
    withheld: WithheldUpdate | None = None
    newest_revision: int = 0
    plan_rows: dict[str, int] = field(default_factory=dict)
    reference_rows: dict[str, list[int]] = field(default_factory=dict)
    code_rows: dict[str, int] = field(default_factory=dict)


def read_sources(pks: list[int]) -> dict[int, Sides]:
    """What the sources of these policies last said, by the policy; those never imported are absent."""
    rows = PolicySource.objects.filter(policy__in=pks).order_by().values_list("policy_id", "facts", "codes")
    return {pk: Sides(facts, codes) for pk, facts, codes in rows}


def read_states(pks: list[int]) -> dict[int, HeldState]:
    """These policies as they are, in six queries. See also PolicyState.of."""
    policies = Policy.objects.select_related("issuer").in_bulk(pks)
    plans = _grouped(Policy.plans.through.objects.filter(policy__in=pks), "policy_id", "healthplan__slug", "pk")
    references = _grouped(
        Policy.references.through.objects.filter(from_policy__in=pks),
        "from_policy_id",
        "to_policy__kind",
        "to_policy__number",
        "pk",
    )
    states: dict[int, HeldState] = {}
    for pk, policy in policies.items():
        plan_rows = dict(plans.get(pk, []))
        reference_rows: dict[str, list[int]] = {}
        for kind, number, row in references.get(pk, []):
            reference_rows.setdefault(policy_key(kind, number), []).append(row)
        named = [key for key, rows in reference_rows.items() for _ in rows]
        states[pk] = HeldState(policy, PolicyState(facts_of(policy, plan_rows, named), {}, {}))
        states[pk].plan_rows, states[pk].reference_rows = plan_rows, reference_rows
    _read_codes(states)
    for pk, number in PolicyRevision.objects.filter(policy__in=pks).order_by("number").values_list("policy", "number"):
        states[pk].newest_revision = number
    for withheld in WithheldUpdate.objects.filter(policy__in=pks):
        states[withheld.policy_id].withheld = withheld
    return states


def _read_codes(states: dict[int, HeldState]) -> None:
    columns = ("policy_id", "pk", "code_id", "code__system__slug", "code__normalized", "listed_as", "label")
    rows = PolicyCode.objects.filter(policy__in=list(states)).order_by().values_list(*columns, *CODE_COLUMNS)
    for policy, pk, code_id, system, normalized, listed_as, label, *values in rows.iterator():
        held = states[policy]
        key = code_key(system, normalized, listed_as, label)
        held.state.codes[key] = code_facts(**dict(zip(CODE_COLUMNS, values, strict=True)))
        held.state.code_ids[key] = code_id
        held.code_rows[key] = pk


def _grouped(rows, owner: str, *columns: str) -> dict[int, list[tuple]]:
    found: dict[int, list[tuple]] = {}
    for pk, *values in rows.order_by().values_list(owner, *columns):
        found.setdefault(pk, []).append(tuple(values))
    return found
