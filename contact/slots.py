"""The times that visitors can book, and why another time cannot be booked.

What is offered on a page and what is accepted from a form are the same computation.
"""

import bisect
import datetime
import enum
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils import timezone

from contact.models import Booking, Host, HostShare, MeetingType
from contact.open_times import Timetable
from contact.wall_time import day_of

_DAY = datetime.timedelta(days=1)
# What is read on both sides of a range: more than a calendar day, whatever its zone, and what one meeting blocks.
_MARGIN = 3 * _DAY


class Reason(enum.Enum):
    """Why a time cannot be booked."""

    NOT_OFFERED = "The time is not offered."
    TAKEN = "Another meeting is in the way."
    DAY_FULL = "There are as many meetings on that day as there may be."


class Unavailable(Exception):
    """A host cannot be met at a time; `reason` says why."""

    def __init__(self, reason: Reason):
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Slot:
    """A time that can be booked, in UTC, with the hosts who are free then, the one with most meetings first."""

    start: datetime.datetime
    end: datetime.datetime
    hosts: tuple[Host, ...]


def free_slots(
    meeting_type: MeetingType,
    *,
    first: datetime.datetime,
    until: datetime.datetime,
    now: datetime.datetime | None = None,
    moving: Booking | None = None,
) -> list[Slot]:
    """The times with a start in [first, until) that are offered now, in their order; four queries for any range.

    For a booking that is to be moved: the times of its own host, for its own length and what is kept free around it,
    and it is not in its own way.
    """
    offer = _Offer(meeting_type, now=now or timezone.now(), moving=moving)
    first, until = offer.narrow(first, until)
    if first >= until or not meeting_type.active:
        return []
    hosts = [share.host for share in meeting_type.bookable_hosts() if moving is None or share.host_id == moving.host_id]
    if not hosts:
        return []
    free = defaultdict(list)
    for host, diary in offer.diaries(hosts, first, until):
        for start in sorted({start for start in diary.offered(first, until) if diary.refusal(start) is None}):
            free[start].append(host)
    return [Slot(start, start + offer.length, tuple(free[start])) for start in sorted(free)]


def next_free_slots(
    meeting_type: MeetingType,
    *,
    after: datetime.datetime,
    count: int = 5,
    now: datetime.datetime | None = None,
    moving: Booking | None = None,
) -> list[Slot]:
    """The first times at or after an instant that are offered now, `count` of them at most."""
    now = now or timezone.now()
    first, horizon = _Offer(meeting_type, now=now, moving=moving).narrow(after, None)
    found = []
    days = 7
    while len(found) < count and first < horizon:
        until = first + days * _DAY
        found += free_slots(meeting_type, first=first, until=until, now=now, moving=moving)
        first, days = until, days * 2
    return found[:count]


def require_offered(
    host: Host,
    meeting_type: MeetingType,
    start: datetime.datetime,
    *,
    now: datetime.datetime,
    moving: Booking | None = None,
) -> None:
    """Raises Unavailable unless this host can be met at exactly this time. See also free_slots.

    To be called in the transaction that holds the host's lock: what it finds holds until that ends.
    """
    offer = _Offer(meeting_type, now=now, moving=moving)
    first, until = offer.narrow(start, None)
    # Asked of the database, because whoever calls may hold rows from before the lock.
    hosted = HostShare.objects.filter(
        meeting_type=meeting_type, host=host, meeting_type__active=True, host__active=True
    )
    # Not `!=`: a time in a fold equals none of another zone (PEP 495).
    if first > start or first >= until or not hosted.exists():
        raise Unavailable(Reason.NOT_OFFERED)
    until = first + datetime.timedelta.resolution
    [(_, diary)] = offer.diaries([host], first, until)
    if first not in diary.offered(first, until):
        raise Unavailable(Reason.NOT_OFFERED)
    if reason := diary.refusal(first):
        raise Unavailable(reason)


