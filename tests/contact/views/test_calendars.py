"""Meetings for calendars, as programs fetch them."""

import datetime

import pytest
from django.forms.models import model_to_dict
from django.utils import timezone

from contact.links import booking_path, booking_token
from contact.models import Booking, Host, OutgoingMail
from tests.contact.calendar_lines import read_calendar, read_event
from tests.factories import create_booking, create_code, create_host, create_meeting_type

DAY = datetime.timedelta(days=1)
TYPE = "text/calendar; charset=utf-8"


@pytest.fixture
def host(db):
    return create_host()


@pytest.fixture
def meeting_type(host):
    return create_meeting_type(hosts=[host])


@pytest.fixture
def booking(host, meeting_type):
    return create_booking(meeting_type, host, timezone.now() + 3 * DAY, notes="About J9302")


def file_url(booking: Booking) -> str:
    return f"{booking_path(booking)}meeting.ics"


def test_meeting_is_downloaded_as_a_file(client, booking):
    response = client.get(file_url(booking))
    assert response.status_code == 200
    assert response["Content-Type"] == TYPE
    assert response["Content-Disposition"] == 'attachment; filename="meeting.ics"'
    assert read_calendar(response.content)["METHOD"] == "PUBLISH"
    event = read_event(response.content)
    assert (event["UID"], event["STATUS"], event["SEQUENCE"]) == (booking.uid, "CONFIRMED", 0)
    assert event.start == booking.starts_at.replace(microsecond=0)
    assert b"J9302" not in response.content


def test_file_of_a_cancelled_meeting_says_so(client, booking):
    Booking.objects.filter(pk=booking.pk).update(status="cancelled", sequence=1)
    event = read_event(client.get(file_url(booking)).content)
    assert (event["UID"], event["STATUS"], event["SEQUENCE"]) == (booking.uid, "CANCELLED", 1)


def test_file_shows_the_meeting_as_it_was_moved(client, booking):
    url = file_url(booking)
    booking.place(booking.starts_at + DAY, length=booking.length, buffers=booking.buffers)
    booking.sequence = 1
    booking.save()
    event = read_event(client.get(url).content)
    assert (event["UID"], event["SEQUENCE"]) == (booking.uid, 1)
    assert event.start == booking.starts_at.replace(microsecond=0)


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options", "patch"])
def test_nothing_that_is_asked_of_a_file_changes_the_meeting(client, booking, method):
    before = model_to_dict(Booking.objects.get())
    response = getattr(client, method)(file_url(booking))
    assert response.status_code == (200 if method in ("get", "head") else 405)
    assert model_to_dict(Booking.objects.get()) == before
    assert not booking.changes.exists()
    assert not OutgoingMail.objects.exists()


@pytest.mark.parametrize(
    "token",
    ["x", "%0A", "%00", "%20", "a:b", "x" * 10_000, "%F0%9F%98%80", "%ED%A0%80", "{}%0A", "{}%00", "{}x", "%20{}", "."],
    ids=lambda token: token[:10],
)
def test_address_without_a_meeting_is_not_found(client, booking, token):
    token = token.format(booking_token(booking))
    assert client.get(f"/meeting/{token}/meeting.ics").status_code == 404


def test_file_is_not_found_after_the_meeting_and_with_a_former_link(client, booking, time_machine):
    url = file_url(booking)
    booking.rotate_link()
    assert client.get(url).status_code == 404
    assert client.get(file_url(booking)).status_code == 200
    time_machine.move_to(booking.ends_at)
    assert client.get(file_url(booking)).status_code == 404


def feed_url(host: Host) -> str:
    return f"/calendars/{host.make_feed_secret()}.ics"


def test_feed_holds_the_confirmed_meetings_of_its_host(client, host, meeting_type, booking):
    other = create_host("Robin Ray")
    now = timezone.now()
    recent = create_booking(meeting_type, host, now - 29 * DAY)
    create_booking(meeting_type, host, now - 31 * DAY)
    create_booking(meeting_type, host, now + 4 * DAY, status="cancelled")
    create_booking(meeting_type, host, now + 5 * DAY, status="no-show")
    create_booking(meeting_type, other, now + 6 * DAY)
    response = client.get(feed_url(host))
    assert response.status_code == 200
    assert response["Content-Type"] == TYPE
    assert "Content-Disposition" not in response
    assert response["Cache-Control"] == "private, no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    events = read_calendar(response.content).walk("VEVENT")
    assert [event["UID"] for event in events] == [recent.uid, booking.uid]
    assert "About J9302" in events[1]["DESCRIPTION"]


def test_feed_takes_one_query_for_all_its_meetings(client, host, meeting_type, django_assert_num_queries):
    url = feed_url(host)
    codes = [create_code("J9302"), create_code("J9303", "Injection, panitumumab, 10 mg")]
    for number in range(6):
        create_booking(meeting_type, host, timezone.now() + number * DAY, code=codes[number % 2])
    with django_assert_num_queries(2):
        response = client.get(url)
    assert len(read_calendar(response.content).walk("VEVENT")) == 6


def test_feed_of_a_host_without_meetings_is_empty(client, host):
    assert read_calendar(client.get(feed_url(host)).content).walk("VEVENT") == []


def test_feed_shows_that_a_visitor_was_forgotten(client, host, booking):
    Booking.objects.filter(pk=booking.pk).forget()
    [event] = read_calendar(client.get(feed_url(host)).content).walk("VEVENT")
    assert event["SUMMARY"] == "Introduction: a visitor"


def test_feed_of_a_host_who_is_not_offered_goes_on(client, host, booking):
    url = feed_url(host)
    Host.objects.update(active=False)
    assert booking.uid.encode() in client.get(url).content


def test_feed_ends_when_its_secret_is_replaced_or_revoked(client, host):
    first = feed_url(host)
    second = feed_url(host)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code == 200
    host.revoke_feed()
    assert client.get(second).status_code == 404


@pytest.mark.parametrize("secret", ["x", "%00", "%0A", "x" * 10_000, "%F0%9F%98%80", "%ED%A0%80", "%20", "."])
def test_unknown_feed_is_not_found_in_plain_text(client, host, secret):
    response = client.get(f"/calendars/{secret}.ics")
    assert response.status_code == 404
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.text == "There is no such calendar.\n"
    assert response["Cache-Control"] == "private, no-store"


def test_feed_is_only_read(client, host):
    assert client.post(feed_url(host)).status_code == 405
    response = client.head(feed_url(host))
    assert (response.status_code, response.content) == (200, b"")
