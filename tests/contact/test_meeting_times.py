"""Times of meetings in words."""

import datetime

import pytest

from contact.meeting_times import MeetingTime, both_times, short_time, times
from contact.models import Booking


def booking_at(*when: int, minutes: int = 30) -> Booking:
    booking = Booking()
    start = datetime.datetime(*when, tzinfo=datetime.UTC)
    booking.place(start, length=datetime.timedelta(minutes=minutes), buffers=(datetime.timedelta(),) * 2)
    return booking


def test_times_name_day_hours_and_zone():
    booking = booking_at(2026, 11, 24, 15, 30)
    assert times(booking, "America/New_York") == (
        "Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, New York time (EST, UTC−5)"
    )


def test_times_across_midnight_name_both_days():
    booking = booking_at(2026, 11, 24, 23, 45)
    assert times(booking, "Europe/London") == (
        "Tuesday, November 24, 2026, 11:45 PM to Wednesday, November 25, 2026, 12:15 AM, London time (GMT, UTC+0)"
    )


def test_times_of_the_hour_that_is_twice_differ_in_their_offset():
    first, second = booking_at(2027, 11, 7, 5, 0), booking_at(2027, 11, 7, 6, 0)
    assert "1:00 AM to 1:30 AM, New York time (EDT, UTC−4)" in times(first, "America/New_York")
    assert "1:00 AM to 1:30 AM, New York time (EST, UTC−5)" in times(second, "America/New_York")


def test_times_between_which_clocks_change_each_name_the_zone():
    booking = booking_at(2027, 11, 7, 5, 30)
    assert times(booking, "America/New_York") == (
        "Sunday, November 7, 2027, 1:30 AM, New York time (EDT, UTC−4), to 1:00 AM, New York time (EST, UTC−5)"
    )


def test_parts_of_a_time_are_those_of_its_text():
    booking = booking_at(2026, 11, 24, 15, 30)
    time = MeetingTime.of(booking.starts_at, booking.ends_at, "America/New_York")

    assert time == MeetingTime("Tuesday, November 24, 2026", "10:30 AM to 11:00 AM", "New York time (EST, UTC−5)")
    assert str(time) == times(booking, "America/New_York")


def test_second_zone_stands_where_clocks_differ_only_at_the_end():
    # At 2 in the morning New York's clocks go back to what Bogotá has all year; at 1:30 they are an hour ahead.
    spring = booking_at(2027, 3, 14, 6, 45)
    assert both_times(spring, first="America/New_York", second="America/Bogota").others
    assert not both_times(booking_at(2027, 3, 14, 6, 0), first="America/New_York", second="America/Bogota").others


def test_short_time_has_no_offset():
    at = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
    assert short_time(at, "America/New_York") == "Tuesday, November 24 at 10:30 AM (New York time)"
    assert short_time(at, "Asia/Kathmandu") == "Tuesday, November 24 at 9:15 PM (Kathmandu time)"
    assert short_time(at, "UTC") == "Tuesday, November 24 at 3:30 PM (UTC)"


@pytest.mark.parametrize(
    ("second", "differs"), [("America/New_York", False), ("America/Toronto", False), ("Asia/Kolkata", True)]
)
def test_second_zone_stands_only_where_its_clocks_differ(second, differs):
    own, others = both_times(booking_at(2026, 11, 24, 15, 30), first="America/New_York", second=second)
    assert own.endswith("New York time (EST, UTC−5)")
    assert others == ("Tuesday, November 24, 2026, 9:00 PM to 9:30 PM, Kolkata time (IST, UTC+5:30)" if differs else "")


@pytest.mark.parametrize(("month", "differs"), [(7, False), (12, True)])
def test_second_zone_is_judged_at_the_time_of_the_meeting(month, differs):
    # London's summer time is what Lagos has all year.
    booking = booking_at(2027, month, 1, 14, 0)
    assert bool(both_times(booking, first="Europe/London", second="Africa/Lagos").others) is differs
