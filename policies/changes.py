"""Records what changed of a policy, for readers: the one way for importers and editors alike."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from policies.facts import (
    CODE_COLUMNS,
    Codes,
    Facts,
    code_facts,
    code_key,
    facts_of,
    is_retired,
    reference_key,
    split_code_key,
)
from policies.models import HealthPlan, Policy, PolicyCode, PolicyCodeChange, PolicyImport, PolicyRevision
from procedures.batches import PK_BATCH, batches
from procedures.models import ContentVersion, MedicalCode
from procedures.search import rebuild, reindex

# More changed codes than this are indexed faster by making the whole index afresh.
REBUILD_FROM = 20_000
LONGEST_SAID = 300

Kind = PolicyRevision.Kind


@dataclass(slots=True)
class PolicyState:
    """What a policy said at one moment; `code_ids` are the primary keys of its codes by the keys of `codes`."""

    facts: Facts
    codes: Codes
    code_ids: dict[str, int]

    @classmethod
    def of(cls, policy: Policy) -> "PolicyState":
        """Reads it from the database in four queries: what a form wrote into `policy` and did not save counts not."""
        policy = Policy.objects.get(pk=policy.pk)
        plans = policy.plans.order_by().values_list("slug", flat=True)
        documents = policy.references.order_by().values_list("kind", "number", "public_id", "issuer_id")
        references = [reference_key(*names, same_issuer=issuer == policy.issuer_id) for *names, issuer in documents]
        state = cls(facts_of(policy, plans, references), {}, {})
        columns = ("code__system__slug", "code__normalized", "listed_as", "label", "code_id", *CODE_COLUMNS)
        for system, code, listed_as, label, code_id, *values in policy.policy_codes.order_by().values_list(*columns):
            key = code_key(system, code, listed_as, label)
            state.codes[key] = code_facts(**dict(zip(CODE_COLUMNS, values, strict=True)))
            state.code_ids[key] = code_id
        return state


def record_change(policy: Policy, before: PolicyState | None) -> PolicyRevision | None:
    """Records what an editor changed: call it in the transaction of the change, after all of it is written.

    `before` is the state from before it, None for a new policy. Returns the revision, None where no fact and no code
    says something else. Marks the codes that the policy began or ceased to name. Renews public pages in any case: they
    show more than revisions keep, such as the number of a policy and the source of a code.
    """
    after = PolicyState.of(policy)
    newest = policy.revisions.order_by("-number").first()
    made = make_revision(policy.pk, before, after, number=newest.number + 1 if newest else 1, at=timezone.now())
    ContentVersion.advance()
    if made is None:
        return None
    revision, code_changes = made
    revision.save()
    revision.plans.set(HealthPlan.objects.filter(Q(slug__in=plans_of(before, after)) | Q(pk=policy.issuer_id)))
    for change in code_changes:
        change.revision = revision
    PolicyCodeChange.objects.bulk_create(code_changes, PK_BATCH)
    mark_codes({*(before.code_ids.values() if before else ()), *after.code_ids.values()})
    return revision


def make_revision(
    policy_id: int,
    before: PolicyState | None,
    after: PolicyState,
    *,
    number: int,
    at: datetime.datetime,
    loaded_from: PolicyImport | None = None,
) -> tuple[PolicyRevision, list[PolicyCodeChange]] | None:
    """The revision from one state to the next and its changed codes, neither saved; None where nothing changed.

    The code changes name no revision yet: it has no primary key.
    """
    changes = _code_changes(before, after)
    if before is not None and before.facts == after.facts and not changes:
        return None
    kinds = [change.kind for change in changes]
    revision = PolicyRevision(
        policy_id=policy_id,
        number=number,
        kind=Kind.NEW if number == 1 else _kind(before, after, timezone.localdate(at)),
        at=at,
        facts=after.facts,
        codes_added=kinds.count(PolicyCodeChange.Kind.ADDED),
        codes_dropped=kinds.count(PolicyCodeChange.Kind.DROPPED),
        codes_changed=kinds.count(PolicyCodeChange.Kind.CHANGED),
        loaded_from=loaded_from,
    )
    return revision, changes


def plans_of(before: PolicyState | None, after: PolicyState) -> set[str]:
    """The slugs of the plans that a policy applies to in either state: with its issuer those of a revision."""
    return {*(before.facts["plans"] if before else ()), *after.facts["plans"]}


def _kind(before: PolicyState | None, after: PolicyState, on: datetime.date) -> Kind:
    if before is None:
        return Kind.REVISED
    was_retired, now_retired = is_retired(before.facts, on), is_retired(after.facts, on)
    if was_retired != now_retired:
        return Kind.RETIRED if now_retired else Kind.REINSTATED
    return Kind.REVISED if before.facts != after.facts else Kind.CODES


def _code_changes(before: PolicyState | None, after: PolicyState) -> list[PolicyCodeChange]:
    """One change a code, whatever the number of its rows."""
    kind = PolicyCodeChange.Kind
    old, new = _said_by_code(before) if before else {}, _said_by_code(after)
    changes = []
    for code_id in sorted(old.keys() | new.keys()):
        if code_id not in old:
            changes.append(PolicyCodeChange(code_id=code_id, kind=kind.ADDED))
        elif code_id not in new:
            changes.append(PolicyCodeChange(code_id=code_id, kind=kind.DROPPED))
        elif old[code_id] != new[code_id]:
            texts = _shortened(old[code_id]), _shortened(new[code_id])
            changes.append(PolicyCodeChange(code_id=code_id, kind=kind.CHANGED, before=texts[0], after=texts[1]))
    return changes


def _said_by_code(state: PolicyState) -> dict[int, str]:
    """What the policy says of each code, in words: two states that say the same of a code have the same text."""
    said: dict[int, list[str]] = {}
    for key in sorted(state.codes):
        said.setdefault(state.code_ids[key], []).append(said_of_code(key, state.codes[key]))
    return {code_id: "; ".join(texts) for code_id, texts in said.items()}


def said_of_code(key: str, columns: dict[str, str]) -> str:
    """What one row says, in words: "Kesimpta, prior authorization needed, until 2025-12-31"; "named" if nothing."""
    _, _, listed_as, label = split_code_key(key)
    words = [label] if label else []
    if listed_as != PolicyCode.ListedAs.NAMED:
        words.append(PolicyCode.ListedAs(listed_as).label)
    if "prior_authorization" in columns:
        words.append(PolicyCode.PriorAuthorization(columns["prior_authorization"]).label)
    if "note" in columns:
        words.append(columns["note"])
    words += [f"{word} {columns[name]}" for name, word in (("starts", "from"), ("ends", "until")) if name in columns]
    return ", ".join(words) or "named"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_SAID else text[: LONGEST_SAID - 1] + "…"


def mark_codes(code_ids: Iterable[int], progress: Callable[[Iterable], Iterable] = iter) -> int:
    """Brings MedicalCode.has_policy of these codes up to date, and the search index of those where it changed.

    Returns how many changed. `progress` wraps the iterable of a whole new index, as tqdm does.
    """
    changed = []
    for batch in batches(sorted(code_ids)):
        named = Exists(PolicyCode.objects.filter(code=OuterRef("pk")))
        rows = MedicalCode.objects.filter(pk__in=batch).order_by()
        rows = rows.annotate(is_named=named).values_list("pk", "has_policy", "is_named")
        wrong = {True: [], False: []}
        for pk, has_policy, is_named in rows:
            if has_policy != is_named:
                wrong[is_named].append(pk)
        for is_named, pks in wrong.items():
            MedicalCode.objects.filter(pk__in=pks).update(has_policy=is_named)
            changed += pks
    if len(changed) >= REBUILD_FROM:
        rebuild(progress=progress)
    elif changed:
        reindex(changed)
    return len(changed)
