"""When a meeting is, in the words of pages and mails: never a time without its zone."""

import datetime
import zoneinfo
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.dateformat import format as format_date

from contact.models import Booking
from contact.time_zones import day_in_words, place_in_words, time_in_words, zone_in_words


@dataclass(frozen=True, slots=True)
class MeetingTime:
    """When a meeting is, in the words of one time zone; as text: its day, hours and zone.

    Where clocks change in between, the zone stands after both times: 1:30 AM may come before 1:00 AM then.
    """

    day: str
    hours: str
    zone: str

    @classmethod
    def of(cls, start: datetime.datetime, end: datetime.datetime, zone_name: str) -> "MeetingTime":
        first_day, last_day = day_in_words(start, zone_name), day_in_words(end, zone_name)
        first_zone, last_zone = zone_in_words(zone_name, start), zone_in_words(zone_name, end)
        first, last = time_in_words(start, zone_name), time_in_words(end, zone_name)
        first = first if first_zone == last_zone else f"{first}, {first_zone},"
        last = last if first_day == last_day else f"{last_day}, {last}"
        return cls(first_day, f"{first} to {last}", last_zone)

    def __str__(self):
        return f"{self.day}, {self.hours}, {self.zone}"


class MeetingTimes(NamedTuple):
    """The times of a meeting in the reader's zone and, only where its clocks differ then, in the other's."""

    own: str
    others: str


def times(booking: Booking, zone_name: str) -> str:
    """Tuesday, November 24, 2026, 10:30 AM to 11:00 AM, New York time (EST, UTC−5)"""
    return str(MeetingTime.of(booking.starts_at, booking.ends_at, zone_name))


def clocks_differ(zone_name: str, other: str, *instants: datetime.datetime) -> bool:
    """Whether clocks of two zones show different times at any of these instants."""
    zone, another = zoneinfo.ZoneInfo(zone_name), zoneinfo.ZoneInfo(other)
    return any(at.astimezone(zone).utcoffset() != at.astimezone(another).utcoffset() for at in instants)


def both_times(booking: Booking, *, first: str, second: str) -> MeetingTimes:
    """The times in the zone of the first name and, where they read differently, in that of the second."""
    differ = clocks_differ(first, second, booking.starts_at, booking.ends_at)
    return MeetingTimes(times(booking, first), times(booking, second) if differ else "")


def short_time(at: datetime.datetime, zone_name: str) -> str:
    """Tuesday, November 24 at 10:30 AM (New York time)"""
    local = at.astimezone(zoneinfo.ZoneInfo(zone_name))
    return f"{format_date(local, 'l, F j')} at {time_in_words(at, zone_name)} ({place_in_words(zone_name, at)})"
