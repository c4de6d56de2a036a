"""A visitor searches: the same with and without JavaScript."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.factories import create_code, create_guide

pytestmark = pytest.mark.parametrize(
    "page",
    [{"java_script_enabled": True}, {"java_script_enabled": False}],
    indirect=True,
    ids=["with JavaScript", "without JavaScript"],
)


def create_injections():
    """Two HCPCS codes in use, one of them with a guide, a retired one, and a code of another system."""
    create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"))
    create_code("J9312", "Injection, rituximab, 10 mg")
    create_code("J9310", "Injection, rituximab, 100 mg", terminated=datetime.date(2018, 12, 31))
    create_code("T80.1XXA", "Vascular complications following injection", system="icd10cm")


def search_from_home(page, text):
    page.goto("/")
    page.get_by_label("Search all medical codes").fill(text)
    page.get_by_role("button", name="Search").click()


def expect_results(page, *codes):
    """The results are these codes, in this order, and the heading counts them."""
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(rf"^{len(codes)} results? for"))
    expect(page.locator("ol.results h2 code")).to_have_text(list(codes))


def test_search_of_a_code_leads_to_its_page(page):
    create_injections()

    search_from_home(page, "j9302")
    expect_results(page, "J9302")
    page.get_by_role("link", name="J9302").click()

    expect(page).to_have_url(re.compile("/code/hcpcs/J9302-injection-ofatumumab-10-mg$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Injection, ofatumumab, 10 mg")
    expect(page.get_by_role("main")).to_contain_text("HCPCS code J9302")


def test_search_finds_a_half_typed_word(page):
    create_injections()

    search_from_home(page, "injection ofatum")

    expect_results(page, "J9302")
    expect(page.get_by_label("Search all medical codes")).to_have_value("injection ofatum")


def test_search_is_narrowed_by_filters_and_widened_again(page):
    create_injections()
    search_from_home(page, "injection")
    expect_results(page, "J9302", "J9312", "T80.1XXA", "J9310")

    page.get_by_label("HCPCS code (3)").check()
    page.get_by_label("Retired (1)").check()
    page.get_by_role("button", name="Apply filters").click()
    expect_results(page, "J9310")
    expect(page.get_by_label("HCPCS code (1)")).to_be_checked()

    page.get_by_role("link", name="Remove the filter Retired").click()
    expect_results(page, "J9302", "J9312", "J9310")
    expect(page.get_by_label("Retired (1)")).not_to_be_checked()

    page.get_by_role("link", name="Clear all").click()
    expect_results(page, "J9302", "J9312", "T80.1XXA", "J9310")


def test_filters_are_folded_on_a_narrow_screen(page):
    create_injections()
    page.set_viewport_size({"width": 360, "height": 740})
    search_from_home(page, "injection")
    choice = page.get_by_label("Has a guide (1)")
    expect(choice).not_to_be_visible()

    page.locator("summary", has_text="Filters").click()
    choice.check()
    page.get_by_role("button", name="Apply filters").click()

    expect_results(page, "J9302")
    expect(page.locator("summary", has_text="Filters")).to_contain_text("1 chosen")


def test_search_without_a_result_says_what_to_try(page):
    create_injections()

    search_from_home(page, "xylophone")

    expect(page.get_by_role("heading", level=1)).to_have_text("No results for “xylophone”")
    page.get_by_role("link", name="Browse the code systems").click()
    expect(page.get_by_role("heading", name="Browse by code system")).to_be_in_viewport()
