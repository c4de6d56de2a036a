"""When hosts are open for meetings: their weekly windows, and the exceptions to these, as instants.

An exception that opens hours replaces the windows of its day; one of the host goes before those for everyone. It also
lifts what is closed for everyone on that day. What a host has closed for himself or herself stays closed.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q

from contact import wall_time
from contact.models import AvailabilityException, AvailabilityWindow, Host, MeetingType
from contact.wall_time import Span

_DAY = datetime.timedelta(days=1)
_MIDNIGHT = datetime.time.min
# The host of exceptions that are for everyone.
_EVERYONE = None


@dataclass(frozen=True)
class Opening:
    """A span in which meetings can take place: a window, or what exceptions leave of it.

    `day` is the day of the host's calendar on which the window begins, `grid` the instant of that beginning, from which
    possible starts are counted also where the beginning itself is cut off.
    """

    day: datetime.date
    grid: datetime.datetime
    start: datetime.datetime
    end: datetime.datetime

    def starts(
        self,
        *,
        length: datetime.timedelta,
        step: datetime.timedelta,
        first: datetime.datetime,
        until: datetime.datetime,
    ) -> Iterator[datetime.datetime]:
        """The starts in [first, until) of meetings that lie wholly in it, every `step` of absolute time."""
        steps = -((self.grid - max(self.start, first)) // step)
        start = self.grid + steps * step
        while start < until and start + length <= self.end:
            yield start
            start += step


class Timetable:
    """The windows and exceptions of several hosts that matter on a range of days, read with one query each."""

    def __init__(
        self,
        hosts: Iterable[Host],
        first: datetime.date,
        last: datetime.date,
        *,
        meeting_type: MeetingType | None = None,
    ):
        """`last` is still in the range. Windows for one type only count for that `meeting_type`."""
        keys = [host.pk for host in hosts]
        self._windows = defaultdict(list)
        windows = AvailabilityWindow.objects.filter(Q(meeting_type=None) | Q(meeting_type=meeting_type), host__in=keys)
        for window in windows.order_by("start", "pk"):
            self._windows[window.host_id, window.weekday].append(window)
        # What is closed on the day before can reach into the first day, and a window of the last day into the next.
        first, last = first - _DAY, last + _DAY
        self._exceptions = defaultdict(list)
        exceptions = AvailabilityException.objects.filter(
            Q(host=_EVERYONE) | Q(host__in=keys), first_day__lte=last, last_day__gte=first
        )
        for exception in exceptions.order_by("start", "pk"):
            day = max(exception.first_day, first)
            while day <= min(exception.last_day, last):
                self._exceptions[exception.host_id, exception.kind, day].append(exception)
                day += _DAY

    def openings(self, host: Host, day: datetime.date) -> list[Opening]:
        """What is open of the windows that begin on this day of the host's calendar, window by window."""
        if any(exception.start is None for exception in self._closed(host, day)):
            return []
        zone = host.zone
        cuts = [cut for near in (day - _DAY, day, day + _DAY) for cut in self._cuts(host, near)]
        found = []
        for hours in self._hours(host, day):
            parts = wall_time.spans(day, hours.start, hours.end, zone)
            found += [
                Opening(day, parts[0][0], start, end) for part in parts for start, end in wall_time.without(part, cuts)
            ]
        return found

    def _hours(self, host: Host, day: datetime.date) -> list[AvailabilityWindow | AvailabilityException]:
        """The rows whose hours hold on a day, before anything is cut."""
        return (
            self._of_day(host.pk, AvailabilityException.Kind.OPEN, day)
            or self._of_day(_EVERYONE, AvailabilityException.Kind.OPEN, day)
            or [window for window in self._windows.get((host.pk, day.weekday()), []) if window.is_of(day)]
        )

    def _closed(self, host: Host, day: datetime.date) -> list[AvailabilityException]:
        """The rows that close something for a host on a day."""
        closed = self._of_day(host.pk, AvailabilityException.Kind.CLOSED, day)
        if self._of_day(host.pk, AvailabilityException.Kind.OPEN, day):
            return closed
        return closed + self._of_day(_EVERYONE, AvailabilityException.Kind.CLOSED, day)

    def _cuts(self, host: Host, day: datetime.date) -> list[Span]:
        return [
            span
            for exception in self._closed(host, day)
            for span in wall_time.spans(day, exception.start or _MIDNIGHT, exception.end or _MIDNIGHT, host.zone)
        ]

    def _of_day(self, owner: int | None, kind: str, day: datetime.date) -> list[AvailabilityException]:
        return self._exceptions.get((owner, kind, day), [])


def open_times(
    host: Host, first: datetime.date, last: datetime.date, *, meeting_type: MeetingType | None = None
) -> dict[datetime.date, list[Span]]:
    """What is open on each day from `first` to `last` of the host's calendar, by the day on which it begins, in UTC.

    A day on which nothing is open has an empty list. Without `meeting_type` it is what is open for every type: windows
    for one type only are left out. Meetings that are booked are not taken off.
    """
    timetable = Timetable([host], first, last, meeting_type=meeting_type)
    days = [first + number * _DAY for number in range((last - first).days + 1)]
    return {day: sorted((part.start, part.end) for part in timetable.openings(host, day)) for day in days}
