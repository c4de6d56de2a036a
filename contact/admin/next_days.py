"""The next two weeks of a host: open hours, free times and meetings, by the days of the host's calendar."""

import datetime
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone
from django.utils.dateformat import format as date_format

from contact.availability import joined, outside_hours
from contact.meeting_times import times
from contact.models import AvailabilityException, Booking, Host, MeetingType
from contact.open_times import Timetable
from contact.slots import free_slots
from contact.time_zones import time_in_words, zone_in_words
from contact.wall_time import Span, day_bounds, day_of

DAYS = 14
ONE = datetime.timedelta(days=1)


@dataclass
class Day:
    """One day: hours in words, those of single types that have others, what is exceptional, free, and booked."""

    date: datetime.date
    hours: list[str] = field(default_factory=list)
    hours_of_types: list[tuple[MeetingType, list[str]]] = field(default_factory=list)
    exceptions: list[str] = field(default_factory=list)
    free: list[tuple[MeetingType, int]] = field(default_factory=list)
    meetings: list["Meeting"] = field(default_factory=list)
    clocks_change: bool = False

    @property
    def title(self) -> str:
        return date_format(self.date, "l, F j")


@dataclass(frozen=True)
class Meeting:
    """A booking as the preview names it."""

    booking: Booking
    when: str
    is_outside: bool


class NextDays:
    """The 14 days of a host from today on, read from the database when it is made: a few queries for each type."""

    def __init__(self, host: Host, *, now: datetime.datetime | None = None):
        self.host = host
        self._now = now or timezone.now()
        today = day_of(self._now, host.zone)
        self.days = [Day(today + number * ONE) for number in range(DAYS)]
        self._by_date = {day.date: day for day in self.days}
        self._read_clock_changes()
        self._read_hours()
        self._read_exceptions()
        self._read_free_times()
        self._read_meetings()

    @property
    def zone(self) -> str:
        """The host's zone in words, as it is today."""
        return zone_in_words(self.host.time_zone, self._now)

    def _read_clock_changes(self) -> None:
        for day in self.days:
            start, end = (each.astimezone(self.host.zone) for each in day_bounds(day.date, self.host.zone))
            day.clocks_change = start.utcoffset() != end.utcoffset()

    @property
    def _types(self) -> list[MeetingType]:
        if not hasattr(self, "_types_read"):
            self._types_read = list(MeetingType.objects.filter(active=True, hosts=self.host))
        return self._types_read

    def _read_hours(self) -> None:
        first, last = self.days[0].date, self.days[-1].date
        of_all = Timetable([self.host], first, last)
        of_types = {each: Timetable([self.host], first, last, meeting_type=each) for each in self._types}
        for day in self.days:
            day.hours = self._in_words(of_all, day.date)
            in_types = [(each, self._in_words(timetable, day.date)) for each, timetable in of_types.items()]
            day.hours_of_types = [(each, hours) for each, hours in in_types if hours != day.hours]

    def _in_words(self, timetable: Timetable, day: datetime.date) -> list[str]:
        openings = joined((each.start, each.end) for each in timetable.openings(self.host, day))
        return [self._hours(span) for span in openings]

    def _hours(self, span: Span) -> str:
        """From when to when, with the day of the end where it is another one than midnight makes."""
        start, end = (each.astimezone(self.host.zone) for each in span)
        words = f"{time_in_words(start, self.host.time_zone)} to {time_in_words(end, self.host.time_zone)}"
        ends_later = end.date() > start.date() and end.time() != datetime.time.min
        return f"{words} ({date_format(end, 'l')})" if ends_later else words

    def _read_exceptions(self) -> None:
        rows = AvailabilityException.objects.filter(
            Q(host=None) | Q(host=self.host), first_day__lte=self.days[-1].date, last_day__gte=self.days[0].date
        )
        for row in rows:
            clock = [date_format(each, "g:i A") for each in (row.start, row.end) if each is not None]
            hours = f", {' to '.join(clock)}" if clock else ""
            whom = ", everyone" if row.host_id is None else ""
            reason = f": {row.reason}" if row.reason else ""
            for day in self.days:
                if row.first_day <= day.date <= row.last_day:
                    day.exceptions.append(f"{row.get_kind_display().capitalize()}{hours}{whom}{reason}")

    def _read_free_times(self) -> None:
        if not self.host.active:
            return
        first, _ = day_bounds(self.days[0].date, self.host.zone)
        _, until = day_bounds(self.days[-1].date, self.host.zone)
        for meeting_type in self._types:
            slots = free_slots(meeting_type, first=first, until=until, now=self._now)
            counts = Counter(day_of(slot.start, self.host.zone) for slot in slots if self.host in slot.hosts)
            for day in self.days:
                day.free.append((meeting_type, counts[day.date]))

    def _read_meetings(self) -> None:
        bookings = list(Booking.objects.upcoming(self._now).filter(host=self.host).select_related("meeting_type"))
        for booking in bookings:
            booking.host = self.host
        outside = {booking.pk for booking in outside_hours(bookings)}
        later = defaultdict(list)
        for booking in bookings:
            meeting = Meeting(booking, self._hours((booking.starts_at, booking.ends_at)), booking.pk in outside)
            # One that began yesterday and has not ended stands with today's.
            date = max(day_of(booking.starts_at, self.host.zone), self.days[0].date)
            if date in self._by_date:
                self._by_date[date].meetings.append(meeting)
            elif meeting.is_outside:
                later[date].append(Meeting(booking, times(booking, self.host.time_zone), is_outside=True))
        self.later_outside = [meeting for date in sorted(later) for meeting in later[date]]
