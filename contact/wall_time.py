"""From what a clock on a wall reads to instants, also on the days when it is put forward or back.

An hour that a clock skips is a gap, one that it goes through twice a fold (PEP 495). A period of wall time holds the
instants at which the clock reads a time of it: an hour less over a gap, an hour more over a fold.
"""

import bisect
import datetime
from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

# Two instants in UTC: from the first on, up to but not including the second.
Span = tuple[datetime.datetime, datetime.datetime]

_DAY = datetime.timedelta(days=1)


def instant(day: datetime.date, at: datetime.time, zone: ZoneInfo, *, is_end: bool = False) -> datetime.datetime:
    """When the clock reads this, in UTC; where it never does, the first instant at which it reads a later time.

    Of the two instants in a fold it is the first one, or the second one for the end of a period.
    """
    wall = datetime.datetime.combine(day, at)
    found = wall.replace(tzinfo=zone, fold=int(is_end)).astimezone(datetime.UTC)
    if _reading(found, zone) == wall:
        return found
    # In a gap, fold 1 counts with the offset that holds after it, which gives an instant before it (PEP 495).
    before, after = (wall.replace(tzinfo=zone, fold=fold).astimezone(datetime.UTC) for fold in (1, 0))
    return _first_second(before, after, lambda moment: _reading(moment, zone) >= wall)


def spans(day: datetime.date, start: datetime.time, end: datetime.time, zone: ZoneInfo) -> list[Span]:
    """The instants from `start` of the day to `end`, which is of the next day unless it is later than the start.

    Mostly one span. None where the clock skips all of it; two where it goes back behind the start or, after the end,
    before it.
    """
    last = day if end > start else day + _DAY
    first_start, second_start = instant(day, start, zone), instant(day, start, zone, is_end=True)
    first_end, second_end = instant(last, end, zone), instant(last, end, zone, is_end=True)
    outside = []
    if first_start < second_start:
        outside.append((_clock_change(first_start, second_start, zone), second_start))
    if first_end < second_end:
        outside.append((first_end, _clock_change(first_end, second_end, zone)))
    return without((first_start, second_end), outside)


def window(day: datetime.date, start: datetime.time, end: datetime.time, zone: ZoneInfo) -> Span:
    """From the first instant of `spans` to the end of the last one; twice the same instant where there is none."""
    found = spans(day, start, end, zone)
    if not found:
        return (instant(day, start, zone),) * 2
    return found[0][0], found[-1][1]


def day_of(at: datetime.datetime, zone: ZoneInfo) -> datetime.date:
    """The date of an instant on the calendar of a zone."""
    return at.astimezone(zone).date()


def day_bounds(day: datetime.date, zone: ZoneInfo) -> Span:
    """Where a day of the zone's calendar begins and ends; twice the same instant for a day that was left out.

    A clock that is put back just after midnight returns to a day that had ended: there the bounds of two days overlap,
    and only `day_of` tells them apart.
    """
    return window(day, datetime.time.min, datetime.time.min, zone)


def without(span: Span, cuts: Iterable[Span]) -> list[Span]:
    """What the cuts leave of a span, in order; a cut without length leaves it whole."""
    left = []
    start, end = span
    for cut_start, cut_end in sorted(cuts):
        if cut_end <= start or cut_end <= cut_start:
            continue
        if start < min(cut_start, end):
            left.append((start, min(cut_start, end)))
        start = cut_end
    if start < end:
        left.append((start, end))
    return left


def _reading(at: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """What the clock reads, without zone and fold."""
    return at.astimezone(zone).replace(tzinfo=None)


def _clock_change(before: datetime.datetime, after: datetime.datetime, zone: ZoneInfo) -> datetime.datetime:
    """When the clock was put back between the two instants, at which it reads the same."""
    offset = before.astimezone(zone).utcoffset()
    return _first_second(before, after, lambda moment: moment.astimezone(zone).utcoffset() != offset)


def _first_second(
    before: datetime.datetime, after: datetime.datetime, holds: Callable[[datetime.datetime], bool]
) -> datetime.datetime:
    """The first whole second for which something holds that does not `before`, does `after`, and changes only once."""
    before = before.replace(microsecond=0)
    seconds = range(int((after - before).total_seconds()) + 1)
    return before + datetime.timedelta(
        seconds=bisect.bisect_left(seconds, True, key=lambda second: holds(before + datetime.timedelta(seconds=second)))
    )
