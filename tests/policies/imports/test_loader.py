"""What an import makes of policies that are new, and what keeps it from writing anything."""

import datetime

import pytest
from django.db import connection
from django.test import Client

from policies.imports import loader
from policies.imports.loader import RefusedPolicies, load_policies
from policies.imports.records import PlanRecord
from policies.models import HealthPlan, Policy, PolicyImport
from procedures.models import ContentVersion, MedicalCode
from tests.factories import create_code, create_codes, create_policy
from tests.own_database import every_row
from tests.policies.imports.loading import (
    codes_of,
    facts_of,
    get_policy,
    load,
    named,
    reading,
    revisions,
    stated,
)

pytestmark = pytest.mark.django_db


def test_new_policy_has_what_the_source_states_and_nothing_else():
    create_code("J9302")
    summary = load(
        stated(
            "MP-1",
            {
                **named("J9302", prior_authorization="auth-needed", starts="2024-01-01", ends="2025-12-31"),
                "hcpcs:J9302|covered|Arzerra | 10 mg": {"source": "Table 2", "range": "J9301-J9306", "note": "Once"},
            },
            title="Ofatumumab",
            status="active",
            effective="2024-01-01",
            url="https://example.org/mp-1",
            plans=["example", "other"],
        ),
        plans={"other": PlanRecord("Other Health", kind="medicaid", region="Ohio")},
        verified=datetime.date(2025, 2, 28),
    )
    policy = get_policy()
    assert (policy.title, policy.status, policy.url) == ("Ofatumumab", "active", "https://example.org/mp-1")
    assert (policy.effective, policy.retired) == (datetime.date(2024, 1, 1), None)
    assert (policy.last_reviewed, policy.summary) == (None, "")
    assert policy.last_verified == datetime.date(2025, 2, 28)
    assert policy.issuer.name == "Example Health"
    assert set(policy.plans.values_list("name", "kind", "region")) == {
        ("Example Health", "commercial", ""),
        ("Other Health", "medicaid", "Ohio"),
    }
    plain, labelled = policy.policy_codes.order_by("label")
    assert (plain.prior_authorization, plain.source) == ("auth-needed", "List of codes")
    assert (plain.starts, plain.ends) == (datetime.date(2024, 1, 1), datetime.date(2025, 12, 31))
    assert (labelled.label, labelled.listed_as, labelled.note) == ("Arzerra | 10 mg", "covered", "Once")
    assert (labelled.range, labelled.source, labelled.prior_authorization) == ("J9301-J9306", "Table 2", "unknown")
    assert revisions() == [("new", 1, 0, 0)]
    assert policy.revisions.get().facts == facts_of()
    assert (summary.read, summary.added, summary.plans_added, summary.codes_added) == (1, 1, 2, 1)
    assert [(change.kind, change.number) for change in summary.changes] == [("new", "MP-1")]


def test_new_policy_is_public_at_once_and_its_code_is_marked():
    code = create_code("J9302")
    version = ContentVersion.objects.get().number
    load(stated("MP-1", named("J9302"), title="Ofatumumab"))
    assert ContentVersion.objects.get().number > version
    assert MedicalCode.objects.get(pk=code.pk).has_policy
    assert "J9302" in Client().get("/codes/?q=J9302&has_policy=1").content.decode()


def test_same_policy_has_the_same_address_wherever_it_is_loaded():
    load(stated("MP-1"), stated("MP-2"))
    addresses = [policy.get_absolute_url() for policy in Policy.objects.order_by("number")]
    Policy.objects.all().delete()
    load(stated("MP-2"))
    load(stated("MP-1"))
    assert [policy.get_absolute_url() for policy in Policy.objects.order_by("number")] == addresses


def test_policy_without_title_shows_its_number_until_a_source_states_one():
    for facts in ({}, {"title": "L7"}):
        record = stated("L7", kind="lcd", issuer="cms")
        record.facts = facts
        load(record)
        assert get_policy("L7").title == "L7"
    load(stated("L7", kind="lcd", issuer="cms", title="Wheelchairs"))
    assert get_policy("L7").title == "Wheelchairs"
    load(record)
    assert get_policy("L7").title == "Wheelchairs"


