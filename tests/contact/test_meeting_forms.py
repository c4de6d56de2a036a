import datetime

import pytest
from django import forms
from django.http import QueryDict

from contact import form_guard
from contact.form_guard import make_token
from contact.free_times import write_instant
from contact.meeting_forms import BookingForm, InstantField, MeetingAddress
from contact.origin import Origin
from tests.factories import create_booking, create_host, create_meeting_type

START = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)


def test_instant_is_read_as_it_was_written():
    assert InstantField().clean(write_instant(START)) == START


def test_instant_of_another_zone_is_written_in_utc():
    there = START.astimezone(datetime.timezone(datetime.timedelta(hours=-5)))

    assert write_instant(there) == "2026-11-24T15:30:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2026-11-24",
        "2026-11-24T15:30Z",
        "2026-11-24T15:30:00",
        "2026-11-24T15:30:00+01:00",
        "2026-11-24T15:30:00.5Z",
        "2026-11-24T15:30:60Z",
        "2026-11-24T24:00:00Z",
        "2026-13-24T15:30:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "٢٠٢٦-11-24T15:30:00Z",
        "2026-11-24T15:30:00Z\0",
        "x" * 100_000,
    ],
)
def test_anything_else_is_no_instant(text):
    with pytest.raises(forms.ValidationError):
        InstantField().clean(text)


def test_address_is_read():
    asked = MeetingAddress(
        QueryDict("type=introduction&zone=Asia/Calcutta&week=2026-11-23&day=2026-11-24&start=2026-11-24T15:30:00Z")
    )

    assert (asked.meeting_type, asked.time_zone) == ("introduction", "Asia/Kolkata")
    assert (asked.week, asked.day) == (datetime.date(2026, 11, 23), datetime.date(2026, 11, 24))
    assert (asked.start, asked.asks_for_details) == (START, True)


@pytest.mark.parametrize("query", ["", "type=%00&zone=%00&week=soon&day=24.11.2026&start=%00", "zone=Mars/Base&week=0"])
def test_what_cannot_be_read_of_an_address_counts_as_absent(query):
    asked = MeetingAddress(QueryDict(query))

    assert (asked.meeting_type, asked.time_zone, asked.week, asked.day, asked.start) == ("", "", None, None, None)


def test_details_are_asked_for_by_a_start_unless_the_times_are():
    assert MeetingAddress(QueryDict("start=soon")).asks_for_details
    assert not MeetingAddress(QueryDict("start=2026-11-24T15:30:00Z&show=times")).asks_for_details
    assert not MeetingAddress(QueryDict("start=")).asks_for_details


def test_unknown_zone_is_named_in_part_and_in_visible_characters():
    assert MeetingAddress(QueryDict(f"zone={'x' * 100}")).unknown_zone == "x" * 40
    assert MeetingAddress(QueryDict("zone=%00Mars%0A%E2%80%AE/Base")).unknown_zone == "Mars/Base"
    assert MeetingAddress(QueryDict("zone=%00")).unknown_zone == ""
    assert MeetingAddress(QueryDict("zone=UTC")).unknown_zone == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"name": " Kim Lee\t", "email": "KIM@visitor.example"}, True),
        ({"start": "2026-11-24T16:00:00Z"}, False),
        ({"name": "Kim"}, False),
        ({"email": "ann@visitor.example"}, False),
        ({"organization": "Example Clinic"}, False),
        ({"code": "J9302"}, False),
        ({"notes": "Prior authorization"}, False),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_form_is_told_from_what_was_booked_with_its_key(monkeypatch, change, same):
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 0)
    host = create_host()
    meeting_type, other = create_meeting_type(hosts=[host]), create_meeting_type("walk-through", hosts=[host])
    booking = create_booking(meeting_type, host, START)
    typed = {"start": "2026-11-24T15:30:00Z", "name": "Kim Lee", "email": "kim@visitor.example"}
    form = BookingForm({**typed, "form_token": make_token(booking.request_key), **change})
    assert form.is_valid(), form.errors

    assert form.says_the_same_as(booking, meeting_type) is same
    assert not form.says_the_same_as(booking, other)


def test_visitor_is_who_filled_in_the_form(monkeypatch):
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 0)
    form = BookingForm(
        {
            "start": "2026-11-24T15:30:00Z",
            "name": " Kim Lee ",
            "email": "kim@visitor.example",
            "code": "j 9302",
            "form_token": make_token(BookingForm().request_key),
        }
    )
    assert form.is_valid(), form.errors

    visitor = form.as_visitor(Origin(page="/code/hcpcs/J9302"), time_zone="Europe/London")

    assert (visitor.name, visitor.email, visitor.time_zone) == ("Kim Lee", "kim@visitor.example", "Europe/London")
    assert (visitor.code, visitor.code_text, visitor.page) == (None, "j 9302", "/code/hcpcs/J9302")
    assert (visitor.organization, visitor.notes, visitor.looks_like_spam) == ("", "", False)
