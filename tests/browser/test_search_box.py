"""The search box suggests codes while somebody types, for keyboard, mouse and screen reader."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import find_violations
from tests.factories import create_code

SIZES = [
    {"color_scheme": scheme, "viewport": {"width": width, "height": 740}}
    for scheme, width in (("light", 360), ("dark", 1440))
]
WITHOUT_JAVASCRIPT = [{"java_script_enabled": False}]
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def injections():
    create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9310", "Injection, rituximab, 100 mg", terminated=datetime.date(2018, 12, 31))


def search_box(page):
    return page.get_by_label("Search all medical codes")


def type_text(page, text):
    search_box(page).focus()
    page.keyboard.type(text)


def expect_options(page, *codes):
    expect(page.get_by_role("option").locator("code")).to_have_text(list(codes))


def expect_active(page, code):
    """The option that the input names, and it alone, is selected; None for no option at all."""
    active = search_box(page).get_attribute("aria-activedescendant")
    selected = page.locator('[role="option"][aria-selected="true"]')
    if code is None:
        assert active is None
        expect(selected).to_have_count(0)
    else:
        expect(selected).to_have_id(active)
        expect(selected.locator("code")).to_have_text(code)
    expect(search_box(page)).to_be_focused()


def test_suggestions_need_no_mouse(page, injections):
    page.goto("/")
    box = search_box(page)
    type_text(page, "inj")
    expect_options(page, "J9302", "J9310")
    expect(box).to_have_attribute("aria-expanded", "true")
    expect_active(page, None)

    page.keyboard.press("ArrowDown")
    expect_active(page, "J9302")
    page.keyboard.press("ArrowUp")
    expect_active(page, "J9310")
    page.keyboard.press("ArrowDown")
    expect_active(page, "J9302")
    page.keyboard.press("ArrowLeft")
    expect_active(page, None)
    page.keyboard.type("e")
    expect(box).to_have_value("inej")

    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("inej")
    page.keyboard.press("Escape")
    expect(box).to_have_value("")

    page.keyboard.type("inj")
    expect_options(page, "J9302", "J9310")
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowUp")
    expect_options(page, "J9302", "J9310")
    expect_active(page, "J9310")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/code/hcpcs/J9310-injection-rituximab-100-mg$"))


def test_enter_without_an_option_searches_what_was_typed(page, injections):
    page.goto("/codes/hcpcs/")
    type_text(page, "inj")
    expect_options(page, "J9302", "J9310")

    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/codes/\?q=inj$"))
    expect(search_box(page)).to_have_value("inj")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_tab_leaves_the_box_and_closes_the_list(page, injections):
    page.goto("/")
    type_text(page, "inj")
    page.keyboard.press("ArrowDown")
    expect_options(page, "J9302", "J9310")

    page.keyboard.press("Tab")

    expect(page.get_by_role("button", name="Search")).to_be_focused()
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(page).to_have_url(re.compile("/$"))


def test_keys_of_an_input_method_are_left_to_it(page, injections):
    page.goto("/")
    type_text(page, "inj")
    expect_options(page, "J9302", "J9310")

    search_box(page).evaluate(
        """box => box.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowDown", isComposing: true}))"""
    )

    expect_active(page, None)


def test_suggestion_is_followed_by_a_click(page, injections):
    page.goto("/")
    type_text(page, "ofatum")
    page.get_by_role("option").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Injection, ofatumumab, 10 mg")


def test_suggestions_show_what_was_typed_and_which_codes_are_retired(page, injections):
    page.goto("/")
    type_text(page, "injection ritu")
    expect_options(page, "J9310")
    option = page.get_by_role("option", name="J9310 Injection, rituximab, 100 mg HCPCS code, retired", exact=True)
    expect(option.locator("mark")).to_have_text(["Injection", "ritu"])

    search_box(page).fill("j-93")
    expect_options(page, "J9302", "J9310")
    expect(page.get_by_role("option").locator("mark")).to_have_text(["J93", "J93"])


