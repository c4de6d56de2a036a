"""What is offered on the days when clocks change, by the clocks of hosts and of visitors."""

import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contact import wall_time
from contact.slots import Reason, Unavailable, free_slots, require_offered
from contact.time_zones import time_in_words, zone_in_words
from tests.contact.days_and_zones import DAY, days_and_zones, times
from tests.factories import create_booking, create_host, create_meeting_type, create_window

MINUTE = datetime.timedelta(minutes=1)


def offer(zone_name: str, day: str, hours: str, **fields):
    """A type of half an hour and its host, who has these hours on that one day of the calendar."""
    date = datetime.date.fromisoformat(day)
    start, end = (datetime.time.fromisoformat(part) for part in hours.split(" "))
    host = create_host(time_zone=zone_name, hours=None)
    create_window(host, date.weekday(), start, end, valid_from=date, valid_until=date)
    return create_meeting_type(hosts=[host], **fields), host


def slots_around(meeting_type, day: str):
    """What is offered of the windows of that day, wherever on Earth it is."""
    midnight = datetime.datetime.fromisoformat(day).replace(tzinfo=datetime.UTC)
    return free_slots(meeting_type, first=midnight - DAY, until=midnight + 3 * DAY, now=midnight - 2 * DAY)


def starts_around(meeting_type, day: str, zone_name: str) -> list[str]:
    zone = ZoneInfo(zone_name)
    return [slot.start.astimezone(zone).strftime("%d %H:%M %z") for slot in slots_around(meeting_type, day)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone_name", "day", "hours", "count"),
    [
        ("America/New_York", "2027-03-14", "00:00 06:00", 10),
        ("America/New_York", "2027-03-14", "02:00 03:00", 0),
        ("America/New_York", "2027-03-14", "02:15 04:00", 2),
        ("America/New_York", "2027-03-14", "01:00 02:00", 2),
        ("America/New_York", "2027-03-14", "09:00 17:00", 16),
        ("America/New_York", "2027-03-13", "22:00 04:00", 10),
        ("America/New_York", "2027-11-07", "00:00 06:00", 14),
        ("America/New_York", "2027-11-07", "02:00 03:00", 2),
        ("America/New_York", "2027-11-07", "01:00 02:00", 4),
        ("America/New_York", "2027-11-07", "00:00 01:00", 2),
        ("America/New_York", "2027-11-07", "09:00 17:00", 16),
        ("Australia/Lord_Howe", "2027-10-03", "00:00 06:00", 11),
        ("Australia/Lord_Howe", "2027-04-04", "00:00 06:00", 13),
        ("Australia/Lord_Howe", "2027-06-01", "09:00 17:00", 16),
        ("Asia/Kathmandu", "2027-06-01", "09:00 10:00", 2),
        # The calendar of Samoa went from Thursday the 29th to Saturday the 31st.
        ("Pacific/Apia", "2011-12-29", "09:00 17:00", 16),
        ("Pacific/Apia", "2011-12-30", "09:00 17:00", 0),
        ("Pacific/Apia", "2011-12-31", "09:00 17:00", 16),
    ],
)
def test_day_has_the_slots_of_the_hours_that_its_clock_goes_through(zone_name, day, hours, count):
    meeting_type, _ = offer(zone_name, day, hours)

    starts = [slot.start for slot in slots_around(meeting_type, day)]

    assert len(starts) == count
    assert all(later - earlier == 30 * MINUTE for earlier, later in pairwise(starts))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2027-03-27", "14:30", "22:00"),
        ("2027-03-28", "13:30", "21:00"),
        ("2027-10-30", "13:30", "21:00"),
        ("2027-10-31", "14:30", "22:00"),
    ],
)
def test_hours_of_london_move_in_kolkata_when_the_clocks_of_london_change(day, first, last):
    meeting_type, _ = offer("Europe/London", day, "09:00 17:00")

    starts = starts_around(meeting_type, day, "Asia/Kolkata")

    assert (starts[0], starts[-1]) == (f"{day[-2:]} {first} +0530", f"{day[-2:]} {last} +0530")