def test_policy_without_number_is_known_by_its_title():
    load(stated("", title="Infusions", url="https://example.org/1"))
    load(stated("", title="Infusions", url="https://example.org/2"), stated("", title="Injections"))
    assert sorted(Policy.objects.values_list("title", "url")) == [
        ("Infusions", "https://example.org/2"),
        ("Injections", ""),
    ]


def test_policy_without_number_is_known_by_the_title_it_came_with():
    load(stated("", title="Infusions"))
    Policy.objects.update(title="Infusions at home")
    load(stated("", title="Infusions"), stated("", title="Infusions at home"))
    assert sorted(Policy.objects.values_list("title", flat=True)) == ["Infusions at home", "Infusions at home"]


@pytest.mark.parametrize("number", ["MP-1", ""])
def test_policy_that_an_editor_numbered_anew_is_found(number):
    load(stated(number, title="Infusions"))
    Policy.objects.update(number="MP-1/A")
    load(stated(number, title="Infusions", url="https://example.org/1"))
    assert list(Policy.objects.values_list("number", "url")) == [("MP-1/A", "https://example.org/1")]


def test_policy_that_an_editor_numbered_anew_is_not_taken_for_the_one_with_that_number():
    load(stated("MP-1", title="Infusions"))
    Policy.objects.update(number="MP-2")
    records = stated("MP-1", title="Infusions"), stated("MP-2", title="Injections", row=3)
    with pytest.raises(RefusedPolicies) as refused:
        load(*records)
    assert [str(problem) for problem in refused.value.report.problems] == [
        "list.csv, row 3: MP-2: an editor gave its number to “Infusions”, which has another name in the source."
    ]
    load(*records, skip_errors=True, complete=True)
    assert list(Policy.objects.values_list("number", "title", "missing_since")) == [("MP-2", "Infusions", None)]


def test_policies_whose_numbers_an_editor_exchanged_stay_apart():
    load(stated("MP-1", title="Infusions"), stated("MP-2", title="Injections"))
    for was, becomes in (("MP-1", "MP-3"), ("MP-2", "MP-1"), ("MP-3", "MP-2")):
        Policy.objects.filter(number=was).update(number=becomes)
    load(stated("MP-1", title="Infusions at home"), stated("MP-2", title="Injections"))
    assert sorted(Policy.objects.values_list("number", "title")) == [
        ("MP-1", "Injections"),
        ("MP-2", "Infusions at home"),
    ]


def test_new_policy_is_verified_on_the_day_of_its_record_or_else_of_its_source():
    own = stated("MP-1")
    own.verified = datetime.date(2024, 12, 31)
    load(own, stated("MP-2"), verified=datetime.date(2025, 2, 28))
    days = Policy.objects.order_by("number").values_list("last_verified", flat=True)
    assert list(days) == [datetime.date(2024, 12, 31), datetime.date(2025, 2, 28)]


def test_references_go_on_to_name_a_document_that_an_editor_numbered_anew():
    lcd = stated("L1", issuer="cms", kind="lcd")
    article = stated("A1", issuer="cms", kind="article", references=["lcd:L1"])
    load(article, lcd)
    Policy.objects.filter(number="L1").update(number="L9")
    before = every_row(connection)
    assert not load(article, lcd).references_unknown
    assert every_row(connection) == before
    article.facts["references"] = ["lcd:L1", "lcd:L2"]
    load(article, lcd, stated("L2", issuer="cms", kind="lcd"))
    assert facts_of("A1")["references"] == ["lcd:L2", "lcd:L9"]
    article.facts["references"] = ["lcd:L2"]
    load(article)
    assert facts_of("A1")["references"] == ["lcd:L2"]
    assert revisions("A1") == [("new", 0, 0, 0), ("revised", 0, 0, 0), ("revised", 0, 0, 0)]


def test_source_that_lacks_a_table_keeps_the_documents_that_only_it_names():
    def record(*references):
        return stated("A1", issuer="cms", kind="article", references=list(references))

    others = stated("1.2", issuer="cms", kind="ncd"), stated("L1", issuer="cms", kind="lcd")
    load(record("ncd:1.2", "lcd:L1"), *others)
    load(record(), keeps_references=lambda kind, key: (kind, key) == ("article", "ncd:1.2"))
    assert facts_of("A1")["references"] == ["ncd:1.2"]
    load(record())
    assert facts_of("A1")["references"] == []


