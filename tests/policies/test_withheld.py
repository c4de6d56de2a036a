"""What an editor decides of updates that an import withheld."""

from functools import partial

import pytest
from django.core.exceptions import ValidationError

from policies.changes import PolicyState
from policies.models import HealthPlan, Policy, PolicyCode, WithheldUpdate
from policies.withheld import differences, keep_policy, take_update
from procedures.models import ContentVersion, MedicalCode
from tests.factories import create_code, create_plan, create_policy, create_user, get_cms
from tests.policies.imports.loading import codes_of, facts_of, get_policy, load, named, revisions, stated

pytestmark = pytest.mark.django_db

FACTS = {
    "title": "Of the source",
    "status": "retired",
    "retired": "2025-02-01",
    "plans": ["other-health"],
    "references": ["lcd:L1"],
}


@pytest.fixture
def withheld() -> WithheldUpdate:
    """A policy changed by an editor (title, codes J0001 and C84.02) and by its source."""
    create_code("J0001")
    create_code("J0002")
    create_code("C84.02", "Mycosis fungoides", system="icd10cm")
    create_plan("Other Health")
    codes = {**named("J0001"), "icd10cm:C8402|covered|": {"source": "Table"}}
    load(stated("L1", kind="lcd", issuer="cms"), stated("A1", codes, kind="article", issuer="cms", title="Came"))
    policy = get_policy("A1")
    Policy.objects.filter(pk=policy.pk).update(title="Of an editor")
    policy.policy_codes.filter(code__code="J0001").update(prior_authorization="auth-needed")
    policy.policy_codes.filter(code__code="C84.02").delete()
    changed = {**named("J0002"), "icd10cm:C8402|covered|": {"source": "Table", "note": "New"}}
    load(stated("A1", changed, kind="article", issuer="cms", title="Of the source"))
    return WithheldUpdate.objects.get()


def take(update: WithheldUpdate) -> None:
    """As an editor who has just looked at it."""
    take_update(update, create_user(), seen=WithheldUpdate.objects.get(pk=update.pk).withheld_at.isoformat())


def keep(update: WithheldUpdate) -> None:
    keep_policy(update, seen=WithheldUpdate.objects.get(pk=update.pk).withheld_at.isoformat())


def withhold(policy: Policy, facts: dict) -> WithheldUpdate:
    """An update of an import that withholds these facts."""
    load(stated("X1"))
    loaded_from = get_policy("X1").sources.get().loaded_from
    return WithheldUpdate.objects.create(policy=policy, loaded_from=loaded_from, facts=facts)


def test_differences_are_told_in_words(withheld, django_assert_max_num_queries):
    with django_assert_max_num_queries(7):
        told = differences(withheld)
    assert told == [
        ("Title", "Of an editor", "Of the source"),
        ("J0001", "prior authorization needed", "none"),
        ("C84.02", "none", "supports medical necessity, New"),
    ]


def test_differences_name_plans_documents_and_choices(withheld):
    policy = create_policy(plans=[create_plan("First Health")], number="MP-1")
    told = differences(withhold(policy, FACTS))
    assert told == [
        ("Title", "Ofatumumab", "Of the source"),
        ("Status", "status not known", "retired"),
        ("Retired on", "none", "2025-02-01"),
        ("Applies to", "First Health", "Other Health"),
        ("References", "none", "L1"),
    ]


def test_differences_name_documents_without_a_number(withheld):
    policy = create_policy(number="MP-1", references=[create_policy("Infusions"), get_cms().issued.get(number="L1")])
    told = differences(withhold(policy, {"references": []}))
    assert [sorted(difference.ours.split(", ")) for difference in told] == [["Infusions", "L1 Policy L1"]]


def test_differences_tell_where_a_code_was_found_if_nothing_else_differs(withheld):
    PolicyCode.objects.filter(code__code="J0002").update(source="Page 1")
    WithheldUpdate.objects.update(facts={}, codes={"hcpcs:J0002|named|": {"source": "Page 2"}})
    withheld.refresh_from_db()
    assert differences(withheld) == [("J0002", "source: Page 1", "source: Page 2")]


def test_taking_an_update_makes_the_policy_say_what_its_source_says(withheld):
    editor, version = create_user(), ContentVersion.objects.get().number
    take_update(withheld, editor, seen=withheld.withheld_at.isoformat())
    assert facts_of("A1")["title"] == "Of the source"
    assert get_policy("A1").slug == "of-the-source"
    assert codes_of("A1") == ["C84.02", "J0002"]
    assert not WithheldUpdate.objects.exists()
    assert revisions("A1")[-1] == ("revised", 1, 1, 0)
    assert get_policy("A1").revisions.first().loaded_from is None
    assert ContentVersion.objects.get().number > version
    marked = MedicalCode.objects.filter(has_policy=True).order_by("code")
    assert [code.code for code in marked] == ["C84.02", "J0002"]
    assert {row.history_user for row in get_policy("A1").history.all()} == {editor}
    assert sorted(PolicyCode.history.values_list("code__code", "history_type", "history_user__username")) == [
        ("C84.02", "+", "ann"),
        ("C84.02", "-", None),
        ("J0001", "-", "ann"),
    ]


