"""Which plans and codes a change concerns: those of its own time, whatever becomes of the policy later."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.changes import PolicyState, record_change
from policies.imports.records import PlanRecord
from policies.policy_changes import recent_changes
from tests.factories import create_code, create_plan, create_policy, get_cms
from tests.pages import read_page
from tests.policies.imports.loading import get_policy, load, named, stated
from tests.policies.test_policy_changes import change

pytestmark = pytest.mark.django_db


def told(**about) -> list[str]:
    return [each.in_one_line for each in recent_changes(**about, limit=20)]


# Plans


def test_plan_is_told_that_a_policy_came_to_it_and_that_it_went(client):
    north, south = create_plan("North Health"), create_plan("South Health")
    policy = create_policy("Wheelchairs", kind="lcd", number="L1", plans=[north])
    change(policy, plans=[south])
    change(policy, status="retired")

    assert told(plan=north) == ["Applies to", "New on this site"]
    assert told(plan=south) == ["Retired", "Applies to"]
    assert told(plan=get_cms()) == ["Retired", "Applies to", "New on this site"]
    feed = client.get("/feeds/plan/north-health.atom").content.decode()
    assert "L1 Wheelchairs: Applies to" in feed
    assert "Retired" not in feed
    links = read_page(client.get("/policies/changes/?plan=north-health")).links
    shown = [f"{policy.get_absolute_url()}#revision-{number}" in links for number in (1, 2, 3)]
    assert shown == [True, True, False]


def test_plan_is_told_by_imports_as_by_editors():
    create_code("J0001")
    plans = {"north": PlanRecord("North"), "south": PlanRecord("South")}
    for applies, status in (("north", "active"), ("south", "active"), ("south", "retired")):
        facts = {"plans": [applies], "status": status}
        load(stated("L1", named("J0001"), issuer="cms", kind="lcd", **facts), plans=plans)

    concerned = [[plan.slug for plan in each.plans.order_by("slug")] for each in get_policy("L1").revisions.all()]
    assert concerned == [["cms", "south"], ["cms", "north", "south"], ["cms", "north"]]


def test_plan_named_twice_has_each_change_once():
    north = create_plan("North Health")
    policy = create_policy("Own", issuer=north, plans=[north])
    change(policy, status="retired")

    assert told(plan=north) == ["Retired", "New on this site"]


# Codes


def test_code_is_told_what_became_of_a_policy_only_while_the_policy_named_it(client):
    code, other = create_code(), create_code("J9310", "Injection, rituximab, 100 mg")
    policy = create_policy("Ofatumumab", codes=[other])
    change(policy, status="active")
    change(policy, add=[code])
    change(policy, status="retired")
    change(policy, drop=[other])
    change(policy, status="active", drop=[code])
    change(policy, summary="Nothing more.")
    change(policy, add=[code])
    change(policy, effective=datetime.date(2026, 1, 1))

    assert told(code=code) == [
        "Effective date",
        "1 code added: J9302",
        "In effect again; 1 code dropped: J9302",
        "Retired",
        "1 code added: J9302",
    ]
    assert told(code=other) == [
        "1 code dropped: J9310",
        "Retired",
        "Status",
        "New on this site; 1 code: J9310",
    ]
    feed = client.get("/feeds/code/hcpcs/J9302.atom").content.decode()
    assert feed.count("<entry>") == 5


def test_code_keeps_its_past_when_a_policy_adds_or_drops_it():
    code, kept = create_code(), create_code("J9310", "Injection, rituximab, 100 mg")
    late, early = create_policy("Late", codes=[kept]), create_policy("Early", codes=[code, kept])
    change(early, status="active")
    before = told(code=code)
    change(late, status="active")
    change(late, add=[code])
    change(early, drop=[code])

    assert told(code=code) == ["1 code dropped: J9302", "1 code added: J9302", *before]


def test_change_of_what_is_said_of_a_code_neither_begins_nor_ends_that_it_is_named():
    code = create_code()
    policy = create_policy("Ofatumumab", codes=[code])
    before = PolicyState.of(policy)
    policy.policy_codes.update(note="Step therapy")
    record_change(policy, before)
    change(policy, status="retired")

    assert told(code=code) == ["Retired", "1 code changed: J9302", "New on this site; 1 code: J9302"]


def test_changes_of_a_plan_or_a_code_take_as_many_queries_for_many_as_for_few():
    code, north = create_code(), create_plan("North Health")

    def add(number):
        policy = create_policy(f"Policy {number}", kind="lcd", number=f"L{number}", plans=[north], codes=[code])
        change(policy, status="retired")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            recent_changes(plan=north)
            recent_changes(code=code)
        return len(captured)

    add(0)
    few = queries()
    for number in range(1, 6):
        add(number)

    assert queries() == few <= 10
