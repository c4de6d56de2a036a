"""A guide goes from an author's first line to the public page and back, by the hands of two people."""

import datetime
import io

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import PASSWORD, create_code, create_guide, create_user

pytestmark = pytest.mark.both_databases


@pytest.fixture
def log_in(page, live_server):
    """`log_in(username)` gives the page of this person, in a browser of their own."""
    contexts = []

    def open_desk(username):
        context = page.context.browser.new_context(base_url=live_server.url)
        contexts.append(context)
        desk = context.new_page()
        desk.goto("/admin/")
        desk.get_by_label("Username").fill(username)
        desk.get_by_label("Password").fill(PASSWORD)
        desk.get_by_role("button", name="Log in").click()
        expect(desk.get_by_role("link", name="Guides in work")).to_be_visible()
        return desk

    yield open_desk
    for context in contexts:
        context.close()


def open_draft(desk, code):
    desk.goto("/admin/procedures/guidedraft/")
    desk.get_by_role("link", name=code, exact=True).click()


def take_step(desk, label):
    """Follows the link of a step and confirms it."""
    desk.get_by_role("link", name=label, exact=True).click()
    desk.get_by_role("button", name=label, exact=True).click()


def test_text_goes_live_only_by_the_hands_of_author_and_reviewer(page, log_in):
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_guide(code, summary="It takes about four hours.", recovery="Rest at home.")
    create_user("ann", groups=["Author"])
    create_user("rob", groups=["Reviewer"])
    visitor, author, reviewer = page, log_in("ann"), log_in("rob")

    # The author begins a draft of the public guide, changes it, and sends it to review.
    author.goto("/admin/procedures/guide/")
    author.get_by_role("link", name="J9302", exact=True).click()
    author.get_by_role("button", name="Edit", exact=True).click()
    author.get_by_role("textbox", name="Summary").first.fill("It takes about six ours.")
    author.get_by_role("textbox", name="What changes").fill("Corrected how long it takes.")
    author.get_by_role("button", name="Save and send to review").click()
    expect(author.get_by_text("In review. A reviewer approves it or sends it back.")).to_be_visible()
    visitor.goto(code.get_absolute_url())
    expect(visitor.get_by_role("main")).to_contain_text("It takes about four hours.")

    # The reviewer finds a slip and sends it back; the author corrects it.
    reviewer.goto("/admin/procedures/guidedraft/?state=in-review")
    reviewer.get_by_role("link", name="J9302", exact=True).click()
    reviewer.get_by_role("link", name="Send back", exact=True).click()
    expect(reviewer.locator(".difference").first).to_contain_text("six ours")
    reviewer.get_by_label("What is to be mended").fill("Write hours, with an h.")
    reviewer.get_by_role("button", name="Send back").click()

    open_draft(author, "J9302")
    expect(author.locator(".draft-note")).to_contain_text("Write hours, with an h.")
    author.get_by_role("textbox", name="Summary").first.fill("It takes about six hours.")
    author.get_by_role("button", name="Save and continue editing").first.click()
    take_step(author, "Send to review")
    expect(author.get_by_role("link", name="Approve")).to_have_count(0)

    # The reviewer approves it for tomorrow; until then nothing changes for visitors.
    tomorrow = timezone.localtime() + datetime.timedelta(days=1)
    open_draft(reviewer, "J9302")
    reviewer.get_by_role("link", name="Approve", exact=True).click()
    reviewer.get_by_label("Publish at").fill(f"{tomorrow:%Y-%m-%dT%H:%M}")
    reviewer.get_by_role("button", name="Approve").click()
    expect(reviewer.locator(".draft-panel")).to_contain_text("It goes live on")
    call_command("publish_due", stdout=io.StringIO())
    visitor.goto("/codes/?q=six+hours")
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("No results")
    visitor.goto(code.get_absolute_url())
    expect(visitor.get_by_role("main")).to_contain_text("It takes about four hours.")

    with time_machine.travel(tomorrow + datetime.timedelta(hours=1), tick=False):
        call_command("publish_due", stdout=io.StringIO())
    visitor.reload()
    expect(visitor.get_by_role("main")).to_contain_text("It takes about six hours.")
    visitor.goto("/codes/?q=six+hours")
    expect(visitor.locator("ol.results h2 code")).to_have_text(["J9302"])

    # Visitors see what changed, editors also who changed it.
    visitor.goto(code.get_absolute_url())
    visitor.get_by_role("link", name="What changed on this page").click()
    expect(visitor.get_by_role("main")).to_contain_text("Corrected how long it takes.")
    expect(visitor.locator("main del")).to_contain_text("four")
    expect(visitor.locator("main ins")).to_contain_text("six")
    expect(visitor.get_by_role("main")).not_to_contain_text("rob")
    author.goto("/admin/procedures/guide/")
    author.get_by_role("link", name="J9302", exact=True).click()
    author.get_by_role("link", name="History", exact=True).click()
    expect(author.get_by_role("main")).to_contain_text("rob")
    expect(author.get_by_role("main")).to_contain_text("Corrected how long it takes.")

    # A former text comes back as a draft, not at once.
    author.locator("#change-history tbody tr").last.get_by_role("link").first.click()
    author.get_by_role("button", name="Bring this text back as a draft").click()
    expect(author.get_by_role("textbox", name="Summary").first).to_have_value("It takes about four hours.")
    visitor.goto(code.get_absolute_url())
    expect(visitor.get_by_role("main")).to_contain_text("It takes about six hours.")
