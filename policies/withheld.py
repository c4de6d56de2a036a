"""Updates of imports that an editor has to decide: what they would change, and how they are taken over."""

from django.core.exceptions import ValidationError
from django.db import transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from policies.changes import PolicyState, record_change
from policies.code_ids import ids_of_codes
from policies.facts import BY_PUBLIC_ID, CODE_COLUMNS, LIST_FACTS, split_code_key
from policies.imports.differences import Difference, code_differences, fact_differences
from policies.imports.writing import code_columns, set_facts
from policies.models import HealthPlan, Policy, PolicyCode, WithheldUpdate
from policies.references import find_documents
from procedures.batches import PK_BATCH, batches
from procedures.models import ContentVersion, MedicalCode


def differences(withheld: WithheldUpdate) -> list[Difference]:
    """What differs, what the policy says and what its source says, in words: facts first, then codes.

    Empty where an editor has made the policy say the same meanwhile. At most eight queries.
    """
    policy = withheld.policy
    state = PolicyState.of(policy)
    slugs = {*state.facts["plans"], *withheld.facts.get("plans", ())}
    names = dict(HealthPlan.objects.filter(slug__in=slugs).values_list("slug", "name"))
    # A number says enough.
    references = {*state.facts["references"], *withheld.facts.get("references", ())}
    unnumbered = {(policy.issuer_id, key) for key in references if key.startswith(f"{BY_PUBLIC_ID}:")}
    names |= {key: str(document) for (_, key), document in find_documents(unnumbered).items()}
    displays = {key: code.code for key, code in _find_codes(withheld.codes).items()}
    return [
        *fact_differences(state.facts, withheld.facts, names),
        *code_differences(state.codes, withheld.codes, displays),
    ]


@transaction.atomic
def take_update(withheld: WithheldUpdate, by, *, seen: str) -> None:
    """Makes the policy say what its source says, as the user `by`, and records the change.

    `seen` is withheld_at of the row on which the user decided, as ISO text. Raises ValidationError, with nothing
    changed, where the policy would contradict itself or an import has replaced the update since, and
    WithheldUpdate.DoesNotExist where it was decided meanwhile.
    """
    withheld = _still_the_same(withheld, seen)
    policy = withheld.policy
    before = PolicyState.of(policy)
    policy._history_user = by
    _take_facts(policy, withheld.facts)
    _take_codes(policy, withheld.codes, by)
    withheld.delete()
    record_change(policy, before)


@transaction.atomic
def keep_policy(withheld: WithheldUpdate, *, seen: str) -> None:
    """Leaves the policy as it is: the same update is not withheld again, a newer one is. `seen` as in take_update.

    Raises ValidationError and WithheldUpdate.DoesNotExist as take_update does.
    """
    _still_the_same(withheld, seen).delete()


def _still_the_same(withheld: WithheldUpdate, seen: str) -> WithheldUpdate:
    """The row as it is now, which no other writer changes any more."""
    ContentVersion.wait_for_other_writers()
    withheld = WithheldUpdate.objects.select_related("policy__issuer").get(pk=withheld.pk)
    if withheld.withheld_at.isoformat() != seen:
        raise ValidationError("A newer import has replaced this update since you opened it. Look at it again.")
    return withheld


def _take_facts(policy: Policy, facts: dict) -> None:
    if "plans" in facts:
        policy.plans.set(HealthPlan.objects.filter(slug__in=facts["plans"]))
    if "references" in facts:
        policy.references.set(find_documents((policy.issuer_id, key) for key in facts["references"]).values())
    if facts.keys() - set(LIST_FACTS):
        set_facts(policy, facts)
        policy.validate_constraints()
        policy.save()


def _take_codes(policy: Policy, codes: dict[str, dict | None], by) -> None:
    """Writes the rows of these keys of policies.facts; a code that is not held any more is passed over."""
    found = _find_codes(codes)
    rows = {(row.code_id, row.listed_as, row.label): row for row in policy.policy_codes.all()}
    added, changed = [], []
    for key, columns in codes.items():
        code = found.get(key.partition("|")[0])
        if code is None:
            continue
        _, _, listed_as, label = split_code_key(key)
        row = rows.get((code.pk, listed_as, label))
        if columns is None:
            if row is not None:
                row._history_user = by
                row.delete()
            continue
        (changed if row else added).append(
            row := row or PolicyCode(policy=policy, code=code, listed_as=listed_as, label=label)
        )
        for name, value in code_columns(columns).items():
            setattr(row, name, value)
    bulk_create_with_history(added, PolicyCode, batch_size=PK_BATCH, default_user=by)
    bulk_update_with_history(changed, PolicyCode, CODE_COLUMNS, batch_size=PK_BATCH, default_user=by)


def _find_codes(codes: dict) -> dict[str, MedicalCode]:
    """The codes of these keys of policies.facts, by what stands before the first bar: hcpcs:J9302."""
    named = {key.partition("|")[0] for key in codes}
    found, by_pk = {}, {}
    for name, pk in ids_of_codes((system, code) for system, _, code in (each.partition(":") for each in named)).items():
        by_pk[pk] = ":".join(name)
    for batch in batches(by_pk):
        found.update((by_pk[pk], code) for pk, code in MedicalCode.objects.in_bulk(batch).items())
    return found
