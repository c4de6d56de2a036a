"""Policies and plans: which apply, which are stale, which name a code; and the addresses of policies."""

import datetime
import itertools
import re

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from policies.models import HealthPlan, Policy
from policies.models.policies import LINK_COLUMNS, make_public_id
from tests.factories import create_code, create_plan, create_policy, create_policy_code, get_cms

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2025, 3, 1)
DAY = datetime.timedelta(days=1)
DAYS = (None, TODAY - DAY, TODAY, TODAY + DAY)
State = Policy.State


@pytest.fixture
def every_policy() -> list[Policy]:
    """Every status with every order of dates that the database allows, verified long ago, lately and never."""
    issuers = [create_plan("Strict Health", verify_every_days=30), create_plan("Lenient Health", verify_every_days=365)]
    verified = (None, TODAY, TODAY - 30 * DAY, TODAY - 31 * DAY, TODAY - 365 * DAY, TODAY - 366 * DAY)
    policies = []
    for issuer, status, effective, retired, last in itertools.product(
        issuers, Policy.Status.values, DAYS, DAYS, verified
    ):
        if retired and (status == "proposed" or (effective and effective > retired)):
            continue
        policy = Policy(
            title="Policy",
            slug="policy",
            public_id=f"{len(policies):08x}",
            issuer=issuer,
            status=status,
            effective=effective,
            retired=retired,
            last_verified=last,
        )
        policies.append(policy)
    return Policy.objects.bulk_create(policies)


def test_current_policies_are_those_whose_state_says_so(every_policy):
    states = (State.CURRENT, State.UNKNOWN)

    assert set(Policy.objects.current(TODAY)) == {each for each in every_policy if each.state(TODAY) in states}


def test_ended_policies_are_those_whose_state_says_so(every_policy):
    assert set(Policy.objects.ended(TODAY)) == {each for each in every_policy if each.state(TODAY) == State.RETIRED}


def test_stale_policies_are_those_that_say_so(every_policy):
    stale = Policy.objects.select_related("issuer").stale(TODAY)

    assert set(stale) == {each for each in every_policy if each.is_stale(TODAY)}
    assert 0 < len(stale) < len(every_policy)


def test_querysets_of_today_go_by_the_day_of_the_site(every_policy, time_machine):
    time_machine.move_to(datetime.datetime(2025, 3, 1, 20, tzinfo=datetime.UTC))

    for name in ("current", "ended", "stale"):
        assert set(getattr(Policy.objects, name)()) == set(getattr(Policy.objects, name)(TODAY))


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "active"}, State.CURRENT),
        ({"status": "active", "effective": TODAY}, State.CURRENT),
        ({"status": "active", "effective": TODAY + DAY}, State.FUTURE),
        ({"status": "active", "retired": TODAY + DAY}, State.CURRENT),
        ({"status": "active", "retired": TODAY}, State.RETIRED),
        ({"status": "unknown"}, State.UNKNOWN),
        ({"status": "unknown", "effective": TODAY + DAY}, State.FUTURE),
        ({"status": "unknown", "retired": TODAY - DAY}, State.RETIRED),
        ({"status": "proposed"}, State.PROPOSED),
        ({"status": "proposed", "effective": TODAY + DAY}, State.PROPOSED),
        ({"status": "retired"}, State.RETIRED),
        ({"status": "retired", "retired": TODAY + DAY}, State.RETIRED),
    ],
)
def test_state_is_made_of_status_and_dates(fields, state):
    assert Policy(**fields).state(TODAY) == state


def test_policy_is_stale_on_the_day_after_the_interval_of_its_issuer():
    policy = create_policy(issuer=create_plan(verify_every_days=30), last_verified=TODAY)

    assert not policy.is_stale(TODAY + 30 * DAY)
    assert policy.is_stale(TODAY + 31 * DAY)
    assert list(Policy.objects.stale(TODAY + 30 * DAY)) == []
    assert list(Policy.objects.stale(TODAY + 31 * DAY)) == [policy]


def test_policies_for_a_code_are_those_that_name_it_each_once():
    code, other = create_code(), create_code("J9303", "Injection, panitumumab, 10 mg")
    policy = create_policy(codes=[code, other])
    create_policy_code(policy, code, label="Arzerra")
    create_policy("Panitumumab", codes=[other])
    create_policy("Without codes")

    assert list(Policy.objects.for_code(code)) == [policy]
    assert {each.title for each in Policy.objects.naming_codes()} == {"Ofatumumab", "Panitumumab"}