def test_kind_and_issuer_belong_to_the_name_of_a_policy():
    other = {"other": PlanRecord("Other Health")}
    load(stated("1", issuer="cms", kind="lcd"), stated("1", issuer="cms", kind="article"), stated("1"))
    load(stated("1", issuer="other"), plans=other)
    assert Policy.objects.filter(number="1").count() == 4


def test_references_are_made_whatever_the_order_and_added_when_the_document_comes():
    article = stated(
        "A1", issuer="cms", kind="article", references=["lcd:L1", "lcd:L2", "lcd:L1", "article:A1", "ncd:1.2"]
    )
    summary = load(article, stated("L1", issuer="cms", kind="lcd"))
    assert facts_of("A1")["references"] == ["lcd:L1"]
    assert summary.references_unknown == {"lcd:L2": 1, "ncd:1.2": 1}
    load(article, stated("L1", issuer="cms", kind="lcd"), stated("L2", issuer="cms", kind="lcd"))
    assert facts_of("A1")["references"] == ["lcd:L1", "lcd:L2"]
    assert revisions("A1") == [("new", 0, 0, 0), ("revised", 0, 0, 0)]
    article.facts["references"] = ["lcd:L2"]
    load(article)
    assert facts_of("A1")["references"] == ["lcd:L2"]


def test_codes_that_are_not_held_are_counted_and_come_when_they_are():
    create_code("J9302")
    create_code("C84.02", "Mycosis fungoides", system="icd10cm")
    codes = {**named("J9302", "J0001"), "icd10cm:C8402|covered|": {"source": "Table"}}
    codes |= {"icd10pcs:C8402|covered|": {"source": "Table"}, "hcpcs:J0001|named|Brand": {"source": "Table"}}
    summary = load(stated("MP-1", codes))
    assert codes_of() == ["C84.02", "J9302"]
    assert summary.report.unknown_codes == {"hcpcs:J0001": 2, "icd10pcs:C8402": 1}
    assert summary.as_counts()["codes_unknown"] == 2

    create_code("J0001")
    load(stated("MP-1", codes))
    assert codes_of() == ["C84.02", "J0001", "J0001 Brand", "J9302"]
    assert revisions() == [("new", 2, 0, 0), ("codes", 1, 0, 0)]


def test_import_writes_no_history_of_editors():
    create_code("J9302")
    load(stated("MP-1", named("J9302"), plans=["example"]))
    load(stated("MP-1", {}, title="New", plans=[]))
    assert not Policy.history.exists()
    assert not HealthPlan.history.filter(slug="example-health").exists()
    assert revisions() == [("new", 1, 0, 0), ("revised", 0, 1, 0)]


@pytest.mark.parametrize("only_add", [False, True])
def test_only_add_leaves_what_is_held(only_add):
    create_code("J9302")
    HealthPlan.objects.create(name="Example Health", slug="example-health")
    load(stated("MP-1"), plans={"example": PlanRecord("Example Health")})
    summary = load(
        stated("MP-1", named("J9302"), title="New"),
        stated("MP-2"),
        only_add=only_add,
        verified=datetime.date(2025, 1, 1),
        complete=True,
    )
    assert facts_of()["title"] == ("Policy MP-1" if only_add else "New")
    assert codes_of() == ([] if only_add else ["J9302"])
    assert get_policy().last_verified == (None if only_add else datetime.date(2025, 1, 1))
    assert HealthPlan.objects.get(slug="example-health").kind == ("" if only_add else "commercial")
    assert get_policy("MP-2").title == "Policy MP-2"
    assert summary.added == 1


BROKEN = {
    "title that is too long": {"title": "x" * 501},
    "no title": {"title": "  "},
    "retired before it took effect": {"effective": "2025-02-01", "retired": "2025-01-31"},
    "impossible day": {"effective": "2025-02-30"},
    "no address": {"url": "javascript:alert(1)"},
    "unknown plan": {"plans": ["nobody"]},
}


