import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings

from contact.wall_time import day_bounds, day_of, instant, spans, window, without
from tests.contact.days_and_zones import DAY, days_and_zones, times

NEW_YORK = ZoneInfo("America/New_York")
SPRING, FALL = datetime.date(2027, 3, 14), datetime.date(2027, 11, 7)


def utc(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def hours(text: str) -> tuple[datetime.time, datetime.time]:
    start, end = (datetime.time.fromisoformat(part) for part in text.split(" "))
    return start, end


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected"),
    [
        ("America/New_York", "2027-06-01", "09:00", "2027-06-01 13:00"),
        ("America/New_York", "2027-01-04", "09:00", "2027-01-04 14:00"),
        ("Asia/Kathmandu", "2027-06-01", "09:00", "2027-06-01 03:15"),
        # The sign of POSIX: five hours behind.
        ("Etc/GMT+5", "2027-06-01", "09:00", "2027-06-01 14:00"),
        ("Etc/GMT-14", "2027-06-01", "09:00", "2027-05-31 19:00"),
    ],
)
def test_instant_is_when_the_clock_reads_it(zone, day, at, expected):
    found = instant(datetime.date.fromisoformat(day), datetime.time.fromisoformat(at), ZoneInfo(zone))

    assert found == utc(expected)
    assert found.tzinfo is datetime.UTC


@pytest.mark.parametrize("is_end", [False, True])
@pytest.mark.parametrize("at", ["02:00", "02:00:30.5", "02:30", "02:59:59"])
def test_instant_in_a_gap_is_the_first_after_it(at, is_end):
    assert instant(SPRING, datetime.time.fromisoformat(at), NEW_YORK, is_end=is_end) == utc("2027-03-14 07:00")


def test_instant_on_a_day_that_a_calendar_left_out_is_the_beginning_of_the_next():
    apia = ZoneInfo("Pacific/Apia")

    assert instant(datetime.date(2011, 12, 30), datetime.time(9), apia) == utc("2011-12-30 10:00")
    assert day_of(utc("2011-12-30 10:00"), apia) == datetime.date(2011, 12, 31)


def test_instant_in_a_fold_is_the_first_for_a_start_and_the_second_for_an_end():
    half_past_one = datetime.time(1, 30)

    assert instant(FALL, half_past_one, NEW_YORK) == utc("2027-11-07 05:30")
    assert instant(FALL, half_past_one, NEW_YORK, is_end=True) == utc("2027-11-07 06:30")


@pytest.mark.parametrize(
    ("zone", "day", "text", "expected"),
    [
        ("America/New_York", "2027-06-01", "09:00 17:00", ["2027-06-01 13:00/2027-06-01 21:00"]),
        ("America/New_York", "2027-06-01", "22:00 02:00", ["2027-06-02 02:00/2027-06-02 06:00"]),
        ("America/New_York", "2027-06-01", "09:00 00:00", ["2027-06-01 13:00/2027-06-02 04:00"]),
        ("America/New_York", "2027-06-01", "09:00 09:00", ["2027-06-01 13:00/2027-06-02 13:00"]),
        # The clock goes from 2:00 to 3:00.
        ("America/New_York", "2027-03-14", "00:00 06:00", ["2027-03-14 05:00/2027-03-14 10:00"]),
        ("America/New_York", "2027-03-14", "02:00 03:00", []),
        ("America/New_York", "2027-03-14", "02:15 04:00", ["2027-03-14 07:00/2027-03-14 08:00"]),
        ("America/New_York", "2027-03-14", "01:00 02:30", ["2027-03-14 06:00/2027-03-14 07:00"]),
        ("America/New_York", "2027-03-13", "22:00 04:00", ["2027-03-14 03:00/2027-03-14 08:00"]),
        # The clock goes from 2:00 back to 1:00.
        ("America/New_York", "2027-11-07", "00:00 06:00", ["2027-11-07 04:00/2027-11-07 11:00"]),
        ("America/New_York", "2027-11-07", "01:00 02:00", ["2027-11-07 05:00/2027-11-07 07:00"]),
        ("America/New_York", "2027-11-07", "00:00 01:00", ["2027-11-07 04:00/2027-11-07 05:00"]),
        (
            "America/New_York",
            "2027-11-07",
            "01:30 03:00",
            ["2027-11-07 05:30/2027-11-07 06:00", "2027-11-07 06:30/2027-11-07 08:00"],
        ),
        (
            "America/New_York",
            "2027-11-07",
            "00:00 01:30",
            ["2027-11-07 04:00/2027-11-07 05:30", "2027-11-07 06:00/2027-11-07 06:30"],
        ),
        (
            "America/New_York",
            "2027-11-07",
            "01:15 01:45",
            ["2027-11-07 05:15/2027-11-07 05:45", "2027-11-07 06:15/2027-11-07 06:45"],
        ),
        # Half an hour back at 2:00.
        ("Australia/Lord_Howe", "2027-04-04", "01:30 02:00", ["2027-04-03 14:30/2027-04-03 15:30"]),
        ("Pacific/Apia", "2011-12-30", "09:00 17:00", []),
    ],
)
def test_spans_are_the_instants_at_which_the_clock_reads_a_time_of_the_window(zone, day, text, expected):
    found = spans(datetime.date.fromisoformat(day), *hours(text), ZoneInfo(zone))

    assert found == [tuple(utc(part) for part in span.split("/")) for span in expected]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_and_zones(), times(), times())
