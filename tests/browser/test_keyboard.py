"""A visitor without a mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import create_code, create_guide

MOST_STEPS = 40

HAS_VISIBLE_FOCUS = """() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""


def press_tab_until(page, target):
    """Presses Tab until `target` has the focus; every element on the way must be in sight and show its focus."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_be_in_viewport()
        assert page.evaluate(HAS_VISIBLE_FOCUS), f"{focused.evaluate('element => element.outerHTML')} hides its focus"
        if target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"{MOST_STEPS} presses of Tab did not reach {target}")


@pytest.mark.parametrize("width", [360, 1440])
def test_search_needs_no_mouse(page, width):
    create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"))
    create_code("J9312", "Injection, rituximab, 10 mg")
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/")

    page.keyboard.press("Tab")
    skip_link = page.get_by_role("link", name="Skip to the content")
    expect(skip_link).to_be_focused()
    expect(skip_link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()

    press_tab_until(page, page.get_by_label("Search all medical codes"))
    page.keyboard.type("injection")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/codes/\?q=injection$"))

    press_tab_until(page, page.get_by_role("link", name="J9312"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Injection, rituximab, 10 mg")


@pytest.mark.parametrize("width", [360, 1440])
def test_filters_need_no_mouse(page, width):
    create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"))
    create_code("J9312", "Injection, rituximab, 10 mg")
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/codes/?q=injection")

    if width == 360:
        press_tab_until(page, page.locator("summary", has_text="Filters"))
        page.keyboard.press("Enter")
    press_tab_until(page, page.get_by_label("Has a guide (1)"))
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("ol.results h2 code")).to_have_text(["J9302"])

    press_tab_until(page, page.get_by_role("link", name="Remove the filter Has a guide"))
    page.keyboard.press("Enter")
    expect(page.locator("ol.results h2 code")).to_have_text(["J9302", "J9312"])


def test_skip_link_passes_by_the_header(page):
    page.goto(create_code("J9302", "Injection, ofatumumab, 10 mg").get_absolute_url())

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(page.locator("main :focus")).to_be_visible()
