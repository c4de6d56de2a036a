"""A meeting in a browser: booked, moved and cancelled, with and without script, by keyboard alone."""

import datetime
import re
from urllib.parse import urlsplit

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from contact import form_guard
from contact.links import booking_path, booking_token
from contact.models import Booking
from contact.slots import next_free_slots
from tests.browser.accessibility import find_violations
from tests.browser.test_keyboard import press_tab_until
from tests.browser.test_layout import OVERFLOW
from tests.factories import create_booking, create_code, create_host, create_meeting_type

NAME = "נועה לוי"
LONG_WORD = "pneumonoultramicroscopicsilicovolcanoconiosis"

PHONE = {"viewport": {"width": 360, "height": 740}, "timezone_id": "Europe/London"}
WITH_AND_WITHOUT_SCRIPT = pytest.mark.parametrize(
    "page", [PHONE, {**PHONE, "java_script_enabled": False}], indirect=True, ids=["script", "no-script"]
)


@pytest.fixture
def introduction(page, monkeypatch):
    """Half an hour in New York, at any time of any day, and a second kind of meeting."""
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 0)
    host = create_host("Alex Morgan", hours=(0, 0))
    create_meeting_type("walk-through", hosts=[host], length_min=60, position=2)
    return create_meeting_type(
        hosts=[host], position=1, description="Who we are, and whether we are of use to you.", cancel_cutoff_min=60
    )


def choose_day(page):
    """Goes to a day with free times that is not today: next week always has one."""
    page.get_by_role("link", name="Later week").click()
    page.get_by_role("link", name=re.compile("^Thu, .* free times")).click()


def fill_in(page, email="kim@visitor.example"):
    page.get_by_label("Your name").fill(NAME)
    page.get_by_label("Your e-mail address").fill(email)


def choose_kind_and_day(page):
    page.goto("/contact/meeting/?code=J9302")
    page.get_by_label("Walk-through").check()
    page.get_by_label("Introduction").check()
    page.get_by_label("Your time zone").select_option(label="London")
    page.get_by_role("button", name="See free times").click()
    choose_day(page)


@WITH_AND_WITHOUT_SCRIPT
def test_visitor_books_moves_and_cancels_a_meeting(page, introduction):
    create_code()
    choose_kind_and_day(page)
    page.get_by_role("radio", name=re.compile("^2:30 PM ?; 9:30 AM New York time$")).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("2:30 PM to 3:00 PM, London time (GMT, UTC+0)")).to_be_visible()
    expect(page.get_by_text("With us it is 9:30 AM to 10:00 AM, New York time")).to_be_visible()
    expect(page.get_by_role("main").get_by_label("Medical code")).to_have_value("J9302")
    fill_in(page)
    page.get_by_role("button", name="Book this meeting").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is booked")
    expect(page.get_by_text("An invitation is on its way to kim@visitor.example")).to_be_visible()
    expect(page.locator("bdi", has_text=NAME)).to_be_visible()
    booking = Booking.objects.get()
    assert (booking.name, booking.time_zone, booking.code.code) == (NAME, "Europe/London", "J9302")

    page.get_by_role("link", name="Choose another time").click()
    page.get_by_role("link", name=re.compile("^Fri, .* free times")).click()
    page.get_by_role("radio", name=re.compile("^4:00 PM ?;")).check()
    page.get_by_role("button", name="Move the meeting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is moved")
    expect(page.get_by_text("4:00 PM to 4:30 PM")).to_be_visible()

    page.get_by_role("link", name="Cancel the meeting").click()
    page.get_by_role("button", name="Yes, cancel the meeting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This meeting is cancelled")
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("cancelled", 2)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ({"timezone_id": "America/Denver"}, "Denver time"),
        # Chromium calls these two by former names.
        ({"timezone_id": "Asia/Kolkata"}, "Kolkata time (IST, UTC+5:30)"),
        ({"timezone_id": "Asia/Kathmandu"}, "Kathmandu time (UTC+5:45)"),
        ({"timezone_id": "Asia/Kolkata", "java_script_enabled": False}, "New York time"),
    ],
    indirect=["page"],
    ids=["listed", "former-name", "another-former-name", "no-script"],
)
def test_script_chooses_the_zone_of_the_device(page, introduction, words):
    page.goto("/contact/meeting/")
    page.get_by_role("button", name="See free times").click()
    expect(page.get_by_text(f"The times are in {words}")).to_be_visible()

    page.goto("/contact/meeting/?zone=Asia/Tokyo")
    expect(page.get_by_label("Your time zone")).to_have_value("Asia/Tokyo")


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_another_zone_keeps_the_chosen_time(page, introduction):
    choose_kind_and_day(page)
    page.get_by_role("radio", name=re.compile("^2:30 PM ?;")).check()
    page.get_by_label("Time zone").select_option(label="Kolkata")
    page.get_by_role("button", name="Show times in this zone").click()

    expect(page.get_by_role("radio", name=re.compile("^8:00 PM ?; 9:30 AM New York time"))).to_be_checked()


