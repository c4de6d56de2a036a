"""What the pages on which a meeting is booked show, computed beforehand."""

import datetime
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from django.conf import settings
from django.urls import reverse

from contact.free_times import (
    FreeTimes,
    NextTimes,
    TimeChoice,
    default_zone,
    length_in_words,
    write_instant,
)
from contact.links import booking_path
from contact.meeting_forms import BookingForm, MeetingAddress
from contact.meeting_times import MeetingTime, clocks_differ, times
from contact.models import Booking, Host, MeetingType
from contact.origin import Origin
from contact.slots import Slot, free_slots
from contact.time_zones import listed_zone, zone_choices, zone_in_words


class ZoneChoice:
    """The time zones to choose from, the one that is chosen among them."""

    def __init__(self, chosen: str, now: datetime.datetime):
        self.chosen = listed_zone(chosen)
        self._now = now

    @property
    def groups(self) -> list[dict]:
        """The zones by region: {"label", "zones"}, each zone with value and label; an old name stands by itself."""
        groups = [{"label": label, "zones": zones} for label, zones in zone_choices()]
        if not any(self.chosen == value for group in groups for value, _ in group["zones"]):
            groups.insert(0, {"label": "Chosen", "zones": [(self.chosen, zone_in_words(self.chosen, self._now))]})
        return groups


class _MeetingPage:
    """What the three pages share: what the address asks for, where the visitor came from, and the time zone."""

    def __init__(self, asked: MeetingAddress, origin: Origin, *, hosts: list[Host], now: datetime.datetime):
        self.asked = asked
        self.origin = origin
        self.now = now
        self.zone_name = asked.time_zone or default_zone(hosts)
        self.zones = ZoneChoice(self.zone_name, now)

    @property
    def notices(self) -> list[str]:
        """What of the address could not be used."""
        if not self.asked.unknown_zone:
            return []
        zone = zone_in_words(self.zone_name, self.now)
        return [f"“{self.asked.unknown_zone}” is no time zone known here. This is {zone}."]

    @property
    def carried_origin(self) -> dict[str, str]:
        """Where the visitor came from, as addresses and forms carry it along."""
        return dict(parse_qsl(self.origin.query))

    @property
    def message_url(self) -> str:
        """Where a message can be written instead, about the same."""
        return _address("contact:message", self.carried_origin)


class MeetingStartPage(_MeetingPage):
    """The kinds of meetings to choose from, and the time zone."""

    def __init__(
        self,
        asked: MeetingAddress,
        origin: Origin,
        types: list[MeetingType],
        *,
        is_type_gone: bool,
        now: datetime.datetime,
    ):
        self.types = types
        # A kind of meeting was asked for that is not offered.
        self.is_type_gone = is_type_gone
        hosts = [share.host for share in types[0].bookable_hosts()] if types else []
        super().__init__(asked, origin, hosts=hosts, now=now)

    @property
    def kinds(self) -> list[dict]:
        """The kinds: {"slug", "title", "length", "description"}."""
        return [
            {
                "slug": each.slug,
                "title": each.title,
                "length": length_in_words(each.length_min),
                "description": each.description,
            }
            for each in self.types
        ]

    @property
    def may_preselect_zone(self) -> bool:
        """Whether a script may choose the zone of the visitor's device: nobody has named one."""
        return not self.asked.time_zone


class _TypedPage(_MeetingPage):
    """A page for one kind of meeting."""

    def __init__(
        self, asked: MeetingAddress, origin: Origin, meeting_type: MeetingType, *, is_only: bool, now: datetime.datetime
    ):
        self.meeting_type = meeting_type
        # Whether there is no other kind to choose.
        self.is_only = is_only
        super().__init__(asked, origin, hosts=[share.host for share in meeting_type.bookable_hosts()], now=now)

    @property
    def length(self) -> str:
        return length_in_words(self.meeting_type.length_min)

    @property
    def carried(self) -> dict[str, str]:
        """What every form and link of the page carries along."""
        return {"type": self.meeting_type.slug, "zone": self.zone_name, **self.carried_origin}

    @property
    def start_url(self) -> str:
        """Back to the choice of a kind."""
        return _address("contact:meeting", {"zone": self.zone_name, **self.carried_origin})

    def address(self, **parameters: str) -> str:
        """The address of this step with further parameters."""
        return _address("contact:meeting", {**self.carried, **parameters})