@pytest.mark.django_db
def test_half_hour_that_lord_howe_goes_back_keeps_the_slots_on_the_grid():
    meeting_type, host = offer("Australia/Lord_Howe", "2027-04-04", "00:00 06:00")

    starts = starts_around(meeting_type, "2027-04-04", host.time_zone)

    assert starts[:6] == [
        f"04 {at}" for at in ["00:00 +1100", "00:30 +1100", "01:00 +1100", "01:30 +1100", "01:30 +1030", "02:00 +1030"]
    ]


@pytest.mark.django_db
def test_half_hour_that_lord_howe_skips_keeps_the_slots_on_the_grid():
    meeting_type, host = offer("Australia/Lord_Howe", "2027-10-03", "00:00 06:00")

    starts = starts_around(meeting_type, "2027-10-03", host.time_zone)

    assert starts[2:6] == ["03 01:00 +1030", "03 01:30 +1030", "03 02:30 +1100", "03 03:00 +1100"]


@pytest.mark.django_db
def test_both_half_past_ones_of_a_fold_are_offered_and_booked_apart():
    meeting_type, host = offer("America/New_York", "2027-11-07", "01:00 02:00")
    now = datetime.datetime(2027, 11, 5, tzinfo=datetime.UTC)

    _, first, _, second = (slot.start for slot in slots_around(meeting_type, "2027-11-07"))
    create_booking(meeting_type, host, first)

    assert second - first == 60 * MINUTE
    assert {time_in_words(at, host.time_zone) for at in (first, second)} == {"1:30 AM"}
    assert zone_in_words(host.time_zone, first) != zone_in_words(host.time_zone, second)
    require_offered(host, meeting_type, second, now=now)
    with pytest.raises(Unavailable):
        require_offered(host, meeting_type, first, now=now)


@pytest.mark.django_db
@pytest.mark.parametrize("fold", [0, 1])
def test_start_in_a_fold_is_understood_by_the_clock_of_the_host_too(fold):
    meeting_type, host = offer("America/New_York", "2027-11-07", "01:00 02:00")
    start = datetime.datetime(2027, 11, 7, 1, 30, tzinfo=host.zone, fold=fold)

    require_offered(host, meeting_type, start, now=datetime.datetime(2027, 11, 5, tzinfo=datetime.UTC))


@pytest.mark.django_db
def test_clock_that_goes_back_behind_the_start_of_a_window_closes_it_until_it_is_time_again():
    meeting_type, host = offer("America/New_York", "2027-11-07", "01:30 03:00")

    assert starts_around(meeting_type, "2027-11-07", host.time_zone) == [
        "07 01:30 -0400",
        "07 01:30 -0500",
        "07 02:00 -0500",
        "07 02:30 -0500",
    ]


@pytest.mark.django_db
def test_meeting_may_begin_before_the_clock_goes_back_and_end_after():
    meeting_type, host = offer("America/New_York", "2027-11-07", "01:00 02:00", length_min=90)

    assert starts_around(meeting_type, "2027-11-07", host.time_zone) == ["07 01:00 -0400", "07 01:30 -0400"]


@pytest.mark.django_db
def test_window_that_begins_in_a_gap_has_its_grid_from_the_end_of_the_gap():
    meeting_type, host = offer("America/New_York", "2027-03-14", "02:15 04:00")

    assert starts_around(meeting_type, "2027-03-14", host.time_zone) == ["14 03:00 -0400", "14 03:30 -0400"]


@pytest.mark.django_db
def test_sign_of_etc_zones_is_that_of_posix():
    meeting_type, _ = offer("Etc/GMT+5", "2027-06-01", "09:00 10:00")

    assert starts_around(meeting_type, "2027-06-01", "UTC") == ["01 14:00 +0000", "01 14:30 +0000"]


@pytest.mark.django_db
def test_quarter_hours_of_kathmandu_are_whole_hours_there():
    meeting_type, host = offer("Asia/Kathmandu", "2027-06-01", "09:00 10:00")

    assert starts_around(meeting_type, "2027-06-01", host.time_zone) == ["01 09:00 +0545", "01 09:30 +0545"]
    assert starts_around(meeting_type, "2027-06-01", "UTC") == ["01 03:15 +0000", "01 03:45 +0000"]


