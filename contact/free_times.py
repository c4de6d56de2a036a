"""Free times as the pages of meetings show them: weeks, days and times of the visitor's calendar, in words."""

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.dateformat import format as date_format

from contact.meeting_times import clocks_differ
from contact.models import Booking, Host, MeetingType
from contact.slots import Slot, free_slots, next_free_slots
from contact.time_zones import offset_in_words, place_in_words, zone_in_words
from contact.wall_time import day_bounds, day_of

TIME = "g:i A"
DAY = "l, F j, Y"
DAYS_OF_WEEK = 7
# So many other times are offered in place of one that was taken.
ALTERNATIVES = 6


def write_instant(at: datetime.datetime) -> str:
    """How addresses and forms name an instant: 2026-11-24T15:30:00Z. See also meeting_forms.InstantField."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A free time to choose: what the form sends, its name, and the host's time where clocks there show another."""

    value: str
    label: str
    host_label: str
    is_chosen: bool


def time_choices(
    slots: Iterable[Slot],
    zone_name: str,
    *,
    chosen: datetime.datetime | None = None,
    moving: Booking | None = None,
    with_day: bool = False,
) -> list[TimeChoice]:
    """The slots as choices for a visitor in this zone; their names begin with the day where asked to.

    Where the clocks change among them, each name has its offset: half past one may come twice. The time of a booking
    that is to be moved is marked.
    """
    zone = ZoneInfo(zone_name)
    slots = list(slots)
    with_offset = _do_clocks_change(slots, zone)
    choices = []
    for slot in slots:
        local = slot.start.astimezone(zone)
        label = date_format(local, f"D, M j, {TIME}" if with_day else TIME)
        if with_offset:
            label = f"{label} ({offset_in_words(zone_name, slot.start)})"
        if moving and slot.start == moving.starts_at:
            label = f"{label}, as it is now"
        choices.append(TimeChoice(write_instant(slot.start), label, _host_label(slot, zone_name), slot.start == chosen))
    return choices


def _host_label(slot: Slot, zone_name: str) -> str:
    """ "3:30 PM London time" for hosts in London, "3:30 PM London time or 10:30 AM New York time" for hosts in both.

    "" where the clocks of all show what the visitor's shows; "or the same" at the end where those of some do.
    """
    zones = sorted({host.time_zone for host in slot.hosts})
    others = [zone for zone in zones if clocks_differ(zone_name, zone, slot.start)]
    labels = list(dict.fromkeys(_there(slot, zone, zone_name) for zone in others))
    if labels and len(others) < len(zones):
        labels.append("the same")
    return " or ".join(labels)


def _there(slot: Slot, host_zone: str, zone_name: str) -> str:
    there = slot.start.astimezone(ZoneInfo(host_zone))
    is_same_day = there.date() == slot.start.astimezone(ZoneInfo(zone_name)).date()
    return f"{date_format(there, TIME if is_same_day else f'{TIME} l,')} {place_in_words(host_zone, slot.start)}"


def zone_of_slots(slots: Iterable[Slot], zone_name: str, *, now: datetime.datetime) -> str:
    """The zone as it stands above these times: with its offset then, without it where the clocks change among them."""
    words = {zone_in_words(zone_name, slot.start) for slot in slots} or {zone_in_words(zone_name, now)}
    return words.pop() if len(words) == 1 else place_in_words(zone_name, now)


def _do_clocks_change(slots: Iterable[Slot], zone: ZoneInfo) -> bool:
    return len({slot.start.astimezone(zone).utcoffset() for slot in slots}) > 1


class NextTimes:
    """The next free times, for a visitor in one time zone, in place of one that could not be had.

    They come after the instant that was asked for, if there is one, else they are the first of all. With `moving` they
    are the times to which that booking can be moved.
    """

    def __init__(
        self,
        meeting_type: MeetingType,
        zone_name: str,
        *,
        after: datetime.datetime | None,
        now: datetime.datetime,
        moving: Booking | None = None,
    ):
        slots: list[Slot] = []
        for instant in (after, now):
            if instant and not slots:
                slots = next_free_slots(meeting_type, after=instant, count=ALTERNATIVES, now=now, moving=moving)
        self.choices = time_choices(slots, zone_name, moving=moving, with_day=True)
        self.zone_words = zone_of_slots(slots, zone_name, now=now)


@dataclass(frozen=True, slots=True)
class DayChoice:
    """A day of the visitor's calendar, with the number of its free times and the address that shows them."""

    date: datetime.date
    count: int
    url: str
    is_shown: bool

    @property
    def title(self) -> str:
        """Tuesday, November 24, 2026."""
        return date_format(self.date, DAY)