def test_policies_for_a_plan_are_those_it_issued_and_those_that_apply_to_it_each_once():
    contractor, other = [create_plan(name, kind="medicare-contractor") for name in ("North", "South")]
    applied = create_policy("Applied", kind="lcd", plans=[contractor, other])
    issued = create_policy("Issued", issuer=contractor)
    both = create_policy("Both", issuer=contractor, plans=[contractor])
    create_policy("Of the other", issuer=other)
    create_policy("Of nobody named", kind="ncd")

    assert list(Policy.objects.for_plan(contractor)) == [applied, both, issued]


def test_plans_with_policies_are_issuers_and_those_to_whom_one_applies():
    contractor = create_plan("North", kind="medicare-contractor")
    create_plan("Without")
    create_policy(kind="lcd", plans=[contractor])

    assert list(HealthPlan.objects.with_policies()) == [get_cms(), contractor]
    assert list(HealthPlan.objects.issuers()) == [get_cms()]


def test_policies_with_a_dead_link_and_missing_ones_are_found():
    dead = create_policy("Dead", link_state="dead")
    create_policy("Unreachable", link_state="unreachable")
    missing = create_policy("Missing", missing_since=TODAY)

    assert list(Policy.objects.with_dead_link()) == [dead]
    assert list(Policy.objects.missing()) == [missing]


# Addresses


def test_public_id_is_the_same_for_the_same_policy_wherever_it_is_made():
    # It stands in addresses that others keep: a change of the rule would break them all.
    assert make_public_id("cms", "lcd", "L33789") == make_public_id("cms", "lcd", "L33789") == "cd64a7f9"


def test_public_ids_differ_by_issuer_kind_and_number():
    named = itertools.product(("cms", "example-health"), ("lcd", "article"), ("1", "2", "12", "lcd1"))
    ids = [make_public_id(*each) for each in named]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{8}", public_id) for public_id in ids)


def test_public_id_that_is_taken_gives_way_to_another():
    first = make_public_id("cms", "lcd", "L33789")
    second = make_public_id("cms", "lcd", "L33789", {first})
    third = make_public_id("cms", "lcd", "L33789", {first, second})

    assert len({first, second, third}) == 3
    assert second == make_public_id("cms", "lcd", "L33789", [first])


def test_policy_keeps_its_public_id_when_its_title_changes():
    policy = create_policy("Ofatumumab")
    before = policy.get_absolute_url()
    policy.title = "Ofatumumab (Arzerra), 10 mg"
    policy.name_for_addresses()

    assert before == f"/policy/example-health/{policy.public_id}-ofatumumab"
    assert policy.get_absolute_url() == f"/policy/example-health/{policy.public_id}-ofatumumab-arzerra-10-mg"


def test_two_policies_without_number_but_with_one_title_get_two_addresses():
    plan = create_plan()
    first = create_policy("Injections", issuer=plan)
    second = Policy(title="Injections", issuer=plan)
    second.name_for_addresses({first.public_id})
    second.save()

    assert second.get_absolute_url() != first.get_absolute_url()


def test_title_without_letters_and_digits_still_has_an_address():
    assert create_policy("§ ®").get_absolute_url()


def test_article_is_called_by_its_type():
    assert create_policy(kind="article").kind_label == "article"
    faq = create_policy("Questions", kind="article", article_type="faq")
    assert faq.kind_label == "questions and answers"
    assert create_policy("Chairs", kind="lcd").kind_label == "Local Coverage Determination"


def test_retired_policy_cannot_have_its_retirement_to_come():
    tomorrow = timezone.localdate() + datetime.timedelta(days=1)
    policy = create_policy(status="retired", retired=tomorrow)

    with pytest.raises(ValidationError, match="not retired yet"):
        policy.full_clean()


def test_policies_that_ended_are_not_missing():
    gone = timezone.localdate()
    for title, facts in {
        "In force": {},
        "Retired": {"status": "retired"},
        "Retired long ago": {"retired": "2020-01-01"},
        "To be retired": {"retired": gone + datetime.timedelta(days=9)},
    }.items():
        create_policy(title, missing_since=gone, **facts)
    create_policy("Listed")
    assert {policy.title for policy in Policy.objects.missing()} == {"In force", "To be retired"}


def test_another_address_forgets_what_the_check_of_the_former_one_said():
    policy = create_policy(
        url="https://example.org/1", link_state="dead", link_answer="404", link_checked_at=timezone.now()
    )
    policy.move_to("https://example.org/1")
    assert policy.link_state == "dead"
    policy.move_to("https://example.org/2")
    assert policy.url == "https://example.org/2"
    assert [getattr(policy, name) for name in LINK_COLUMNS] == ["", "", None]
