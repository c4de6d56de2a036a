"""When a meeting is, in the words of mails: never a time without its zone."""

import datetime
import zoneinfo
from typing import NamedTuple

from django.utils.dateformat import format as format_date

from contact.models import Booking
from contact.time_zones import day_in_words, time_in_words, zone_in_words


class MeetingTimes(NamedTuple):
    """The times of a meeting in the reader's zone and, only where its clocks differ then, in the other's."""

    own: str
    others: str


def times(booking: Booking, zone_name: str) -> str:
    """Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, New York time (EST, UTC−5)

    The zone stands after both times where its clocks change in between: 1:30 AM may come before 1:00 AM then.
    """
    start, end = booking.starts_at, booking.ends_at
    first_day, last_day = day_in_words(start, zone_name), day_in_words(end, zone_name)
    first_zone, last_zone = zone_in_words(zone_name, start), zone_in_words(zone_name, end)
    first, last = time_in_words(start, zone_name), time_in_words(end, zone_name)
    first = f"{first_day}, {first}" if first_zone == last_zone else f"{first_day}, {first}, {first_zone},"
    last = last if first_day == last_day else f"{last_day}, {last}"
    return f"{first} to {last}, {last_zone}"


def both_times(booking: Booking, *, first: str, second: str) -> MeetingTimes:
    """The times in the zone of the first name and, where they read differently, in that of the second."""
    offsets = {booking.starts_at.astimezone(zoneinfo.ZoneInfo(name)).utcoffset() for name in (first, second)}
    return MeetingTimes(times(booking, first), times(booking, second) if len(offsets) > 1 else "")


def short_time(at: datetime.datetime, zone_name: str) -> str:
    """Tuesday, November 24 at 10:30 AM (New York time)"""
    local = at.astimezone(zoneinfo.ZoneInfo(zone_name))
    place, _, _ = zone_in_words(zone_name, at).partition(" (")
    return f"{format_date(local, 'l, F j')} at {time_in_words(at, zone_name)} ({place})"
