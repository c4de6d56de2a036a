import datetime

import pytest

from contact.free_times import FreeTimes, NextTimes, default_zone, length_in_words, time_choices
from contact.slots import Slot
from tests.factories import create_host, create_meeting_type

NEW_YORK = "America/New_York"


def utc(*parts):
    return datetime.datetime(*parts, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(5, "5 minutes"), (45, "45 minutes"), (60, "1 hour"), (90, "1 hour 30 minutes"), (480, "8 hours"), (0, "")],
)
def test_length_is_said_in_hours_and_minutes(minutes, words):
    assert length_in_words(minutes) == words


def test_half_an_hour_of_lord_howe_that_comes_twice_is_told_apart():
    # 2027-04-04, 2:00 there becomes 1:30.
    slots = [Slot(start, start, ()) for start in (utc(2027, 4, 3, 14, 30), utc(2027, 4, 3, 15))]

    assert [choice.label for choice in time_choices(slots, "Australia/Lord_Howe")] == [
        "1:30 AM (UTC+11)",
        "1:30 AM (UTC+10:30)",
    ]


def test_offset_stands_where_the_clocks_change_anywhere_among_the_times():
    slots = [Slot(start, start, ()) for start in (utc(2027, 11, 6, 14), utc(2027, 11, 7, 14))]

    assert [choice.label for choice in time_choices(slots, NEW_YORK)] == [
        "10:00 AM (EDT, UTC−4)",
        "9:00 AM (EST, UTC−5)",
    ]
    assert [choice.label for choice in time_choices(slots[1:], NEW_YORK)] == ["9:00 AM"]


@pytest.mark.django_db
def test_default_zone_is_that_of_the_first_host():
    assert default_zone([create_host(time_zone="Asia/Tokyo"), create_host("Sam")]) == "Asia/Tokyo"
    assert default_zone([]) == "UTC"


# A Monday, 7 in the morning in New York.
NOW = utc(2026, 11, 23, 12)


def free_times(meeting_type, zone_name=NEW_YORK, now=NOW, **asked):
    return FreeTimes(meeting_type, zone_name, address=lambda **parameters: str(parameters), now=now, **asked)


@pytest.mark.django_db
def test_zone_above_the_next_times_is_the_one_that_holds_then():
    # On November 7, 2027 New York's clocks go back.
    meeting_type = create_meeting_type(hosts=[create_host()], daily_cap=1, horizon_days=60)
    now = utc(2027, 11, 4, 12)

    def next_times(after):
        return NextTimes(meeting_type, NEW_YORK, after=after, now=now)

    summer, winter = next_times(utc(2027, 11, 4, 14)), next_times(utc(2027, 11, 7, 6))
    across = next_times(utc(2027, 11, 6, 20, 30))
    assert summer.zone_words == "New York time (EDT, UTC−4)"
    assert summer.choices[0].label == "Thu, Nov 4, 10:00 AM"
    # The time that was asked for was still in summer time; those that are offered are not.
    assert winter.zone_words == "New York time (EST, UTC−5)"
    assert winter.choices[0].label == "Sun, Nov 7, 9:00 AM"
    assert across.zone_words == "New York time"
    assert [choice.label for choice in across.choices][:2] == [
        "Sat, Nov 6, 4:30 PM (EDT, UTC−4)",
        "Sun, Nov 7, 9:00 AM (EST, UTC−5)",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("week", "title"),
    [
        (None, "November 23 to 29, 2026"),
        (datetime.date(2026, 12, 3), "November 30 to December 6, 2026"),
        (datetime.date(2027, 1, 1), "December 28, 2026 to January 3, 2027"),
    ],
)
def test_week_is_named_by_its_first_and_last_day(week, title):
    assert free_times(create_meeting_type(hosts=[create_host()]), week=week).week_title == title


@pytest.mark.django_db
def test_present_week_begins_today():
    meeting_type = create_meeting_type(hosts=[create_host()])

    assert free_times(meeting_type, now=utc(2026, 11, 29, 12)).week_title == "November 29, 2026"
    assert len(free_times(meeting_type, now=utc(2026, 11, 29, 12)).days) == 1


@pytest.mark.django_db
def test_every_free_time_stands_on_one_day_of_its_week_also_when_a_clock_goes_back_over_midnight():
    # In Havana clocks go back from 1:00 to 0:00; in Samoa's calendar and New York's they are long past.
    host = create_host(hours=None, time_zone="America/Havana")
    for weekday in range(7):
        host.windows.create(weekday=weekday, start=datetime.time(22), end=datetime.time(3))
    meeting_type = create_meeting_type(hosts=[host])
    free = free_times(meeting_type, "America/Havana", now=utc(2026, 10, 26, 12), week=datetime.date(2026, 10, 26))

    # Sunday, November 1: an hour more; the window of the day before reaches into it.
    assert [day.count for day in free.days] == [4, 10, 10, 10, 10, 10, 12]