@pytest.mark.django_db
def test_notice_that_ends_on_the_day_of_a_clock_change_is_time_that_passes():
    # Saturday noon in New York and 24 hours: Sunday, 1 PM by the new clock.
    now = datetime.datetime(2027, 3, 13, 17, 0, tzinfo=datetime.UTC)
    host = create_host(hours=(9, 17))
    meeting_type = create_meeting_type(hosts=[host], notice_min=24 * 60)

    slots = free_slots(meeting_type, first=now, until=now + 3 * DAY, now=now)

    by_day = {}
    for slot in slots:
        by_day.setdefault(slot.start.astimezone(host.zone).date(), []).append(time_in_words(slot.start, host.time_zone))
    assert by_day[datetime.date(2027, 3, 14)][0] == "1:00 PM"
    # The days after it are whole and at their hours.
    assert by_day[datetime.date(2027, 3, 15)][::15] == ["9:00 AM", "4:30 PM"]


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["2027-03-14", "2027-11-07"])
def test_horizon_that_ends_on_the_day_of_a_clock_change_holds_all_of_it_and_no_more(day):
    host = create_host(hours=None)
    for weekday in range(7):
        create_window(host, weekday, datetime.time(0), datetime.time(0))
    meeting_type = create_meeting_type(hosts=[host], horizon_days=5)
    last = datetime.date.fromisoformat(day)
    # Shortly before midnight, when it is the next day by UTC.
    now = datetime.datetime.combine(last - 5 * DAY, datetime.time(23, 45), host.zone)

    slots = free_slots(meeting_type, first=now, until=now + 30 * DAY, now=now)

    assert slots[-1].start.astimezone(host.zone).strftime("%Y-%m-%d %H:%M") == f"{day} 23:30"
    assert sum(slot.start.astimezone(host.zone).date() == last for slot in slots) == {3: 46, 11: 50}[last.month]
    after = slots[-1].end
    with pytest.raises(Unavailable) as refusal:
        require_offered(host, meeting_type, after, now=now)
    assert refusal.value.reason is Reason.NOT_OFFERED


@pytest.mark.django_db
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    day_and_zone=days_and_zones(),
    start=times(),
    end=times(),
    length=st.sampled_from([5, 20, 30, 60, 90]),
    step=st.sampled_from([5, 15, 30, 45]),
)
def test_slots_of_every_zone_lie_in_the_hours_of_its_clock(day_and_zone, start, end, length, step, db):
    day, zone = day_and_zone
    host = create_host(time_zone=zone.key, hours=None)
    create_window(host, day.weekday(), start, end, valid_from=day, valid_until=day)
    meeting_type = create_meeting_type(f"type-of-{host.pk}", hosts=[host], length_min=length, step_min=step)
    opens, closes = wall_time.window(day, start, end, zone)
    first_reading = datetime.datetime.combine(day, start)
    last_reading = datetime.datetime.combine(day if end > start else day + DAY, end)

    slots = free_slots(meeting_type, first=opens - 3 * DAY, until=closes + 3 * DAY, now=opens - 4 * DAY)

    starts = [slot.start for slot in slots]
    assert all(earlier < later for earlier, later in pairwise(starts))
    assert all((each - opens) % (step * MINUTE) == datetime.timedelta() for each in starts)
    for slot in slots:
        assert slot.end - slot.start == length * MINUTE
        for minute in range(0, length, 5):
            reading = (slot.start + minute * MINUTE).astimezone(zone).replace(tzinfo=None)
            assert first_reading <= reading < last_reading
    if (
        closes - opens == last_reading - first_reading
        and opens.astimezone(zone).utcoffset() == closes.astimezone(zone).utcoffset()
    ):
        whole_steps = (closes - opens - length * MINUTE) // (step * MINUTE)
        assert len(slots) == max(whole_steps + 1, 0)