def test_taking_an_update_replaces_plans_and_related_documents(withheld):
    other = create_policy("Another", kind="ncd", number="1.2")
    policy = create_policy(kind="article", number="A9", plans=[create_plan("First Health")], references=[other])
    take(withhold(policy, FACTS))
    assert facts_of("A9") == {**facts_of("A9"), **FACTS}
    assert revisions("A9")[-1][0] == "retired"


def test_taking_an_update_relates_documents_without_a_number_and_of_other_issuers(withheld):
    elsewhere = get_cms().issued.get(number="L1")
    documents = [elsewhere, create_policy("One"), create_policy("Two"), create_policy("Three", number="MP-2")]
    example = create_policy("Example", references=documents)
    references = PolicyState.of(example).facts["references"]
    policy = create_policy("Another", number="MP-1", references=[documents[1]])
    take(withhold(policy, {"references": references}))
    assert set(policy.references.all()) == set(documents)
    assert facts_of("MP-1")["references"] == references


def test_source_and_policy_are_one_again_after_an_update_was_taken(withheld):
    take(withheld)
    summary = load(stated("A1", named("J0001"), kind="article", issuer="cms", title="Goes on"))
    assert summary.withheld == 0
    assert facts_of("A1")["title"] == "Goes on"
    assert codes_of("A1") == ["J0001"]


def test_update_that_was_declined_is_withheld_again_only_when_the_source_changes(withheld):
    version = ContentVersion.objects.get().number
    keep(withheld)
    assert facts_of("A1")["title"] == "Of an editor"
    assert codes_of("A1") == ["J0001 auth-needed", "J0002"]
    assert ContentVersion.objects.get().number == version
    changed = {**named("J0002"), "icd10cm:C8402|covered|": {"source": "Table", "note": "New"}}
    same = stated("A1", changed, kind="article", issuer="cms", title="Of the source")
    assert load(same).withheld == 0
    same.facts["title"] = "Newer"
    assert load(same).withheld == 1
    assert WithheldUpdate.objects.get().facts == {"title": "Newer"}


def test_update_that_contradicts_the_policy_is_refused_as_a_whole(withheld):
    policy = create_policy(number="MP-1", effective="2025-06-01")
    update = withhold(policy, FACTS)
    with pytest.raises(ValidationError, match="before it took effect"):
        take(update)
    assert facts_of("MP-1")["title"] == "Ofatumumab"
    assert facts_of("MP-1")["plans"] == []
    assert WithheldUpdate.objects.filter(pk=update.pk).exists()


def test_update_that_was_decided_meanwhile_cannot_be_decided_again(withheld):
    keep(withheld)
    with pytest.raises(WithheldUpdate.DoesNotExist):
        take_update(withheld, create_user(), seen=withheld.withheld_at.isoformat())
    with pytest.raises(WithheldUpdate.DoesNotExist):
        keep_policy(withheld, seen=withheld.withheld_at.isoformat())
    assert facts_of("A1")["title"] == "Of an editor"


@pytest.mark.parametrize("decide", [take_update, keep_policy])
def test_update_that_an_import_replaced_is_not_decided_unseen(withheld, decide):
    if decide is take_update:
        decide = partial(take_update, by=create_user())
    changed = stated("A1", named("J0002"), kind="article", issuer="cms", title="Of the source, newer")
    load(changed)
    for seen in (withheld.withheld_at.isoformat(), "", "x"):
        with pytest.raises(ValidationError, match="A newer import has replaced this update"):
            decide(withheld, seen=seen)
    assert facts_of("A1")["title"] == "Of an editor"
    assert WithheldUpdate.objects.get().facts == {"title": "Of the source, newer"}
    # The same export once more replaces nothing.
    seen = WithheldUpdate.objects.get().withheld_at.isoformat()
    load(changed)
    decide(withheld, seen=seen)
    assert not WithheldUpdate.objects.exists()


def test_update_that_changes_the_address_forgets_what_its_check_said(withheld):
    policy = create_policy(number="MP-1", url="https://example.org/1", link_state="dead", link_answer="404")
    take(withhold(policy, {"url": "https://example.org/2"}))
    policy.refresh_from_db()
    assert (policy.url, policy.link_state, policy.link_answer) == ("https://example.org/2", "", "")


def test_update_of_a_code_that_is_not_held_any_more_is_taken_without_it(withheld):
    MedicalCode.objects.get(code="C84.02").delete()
    take(withheld)
    assert codes_of("A1") == ["J0002"]
    assert HealthPlan.objects.filter(slug="other-health").exists()
