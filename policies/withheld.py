"""Updates of imports that an editor has to decide: what they would change, and how they are taken over."""

from django.db import transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from policies.changes import PolicyState, record_change
from policies.facts import CODE_COLUMNS, LIST_FACTS, policy_key, split_code_key
from policies.imports.differences import Difference, code_differences, fact_differences
from policies.imports.writing import PK_BATCH, batches, code_columns, set_facts
from policies.models import HealthPlan, Policy, PolicyCode, WithheldUpdate
from procedures.models import ContentVersion, MedicalCode


def differences(withheld: WithheldUpdate) -> list[Difference]:
    """What differs, what the policy says and what its source says, in words: facts first, then codes.

    Empty where an editor has made the policy say the same meanwhile. Six queries.
    """
    state = PolicyState.of(withheld.policy)
    slugs = {*state.facts["plans"], *withheld.facts.get("plans", ())}
    plan_names = dict(HealthPlan.objects.filter(slug__in=slugs).values_list("slug", "name"))
    displays = {key: code.code for key, code in _find_codes(withheld.codes).items()}
    return [
        *fact_differences(state.facts, withheld.facts, plan_names),
        *code_differences(state.codes, withheld.codes, displays),
    ]


@transaction.atomic
def take_update(withheld: WithheldUpdate, by) -> None:
    """Makes the policy say what its source says, as the user `by`, and records the change.

    Raises ValidationError, with nothing changed, where the policy would contradict itself, and
    WithheldUpdate.DoesNotExist where it was decided meanwhile.
    """
    ContentVersion.wait_for_other_writers()
    withheld = WithheldUpdate.objects.select_related("policy__issuer").get(pk=withheld.pk)
    policy = withheld.policy
    before = PolicyState.of(policy)
    policy._history_user = by
    _take_facts(policy, withheld.facts)
    _take_codes(policy, withheld.codes, by)
    withheld.delete()
    if record_change(policy, before) is None:
        # Nothing that a revision tells, but pages show where a code was found.
        ContentVersion.advance()


@transaction.atomic
def keep_policy(withheld: WithheldUpdate) -> None:
    """Leaves the policy as it is: the same update is not withheld again, a newer one is."""
    ContentVersion.wait_for_other_writers()
    WithheldUpdate.objects.filter(pk=withheld.pk).delete()


def _take_facts(policy: Policy, facts: dict) -> None:
    if "plans" in facts:
        policy.plans.set(HealthPlan.objects.filter(slug__in=facts["plans"]))
    if "references" in facts:
        wanted = set(facts["references"])
        named = [key.split(":", 1) for key in wanted]
        # A key names a document of the same issuer, unless an editor related one of another issuer.
        held = [other for other in policy.references.all() if policy_key(other.kind, other.number) in wanted]
        same = policy.issuer.issued.filter(number__in=[number for _, number in named]).exclude(number="")
        policy.references.set([*held, *(other for other in same if policy_key(other.kind, other.number) in wanted)])
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
    found = {}
    for batch in batches(sorted({code.partition(":")[2] for code in named}), PK_BATCH):
        for code in MedicalCode.objects.filter(normalized__in=batch).select_related("system").order_by():
            found[f"{code.system.slug}:{code.normalized}"] = code
    return {key: found[key] for key in named & found.keys()}