class MeetingTimesPage(_TypedPage):
    """The days and times on which a meeting of one kind can be booked."""

    @cached_property
    def free(self) -> FreeTimes:
        asked = self.asked
        return FreeTimes(
            self.meeting_type,
            self.zone_name,
            address=self.address,
            now=self.now,
            week=asked.week,
            day=asked.day,
            chosen=asked.start,
        )

    @property
    def notices(self) -> list[str]:
        return [*super().notices, *([self.free.problem] if self.free.problem else [])]

    @property
    def kept_with_zone(self) -> dict[str, str]:
        """What a change of the zone keeps: the instant if one was chosen, else the day."""
        return {"day": self.free.day.isoformat()} if self.free.day else {}


class MeetingDetailsPage(_TypedPage):
    """The last step: the chosen time, and who wants to meet."""

    def __init__(self, *args, form: BookingForm, **options):
        super().__init__(*args, **options)
        self.form = form
        # The meeting that was booked with this form before, when it said something else.
        self.booked_before: Booking | None = None

    @property
    def start(self) -> datetime.datetime | None:
        """The chosen time; None where it cannot be read."""
        return self.asked.start

    @cached_property
    def slot(self) -> Slot | None:
        """The chosen time as it is offered now; None where it is not."""
        if self.start is None:
            return None
        until = self.start + datetime.timedelta(seconds=1)
        return next(iter(free_slots(self.meeting_type, first=self.start, until=until, now=self.now)), None)

    @property
    def time(self) -> MeetingTime:
        """The chosen time for the visitor."""
        return MeetingTime.of(self.slot.start, self.slot.end, self.zone_name)

    @property
    def host_time(self) -> MeetingTime | None:
        """The chosen time for the host, where clocks there show another one; None also if it is not known whose."""
        zones = {host.time_zone for host in self.slot.hosts}
        if len(zones) != 1 or not clocks_differ(self.zone_name, *zones, self.slot.start, self.slot.end):
            return None
        return MeetingTime.of(self.slot.start, self.slot.end, zones.pop())

    @property
    def hosts_are_apart(self) -> bool:
        """Whether hosts in several time zones are free at the chosen time: whose it will be is not known yet."""
        return len({host.time_zone for host in self.slot.hosts}) > 1

    @property
    def booked_before_url(self) -> str:
        return booking_path(self.booked_before) if self.booked_before else ""

    @property
    def booked_before_time(self) -> str:
        return times(self.booked_before, self.zone_name) if self.booked_before else ""

    @property
    def value(self) -> str:
        """The chosen time as the form sends it."""
        return write_instant(self.slot.start)

    @cached_property
    def _next_times(self) -> NextTimes:
        return NextTimes(self.meeting_type, self.zone_name, after=self.start, now=self.now)

    @property
    def alternatives(self) -> list[TimeChoice]:
        """The next free times, in place of one that cannot be had."""
        return self._next_times.choices

    @property
    def alternatives_zone(self) -> str:
        """The zone in which the alternatives are told."""
        return self._next_times.zone_words

    @property
    def retention_days(self) -> int:
        return settings.CONTACT_RETENTION_DAYS

    @property
    def other_times_url(self) -> str:
        return self.address(start=write_instant(self.start), show="times") if self.start else self.address()


def _address(name: str, parameters: dict[str, str]) -> str:
    query = urlencode(parameters, safe=":/")
    return f"{reverse(name)}?{query}" if query else reverse(name)