class FreeTimes:
    """The free times of one week, and those of one day in it, for a visitor in one time zone.

    The week is that of the instant `chosen`, of `day` or of `week` (any day of it), in this order, else the first one
    with a free time. The day is that of `chosen`, or `day`, else the first with free times in the week.

    `address` makes the address of the same page with other parameters. With `moving` they are the times to which that
    booking can be moved.
    """

    def __init__(
        self,
        meeting_type: MeetingType,
        zone_name: str,
        *,
        address: Callable[..., str],
        now: datetime.datetime,
        week: datetime.date | None = None,
        day: datetime.date | None = None,
        chosen: datetime.datetime | None = None,
        moving: Booking | None = None,
    ):
        self.meeting_type = meeting_type
        self.zone_name = zone_name
        self.zone = ZoneInfo(zone_name)
        self.chosen = chosen
        self.problem = ""
        self._address = address
        self._now = now
        self._moving = moving
        self._today = day_of(now, self.zone)
        # The horizon is counted in days of the host's calendar, which may end a day later than the visitor's.
        self._last_day = self._today + datetime.timedelta(days=meeting_type.horizon_days + 1)
        if chosen:
            day = day_of(chosen, self.zone)
        wanted = day or week
        if wanted and not self._first_of_week(self._today) <= wanted <= self._last_day:
            past = wanted < self._today
            self.problem = (
                "That day is over. These are the next free times."
                if past
                else "That day is further ahead than meetings can be booked. These are the next free times."
            )
            day = wanted = None
        if wanted is None and (soonest := self._next_free(now)):
            wanted = soonest
        self._monday = self._first_of_week(wanted or self._today)
        self._day = day

    @staticmethod
    def _first_of_week(day: datetime.date) -> datetime.date:
        return day - datetime.timedelta(days=day.weekday())

    def _next_free(self, after: datetime.datetime) -> datetime.date | None:
        found = next_free_slots(self.meeting_type, after=after, count=1, now=self._now, moving=self._moving)
        return day_of(found[0].start, self.zone) if found else None

    @cached_property
    def _slots_by_day(self) -> dict[datetime.date, list[Slot]]:
        first, _ = day_bounds(self._monday, self.zone)
        _, until = day_bounds(self._sunday, self.zone)
        by_day = defaultdict(list)
        for slot in free_slots(self.meeting_type, first=first, until=until, now=self._now, moving=self._moving):
            # Where a clock is put back over midnight, the bounds of two days overlap.
            if self._monday <= (day := day_of(slot.start, self.zone)) <= self._sunday:
                by_day[day].append(slot)
        return dict(by_day)

    @property
    def _sunday(self) -> datetime.date:
        return self._monday + datetime.timedelta(days=DAYS_OF_WEEK - 1)

    @property
    def day(self) -> datetime.date | None:
        """The day whose times are shown; None in a week without free times of which no day was asked for."""
        return self._day or min(self._slots_by_day, default=None)

    @property
    def day_title(self) -> str:
        return date_format(self.day, DAY) if self.day else ""

    @cached_property
    def times(self) -> list[TimeChoice]:
        """The free times of the day."""
        slots = self._slots_by_day.get(self.day, [])
        return time_choices(slots, self.zone_name, chosen=self.chosen, moving=self._moving)

    @property
    def zone_words(self) -> str:
        """The zone with its offset on the day; without it where the clocks change between its times."""
        slots = self._slots_by_day.get(self.day) or [slot for each in self._slots_by_day.values() for slot in each]
        return zone_of_slots(slots, self.zone_name, now=self._now)

    @property
    def clocks_change(self) -> bool:
        """Whether clocks change between the times of the day."""
        return _do_clocks_change(self._slots_by_day.get(self.day, []), self.zone)

    @property
    def days(self) -> list[DayChoice]:
        """The days of the week that are not over."""
        week = (self._monday + datetime.timedelta(days=number) for number in range(DAYS_OF_WEEK))
        return [
            DayChoice(
                date=day,
                count=len(self._slots_by_day.get(day, [])),
                url=self._address(day=day.isoformat()),
                is_shown=day == self.day,
            )
            for day in week
            if day >= self._today
        ]

    @property
    def week_title(self) -> str:
        """November 23 to 29, 2026; the present week begins today."""
        return _span_in_words(max(self._monday, self._today), self._sunday)

    @property
    def earlier_url(self) -> str:
        """The week before; "" in the present one."""
        monday = self._monday - datetime.timedelta(days=DAYS_OF_WEEK)
        return self._address(week=monday.isoformat()) if self._monday > self._today else ""

    @property
    def later_url(self) -> str:
        """The week after; "" where it is further ahead than meetings can be booked."""
        monday = self._monday + datetime.timedelta(days=DAYS_OF_WEEK)
        return self._address(week=monday.isoformat()) if monday <= self._last_day else ""

    @cached_property
    def next_free_day(self) -> DayChoice | None:
        """Where to go on from a day or week without free times; the first free day, where none comes after it."""
        if self.times:
            return None
        _, after = day_bounds(self._day or self._sunday, self.zone)
        day = self._next_free(max(after, self._now)) or self._next_free(self._now)
        return DayChoice(date=day, count=0, url=self._address(day=day.isoformat()), is_shown=False) if day else None


def _span_in_words(first: datetime.date, last: datetime.date) -> str:
    """November 23 to 29, 2026; November 30 to December 6, 2026; December 28, 2026 to January 3, 2027; a single day."""
    if first == last:
        return date_format(first, "F j, Y")
    if first.year != last.year:
        return f"{date_format(first, 'F j, Y')} to {date_format(last, 'F j, Y')}"
    return f"{date_format(first, 'F j')} to {date_format(last, 'j, Y' if first.month == last.month else 'F j, Y')}"


def length_in_words(minutes: int) -> str:
    """45 minutes; 1 hour; 1 hour 30 minutes."""
    hours, rest = divmod(minutes, 60)
    words = [f"{hours} hour{'' if hours == 1 else 's'}"] if hours else []
    if rest:
        words.append(f"{rest} minutes")
    return " ".join(words)


def default_zone(hosts: Iterable[Host]) -> str:
    """The zone in which times are shown to who has named none: that of the first host."""
    return next((host.time_zone for host in hosts), "UTC")
