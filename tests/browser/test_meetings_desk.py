"""Hosts and meetings on the desk: accessible, within the window, in light and dark, and used with a browser."""

import datetime
import uuid

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from contact import actions
from contact.models import AvailabilityException, Booking, Host
from contact.slots import next_free_slots
from tests.browser.accessibility import find_violations
from tests.browser.test_desk_pages import in_each_size
from tests.factories import PASSWORD, create_booking, create_code, create_host, create_meeting_type, create_user


@pytest.fixture
def desk(page):
    """The page of a superuser, on a site with two hosts and meetings in every state."""
    create_user("root", is_superuser=True)
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    host, other = create_host(daily_cap=8), create_host("Sam Rivera", time_zone="Europe/London")
    meeting_type = create_meeting_type(hosts=[host, other], buffer_after_min=10)
    today = timezone.localdate()
    tomorrow = today + datetime.timedelta(days=1)
    AvailabilityException.objects.create(first_day=tomorrow, last_day=tomorrow, reason="Founders' day")
    AvailabilityException.objects.create(
        host=host, first_day=tomorrow, last_day=tomorrow, start="09:00", end="10:00", reason="Dentist"
    )
    slots = next_free_slots(meeting_type, after=timezone.now(), count=200)
    slot = next(slot for slot in slots if slot.hosts == (host,))
    visitor = actions.Visitor(name="Kim Lee", email="kim@visitor.example", time_zone="Asia/Kolkata", code=code)
    actions.book(meeting_type, slot.start, visitor, request_key=uuid.uuid4())
    night = datetime.datetime.combine(tomorrow, datetime.time(6), tzinfo=datetime.UTC)
    create_booking(meeting_type, host, night, name="Outside")
    create_booking(meeting_type, other, night, name="Gone", status="cancelled")
    page.goto("/admin/")
    page.get_by_label("Username").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("link", name="Meetings by day")).to_be_visible()
    return page


def addresses():
    host, booking = Host.objects.get(name="Alex Morgan"), Booking.objects.get(name="Kim Lee")
    cancelled = Booking.objects.get(status="cancelled")
    exceptions, bookings = "/admin/contact/availabilityexception/", "/admin/contact/booking/"
    return [
        "/admin/contact/host/",
        "/admin/contact/host/add/",
        f"/admin/contact/host/{host.pk}/change/",
        f"/admin/contact/host/{host.pk}/calendar/",
        "/admin/contact/meetingtype/",
        "/admin/contact/meetingtype/add/",
        f"/admin/contact/meetingtype/{booking.meeting_type_id}/change/",
        exceptions,
        f"{exceptions}add/",
        f"{exceptions}holidays/",
        f"{exceptions}{AvailabilityException.objects.first().pk}/change/",
        bookings,
        f"{bookings}?when=all&q=kim",
        f"{bookings}{booking.pk}/change/",
        *(f"{bookings}{booking.pk}/step/{name}/" for name in ("move", "cancel", "new-link")),
        f"{bookings}{cancelled.pk}/change/",
        f"{bookings}{cancelled.pk}/step/restore/",
        "/admin/meetings/",
        f"/admin/meetings/?week={booking.starts_at.date()}",
        "/admin/meetings/?week=never",
    ]


def violations_of(desk, name: str) -> list[str]:
    found = [f"{name} {violation}" for violation in find_violations(desk)]
    if desk.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{name} is wider than the window")
    return found


@in_each_size
def test_pages_of_hosts_and_meetings_are_accessible_and_fit_the_window(desk):
    found = []
    for address in addresses():
        assert desk.goto(address).status == 200, address
        desk.wait_for_load_state("networkidle")
        found += violations_of(desk, address)

    assert not found, "\n".join(found)


@in_each_size
def test_refusals_are_accessible(desk):
    host, booking = Host.objects.get(name="Alex Morgan"), Booking.objects.get(name="Kim Lee")
    found = []

    desk.goto(f"/admin/contact/host/{host.pk}/change/")
    desk.locator("#id_windows-1-weekday").select_option("0")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("overlaps")).to_be_visible()
    found += violations_of(desk, "host")

    desk.goto("/admin/contact/availabilityexception/holidays/")
    desk.get_by_label("Holidays").fill("Christmas")
    desk.get_by_role("button", name="Add the holidays").click()
    expect(desk.get_by_text("Line 1")).to_be_visible()
    found += violations_of(desk, "holidays")

    desk.goto(f"/admin/contact/booking/{booking.pk}/step/move/")
    desk.get_by_label("Day").fill((timezone.localdate() + datetime.timedelta(days=900)).isoformat())
    desk.get_by_role("button", name="Move").click()
    expect(desk.get_by_text("more than two years ahead")).to_be_visible()
    found += violations_of(desk, "move")

    assert not found, "\n".join(found)


def test_window_is_added_and_a_meeting_moved_in_the_browser(desk):
    host, booking = Host.objects.get(name="Alex Morgan"), Booking.objects.get(name="Kim Lee")
    desk.goto(f"/admin/contact/host/{host.pk}/change/")
    desk.get_by_role("button", name="Add another Window").click()
    desk.locator("#id_windows-8-weekday").select_option("5")
    desk.locator("#id_windows-8-start").fill("18:00")
    desk.locator("#id_windows-8-end").fill("20:00")
    desk.get_by_role("button", name="Save and continue editing").click()
    expect(desk.get_by_text("was changed successfully")).to_be_visible()
    assert host.windows.filter(start=datetime.time(18)).count() == 1

    day = timezone.localdate() + datetime.timedelta(days=10)
    desk.goto(f"/admin/contact/booking/{booking.pk}/change/")
    desk.get_by_role("link", name="Move the meeting").click()
    desk.get_by_label("Host").select_option(label="Sam Rivera, London time")
    desk.get_by_label("Day").fill(day.isoformat())
    desk.get_by_label("Time").fill("21:15")
    desk.get_by_role("button", name="Move").click()
    expect(desk.get_by_text("Moved.")).to_be_visible()

    booking.refresh_from_db()
    assert booking.host.name == "Sam Rivera"
    assert booking.starts_at.astimezone(booking.host.zone).isoformat()[:16] == f"{day.isoformat()}T21:15"
