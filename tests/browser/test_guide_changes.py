"""A visitor asks what changed on the page of a code."""

import datetime

import pytest
from playwright.sync_api import expect

from procedures.models import GuideDraft
from tests.browser.accessibility import find_violations
from tests.factories import create_code, create_guide

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG_WORD = "pneumonoultramicroscopicsilicovolcanoconiosis" * 2


def publish(code, note, **texts):
    draft = GuideDraft.objects.begin(code, by=None)
    for field, text in texts.items():
        setattr(draft, field, text)
    draft.change_note = note
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    return draft.publish(by=None)


@pytest.fixture
def code(page):
    """A code whose guide was reviewed, changed three times, and off its page in between."""
    code = create_code(remark="Mind the label.", remark_source="CMS update")
    guide = create_guide(
        code,
        summary="A medicine for the blood. " * 20,
        preparation="Do not eat for two hours.",
        section_sources={"preparation": "- A leaflet, [page 2](https://leaflet.example/)"},
        document_name="guides.txt",
        document_digest="0123456789abcdef" * 4,
        document_date=datetime.date(2026, 5, 4),
    )
    publish(code, "Updated the fasting time.", preparation="Do not eat for six hours.")
    guide.refresh_from_db()
    today = datetime.date.today()
    guide.mark_reviewed(reviewer="Rosa Diaz, RN", on=today, due=today + datetime.timedelta(days=365), by=None)
    guide.unpublish(reason="The label has changed.", by=None)
    publish(code, LONG_WORD, recovery=f"Rest. {LONG_WORD}")
    publish(code, "Shorter.", summary="A medicine for the blood. " * 19 + "A new end.")
    return code


@pytest.mark.parametrize(
    "page",
    [{"java_script_enabled": True}, {"java_script_enabled": False}],
    indirect=True,
    ids=["with JavaScript", "without JavaScript"],
)
def test_visitor_reads_what_an_earlier_change_was(page, code):
    page.goto(code.get_absolute_url())
    page.get_by_role("link", name="What changed on this page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("What changed on this page")
    expect(page.locator("ins")).to_contain_text(["new end"])

    fasting = page.get_by_role("listitem").filter(has_text="Updated the fasting time.")
    fasting.get_by_role("link", name="Show the difference").click()

    expect(page.locator("del")).to_have_text(["removed: two (end of removed)"])
    expect(page.locator("ins")).to_have_text(["added: six (end of added)"])
    expect(page.get_by_role("heading", name="Change of")).to_be_in_viewport()
    page.get_by_role("link", name="J9302 Injection").first.click()
    expect(page.get_by_role("main")).to_contain_text("Do not eat for six hours.")


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_guide_and_its_changes_fit_the_window_and_are_accessible(page, code, width, color_scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    for address in (code.get_absolute_url(), f"{code.get_absolute_url()}/changes"):
        page.goto(address)
        for details in page.locator("details.section-sources").all():
            details.locator("summary").click()
        assert page.evaluate(OVERFLOW) <= 0
        assert find_violations(page) == []


def test_sources_of_a_section_are_folded_until_asked_for(page, code):
    page.goto(code.get_absolute_url())
    source = page.get_by_role("link", name="page 2")
    expect(source).not_to_be_visible()

    page.get_by_text("Sources of Preparation").click()

    expect(source).to_be_visible()


def test_review_line_at_the_top_leads_to_the_footer_of_the_guide(page, code):
    page.goto(code.get_absolute_url())

    page.get_by_role("main").locator(".guide-line").get_by_role("link", name="About this guide").click()

    expect(page.get_by_role("heading", name="About this guide")).to_be_in_viewport()
    expect(page.locator(".about-guide")).to_contain_text("Reviewed by Rosa Diaz, RN")
