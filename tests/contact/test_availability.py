"""Windows that overlap, and meetings outside of the hours."""

import datetime
from zoneinfo import ZoneInfo

import pytest

from contact.availability import joined, lies_in, outside_hours, overlapping_windows
from contact.models import AvailabilityException, AvailabilityWindow, Booking
from tests.factories import create_booking, create_host, create_meeting_type, create_window

MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6
MAY = (datetime.date(2027, 5, 1), datetime.date(2027, 5, 31))
JUNE = (datetime.date(2027, 6, 1), datetime.date(2027, 6, 30))


def window(weekday, start, end, *, valid=(None, None), meeting_type=None) -> AvailabilityWindow:
    start, end = datetime.time.fromisoformat(start), datetime.time.fromisoformat(end)
    return AvailabilityWindow(
        weekday=weekday,
        start=start,
        end=end,
        valid_from=valid[0],
        valid_until=valid[1],
        meeting_type_id=meeting_type,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(window(MONDAY, "09:00", "12:00"), window(MONDAY, "11:00", "14:00"), id="same-day"),
        pytest.param(window(MONDAY, "09:00", "17:00"), window(MONDAY, "10:00", "11:00"), id="within"),
        pytest.param(window(MONDAY, "09:00", "12:00"), window(MONDAY, "09:00", "12:00"), id="twice"),
        pytest.param(window(MONDAY, "22:00", "02:00"), window(TUESDAY, "01:00", "09:00"), id="across-midnight"),
        pytest.param(window(SUNDAY, "22:00", "02:00"), window(MONDAY, "00:00", "09:00"), id="across-the-week"),
        pytest.param(window(MONDAY, "09:00", "09:00"), window(TUESDAY, "08:00", "10:00"), id="24-hours"),
        pytest.param(
            window(MONDAY, "09:00", "12:00", meeting_type=1), window(MONDAY, "11:00", "14:00"), id="one-type-and-all"
        ),
        pytest.param(
            window(MONDAY, "09:00", "12:00", meeting_type=1),
            window(MONDAY, "11:00", "14:00", meeting_type=1),
            id="same-type",
        ),
        pytest.param(
            window(MONDAY, "09:00", "12:00", valid=(MAY[0], None)),
            window(MONDAY, "11:00", "14:00", valid=(None, MAY[1])),
            id="validity-meets",
        ),
        pytest.param(
            # Monday, May 31, into Tuesday, June 1.
            window(MONDAY, "22:00", "02:00", valid=MAY),
            window(TUESDAY, "01:00", "03:00", valid=JUNE),
            id="last-night-of-validity",
        ),
    ],
)
def test_windows_that_share_time_overlap_in_either_order(one, other):
    assert overlapping_windows([one, other]) == [(one, other)]
    assert overlapping_windows([other, one]) == [(other, one)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(window(MONDAY, "09:00", "12:00"), window(MONDAY, "12:00", "14:00"), id="touching"),
        pytest.param(window(MONDAY, "09:00", "00:00"), window(TUESDAY, "00:00", "09:00"), id="touching-at-midnight"),
        pytest.param(window(MONDAY, "09:00", "12:00"), window(TUESDAY, "09:00", "12:00"), id="other-day"),
        pytest.param(window(SATURDAY, "22:00", "02:00"), window(MONDAY, "01:00", "02:00"), id="two-days-apart"),
        pytest.param(
            window(MONDAY, "09:00", "12:00", meeting_type=1),
            window(MONDAY, "09:00", "12:00", meeting_type=2),
            id="two-types",
        ),
        pytest.param(
            window(MONDAY, "09:00", "12:00", valid=MAY), window(MONDAY, "09:00", "12:00", valid=JUNE), id="months"
        ),
        pytest.param(
            # The only days that both are valid on hold no Monday.
            window(MONDAY, "09:00", "12:00", valid=(datetime.date(2027, 5, 4), datetime.date(2027, 5, 8))),
            window(MONDAY, "09:00", "12:00"),
            id="no-such-weekday",
        ),
        pytest.param(
            # The night of Monday, May 24 is over before June, and that of May 31 is not valid.
            window(MONDAY, "22:00", "02:00", valid=(MAY[0], datetime.date(2027, 5, 30))),
            window(TUESDAY, "01:00", "03:00", valid=JUNE),
            id="night-before-validity",
        ),
    ],
)
def test_windows_that_share_no_time_do_not_overlap(one, other):
    assert overlapping_windows([one, other]) == []
    assert overlapping_windows([other, one]) == []


