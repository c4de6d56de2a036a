"""Days on calendars all over the world, for property tests: every other one has a clock change near it."""

import datetime
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from contact.time_zones import known_zones

FIRST, LAST = datetime.date(2000, 1, 1), datetime.date(2037, 12, 31)
DAY = datetime.timedelta(days=1)


@cache
def clock_changes(zone_name: str) -> list[datetime.date]:
    """The days, by UTC, on which the offset of a zone changes, but for two changes within a week."""
    zone = ZoneInfo(zone_name)

    def offset(day: datetime.date) -> datetime.timedelta:
        return datetime.datetime.combine(day, datetime.time.min, datetime.UTC).astimezone(zone).utcoffset()

    weeks = [FIRST + number * 7 * DAY for number in range((LAST - FIRST).days // 7)]
    return [
        next(day for day in (week + number * DAY for number in range(7)) if offset(day + DAY) != offset(week))
        for week in weeks
        if offset(week) != offset(week + 7 * DAY)
    ]


@st.composite
def days_and_zones(draw) -> tuple[datetime.date, ZoneInfo]:
    zone_name = draw(st.sampled_from(sorted(known_zones())))
    changes = clock_changes(zone_name)
    if changes and draw(st.booleans()):
        return draw(st.sampled_from(changes)) + draw(st.integers(-1, 1)) * DAY, ZoneInfo(zone_name)
    return draw(st.dates(FIRST, LAST)), ZoneInfo(zone_name)


def times() -> st.SearchStrategy[datetime.time]:
    """Times of the clock at which windows begin and end, the hours of most clock changes more often than others."""
    hours = st.one_of(st.integers(0, 3), st.integers(22, 23), st.integers(0, 23))
    return st.builds(datetime.time, hours, st.sampled_from(range(0, 60, 5)))