@pytest.mark.parametrize("facts", BROKEN.values(), ids=BROKEN)
def test_broken_record_keeps_everything_from_being_imported(facts):
    before = every_row(connection)
    with pytest.raises(RefusedPolicies) as refused:
        load(stated("MP-1"), stated("MP-2", row=3, **facts))
    assert every_row(connection) == before
    assert str(refused.value) == "list.csv: there is one problem, so nothing was imported."
    [problem] = refused.value.report.problems
    assert str(problem).startswith("list.csv, row 3: MP-2: ")


@pytest.mark.parametrize("facts", BROKEN.values(), ids=BROKEN)
def test_skip_errors_leaves_out_the_broken_record_alone(facts):
    summary = load(stated("MP-1"), stated("MP-2", **facts), skip_errors=True)
    assert list(Policy.objects.values_list("number", flat=True)) == ["MP-1"]
    assert (summary.added, summary.left_out, summary.report.problem_count) == (1, 1, 1)


def test_problem_of_the_reader_keeps_everything_from_being_imported():
    read = reading(stated("MP-1"))
    read.report.problem("list.csv", 7, "no plan")
    with pytest.raises(RefusedPolicies):
        load_policies(read, dry_run=True)
    with pytest.raises(RefusedPolicies):
        load_policies(read)
    assert not Policy.objects.exists()
    load_policies(read, skip_errors=True)
    assert Policy.objects.count() == 1


def test_second_record_of_one_policy_is_a_problem():
    plans = {"same": PlanRecord("EXAMPLE HEALTH")}
    records = stated("MP-1", title="First"), stated("MP-1", title="Second", issuer="same", row=9)
    with pytest.raises(RefusedPolicies) as refused:
        load(*records, plans=plans)
    assert str(refused.value.report.problems[0]) == "list.csv, row 9: MP-1: row 2 of list.csv is of the same policy."
    load(*records, plans=plans, skip_errors=True)
    assert get_policy().title == "First"


def test_broken_plan_leaves_out_its_policies():
    plans = {"broken": PlanRecord("x" * 201)}
    summary = load(
        stated("MP-1"), stated("MP-2", issuer="broken"), stated("MP-3", plans=["broken"]), plans=plans, skip_errors=True
    )
    assert list(Policy.objects.values_list("number", flat=True)) == ["MP-1"]
    assert summary.left_out == 2


def test_dry_run_tells_the_same_and_changes_nothing():
    create_code("J9302")
    create_code("J0001")
    create_policy("Old", number="MP-3", codes=[create_code("J0002")])
    load(stated("MP-1", named("J9302")), stated("MP-2"), complete=True)
    second = [
        stated("MP-1", named("J0001"), title="New", retired="2024-01-01"),
        stated("MP-3", named("J0001"), title="Other"),
        stated("MP-4", named("J0009"), plans=["other"]),
    ]
    options = {"plans": {"other": PlanRecord("Other Health")}, "complete": True}
    before = every_row(connection)
    rehearsed = load(*second, dry_run=True, **options)
    assert every_row(connection) == before
    assert load(*second, **options) == rehearsed
    counts = rehearsed.as_counts()
    assert all(counts[name] for name in ("added", "changed", "retired", "missing", "withheld", "codes_unknown"))
    assert every_row(connection) != before


@pytest.mark.parametrize("point", ["mark_codes", "missing_policies", "read_states"])
def test_import_that_breaks_off_leaves_everything_as_it_was(point, monkeypatch):
    create_code("J9302")
    load(stated("MP-1", named("J9302")), complete=True)
    before = every_row(connection)

    def break_off(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(loader, point, break_off)
    with pytest.raises(KeyboardInterrupt):
        load(stated("MP-1", {}, title="New"), stated("MP-2", named("J9302")), complete=True)
    assert every_row(connection) == before


def test_number_of_queries_does_not_grow_with_the_policies(django_assert_max_num_queries):
    codes = [code.code for code in create_codes({f"J{number:04}": "Drug" for number in range(30)})]
    records = [stated(f"MP-{number}", named(*codes), plans=["example"]) for number in range(40)]
    with django_assert_max_num_queries(40):
        load(*records)
    changed = [stated(f"MP-{number}", named(*codes[1:]), title="New", plans=[]) for number in range(40)]
    with django_assert_max_num_queries(60):
        load(*changed)
    with django_assert_max_num_queries(20):
        load(*changed)
    assert PolicyImport.objects.count() == 2