@WITH_AND_WITHOUT_SCRIPT
def test_time_that_was_taken_keeps_what_was_typed_and_gets_the_focus(page, introduction, page_problems):
    choose_kind_and_day(page)
    page.get_by_role("radio", name=re.compile("^2:30 PM ?;")).check()
    page.get_by_role("button", name="Continue").click()
    fill_in(page)
    start = page.locator("input[name=start]").get_attribute("value")
    create_booking(introduction, introduction.hosts.get(), datetime.datetime.fromisoformat(start))
    page.get_by_role("button", name="Book this meeting").click()

    summary = page.get_by_role("region", name="Not booked yet")
    expect(summary).to_be_focused()
    expect(page.get_by_label("Your name")).to_have_value(NAME)
    summary.get_by_role("link").click()
    page.get_by_role("radio", name=re.compile("3:00 PM ?;")).check()
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is booked")
    page_problems.clear()


@pytest.mark.parametrize("width", [360, 1440])
def test_meeting_needs_no_mouse(page, introduction, width):
    page.set_viewport_size({"width": width, "height": 740})
    page.goto("/contact/meeting/")
    press_tab_until(page, page.get_by_label("Introduction"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Walk-through")).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a time")
    press_tab_until(page, page.get_by_role("link", name="Later week"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Earlier week")).to_be_visible()
    press_tab_until(page, page.get_by_role("link", name=re.compile("^Thu, .* free times")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=re.compile("^Thu, .* free times"))).to_have_attribute("aria-current", "true")
    press_tab_until(page, page.get_by_role("radio").first)
    page.keyboard.press("ArrowDown")
    # Enter goes on to the next step: it does not change the time zone.
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your details")
    press_tab_until(page, page.get_by_label("Your name"))
    page.keyboard.type("Kim Lee")
    page.keyboard.press("Tab")
    page.keyboard.type("kim@visitor.example")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is booked")

    press_tab_until(page, page.get_by_role("link", name="Choose another time"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose another time")
    press_tab_until(page, page.get_by_role("radio").first)
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is moved")
    press_tab_until(page, page.get_by_role("link", name="Cancel the meeting"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancel the meeting?")
    press_tab_until(page, page.get_by_role("button", name="Yes, cancel the meeting"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("This meeting is cancelled")


@pytest.mark.parametrize(("width", "color_scheme"), [(320, "light"), (360, "dark"), (1440, "light"), (1440, "dark")])
def test_every_state_is_accessible_and_fits(page, introduction, page_problems, width, color_scheme):
    introduction.title = f"Introduction {LONG_WORD}"
    introduction.save()
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=color_scheme)

    def judge(state):
        assert find_violations(page) == [], state
        assert page.evaluate(OVERFLOW) <= 0, f"{state} is wider than {width} px"

    page.goto("/contact/meeting/?zone=Mars/Base")
    judge("kinds")
    page.get_by_label("Introduction").check()
    page.get_by_label("Your time zone").select_option(label="London")
    page.get_by_role("button", name="See free times").click()
    choose_day(page)
    page.get_by_role("radio").nth(5).check()
    judge("times")
    page.get_by_role("button", name="Continue").click()
    judge("details")
    page.get_by_label("Your e-mail address").fill("wrong")
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_role("region", name="Not booked yet")).to_be_visible()
    judge("details with errors")
    fill_in(page, email=f"{'x' * 60}@visitor.example")
    start = datetime.datetime.fromisoformat(page.locator("input[name=start]").get_attribute("value"))
    taken = create_booking(introduction, introduction.hosts.get(), start)
    page.get_by_role("button", name="Book this meeting").click()
    expect(page.get_by_text("That time has just gone.").first).to_be_visible()
    judge("taken")
    page.get_by_role("radio").first.check()
    page.get_by_role("button", name="Book this meeting").click()
    page.locator("summary").click()
    judge("booked")
    page.get_by_role("link", name="Choose another time").click()
    page.get_by_role("radio").first.check()
    judge("move")
    page.locator("input[name=start]").first.evaluate(
        "(radio, value) => radio.value = value", f"{start:%Y-%m-%dT%H:%M:%SZ}"
    )
    page.get_by_role("button", name="Move the meeting").click()
    expect(page.get_by_text("Your meeting stays where it was").first).to_be_visible()
    judge("not moved")
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("button", name="Move the meeting").click()
    judge("moved")
    page.get_by_role("link", name="Cancel the meeting").click()
    judge("cancel?")
    page.get_by_role("button", name="Yes, cancel the meeting").click()
    judge("cancelled")
    page.goto("/contact/meeting/?type=introduction&day=1990-01-01")
    judge("out of reach")
    assert taken.pk
    # The answers to refused forms are 409 and 422.
    page_problems.clear()


def test_no_request_tells_the_address_of_the_meeting(page, introduction):
    referrers = {}
    page.context.on("request", lambda request: referrers.setdefault(request.url, request.headers.get("referer", "")))
    booking = create_booking(introduction, introduction.hosts.get(), next_start(introduction))
    page.goto(booking_path(booking))
    page.get_by_role("link", name="Choose another time").click()
    page.get_by_role("radio").nth(2).check()
    page.get_by_role("button", name="Move the meeting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your meeting is moved")
    page.get_by_role("link", name="Cancel the meeting").click()
    page.get_by_role("button", name="Yes, cancel the meeting").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This meeting is cancelled")
    page.get_by_role("link", name="Book another meeting").click()
    page.wait_for_load_state()

    assert len(referrers) > 5
    told = [referrer for referrer in referrers.values() if referrer]
    assert told
    assert not any(urlsplit(referrer).path.startswith("/meeting/") for referrer in told)
    assert not any(booking_token(booking) in referrer for referrer in told)


def next_start(meeting_type):
    return next_free_slots(meeting_type, after=timezone.now() + datetime.timedelta(days=2), count=1)[0].start


@pytest.mark.parametrize(("width", "columns"), [(320, 2), (360, 2), (1440, 5)])
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"], ids=["of-the-host", "another"])
def test_free_times_stand_beside_each_other(page, introduction, width, columns, zone):
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"/contact/meeting/?type=introduction&zone={zone}")
    choose_day(page)

    expect(page.get_by_role("link", name=re.compile("^Thu, .* free times"))).to_have_attribute("aria-current", "true")
    tiles = page.locator(".meeting-times .choice")
    in_first_row = "tiles => tiles.filter(tile => tile.offsetTop === tiles[0].offsetTop).length"
    assert tiles.evaluate_all(in_first_row) == columns
    assert page.evaluate(OVERFLOW) <= 0


# No page of this site is written from right to left; browsers that translate pages turn them about.
@pytest.mark.parametrize("width", [320, 1440])
def test_pages_turned_from_right_to_left_are_accessible_and_fit(page, introduction, width):
    page.set_viewport_size({"width": width, "height": 800})
    booking = create_booking(introduction, introduction.hosts.get(), next_start(introduction), name=NAME)
    start = f"{next_start(introduction):%Y-%m-%dT%H:%M:%SZ}"
    addresses = [
        "/contact/",
        "/contact/message/",
        "/contact/meeting/",
        "/contact/meeting/?type=introduction&zone=Europe/London",
        f"/contact/meeting/?type=introduction&zone=Europe/London&start={start}",
        booking_path(booking),
        f"{booking_path(booking)}?change=time",
    ]
    for address in addresses:
        page.goto(address)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert find_violations(page) == [], address
        assert page.evaluate(OVERFLOW) <= 0, f"{address} is wider than {width} px"
