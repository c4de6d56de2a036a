"""Similar codes and the comparison in a browser: accessible, stacked or in columns, usable without script."""

import datetime

import pytest

from tests.browser.accessibility import find_violations
from tests.factories import create_code, create_guide, create_name, create_policy


@pytest.fixture
def codes(page):
    """Three doses of a drug, one of them retired; two have guides, one has many names."""
    code = create_code("J1020", "Injection, exampline, 20 mg", added=datetime.date(2019, 1, 1))
    other = create_code("J1030", "Injection, exampline, 30 mg", indicators={"COV": "C", "TOS": ["1", "P"]})
    create_code("J1040", "Injection, exampline, 40 mg", terminated=datetime.date(2018, 12, 31))
    for number in range(10):
        create_name(code, f"Examplex {number}")
        create_name(code, f"A longer term of the classification, number {number}", kind="inclusion")
    create_guide(code, summary="A medicine that is dripped into a vein.", recovery="- Rest\n- Drink water")
    create_guide(other, summary="Another medicine.", recovery="- Rest\n- Drink water")
    create_policy("Exampline", codes=[code])
    return code, other


def tops(page):
    """Where the texts of the first section that differs begin, in pixels."""
    return [box.bounding_box()["y"] for box in page.locator(".compare-columns").first.locator("> div").all()]


@pytest.mark.parametrize(("width", "color_scheme"), [(360, "light"), (1440, "dark")])
def test_comparison_and_similar_codes_are_accessible(page, codes, width, color_scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    for address in ("/codes/compare/?code=J1020,J1030,J1040,none", "/codes/compare/?code=J1020", "/code/hcpcs/J1020"):
        page.goto(address)
        for fold in page.locator("main summary").all():
            if fold.is_visible():
                fold.click()
        assert find_violations(page) == [], address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("page", [{"java_script_enabled": False}], indirect=True)
def test_codes_are_compared_without_script(page, codes):
    page.goto(codes[0].get_absolute_url())
    page.get_by_role("link", name="Compare J1020 with J1030").click()
    page.get_by_label("Add a code").fill("J1040")
    page.locator("main").get_by_role("button", name="Compare").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Compare J1020, J1030 and J1040"
    assert page.get_by_role("columnheader").count() > 3

    page.get_by_role("link", name="Remove J1030").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Compare J1020 and J1040"


def test_texts_stand_below_each_other_on_a_phone_and_side_by_side_on_a_wide_screen(page, codes):
    page.goto("/codes/compare/?code=J1020,J1030")
    page.set_viewport_size({"width": 1200, "height": 800})
    first, second = tops(page)
    assert first == second

    page.set_viewport_size({"width": 320, "height": 800})
    first, second = tops(page)
    assert first < second
    assert page.get_by_role("cell", name="J1020: 1 January 2019").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
