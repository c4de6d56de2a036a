"""What is recorded when a policy changes, and what its codes and the pages learn of it."""

import datetime

import pytest

from policies import changes
from policies.changes import PolicyState, mark_codes, record_change, said_of_code
from policies.fact_changes import FactNames, list_changes
from policies.facts import code_key
from policies.models import Policy, PolicyCode, PolicyRevision
from procedures.batches import batches
from procedures.models import MedicalCode
from procedures.search import Filters, read_content_version, search
from tests.factories import create_code, create_plan, create_policy, create_policy_code, get_system

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2025, 3, 1)
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC))


def change(policy: Policy, **fields) -> PolicyRevision | None:
    """Changes these fields as an editor does."""
    before = PolicyState.of(policy)
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.save()
    return record_change(policy, before)


def found_with_policy(text: str) -> list[str]:
    """The codes that a search among codes with a policy finds."""
    rows = search(text, [get_system()], Filters(has_policy=True)).rows
    return [row["code"] for row in rows]


def changed_codes(revision: PolicyRevision) -> list[tuple[str, str, str, str]]:
    changes = revision.code_changes.order_by("code__normalized")
    return list(changes.values_list("code__code", "kind", "before", "after"))


# Kinds


def test_first_revision_is_the_policy_as_it_came():
    code = create_code()
    policy = create_policy(codes=[code], effective=TODAY, summary="It **covers**.")

    revision = policy.revisions.get()

    assert (revision.number, revision.kind, revision.loaded_from) == (1, "new", None)
    assert (revision.codes_added, revision.codes_dropped, revision.codes_changed) == (1, 0, 0)
    assert changed_codes(revision) == [("J9302", "added", "", "")]
    assert revision.facts == PolicyState.of(policy).facts
    assert (revision.facts["effective"], revision.facts["summary"]) == ("2025-03-01", "It **covers**.")


@pytest.mark.parametrize(
    ("start", "fields", "kind"),
    [
        ({}, {"title": "Ofatumumab (Arzerra)"}, "revised"),
        ({}, {"summary": "It covers."}, "revised"),
        ({}, {"effective": TODAY}, "revised"),
        ({}, {"last_reviewed": TODAY}, "revised"),
        ({}, {"url": "https://plan.example/policy"}, "revised"),
        ({}, {"status": "active"}, "revised"),
        ({"kind": "article"}, {"article_type": "faq"}, "revised"),
        ({}, {"status": "retired"}, "retired"),
        ({}, {"retired": TODAY}, "retired"),
        ({}, {"retired": TODAY + DAY}, "revised"),
        ({}, {"retired": TODAY, "title": "Ofatumumab, retired"}, "retired"),
        ({"status": "retired"}, {"status": "active"}, "reinstated"),
        ({"retired": TODAY}, {"retired": TODAY + DAY}, "reinstated"),
        ({"retired": TODAY}, {"retired": None}, "reinstated"),
        ({"retired": TODAY}, {"status": "retired"}, "revised"),
    ],
)
def test_revision_is_of_the_kind_that_the_changed_facts_make(start, fields, kind):
    policy = create_policy(**start)

    revision = change(policy, **fields)

    assert (revision.number, revision.kind) == (2, kind)
    assert revision == policy.revisions.newest_first().first()
    texts = {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in fields.items()}
    assert texts.items() <= revision.facts.items()
    assert not revision.code_changes.exists()


def test_revision_of_plans_and_related_documents():
    policy, other = create_policy(kind="lcd"), create_policy("Billing", kind="article", number="A1")
    before = PolicyState.of(policy)
    policy.plans.set([create_plan("South"), create_plan("North")])
    policy.references.add(other)

    revision = record_change(policy, before)

    assert revision.kind == "revised"
    assert revision.facts["plans"] == ["north", "south"]
    assert revision.facts["references"] == ["article:A1"]


def test_related_document_that_is_numbered_anew_is_no_change_of_a_policy():
    document = create_policy("Billing", kind="article", number="A1")
    policy = create_policy(kind="lcd", references=[document])
    Policy.objects.filter(pk=document.pk).update(number="A9")
    before = PolicyState.of(policy)
    assert record_change(policy, before) is None

    policy.references.add(create_policy("Coding", kind="article", number="A2"))
    revision = record_change(policy, before)
    first = policy.revisions.get(number=1)
    names = FactNames([(policy.issuer_id, first.facts, revision.facts)])
    [change] = list_changes(first.facts, revision.facts, policy.issuer_id, names)
    assert ([link.name for link in change.added], change.removed) == (["A2 Coding"], [])


def test_revision_of_codes_says_which_were_added_dropped_and_changed():
    kept, changed, dropped, added = [create_code(f"J930{number}", f"Drug {number}") for number in range(4)]
    policy = create_policy(codes=[kept, changed, dropped])
    before = PolicyState.of(policy)
    policy.policy_codes.filter(code=changed).update(prior_authorization="conditional", ends=TODAY)
    policy.policy_codes.filter(code=dropped).delete()
    PolicyCode.objects.create(policy=policy, code=added, source="Page 2")

    revision = record_change(policy, before)

    assert revision.kind == "codes"
    assert (revision.codes_added, revision.codes_dropped, revision.codes_changed) == (1, 1, 1)
    assert changed_codes(revision) == [
        ("J9301", "changed", "named", "depends on the case, until 2025-03-01"),
        ("J9302", "dropped", "", ""),
        ("J9303", "added", "", ""),
    ]


def test_revision_of_facts_and_codes_is_a_revised_policy():
    policy = create_policy()
    before = PolicyState.of(policy)
    PolicyCode.objects.create(policy=policy, code=create_code(), source="Page 2")
    Policy.objects.filter(pk=policy.pk).update(title="Arzerra")

    revision = record_change(policy, before)

    assert (revision.kind, revision.codes_added) == ("revised", 1)


