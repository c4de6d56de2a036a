"""The pages of the desk that are ours: under the strict policy, accessible, within the window, in light and dark."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from contact.models import Message, MessageNote, OutgoingMail
from policies.models import Policy, PolicyImport, WithheldUpdate
from procedures.models import DailyViews, GuideDraft, SearchWithoutResult
from tests.browser.accessibility import find_violations
from tests.factories import (
    PASSWORD,
    create_code,
    create_draft,
    create_guide,
    create_mail,
    create_message,
    create_name,
    create_policy,
    create_policy_code,
    create_user,
    get_cms,
)

# Each width and each scheme once: what one does to a page does not depend on the other.
SIZES = [
    {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for scheme, width in (("light", 360), ("dark", 1440))
]
in_each_size = pytest.mark.parametrize("page", SIZES, indirect=True, ids=["light-360", "dark-1440"])


@pytest.fixture
def desk(page):
    """The page of a superuser, on a site with something of everything."""
    create_user("root", is_superuser=True)
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    guide = create_guide(code, summary="It takes four hours.", section_sources={"summary": "- A leaflet"})
    create_name(code, "Arzerra")
    changed = GuideDraft.objects.begin(code, by=None)
    changed.summary = "It takes six hours. TODO"
    changed.save_text(by=None)
    for state, other in (("in-review", "J9303"), ("approved", "J9304"), ("sent-back", "J9305")):
        draft = create_draft(create_code(other), by=create_user(f"author-{state}"))
        draft.submit(by=None)
        if state == "approved":
            draft.approve(by=None)
        elif state == "sent-back":
            draft.send_back(note="Shorten it.", by=None)
    off = create_guide(create_code("J9306"))
    off.unpublish(reason="It is being rewritten.", by=None)
    today = timezone.localdate()
    DailyViews.objects.create(code=create_code("J9307"), day=today, count=30)
    SearchWithoutResult.objects.create(text="ofatumumap", day=today, count=5)
    guide.mark_reviewed(reviewer="Jane Roe, RN", on=today, due=today + datetime.timedelta(days=90), by=None)
    policy = create_policy(
        "Ofatumumab for chronic lymphocytic leukemia",
        number="P-1",
        codes=[code],
        plans=[get_cms()],
        missing_since=today,
        last_verified=today,
    )
    create_policy_code(policy, create_code("J9308"), label="Arzerra")
    imported = PolicyImport.objects.create(kind="csv", source_name="list.csv", as_of=today)
    WithheldUpdate.objects.create(policy=policy, loaded_from=imported, facts={"title": "Ofatumumab, second edition"})
    long_ago = timezone.now() - datetime.timedelta(days=3)
    message = create_message(code=code, organization="Northside Oncology Clinic", created_at=long_ago)
    MessageNote.objects.create(message=message, text="Called on Monday, nobody there.")
    create_message("مرحبا", name="محمد علي", status="spam", spam_score=7, spam_reasons="more links than text")
    create_mail(message=message, kind="message-receipt", to=message.email)
    create_mail(state="failed", attempts=9, last_error="550 No such mailbox", calendar=b"BEGIN:VCALENDAR")
    page.goto("/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Content health").first).to_be_visible()
    return page


def addresses():
    drafts = {draft.code.code: draft.pk for draft in GuideDraft.objects.select_related("code")}
    guide = reverse("admin:procedures_guide_changelist")
    work = reverse("admin:procedures_guidedraft_changelist")
    version = GuideDraft.objects.get(pk=drafts["J9302"]).code.guide.history.earliest()
    return [
        "/admin/",
        "/admin/content-health/",
        work,
        f"{work}?state=in-review",
        f"{work}add/",
        *(f"{work}{pk}/change/" for pk in drafts.values()),
        f"{work}{drafts['J9302']}/compare/",
        f"{work}{drafts['J9302']}/preview/",
        f"{work}{drafts['J9302']}/step/submit/",
        f"{work}{drafts['J9303']}/step/approve/",
        f"{work}{drafts['J9303']}/step/send-back/",
        f"{work}{drafts['J9302']}/history/",
        guide,
        *(f"{guide}{pk}/change/" for pk in type(version.instance).objects.values_list("pk", flat=True)),
        f"{guide}{version.id}/history/",
        f"{guide}{version.id}/history/{version.history_id}/",
        f"{guide}import/",
        "/admin/procedures/codename/",
        "/admin/procedures/codename/add/",
        "/admin/procedures/codename/import/",
        "/admin/procedures/codename/export/",
        "/admin/procedures/everydayword/",
        "/admin/procedures/everydayword/add/",
        "/admin/procedures/succession/add/",
        "/admin/procedures/release/import/",
        "/admin/procedures/dailyviews/",
        "/admin/procedures/searchwithoutresult/",
        *policy_addresses(),
        *message_addresses(),
    ]


def message_addresses():
    messages, mails = "/admin/contact/message/", "/admin/contact/outgoingmail/"
    return [
        messages,
        f"{messages}?status=all",
        *(f"{messages}{pk}/change/" for pk in Message.objects.values_list("pk", flat=True)),
        mails,
        *(f"{mails}{pk}/change/" for pk in OutgoingMail.objects.values_list("pk", flat=True)),
        "/admin/forget-visitor/",
    ]


def policy_addresses():
    policies = "/admin/policies/policy/"
    policy = Policy.objects.get()
    return [
        "/admin/policy-health/",
        policies,
        f"{policies}add/",
        f"{policies}export/",
        f"{policies}{policy.pk}/change/",
        f"{policies}{policy.pk}/history/",
        f"{policies}{policy.pk}/history/{policy.history.latest().pk}/",
        f"/admin/policies/withheldupdate/{policy.withheld.pk}/change/",
        f"/admin/policies/policyrevision/{policy.revisions.latest('number').pk}/change/",
        f"/admin/policies/healthplan/{policy.issuer_id}/change/",
        "/admin/policies/healthplan/",
        "/admin/policies/healthplan/add/",
        "/admin/policies/policycode/",
        "/admin/policies/policycode/import/",
    ]


@in_each_size
def test_pages_of_the_desk_are_accessible_and_fit_the_window(desk):
    found = []
    for address in addresses():
        response = desk.goto(address)
        assert response.status == 200, address
        desk.wait_for_load_state("networkidle")
        found += [f"{address} {violation}" for violation in find_violations(desk)]
        if desk.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{address} is wider than the window")

    assert not found, "\n".join(found)


@pytest.mark.parametrize("page", [{"viewport": {"width": 1440, "height": 900}}], indirect=True)
def test_tables_of_codes_need_no_scrolling_in_a_wide_window(desk):
    policy = Policy.objects.get()
    longest = {"label": "Kesimpta pen 20 mg", "note": "Only after failure of two others.", "listed_as": "noncovered"}
    create_policy_code(policy, create_code("J9309"), **longest, range="J9301-J9309", starts=datetime.date(2026, 1, 1))

    desk.goto(f"/admin/policies/policy/{policy.pk}/change/")
    desk.wait_for_load_state("networkidle")

    for table in (".shown-codes-rows", "#new_codes-group"):
        width, room = desk.locator(table).evaluate("table => [table.scrollWidth, table.clientWidth]")
        assert width <= room, table


def test_what_is_asked_before_an_act_is_accessible(desk):
    found = []
    for action in ("mark_reviewed", "unpublish"):
        desk.goto("/admin/procedures/guide/?public=yes")
        desk.locator("#result_list tbody input[type=checkbox]").first.check()
        desk.locator("select[name=action]").select_option(action)
        desk.get_by_role("button", name="Go").click()
        found += find_violations(desk)
        desk.locator(".submit-row input[type=submit]").click()
        expect(desk.locator(".errornote")).to_be_visible()
        found += find_violations(desk)

    assert not found, "\n".join(found)


@in_each_size
def test_what_is_held_of_a_person_and_refused_forms_of_messages_are_accessible(desk):
    desk.goto("/admin/forget-visitor/")
    desk.get_by_role("button", name="Look what is held").click()
    expect(desk.locator(".errornote")).to_be_visible()
    found = find_violations(desk)
    desk.get_by_label("E-mail address").fill("kim@visitor.example")
    desk.get_by_role("button", name="Look what is held").click()
    expect(desk.get_by_role("button", name="Delete all of it for good")).to_be_visible()
    found += find_violations(desk)
    message = Message.objects.get(status="new")
    desk.goto(f"/admin/contact/message/{message.pk}/change/")
    desk.get_by_label("Note", exact=False).last.fill("x" * 2_001)
    Message.objects.filter(pk=message.pk).update(status="open")
    desk.get_by_role("button", name="Done").click()
    expect(desk.locator(".errornote")).to_be_visible()
    found += find_violations(desk)

    assert not found, "\n".join(found)
    assert not desk.evaluate("document.documentElement.scrollWidth > window.innerWidth")


@pytest.mark.parametrize("page", [{"viewport": {"width": 1440, "height": 900}}], indirect=True)
def test_lists_of_messages_and_mails_need_no_scrolling_in_a_wide_window(desk):
    for address in ("/admin/contact/message/?status=all", "/admin/contact/outgoingmail/"):
        desk.goto(address)
        desk.wait_for_load_state("networkidle")

        width, room = desk.locator(".results").evaluate("table => [table.scrollWidth, table.clientWidth]")
        assert width <= room, address