def test_spans_hold_on_every_calendar_what_the_clock_says(day_and_zone, start, end):
    day, zone = day_and_zone
    first_reading = datetime.datetime.combine(day, start)
    last_reading = datetime.datetime.combine(day if end > start else day + DAY, end)

    found = spans(day, start, end, zone)

    assert all(opens < closes for opens, closes in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    moment = first_reading.replace(tzinfo=datetime.UTC) - datetime.timedelta(hours=16)
    while moment < last_reading.replace(tzinfo=datetime.UTC) + datetime.timedelta(hours=16):
        is_in_hours = first_reading <= moment.astimezone(zone).replace(tzinfo=None) < last_reading
        assert any(opens <= moment < closes for opens, closes in found) == is_in_hours
        moment += datetime.timedelta(minutes=5)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_and_zones(), times(), times())
def test_window_is_never_upside_down(day_and_zone, start, end):
    day, zone = day_and_zone

    opens, closes = window(day, start, end, zone)

    assert opens <= closes


def test_window_goes_from_the_first_span_to_the_last():
    assert window(FALL, *hours("01:15 01:45"), NEW_YORK) == (utc("2027-11-07 05:15"), utc("2027-11-07 06:45"))


def test_window_that_the_clock_skips_begins_when_it_ends():
    assert window(SPRING, *hours("02:00 03:00"), NEW_YORK) == (utc("2027-03-14 07:00"),) * 2


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        ("America/New_York", "2027-06-01", 24),
        ("America/New_York", "2027-03-14", 23),
        ("America/New_York", "2027-11-07", 25),
        ("Australia/Lord_Howe", "2027-04-04", 24.5),
        ("Australia/Lord_Howe", "2027-10-03", 23.5),
        # Its clock goes back at 1:00, to midnight, and forward at midnight.
        ("America/Havana", "2027-11-07", 25),
        ("America/Havana", "2027-03-14", 23),
        ("Pacific/Apia", "2011-12-30", 0),
        ("UTC", "2027-03-14", 24),
    ],
)
def test_day_has_as_many_hours_as_the_clock_goes_through(zone, day, length):
    begins, ends = day_bounds(datetime.date.fromisoformat(day), ZoneInfo(zone))

    assert (ends - begins) / datetime.timedelta(hours=1) == length


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(days_and_zones(), times())
def test_day_of_an_instant_is_one_whose_bounds_hold_it(day_and_zone, at):
    day, zone = day_and_zone
    moment = datetime.datetime.combine(day, at, datetime.UTC)

    begins, ends = day_bounds(day_of(moment, zone), zone)

    assert begins <= moment < ends


def test_day_to_which_the_clock_goes_back_after_midnight_has_bounds_that_hold_all_of_it():
    # At 0:01 on November 4, 2007, back to 23:01 of the day before.
    st_johns = ZoneInfo("America/St_Johns")
    saturday, sunday = (day_bounds(datetime.date(2007, 11, day), st_johns) for day in (3, 4))

    assert saturday == (utc("2007-11-03 02:30"), utc("2007-11-04 03:30"))
    assert sunday[0] == utc("2007-11-04 02:30")
    assert day_of(utc("2007-11-04 02:30"), st_johns) == datetime.date(2007, 11, 4)
    assert day_of(utc("2007-11-04 02:31"), st_johns) == datetime.date(2007, 11, 3)


@pytest.mark.parametrize(
    ("cuts", "left"),
    [
        ([], [(9, 17)]),
        ([(8, 9), (17, 18)], [(9, 17)]),
        ([(12, 12)], [(9, 17)]),
        ([(9, 17)], []),
        ([(0, 23)], []),
        ([(12, 13)], [(9, 12), (13, 17)]),
        ([(13, 14), (8, 10), (16, 18)], [(10, 13), (14, 16)]),
        ([(10, 15), (11, 12)], [(9, 10), (15, 17)]),
        ([(10, 12), (12, 13)], [(9, 10), (13, 17)]),
        ([(10, 18), (20, 21)], [(9, 10)]),
    ],
)
def test_without_leaves_what_no_cut_covers(cuts, left):
    def span(hours):
        return tuple(datetime.datetime(2027, 6, 1, hour, tzinfo=datetime.UTC) for hour in hours)

    assert without(span((9, 17)), [span(cut) for cut in cuts]) == [span(part) for part in left]
