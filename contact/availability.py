"""What no row tells alone about the hours of hosts: windows that overlap, and meetings outside of the hours."""

import datetime
from collections.abc import Iterable
from itertools import combinations, groupby
from operator import attrgetter

from contact import wall_time
from contact.models import AvailabilityException, AvailabilityWindow, Booking
from contact.open_times import Timetable
from contact.wall_time import Span

DAY = datetime.timedelta(days=1)


def overlapping_windows(
    windows: Iterable[AvailabilityWindow],
) -> list[tuple[AvailabilityWindow, AvailabilityWindow]]:
    """The pairs of these windows of one host that share wall time on some day, and meetings that both are for.

    A window may reach into the next day, that of a Sunday into the next week. Windows that only touch do not overlap,
    nor do those for two different types of meetings, nor those that are never valid together.
    """
    return [(one, other) for one, other in combinations(windows, 2) if _overlap(one, other)]


def overlapping_openings(
    exceptions: Iterable[AvailabilityException],
) -> list[tuple[AvailabilityException, AvailabilityException]]:
    """The pairs of these exceptions of one owner that open the same wall time of some day, each with its grid."""
    openings = [each for each in exceptions if each.kind == AvailabilityException.Kind.OPEN]
    return [(one, other) for one, other in combinations(openings, 2) if _open_together(one, other)]


def _open_together(one: AvailabilityException, other: AvailabilityException) -> bool:
    return any(
        max(one.first_day, other.first_day - shift * DAY) <= min(one.last_day, other.last_day - shift * DAY)
        and _share_time(one, other, shift)
        for shift in (-1, 0, 1)
    )


def _overlap(one: AvailabilityWindow, other: AvailabilityWindow) -> bool:
    types = {one.meeting_type_id, other.meeting_type_id}
    if None not in types and len(types) == 2:
        return False
    # No window lasts longer than a day: that of the other begins on the day of the one, the day before, or after.
    return any(
        (one.weekday + shift) % 7 == other.weekday
        and _share_time(one, other, shift)
        and _are_valid_together(one, other, shift)
        for shift in (-1, 0, 1)
    )


def _share_time(
    one: AvailabilityWindow | AvailabilityException, other: AvailabilityWindow | AvailabilityException, shift: int
) -> bool:
    """Whether the hours overlap where `other` begins `shift` days after the day of `one`."""
    start, end = _hours(one)
    other_start, other_end = (each + shift * DAY for each in _hours(other))
    return start < other_end and other_start < end


def _hours(
    window: AvailabilityWindow | AvailabilityException,
) -> tuple[datetime.timedelta, datetime.timedelta]:
    """Start and end since the midnight of its day, as its wall clock shows them."""
    start, end = (
        datetime.timedelta(hours=each.hour, minutes=each.minute, seconds=each.second)
        for each in (window.start, window.end)
    )
    return start, end if start < end else end + DAY


def _are_valid_together(one: AvailabilityWindow, other: AvailabilityWindow, shift: int) -> bool:
    """Whether there is a day of `one` on which it is valid, and `other` is `shift` days later."""
    first = max(_ordinals([one.valid_from], 0) + _ordinals([other.valid_from], -shift), default=None)
    last = min(_ordinals([one.valid_until], 0) + _ordinals([other.valid_until], -shift), default=None)
    if first is None or last is None:
        return True
    # date.toordinal() of a Monday is 1 more than a multiple of 7.
    day = first + (one.weekday - (first - 1)) % 7
    return day <= last


def _ordinals(days: list[datetime.date | None], shift: int) -> list[int]:
    return [day.toordinal() + shift for day in days if day]


def outside_hours(bookings: Iterable[Booking]) -> list[Booking]:
    """Those of these meetings that the hours of their host for their type do not hold, as they are now, by their start.

    Nothing is wrong with them: hours changed after they were booked, or somebody of the team chose the time. Two
    queries for each type of meeting among them; `host` and `meeting_type` are to be at hand.
    """
    outside = []
    for _, group in groupby(sorted(bookings, key=_type_and_start), key=attrgetter("meeting_type_id")):
        meetings = list(group)
        hosts = {booking.host for booking in meetings}
        days = {booking: wall_time.day_of(booking.starts_at, booking.host.zone) for booking in meetings}
        # Hours of the day before may last until after midnight.
        first, last = min(days.values()) - DAY, max(days.values())
        timetable = Timetable(hosts, first, last, meeting_type=meetings[0].meeting_type)
        outside += [
            booking
            for booking, day in days.items()
            if not lies_in(
                joined(
                    (opening.start, opening.end)
                    for near in (day - DAY, day)
                    for opening in timetable.openings(booking.host, near)
                ),
                (booking.starts_at, booking.ends_at),
            )
        ]
    return sorted(outside, key=lambda booking: (booking.starts_at, booking.pk))


def _type_and_start(booking: Booking) -> tuple[int, datetime.datetime]:
    return booking.meeting_type_id, booking.starts_at


def joined(periods: Iterable[Span]) -> list[Span]:
    """The same time as these periods, in order, those that overlap or touch as one."""
    whole: list[Span] = []
    for start, end in sorted(periods):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole


def lies_in(hours: Iterable[Span], period: Span) -> bool:
    """Whether one of the hours holds the whole period."""
    return any(start <= period[0] and period[1] <= end for start, end in hours)