def test_number_of_suggestions_is_said_once_it_is_quiet(page, injections):
    page.goto("/")
    said = page.get_by_role("search").get_by_role("status")

    type_text(page, "inj")
    expect(said).to_have_text("2 suggestions. Use the arrow keys.")
    page.keyboard.type("x")
    expect(said).to_have_text("No suggestions.")
    expect(page.get_by_role("listbox")).to_be_hidden()
    search_box(page).fill("ofatum")
    expect(said).to_have_text("1 suggestion. Use the arrow keys.")


def test_texts_are_shown_as_texts(page):
    create_code("J9302", 'Injection, <img src="x" onerror="alert(1)"> & more')
    page.goto("/")
    type_text(page, "inj")

    expect(page.get_by_role("option")).to_contain_text('<img src="x" onerror="alert(1)"> & more')


def test_late_answer_is_not_shown(page, injections):
    late = []
    page.route("**/codes/suggest/?q=inj", lambda route: late.append(route))
    page.goto("/")
    with page.expect_request("**/codes/suggest/?q=inj"):
        type_text(page, "inj")
    page.keyboard.type("ection ofatum")
    expect_options(page, "J9302")

    late[0].fulfill(json={"query": "inj", "suggestions": []})

    page.wait_for_timeout(100)
    expect_options(page, "J9302")


def test_same_text_is_asked_only_once(page, injections):
    asked = []
    page.on("request", lambda request: "/suggest/" in request.url and asked.append(request.url))
    page.goto("/")
    type_text(page, "ofatum")
    expect_options(page, "J9302")
    page.keyboard.type("u")
    page.wait_for_timeout(200)
    page.keyboard.press("Backspace")
    page.wait_for_timeout(200)

    expect_options(page, "J9302")
    assert [url.rpartition("=")[2] for url in asked] == ["ofatum", "ofatumu"]


def test_failure_is_passed_over(page, injections, page_problems):
    page.route("**/codes/suggest/**", lambda route: route.fulfill(status=503))
    page.goto("/")
    with page.expect_response("**/codes/suggest/**"):
        type_text(page, "ofatum")
    expect(page.get_by_role("listbox")).to_be_hidden()
    page.keyboard.press("Enter")

    expect(page.locator("ol.results h2 code")).to_have_text(["J9302"])
    page_problems.clear()


@pytest.mark.parametrize("page", SIZES, indirect=True, ids=["light-360", "dark-1440"])
def test_open_list_is_accessible_and_moves_nothing(page, injections):
    for address in ("/", "/codes/hcpcs/"):
        page.goto(address)
        heading = page.locator("main h2").first
        before = heading.bounding_box()

        type_text(page, "inj")
        page.keyboard.press("ArrowDown")
        expect_options(page, "J9302", "J9310")

        assert heading.bounding_box() == before
        assert page.evaluate(OVERFLOW) <= 0
        assert all(option.bounding_box()["height"] >= 44 for option in page.get_by_role("option").all())
        assert find_violations(page) == []


@pytest.mark.parametrize("page", [{"viewport": {"width": 320, "height": 640}}], indirect=True, ids=["320"])
def test_list_fits_a_narrow_window(page):
    create_code(
        "J9302", "Injection, pneumonoultramicroscopicsilicovolcanoconiosis-pathologists/dermatopathologists " * 3
    )
    page.goto("/codes/hcpcs/")
    type_text(page, "inj")
    expect_options(page, "J9302")

    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize("page", WITHOUT_JAVASCRIPT, indirect=True, ids=["without JavaScript"])
def test_box_searches_without_javascript(page, injections):
    page.goto("/")
    search_box(page).fill("ofatum")
    search_box(page).press("Enter")

    expect(page).to_have_url(re.compile(r"/codes/\?q=ofatum$"))
    expect(page.locator("ol.results h2 code")).to_have_text(["J9302"])