def test_each_pair_of_several_windows_is_named():
    windows = [window(MONDAY, "09:00", "12:00"), window(MONDAY, "11:00", "14:00"), window(MONDAY, "13:00", "15:00")]

    assert overlapping_windows(windows) == [(windows[0], windows[1]), (windows[1], windows[2])]


def at(text: str, zone: str = "America/New_York") -> datetime.datetime:
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(datetime.UTC)


def test_hours_that_touch_are_one():
    ten, eleven, noon = (at(f"2027-05-03T{hour}:00") for hour in (10, 11, 12))

    assert joined([(eleven, noon), (ten, eleven)]) == [(ten, noon)]
    assert lies_in([(ten, noon)], (ten, noon))
    assert not lies_in([(ten, eleven)], (ten, noon))


@pytest.mark.django_db
def test_meetings_outside_the_hours_are_told_by_their_start():
    host = create_host(hours=(9, 17))
    meeting_type = create_meeting_type(hosts=[host])
    late, early, _ = (
        create_booking(meeting_type, host, at(text))
        for text in ("2027-05-03T16:45", "2027-05-03T08:45", "2027-05-03T10:00")
    )

    assert outside_hours(Booking.objects.select_related("host", "meeting_type")) == [early, late]


@pytest.mark.django_db
def test_meeting_after_midnight_is_in_the_window_of_the_evening():
    host = create_host(hours=None)
    create_window(host, MONDAY, datetime.time(22), datetime.time(2))
    meeting_type = create_meeting_type(hosts=[host])
    create_booking(meeting_type, host, at("2027-05-04T01:30"))
    outside = create_booking(meeting_type, host, at("2027-05-05T01:30"))

    assert outside_hours(Booking.objects.select_related("host", "meeting_type")) == [outside]


@pytest.mark.django_db
def test_window_of_another_type_does_not_hold_a_meeting():
    host = create_host(hours=None)
    meeting_type, other = create_meeting_type(hosts=[host]), create_meeting_type("walk-through", hosts=[host])
    create_window(host, MONDAY, datetime.time(9), datetime.time(12), meeting_type=other)
    outside = create_booking(meeting_type, host, at("2027-05-03T09:00"))
    create_booking(other, host, at("2027-05-03T10:00"))

    assert outside_hours(Booking.objects.select_related("host", "meeting_type")) == [outside]


@pytest.mark.django_db
def test_days_of_a_host_are_those_of_the_hosts_calendar():
    meeting_type = create_meeting_type()
    auckland = create_host("Kiri Ngata", time_zone="Pacific/Auckland")
    new_york = create_host()
    AvailabilityException.objects.create(first_day="2027-05-04", last_day="2027-05-04")
    # Both begin on Monday, May 3 in UTC.
    outside = create_booking(meeting_type, auckland, at("2027-05-04T09:00", "Pacific/Auckland"))
    create_booking(meeting_type, new_york, at("2027-05-03T09:00"))

    assert outside_hours(Booking.objects.select_related("host", "meeting_type")) == [outside]


@pytest.mark.django_db
def test_hours_of_many_meetings_take_a_few_queries(django_assert_num_queries):
    hosts = [create_host(f"Host {number}") for number in range(3)]
    types = [create_meeting_type(hosts=hosts), create_meeting_type("walk-through", hosts=hosts)]
    for host in hosts:
        for hour, meeting_type in enumerate(types * 4, start=8):
            create_booking(meeting_type, host, at(f"2027-05-03T{hour:02}:00"))
    bookings = list(Booking.objects.select_related("host", "meeting_type"))

    with django_assert_num_queries(4):
        assert len(outside_hours(bookings)) == 3
