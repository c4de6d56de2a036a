"""Writes many policies at once, without rows of the editors' history: what imports change is kept as revisions."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from policies.changes import PolicyState, make_revision, plans_of
from policies.facts import CODE_COLUMNS, DAY_FACTS, DEFAULTS, LIST_FACTS, TEXT_FACTS, Codes, Facts, split_code_key
from policies.imports.held import HeldState
from policies.models import (
    Policy,
    PolicyCode,
    PolicyCodeChange,
    PolicyImport,
    PolicyRevision,
    PolicySource,
    WithheldUpdate,
)
from policies.models.policies import LINK_COLUMNS
from procedures.batches import PK_BATCH, batches

ROWS = 2_000
# An update of many rows compares each with each.
UPDATE_BATCH = 100

PLANS, REFERENCES = Policy.plans.through, Policy.references.through
REVISION_PLANS = PolicyRevision.plans.through


def day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def code_columns(columns: dict[str, str]) -> dict[str, object]:
    """All columns of a PolicyCode that hold what is said of a code (policies.facts)."""
    found = {**DEFAULTS, **columns}
    return {**found, "starts": day(found["starts"]), "ends": day(found["ends"])}


def set_facts(policy: Policy, facts: Facts) -> None:
    """Gives the unsaved object these facts, its plans and references apart, and the slug of its title."""
    for name in facts.keys() - set(LIST_FACTS):
        if name == "url":
            policy.move_to(facts[name])
        else:
            setattr(policy, name, day(facts[name]) if name in DAY_FACTS else facts[name])
    policy.name_for_addresses()


@dataclass(slots=True)
class Ids:
    """Primary keys: codes by the first part of a code key, plans by slug, policies by issuer and key."""

    codes: dict[str, int]
    plans: dict[str, int]
    policies: dict[tuple[str, str], int]


@dataclass(slots=True)
class Writing:
    """Rows of one batch of policies, collected and then written together.

    `begin_import` gives the row of the import, which exists only where something is written; `touched` collects the
    codes that a policy began or ceased to name.
    """

    ids: Ids
    at: datetime.datetime
    begin_import: Callable[[], PolicyImport]
    touched: set[int]
    policies: list[Policy] = field(default_factory=list)
    sources: list[PolicySource] = field(default_factory=list)
    revisions: list[tuple[PolicyRevision, list[PolicyCodeChange]]] = field(default_factory=list)
    revision_plans: list[set[str]] = field(default_factory=list)
    withheld: list[WithheldUpdate] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)
    new_codes: list[PolicyCode] = field(default_factory=list)
    changed_codes: list[PolicyCode] = field(default_factory=list)
    dropped_codes: list[int] = field(default_factory=list)
    new_plans: list = field(default_factory=list)
    dropped_plans: list[int] = field(default_factory=list)
    new_references: list = field(default_factory=list)
    dropped_references: list[int] = field(default_factory=list)

    def change(self, held: HeldState, facts: Facts, codes: dict[str, dict | None]) -> HeldState:
        """Writes these facts and codes (None drops one) to a policy; `held` follows."""
        policy, state = held.policy, held.state
        if facts.keys() - set(LIST_FACTS):
            set_facts(policy, facts)
            self.policies.append(policy)
        if "plans" in facts:
            self._set_plans(held, facts["plans"])
        if "references" in facts:
            self._set_references(held, facts["references"])
        state.facts = {**state.facts, **facts}
        state.codes, state.code_ids = dict(state.codes), dict(state.code_ids)
        for key, columns in codes.items():
            self._set_code(held, key, columns)
        return held

    def source(self, policy_id: int, number: str, facts: Facts, codes: Codes) -> None:
        """Keeps what the source says of a policy now, which has this number there."""
        loaded_from = self.begin_import()
        source = PolicySource(policy_id=policy_id, kind=loaded_from.kind, number=number, loaded_from=loaded_from)
        source.facts, source.codes = facts, codes
        self.sources.append(source)

    def withhold(self, held: HeldState, facts: Facts, codes: dict[str, dict | None]) -> None:
        """Keeps what an editor has to decide, if there is anything, where it is not the same as before."""
        before = held.withheld
        if (facts, codes) == ((before.facts, before.codes) if before else ({}, {})):
            return
        loaded_from = self.begin_import()
        if facts or codes:
            update = WithheldUpdate(policy=held.policy, loaded_from=loaded_from, facts=facts, codes=codes)
            self.withheld.append(update)
        else:
            self.settled.append(before.pk)

    def revise(
        self, policy_id: int, before: PolicyState | None, after: PolicyState, *, number: int
    ) -> tuple[PolicyRevision, list[PolicyCodeChange]] | None:
        """Records the revision between two states; see policies.changes.make_revision."""
        made = make_revision(policy_id, before, after, number=number, at=self.at)
        if made:
            made[0].loaded_from = self.begin_import()
            self.revisions.append(made)
            self.revision_plans.append(plans_of(before, after))
        return made

    def save(self) -> None:
        written = [*TEXT_FACTS, *DAY_FACTS, *LINK_COLUMNS, "slug"]
        Policy.objects.bulk_update(self.policies, written, batch_size=UPDATE_BATCH)
        _delete(PLANS, self.dropped_plans)
        _delete(REFERENCES, self.dropped_references)
        _delete(PolicyCode, self.dropped_codes)
        _delete(WithheldUpdate, self.settled)
        PLANS.objects.bulk_create(self.new_plans, ROWS)
        REFERENCES.objects.bulk_create(self.new_references, ROWS)
        PolicyCode.objects.bulk_create(self.new_codes, ROWS)
        _upsert(PolicyCode, self.changed_codes, ["policy", "code", "listed_as", "label"], CODE_COLUMNS)
        _upsert(PolicySource, self.sources, ["policy", "kind"], ["loaded_from", "number", "facts", "codes"])
        _upsert(WithheldUpdate, self.withheld, ["policy"], ["loaded_from", "facts", "codes", "withheld_at"])
        self._save_revisions()

    def _save_revisions(self) -> None:
        revisions = [revision for revision, _ in self.revisions]
        PolicyRevision.objects.bulk_create(revisions, ROWS)
        self._save_revision_plans(revisions)
        changes = []
        for revision, changed in self.revisions:
            for change in changed:
                change.revision_id = revision.pk
            changes += changed
        PolicyCodeChange.objects.bulk_create(changes, ROWS)

    def _save_revision_plans(self, revisions: list[PolicyRevision]) -> None:
        issuers: dict[int, int] = {}
        for pks in batches({revision.policy_id for revision in revisions}, PK_BATCH):
            issuers.update(Policy.objects.filter(pk__in=pks).order_by().values_list("pk", "issuer_id"))
        rows = []
        for revision, slugs in zip(revisions, self.revision_plans, strict=True):
            plans = {issuers[revision.policy_id], *(self.ids.plans[slug] for slug in slugs)}
            rows += [REVISION_PLANS(policyrevision_id=revision.pk, healthplan_id=plan) for plan in sorted(plans)]
        REVISION_PLANS.objects.bulk_create(rows, ROWS)

    def _set_plans(self, held: HeldState, slugs: list[str]) -> None:
        wanted = set(slugs)
        self.dropped_plans += [row for slug, row in held.plan_rows.items() if slug not in wanted]
        added = sorted(wanted - held.plan_rows.keys())
        policy_id = held.policy.pk
        self.new_plans += [PLANS(policy_id=policy_id, healthplan_id=self.ids.plans[slug]) for slug in added]

    def _set_references(self, held: HeldState, keys: list[str]) -> None:
        wanted = set(keys)
        self.dropped_references += [row for key, row in held.reference_rows.items() if key not in wanted]
        policy_id, issuer = held.policy.pk, held.policy.issuer.slug
        for key in sorted(wanted - held.reference_rows.keys()):
            self.new_references.append(
                REFERENCES(from_policy_id=policy_id, to_policy_id=self.ids.policies[issuer, key])
            )

    def _set_code(self, held: HeldState, key: str, columns: dict | None) -> None:
        state, policy_id = held.state, held.policy.pk
        if columns is None:
            del state.codes[key]
            self.touched.add(state.code_ids.pop(key))
            self.dropped_codes.append(held.code_rows[key])
            return
        rows = self.changed_codes
        if key not in state.codes:
            rows = self.new_codes
            state.code_ids[key] = self.ids.codes[key.partition("|")[0]]
            self.touched.add(state.code_ids[key])
        state.codes[key] = columns
        _, _, listed_as, label = split_code_key(key)
        named = {"policy_id": policy_id, "code_id": state.code_ids[key], "listed_as": listed_as, "label": label}
        rows.append(PolicyCode(**named, **code_columns(columns)))


def _delete(model, pks: list[int]) -> None:
    for batch in batches(pks, PK_BATCH):
        rows = model.objects.filter(pk__in=batch)
        # An ordinary delete reads every row first, to write it into the editors' history. Nothing refers to these.
        rows._raw_delete(rows.db)


def _upsert(model, rows: list, unique: list[str], columns: Iterable[str]) -> None:
    model.objects.bulk_create(rows, ROWS, update_conflicts=True, unique_fields=unique, update_fields=list(columns))