def test_code_named_in_one_more_way_is_a_changed_code_not_an_added_one():
    code = create_code("J3490", "Unclassified drugs")
    policy = create_policy(codes=[code])
    create_policy_code(policy, code, label="Arzerra")

    [(_, kind, before, after)] = changed_codes(policy.revisions.first())

    assert (kind, before, after) == ("changed", "named", "named; Arzerra")


def test_long_words_of_a_changed_code_are_cut():
    code = create_code()
    policy = create_policy(codes=[code])
    create_policy_code(policy, code, label="A" * 300, note="B" * 500)

    [(_, _, _, after)] = changed_codes(policy.revisions.first())

    assert len(after) == 300
    assert after.endswith("A…")


@pytest.mark.parametrize(
    ("key", "columns", "words"),
    [
        (("hcpcs", "J9302"), {}, "named"),
        (("hcpcs", "J9302"), {"source": "Page 2", "range": "J9301-J9306"}, "named"),
        (("hcpcs", "J3490", "named", "Arzerra | vial"), {}, "Arzerra | vial"),
        (("icd10cm", "C911", "covered"), {"note": "Group 1"}, "supports medical necessity, Group 1"),
        (
            ("hcpcs", "J9302", "named", "Kesimpta"),
            {"prior_authorization": "auth-needed", "starts": "2025-01-01", "ends": "2025-12-31"},
            "Kesimpta, prior authorization needed, from 2025-01-01, until 2025-12-31",
        ),
    ],
)
def test_what_is_said_of_a_code_in_words(key, columns, words):
    assert said_of_code(code_key(*key), columns) == words


# Nothing that readers see has changed


def test_nothing_is_recorded_when_nothing_changed():
    policy = create_policy(codes=[create_code()], effective=TODAY)

    assert change(policy) is None
    assert policy.revisions.count() == 1


def test_nothing_is_recorded_of_what_is_no_fact_but_pages_are_renewed():
    code = create_code()
    policy = create_policy(codes=[code])
    version = read_content_version()
    before = PolicyState.of(policy)
    policy.policy_codes.update(source="Page 3", range="J9301-J9306")

    assert record_change(policy, before) is None
    assert read_content_version() > version
    assert change(policy, number="7", last_verified=TODAY) is None
    assert read_content_version() > version + 1
    assert policy.revisions.count() == 1


def test_revision_renews_pages():
    policy = create_policy()
    version = read_content_version()

    change(policy, title="Arzerra")

    assert read_content_version() > version


def test_state_is_what_the_database_holds_not_what_a_form_wrote_into_the_object():
    policy = create_policy("Ofatumumab")
    policy.title = "Arzerra"
    before = PolicyState.of(policy)
    policy.save()

    assert before.facts["title"] == "Ofatumumab"
    assert record_change(policy, before).facts["title"] == "Arzerra"


def test_state_of_a_policy_of_many_codes_is_read_in_four_queries(django_assert_num_queries):
    policy = create_policy(codes=[create_code(f"J930{number}", f"Drug {number}") for number in range(5)])

    with django_assert_num_queries(4):
        state = PolicyState.of(policy)

    assert len(state.codes) == len(set(state.code_ids.values())) == 5


# Codes and search


def test_code_has_a_policy_while_one_names_it_and_search_knows():
    code, other = create_code(), create_code("J9303", "Injection, panitumumab, 10 mg")
    assert found_with_policy("injection") == []
    first, second = create_policy("First", codes=[code]), create_policy("Second", codes=[code, other])

    def drop(policy: Policy, code: MedicalCode) -> None:
        before = PolicyState.of(policy)
        policy.policy_codes.filter(code=code).delete()
        record_change(policy, before)

    assert found_with_policy("injection") == ["J9302", "J9303"]
    drop(second, other)
    assert found_with_policy("injection") == ["J9302"]
    drop(second, code)
    assert found_with_policy("injection") == ["J9302"]
    drop(first, code)
    assert found_with_policy("injection") == []
    assert not MedicalCode.objects.filter(has_policy=True).exists()


def test_retired_policy_is_still_a_policy_of_its_codes():
    policy = create_policy(codes=[create_code()])

    change(policy, status="retired")

    assert found_with_policy("J9302") == ["J9302"]


def test_marking_codes_says_how_many_changed_and_leaves_the_others_alone(django_assert_num_queries):
    code, other = create_code(), create_code("J9303", "Injection, panitumumab, 10 mg")
    policy = create_policy(codes=[code])

    assert mark_codes([]) == 0
    with django_assert_num_queries(1):
        assert mark_codes([code.pk, other.pk]) == 0
    policy.delete()
    assert mark_codes({code.pk, other.pk}) == 1
    assert found_with_policy("injection") == []


def test_marking_more_codes_than_one_batch_and_than_a_new_index_is_worth(monkeypatch):
    codes = [create_code(f"J930{number}", f"Injection, drug {number}") for number in range(5)]
    policy = create_policy()
    PolicyCode.objects.bulk_create(PolicyCode(policy=policy, code=code, source="Test") for code in codes)
    monkeypatch.setattr(changes, "batches", lambda items: batches(items, 2))
    monkeypatch.setattr(changes, "REBUILD_FROM", 5)
    seen = []

    def progress(entries):
        for entry in entries:
            seen.append(entry)
            yield entry

    assert mark_codes((code.pk for code in codes), progress) == 5
    assert len(seen) == 5
    assert found_with_policy("injection") == ["J9300", "J9301", "J9302", "J9303", "J9304"]
