"""A visitor reads the page of a code: the same with and without JavaScript."""

import datetime

import pytest
from playwright.sync_api import expect

from procedures.guide_sections import SECTIONS
from procedures.models import Succession
from tests.factories import create_code, create_guide

pytestmark = pytest.mark.parametrize(
    "page",
    [{"java_script_enabled": True}, {"java_script_enabled": False}],
    indirect=True,
    ids=["with JavaScript", "without JavaScript"],
)


def create_retired_code_with_successor():
    """C9028, whose place J9229 took on the first day of 2019."""
    retired = create_code(
        "C9028",
        "Injection, inotuzumab ozogamicin, 0.1 mg",
        added=datetime.date(2018, 4, 1),
        terminated=datetime.date(2018, 12, 31),
    )
    successor = create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg", added=datetime.date(2019, 1, 1))
    Succession.objects.create(predecessor=retired, successor=successor)
    return retired


def ask_for_date(page, day):
    page.get_by_label("valid on this day?").fill(day)
    page.get_by_role("button", name="Check the date").click()


def test_retired_code_leads_to_its_successor(page):
    retired = create_retired_code_with_successor()

    page.goto(retired.get_absolute_url())
    notice = page.locator(".notice", has_text="Discontinued on 31 December 2018.")
    notice.get_by_role("link", name="J9229").click()

    expect(page.get_by_role("main")).to_contain_text("HCPCS code J9229")
    expect(page.get_by_role("main")).to_contain_text("Replaces C9028")


def test_date_of_service_is_answered_with_the_code_of_that_day(page):
    retired = create_retired_code_with_successor()
    page.goto(retired.get_absolute_url())

    ask_for_date(page, "2018-06-30")
    expect(page.get_by_role("main").get_by_role("status")).to_have_text("On 30 June 2018 C9028 was valid.")
    expect(page.get_by_role("main").get_by_role("status")).to_be_in_viewport()
    expect(page.get_by_label("valid on this day?")).to_have_value("2018-06-30")

    ask_for_date(page, "2019-06-30")
    answer = page.get_by_role("main").get_by_role("status")
    expect(answer).to_have_text("On 30 June 2019 C9028 was no longer valid: J9229 was valid on that day.")

    answer.get_by_role("link", name="J9229").click()
    expect(page.get_by_role("main")).to_contain_text("HCPCS code J9229")


@pytest.mark.parametrize("width", [360, 1440])
def test_contents_list_leads_through_the_guide_in_order(page, width):
    texts = {section.field: "\n\n".join([f"About: {section.heading}. " * 12] * 3) for section in SECTIONS}
    code = create_code()
    create_guide(code, **texts)
    page.emulate_media(reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(code.get_absolute_url())
    contents = page.get_by_role("navigation", name="On this page")
    if width == 360:
        contents.locator("summary").click()

    headings = [section.heading for section in SECTIONS]
    expect(contents.get_by_role("link")).to_contain_text(headings)
    expect(page.get_by_role("heading", level=2)).to_contain_text(headings)
    expect(page.get_by_role("heading", name=headings[-1])).not_to_be_in_viewport()
    for heading in headings:
        contents.get_by_role("link", name=heading, exact=True).click()
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_in_viewport()
        expect(page.get_by_text(f"About: {heading}.").first).to_be_in_viewport()
