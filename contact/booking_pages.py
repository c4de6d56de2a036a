"""What the page of a meeting shows to its visitor, computed beforehand."""

import datetime
from functools import cached_property
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.urls import reverse

from contact import calendar_objects
from contact.free_times import FreeTimes, NextTimes, TimeChoice, length_in_words
from contact.links import booking_path, booking_token
from contact.meeting_forms import MeetingAddress
from contact.meeting_pages import ZoneChoice
from contact.meeting_times import MeetingTime, clocks_differ
from contact.models import Booking
from contact.origin import Origin
from contact.time_zones import zone_in_words
from contact.wall_time import day_of


class BookingPage:
    """A meeting as it stands; `done` says what the visitor has just done: booked, moved, cancelled,
    cancelled-before (what was cancelled already), or nothing."""

    def __init__(self, booking: Booking, asked: MeetingAddress, *, done: str = "", now: datetime.datetime):
        self.booking = booking
        self.now = now
        self.asked = asked
        self.zone_name = asked.time_zone or booking.time_zone
        self.zones = ZoneChoice(self.zone_name, now)
        # Why what was asked for was not done.
        self.problem = ""
        self._done = done

    @property
    def notices(self) -> list[str]:
        notices = [self.problem] if self.problem else []
        if self.asked.unknown_zone:
            zone = zone_in_words(self.zone_name, self.now)
            notices.append(f"“{self.asked.unknown_zone}” is no time zone known here. The times are in {zone}.")
        return notices

    @property
    def done(self) -> str:
        """What was just done, where the meeting still stands like that: an address may be opened again later."""
        holds = {
            "booked": self.is_confirmed,
            "moved": self.is_confirmed,
            "cancelled": self.is_cancelled,
            "cancelled-before": self.is_cancelled,
        }
        return self._done if holds.get(self._done) else ""

    @property
    def is_confirmed(self) -> bool:
        return self.booking.is_confirmed

    @property
    def is_cancelled(self) -> bool:
        return self.booking.status == Booking.Status.CANCELLED

    @property
    def may_change(self) -> bool:
        """Whether the visitor can still move or cancel it."""
        return self.booking.visitor_may_change(self.now)

    @property
    def length(self) -> str:
        return length_in_words(int(self.booking.length.total_seconds()) // 60)

    @property
    def time(self) -> MeetingTime:
        return MeetingTime.of(self.booking.starts_at, self.booking.ends_at, self.zone_name)

    @property
    def host_time(self) -> MeetingTime | None:
        """The time for the host, where clocks there show another one."""
        booking, host_zone = self.booking, self.booking.host.time_zone
        if not clocks_differ(self.zone_name, host_zone, booking.starts_at, booking.ends_at):
            return None
        return MeetingTime.of(booking.starts_at, booking.ends_at, host_zone)

    @property
    def cutoff(self) -> str:
        """How long before the meeting the visitor can last change it: 1 hour; "" for until it begins."""
        return length_in_words(self.booking.meeting_type.cancel_cutoff_min)

    @property
    def plain_url(self) -> str:
        """The address without parameters, to which forms go."""
        return booking_path(self.booking)

    @property
    def url(self) -> str:
        return self.address()

    @property
    def move_url(self) -> str:
        return self.address(change="time")

    @property
    def cancel_url(self) -> str:
        return self.address(change="cancel")

    @property
    def book_again_url(self) -> str:
        """Where another meeting of this kind is booked, in the same zone and about the same."""
        about = Origin(self.booking.code, self.booking.page).query
        query = urlencode({"type": self.booking.meeting_type.slug, "zone": self.zone_name}, safe="/")
        return f"{reverse('contact:meeting')}?{query}{'&' if about else ''}{about}"

    @property
    def calendar_url(self) -> str:
        return reverse("contact:booking_calendar", args=[booking_token(self.booking)])

    @property
    def google_url(self) -> str:
        return calendar_objects.google_link(self.booking)

    @property
    def outlook_url(self) -> str:
        return calendar_objects.outlook_link(self.booking)

    @property
    def carried(self) -> dict[str, str]:
        """What links and forms carry along: the zone, if another one is shown than the visitor booked in."""
        return {"zone": self.zone_name} if self.zone_name != self.booking.time_zone else {}

    def address(self, **parameters: str) -> str:
        """The address of the meeting's page with these parameters."""
        query = urlencode({**parameters, **self.carried}, safe=":/")
        return f"{booking_path(self.booking)}?{query}" if query else booking_path(self.booking)


class MovePage(BookingPage):
    """The times to which a meeting can be moved; after a time that could not be had, only the next ones."""

    def __init__(self, *args, refused: datetime.datetime | None = None, **options):
        super().__init__(*args, **options)
        # The time that was asked for and could not be had.
        self.refused = refused

    @cached_property
    def free(self) -> FreeTimes:
        """Those of the day that was asked for, else of the day of the meeting."""
        asked = self.asked
        own_day = None if self._asks_for_day else day_of(self.booking.starts_at, ZoneInfo(self.zone_name))
        return FreeTimes(
            self.booking.meeting_type,
            self.zone_name,
            address=lambda **parameters: self.address(change="time", **parameters),
            now=self.now,
            week=asked.week,
            day=asked.day or own_day,
            chosen=asked.start,
            moving=self.booking,
        )

    @property
    def _asks_for_day(self) -> bool:
        return bool(self.asked.week or self.asked.day or self.asked.start)

    @property
    def notices(self) -> list[str]:
        is_told = self._asks_for_day and not self.refused and self.free.problem
        return [*super().notices, *([self.free.problem] if is_told else [])]

    @property
    def choices(self) -> list[TimeChoice]:
        return self._next_times.choices if self.refused else self.free.times

    @property
    def alternatives_zone(self) -> str:
        """The zone in which the next free times are told."""
        return self._next_times.zone_words

    @cached_property
    def _next_times(self) -> NextTimes:
        """The next free times, in place of one that cannot be had."""
        return NextTimes(
            self.booking.meeting_type, self.zone_name, after=self.refused, now=self.now, moving=self.booking
        )