class _Offer:
    """What is asked for: a new meeting of a type, or another time for one that is booked."""

    def __init__(self, meeting_type: MeetingType, *, now: datetime.datetime, moving: Booking | None):
        self.meeting_type = meeting_type
        self.now = now
        self.moving = moving
        self.length = (moving or meeting_type).length
        self.buffers = (moving or meeting_type).buffers

    def narrow(
        self, first: datetime.datetime, until: datetime.datetime | None
    ) -> tuple[datetime.datetime, datetime.datetime]:
        """The part of a range, however long, that is neither too soon nor, in any time zone, beyond the horizon."""
        soonest = self.now + datetime.timedelta(minutes=self.meeting_type.notice_min)
        horizon = self.now + self.meeting_type.horizon_days * _DAY + _MARGIN
        # Compared before anything is computed with them: year 9999 cannot be put into another zone.
        first = max(first, soonest)
        until = horizon if until is None else min(until, horizon)
        return (first.astimezone(datetime.UTC), until.astimezone(datetime.UTC)) if first < until else (until, until)

    def diaries(
        self, hosts: list[Host], first: datetime.datetime, until: datetime.datetime
    ) -> Iterator[tuple[Host, "_Diary"]]:
        """Each host with what decides on starts in [first, until); three queries."""
        timetable = Timetable(hosts, (first - _MARGIN).date(), (until + _MARGIN).date(), meeting_type=self.meeting_type)
        bookings = Booking.objects.filter(
            host__in=[host.pk for host in hosts],
            status__in=[Booking.Status.CONFIRMED, Booking.Status.NO_SHOW],
            blocked_from__lt=until + _MARGIN,
            blocked_until__gt=first - _MARGIN,
        )
        if self.moving is not None:
            bookings = bookings.exclude(pk=self.moving.pk)
        by_host = defaultdict(list)
        fields = ("host_id", "meeting_type_id", "status", "starts_at", "blocked_from", "blocked_until")
        for booking in bookings.order_by("blocked_from").values_list(*fields, named=True):
            by_host[booking.host_id].append(booking)
        for host in hosts:
            yield host, _Diary(self, host, timetable, by_host[host.pk])


class _Diary:
    """When one host is open, and the meetings that are in the way of what is asked for."""

    def __init__(self, offer: _Offer, host: Host, timetable: Timetable, bookings: list):
        self._offer = offer
        self._host = host
        self._zone = host.zone
        self._timetable = timetable
        self._last_day = day_of(offer.now, self._zone) + offer.meeting_type.horizon_days * _DAY
        # No two of them overlap: the database sees to that.
        self._blocked = [
            (booking.blocked_from, booking.blocked_until)
            for booking in bookings
            if booking.status == Booking.Status.CONFIRMED
        ]
        of_type = [booking for booking in bookings if booking.meeting_type_id == offer.meeting_type.pk]
        self._full_days = self._days_with(host.daily_cap, bookings) | self._days_with(
            offer.meeting_type.daily_cap, of_type
        )

    def offered(self, first: datetime.datetime, until: datetime.datetime) -> Iterator[datetime.datetime]:
        """The starts in [first, until) that the host's hours and the horizon allow, window by window."""
        # A window of the day before may last until after midnight.
        day, last = day_of(first, self._zone) - _DAY, min(day_of(until, self._zone), self._last_day)
        while day <= last:
            for opening in self._timetable.openings(self._host, day):
                for start in opening.starts(
                    length=self._offer.length, step=self._offer.meeting_type.step, first=first, until=until
                ):
                    if day_of(start, self._zone) <= self._last_day:
                        yield start
            day += _DAY

    def refusal(self, start: datetime.datetime) -> Reason | None:
        """What other meetings have against a start."""
        before, after = self._offer.buffers
        blocked_from, blocked_until = start - before, start + self._offer.length + after
        earlier = bisect.bisect_left(self._blocked, (blocked_until,))
        if earlier and self._blocked[earlier - 1][1] > blocked_from:
            return Reason.TAKEN
        return Reason.DAY_FULL if day_of(start, self._zone) in self._full_days else None

    def _days_with(self, cap: int | None, bookings: Iterable) -> set[datetime.date]:
        """The days of the host's calendar on which so many meetings begin, or more."""
        if cap is None:
            return set()
        counts = Counter(day_of(booking.starts_at, self._zone) for booking in bookings)
        return {day for day, count in counts.items() if count >= cap}
