"""A visitor of a code's page writes to the team: on a phone, with and without JavaScript, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from contact.models import Message
from tests.browser.accessibility import find_violations
from tests.factories import create_code, create_policy

PHONE = {"viewport": {"width": 360, "height": 740}}

both_ways = pytest.mark.parametrize(
    "page",
    [{**PHONE, "java_script_enabled": True}, {**PHONE, "java_script_enabled": False}],
    indirect=True,
    ids=["with JavaScript", "without JavaScript"],
)
on_every_screen = pytest.mark.parametrize(
    "page",
    [
        {"viewport": {"width": width, "height": 800}, "color_scheme": scheme}
        for width in (320, 1440)
        for scheme in ("light", "dark")
    ],
    indirect=True,
    ids=["narrow light", "narrow dark", "wide light", "wide dark"],
)


@pytest.fixture(autouse=True)
def no_haste(monkeypatch):
    """The browser fills in a form faster than a person could."""
    monkeypatch.setattr("contact.form_guard.LEAST_SECONDS", 0)


def expect_no_sideways_scroll(page):
    width = page.viewport_size["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@both_ways
def test_visitor_of_a_code_writes_to_the_team(page):
    code = create_code()
    page.goto(code.get_absolute_url())
    page.get_by_role("main").get_by_role("link", name="Contact us to learn more").last.click()
    page.get_by_role("link", name="Send us a message").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Send us a message")
    expect(page.get_by_label("Medical code (optional)")).to_have_value("J9302")
    page.get_by_label("Your name").fill("Kim Lee")
    page.get_by_label("Your e-mail address").fill("kim@visitor.example")
    page.get_by_label("Your message").fill("Is it covered?\nAnd where?")
    page.get_by_role("button", name="Send the message").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your message has arrived")
    message = Message.objects.get()
    assert (message.name, message.text, message.code) == ("Kim Lee", "Is it covered?\nAnd where?", code)

    # To load the thanks again sends nothing.
    page.reload()
    assert Message.objects.count() == 1


@both_ways
def test_error_takes_the_focus_and_leads_to_its_box(page):
    page.goto("/contact/message/")
    page.get_by_label("Your name").fill("Kim Lee")
    page.get_by_label("Your message").fill("Is J9302 covered?")
    page.get_by_role("button", name="Send the message").click()

    summary = page.get_by_role("region", name="Not sent yet")
    expect(summary).to_be_focused()
    expect(page).to_have_title("Not sent yet: Send us a message | Codesite")
    summary.get_by_role("link", name="Your e-mail address: Write your e-mail address.").click()
    address = page.get_by_label("Your e-mail address")
    expect(address).to_be_focused()
    expect(address).to_have_accessible_description("We use it only to answer you. Write your e-mail address.")
    expect(page.get_by_label("Your name")).to_have_value("Kim Lee")

    address.fill("kim@visitor.example")
    page.get_by_role("button", name="Send the message").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your message has arrived")
    assert Message.objects.get().text == "Is J9302 covered?"


@both_ways
def test_message_is_written_by_keyboard_alone(page):
    page.goto("/contact/")
    page.get_by_role("link", name="Send us a message").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Send us a message")

    page.get_by_label("Your name").focus()
    for text in ("Kim Lee", "kim@visitor.example", "Example Clinic", "J9302", "Is it covered?"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    # The box that nobody sees is passed by; the link in the note on privacy comes before the button.
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send the message")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you, your message has arrived")
    message = Message.objects.get()
    assert (message.organization, message.code_text, message.status) == ("Example Clinic", "J9302", "new")


@on_every_screen
def test_pages_are_accessible_and_fit_the_screen(page):
    code = create_code()
    policy = create_policy("Ofatumumab", codes=[code])
    addresses = [
        "/contact/",
        "/contact/?code=hcpcs:J9302",
        "/contact/message/?code=hcpcs:J9302",
        "/contact/message/sent/?code=hcpcs:J9302",
        code.get_absolute_url(),
        policy.get_absolute_url(),
    ]
    for address in addresses:
        page.goto(address)
        assert find_violations(page) == [], address
        expect_no_sideways_scroll(page)

    page.goto("/contact/message/")
    page.get_by_label("Your name").fill("K" * 100)
    page.get_by_label("Your message").fill("https://example.com/" + "m" * 4900)
    page.get_by_role("button", name="Send the message").click()
    expect(page.get_by_role("region", name="Not sent yet")).to_be_visible()
    assert find_violations(page) == []
    expect_no_sideways_scroll(page)


@both_ways
def test_whole_card_is_its_link(page):
    page.goto("/contact/")

    # Over the text lies the area of the link, which Playwright would wait to see gone.
    page.get_by_text("We answer by e-mail.").click(force=True)

    expect(page.get_by_role("heading", level=1)).to_have_text("Send us a message")


def test_form_shows_no_box_that_is_a_trap(page):
    page.goto("/contact/message/")

    box = page.locator("#reference").bounding_box()
    assert (
        box is None
        or box["width"] <= 1
        or not page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.id === 'reference'", [box["x"], box["y"]])
    )
    expect(page.get_by_role("textbox", name="Leave this empty")).to_have_count(0)


@both_ways
def test_text_from_right_to_left_is_typed_and_read_in_its_own_direction(page):
    page.goto("/contact/message/")
    for label in ("Your name", "Organization (optional)", "Your message"):
        box = page.get_by_label(label)
        box.fill("נועה לוי (J9302)")
        assert box.evaluate("box => getComputedStyle(box).direction") == "rtl", label
        box.fill("Kim Lee")
        assert box.evaluate("box => getComputedStyle(box).direction") == "ltr", label
