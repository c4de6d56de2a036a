"""What the page of a policy and short lists say of its revisions."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies import fact_changes
from policies.changes import PolicyState, record_change
from policies.fact_changes import LABELS
from policies.facts import FACTS
from policies.models import HealthPlan, Policy, PolicyCode
from policies.policy_changes import PolicyRevisions, recent_changes
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code
from tests.pages import Page, read_page

pytestmark = pytest.mark.django_db


def change(policy, at=None, *, plans=None, references=None, add=(), drop=(), **facts):
    """Changes a policy as an editor does; `at` is when."""
    with time_machine.travel(at or timezone.now(), tick=False):
        policy = Policy.objects.get(pk=policy.pk)
        before = PolicyState.of(policy)
        for name, value in facts.items():
            setattr(policy, name, value)
        policy.name_for_addresses()
        policy.save()
        if plans is not None:
            policy.plans.set(plans)
        if references is not None:
            policy.references.set(references)
        for code in add:
            PolicyCode.objects.create(policy=policy, code=code, source="Test")
        policy.policy_codes.filter(code__in=drop).delete()
        return record_change(policy, before)


def shown(policy, page=None, on=datetime.date(2026, 6, 1)) -> Page:
    """The fragment as a visitor reads it."""
    revisions = PolicyRevisions(Policy.objects.select_related("issuer").get(pk=policy.pk), on, page=page)
    context = {"revisions": revisions}
    return Page(render_to_string("policies/_revisions.html", context, request=RequestFactory().get("/")))


def days(page: Page) -> list[str]:
    return [element.text for element in page.all("time")]


def test_every_fact_has_a_label():
    assert set(LABELS) == set(FACTS)


def test_new_policy_says_only_since_when_it_is_here():
    with time_machine.travel("2026-03-01T12:00:00+00:00"):
        policy = create_policy(codes=[create_code(), create_code("J9310", "Injection, rituximab, 100 mg")])

    page = shown(policy)

    assert "1 March 2026: New on this site, with 2 codes. Source: an editor of this site." in page.text
    assert "Days are those on which this site took a change over." in page.text
    assert not page.all("details")


def test_revisions_stand_newest_first_and_only_the_newest_lies_open():
    with time_machine.travel("2026-03-01T12:00:00+00:00"):
        policy = create_policy()
    change(policy, "2026-04-01T12:00:00+00:00", status="active")
    change(policy, "2026-05-01T12:00:00+00:00", url="https://plan.example/policy")

    page = shown(policy)

    assert days(page) == ["1 May 2026", "1 April 2026", "1 March 2026"]
    assert ["open" in details.attributes for details in page.all("details")] == [True, False]
    assert [details.attributes["id"] for details in page.all("details")] == ["revision-3", "revision-2"]


def test_changed_facts_are_told_before_and_after():
    policy = create_policy(status="unknown", effective=datetime.date(2026, 1, 1))
    change(
        policy,
        status="active",
        effective=datetime.date(2026, 2, 1),
        last_reviewed=datetime.date(2026, 1, 20),
        url="https://plan.example/policy",
    )

    text = shown(policy).text

    assert "Status before: status not known → now: active" in text
    assert "Effective date before: 1 January 2026 → now: 1 February 2026" in text
    assert "Last reviewed not given → now: 20 January 2026" in text
    assert "Original document not given → now: https://plan.example/policy" in text


def test_retirement_that_lies_ahead_is_not_told_as_done():
    policy = create_policy(status="active")
    change(policy, "2026-03-01T12:00:00+00:00", retired=datetime.date(2026, 7, 1))

    assert "To be retired on not given → now: 1 July 2026" in shown(policy, on=datetime.date(2026, 6, 30)).text
    later = shown(policy, on=datetime.date(2026, 7, 1)).text
    assert "Retired on not given → now: 1 July 2026" in later
    assert "To be" not in later


def test_plans_and_documents_are_told_by_name_with_links():
    north, south = create_plan("North Health"), create_plan("South Health")
    lcd = create_policy("Wheelchairs", kind="lcd", number="L33000")
    other = create_policy("Cushions", kind="lcd", number="L33001")
    article = create_policy("Billing of wheelchairs", kind="article", number="A52000", plans=[north], references=[lcd])
    change(article, plans=[south], references=[other])

    page = shown(article)

    assert "Applies to Added: South Health Removed: North Health" in page.text
    assert "Related documents Added: L33001 Cushions Removed: L33000 Wheelchairs" in page.text
    assert page.links[south.get_absolute_url()] == "South Health"
    assert page.links[lcd.get_absolute_url()] == "L33000 Wheelchairs"


def test_plan_that_is_gone_is_told_as_the_facts_call_it():
    north = create_plan("North Health")
    policy = create_policy(plans=[north])
    change(policy, plans=[])
    HealthPlan.objects.filter(pk=north.pk).delete()

    assert "Applies to Removed: north-health" in shown(policy).text


def test_title_and_summary_are_shown_word_by_word_without_marks():
    policy = create_policy("Power wheelchairs", summary="Covered for **adults** only.\n\n- With a prescription.")
    change(policy, title="Power mobility devices", summary="Covered for **children** only.\n\n- With a prescription.")

    page = shown(policy)

    assert [each.text for each in page.all("del")] == [
        "removed: wheelchairs (end of removed)",
        "removed: adults (end of removed)",
    ]
    assert [each.text for each in page.all("ins")] == [
        "added: mobility devices (end of added)",
        "added: children (end of added)",
    ]
    assert "**" not in page.text


def test_summary_of_which_only_marks_changed_says_so():
    policy = create_policy(summary="Covered for adults.")
    change(policy, summary="Covered for **adults**.")

    assert "The words are the same." in shown(policy).text


def test_texts_of_policies_are_escaped():
    policy = create_policy("Old")
    change(policy, title="<script>alert(1)</script>", summary="<img src=x onerror=alert(1)> & more")

    page = shown(policy)

    assert not page.foreign_scripts
    assert not page.all("img")
    assert "&amp; more" in page.html


def test_codes_are_told_with_titles_and_links_the_first_twenty_of_each_kind():
    codes = create_codes({f"K00{number:02}": f"Wheelchair part {number}" for number in range(25)})
    kept = create_code()
    policy = create_policy(codes=[kept])
    change(policy, add=codes)

    page = shown(policy)

    assert "Codes added (25)" in page.headings
    assert "K0019 Wheelchair part 19" in page.links[codes[19].get_absolute_url()]
    assert codes[20].get_absolute_url() not in page.links
    assert "5 more are not shown here." in page.text


def test_changed_code_is_told_with_what_was_and_is_said_of_it():
    code, dropped = create_code(), create_code("J9310", "Injection, rituximab, 100 mg")
    policy = create_policy(codes=[code, dropped])
    before = PolicyState.of(policy)
    policy.policy_codes.filter(code=code).update(prior_authorization="auth-needed", note="Step therapy")
    policy.policy_codes.filter(code=dropped).delete()
    record_change(policy, before)

    page = shown(policy)

    assert page.headings == ["What changed", "Codes dropped (1)", "Codes changed (1)"]
    assert "before: named → now: prior authorization needed, Step therapy" in page.text
    assert "J9310 Injection, rituximab, 100 mg" in page.text


def test_revisions_have_pages_and_any_page_number_is_understood():
    policy = create_policy()
    for number in range(12):
        change(policy, url=f"https://plan.example/{number}")

    first, second = shown(policy), shown(policy, page="2")

    assert "Page 1 of 2" in first.text
    assert first.links["?revisions=2"] == "Next page →"
    assert len(first.all("details")) == 10
    assert "New on this site" in second.text
    assert "New on this site" not in first.text
    assert shown(policy, page="99").text == second.text
    assert shown(policy, page="0\0").text == first.text


def test_revisions_take_as_many_queries_for_many_as_for_few():
    plans = [create_plan(f"Plan {number}") for number in range(6)]
    documents = [create_policy(f"Document {n}", kind="lcd", number=f"L{n}") for n in range(6)]
    codes = create_codes({f"K00{number:02}": f"Wheelchair part {number}" for number in range(30)})

    def queries(policy, count):
        for number in range(count):
            add = codes[5 * number : 5 * number + 5]
            change(policy, plans=[plans[number]], references=[documents[number]], add=add, summary=f"Text {number}")
        policy = Policy.objects.select_related("issuer").get(pk=policy.pk)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            revisions = PolicyRevisions(policy, timezone.localdate())
            render_to_string("policies/_revisions.html", {"revisions": revisions}, request=RequestFactory().get("/"))
        return len(captured)

    few = queries(create_policy("One", kind="article", number="A1"), 1)
    many = queries(create_policy("Two", kind="article", number="A2"), 6)

    assert few == many <= 7


def test_long_texts_are_compared_once(monkeypatch):
    compared = []
    compare = fact_changes.compare
    monkeypatch.setattr(fact_changes, "compare", lambda *texts: compared.append(texts) or compare(*texts))
    policy = create_policy(summary="Covered for adults. " * 300)
    change(policy, summary="Covered for children. " * 300)

    assert shown(policy).html == shown(policy).html
    assert len(compared) == 1


# Short lists


def lines(**about) -> list[str]:
    return [f"{each.policy}: {each.in_one_line}" for each in recent_changes(**about)]


def test_recent_changes_of_a_plan_are_those_it_issued_and_those_that_apply_to_it():
    north, south = create_plan("North Health"), create_plan("South Health")
    create_policy("Issued", issuer=north)
    create_policy("Applied", kind="lcd", number="L1", plans=[north, south])
    create_policy("Foreign", issuer=south)

    assert lines(plan=north) == ["L1 Applied: New on this site", "Issued: New on this site"]


def test_recent_changes_of_a_code_are_its_own_and_what_becomes_of_policies_that_name_it():
    code, other = create_code(), create_code("J9310", "Injection, rituximab, 100 mg")
    policy = create_policy("Ofatumumab", codes=[code])
    create_policy("Rituximab", codes=[other])
    create_policy_code(policy, other)
    change(policy, status="retired")
    change(policy, drop=[other])

    assert lines(code=code) == ["Ofatumumab: Retired", "Ofatumumab: New on this site; 1 code: J9302"]


def test_recent_changes_are_at_most_as_many_as_asked_for():
    for number in range(4):
        create_policy(f"Policy {number}")

    assert lines(limit=2) == ["Policy 3: New on this site", "Policy 2: New on this site"]


def test_recent_changes_say_in_one_line_what_changed():
    codes = [create_code(f"K00{number:02}", f"Wheelchair part {number}") for number in range(9)]
    policy = create_policy("Wheelchairs", codes=codes[:2])
    change(policy, add=codes[2:4], drop=codes[:1])
    change(policy, effective=datetime.date(2026, 1, 1), summary="Text", add=codes[4:5])
    change(policy, add=codes[5:])
    change(policy, drop=codes[1:])
    change(policy, status="retired", retired=datetime.date(2026, 1, 2))
    change(policy, status="active", retired=None)

    assert lines(limit=9) == [
        "Wheelchairs: In effect again",
        "Wheelchairs: Retired",
        "Wheelchairs: 8 codes dropped: K0001, K0002, K0003, K0004, K0005, …",
        "Wheelchairs: 4 codes added: K0005, K0006, K0007, K0008",
        "Wheelchairs: Effective date, Summary; 1 code added: K0004",
        "Wheelchairs: 2 codes added: K0002, K0003; 1 code dropped: K0000",
        "Wheelchairs: New on this site; 2 codes: K0000, K0001",
    ]


def test_policy_page_shows_its_revisions(client):
    policy = create_policy()
    change(policy, status="active")

    page = read_page(client.get(policy.get_absolute_url()))

    assert "Status before: status not known → now: active" in page.text
