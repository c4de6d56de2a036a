import datetime
import itertools

import pytest

from contact.models import AvailabilityException, Booking, HostShare
from contact.slots import Reason, Slot, Unavailable, free_slots, next_free_slots, require_offered
from tests.factories import create_booking, create_host, create_meeting_type, create_window

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
# A Tuesday, 8 AM in New York, where the hosts are.
NOW = datetime.datetime(2027, 6, 1, 12, tzinfo=datetime.UTC)


def at(clock: str, day: int = 1) -> datetime.datetime:
    """When the clock in New York reads this in June 2027."""
    return (
        datetime.datetime.combine(datetime.date(2027, 6, day), datetime.time.fromisoformat(clock))
        .replace(tzinfo=datetime.timezone(datetime.timedelta(hours=-4)))
        .astimezone(datetime.UTC)
    )


def offered(meeting_type, day: int = 1, **options) -> list[str]:
    """The starts of that day in June, by the clock of New York."""
    slots = free_slots(
        meeting_type, **{"first": at("00:00", day), "until": at("00:00", day + 1), "now": NOW, **options}
    )
    return [(slot.start - 4 * 60 * MINUTE).strftime("%H:%M") for slot in slots]


def refusal(host, meeting_type, start, *, now=NOW, moving=None) -> Reason | None:
    """Why the time is refused, which has to agree with what is offered."""
    slots = free_slots(meeting_type, first=start - DAY, until=start + DAY, now=now, moving=moving)
    is_offered = any(slot.start == start and host in slot.hosts for slot in slots)
    try:
        require_offered(host, meeting_type, start, now=now, moving=moving)
    except Unavailable as error:
        assert not is_offered
        return error.reason
    assert is_offered
    return None


@pytest.fixture
def host(db):
    """Somebody with hours from 9 to 12."""
    return create_host(hours=(9, 12))


@pytest.fixture
def half_hours(host):
    return create_meeting_type(hosts=[host])


def test_slots_are_the_steps_of_the_window_in_which_the_whole_meeting_lies(host, half_hours):
    slots = free_slots(half_hours, first=at("00:00"), until=at("00:00", 2), now=NOW)

    assert [slot.start for slot in slots] == [
        at(clock) for clock in ["09:00", "09:30", "10:00", "10:30", "11:00", "11:30"]
    ]
    assert slots[0] == Slot(at("09:00"), at("09:30"), (host,))
    assert all(moment.tzinfo is datetime.UTC for slot in slots for moment in (slot.start, slot.end))


@pytest.mark.parametrize(
    ("length", "step", "expected"),
    [
        (60, 30, ["09:00", "09:30", "10:00", "10:30", "11:00"]),
        (60, 60, ["09:00", "10:00", "11:00"]),
        (25, 75, ["09:00", "10:15", "11:30"]),
        (180, 5, ["09:00"]),
        (185, 5, []),
    ],
)
def test_slots_follow_length_and_step(host, length, step, expected):
    assert offered(create_meeting_type(hosts=[host], length_min=length, step_min=step)) == expected


def test_adjoining_windows_have_grids_of_their_own_and_no_meeting_crosses(db):
    host = create_host(hours=None)
    create_window(host, 1, datetime.time(9), datetime.time(10, 10))
    create_window(host, 1, datetime.time(10, 10), datetime.time(11, 10))

    assert offered(create_meeting_type(hosts=[host])) == ["09:00", "09:30", "10:10", "10:40"]


def test_windows_that_overlap_offer_each_time_once(host, half_hours):
    create_window(host, 1, datetime.time(10), datetime.time(12), meeting_type=half_hours)
    create_window(host, 1, datetime.time(11, 15), datetime.time(12, 15), meeting_type=half_hours)

    assert offered(half_hours) == ["09:00", "09:30", "10:00", "10:30", "11:00", "11:15", "11:30", "11:45"]


def test_closed_hours_leave_the_grid_where_it_was(host, half_hours):
    AvailabilityException.objects.create(
        host=host,
        first_day=datetime.date(2027, 6, 1),
        last_day=datetime.date(2027, 6, 1),
        start=datetime.time(9, 40),
        end=datetime.time(10, 10),
    )

    assert offered(half_hours) == ["09:00", "10:30", "11:00", "11:30"]
    assert refusal(host, half_hours, at("10:10")) is Reason.NOT_OFFERED


def test_range_holds_its_first_start_and_not_its_end(half_hours):
    assert offered(half_hours, first=at("09:30"), until=at("10:30")) == ["09:30", "10:00"]
    assert offered(half_hours, first=at("10:30"), until=at("09:30")) == []


@pytest.mark.parametrize(
    ("first", "until"),
    [
        (datetime.datetime.min, datetime.datetime.max),
        (datetime.datetime(2027, 5, 1), datetime.datetime(2999, 1, 1)),
        (datetime.datetime.min, datetime.datetime.min),
        (datetime.datetime.max, datetime.datetime.max),
    ],
)
@pytest.mark.parametrize("hours_ahead", [-12, 0, 14])
def test_range_however_long_ends_at_notice_and_horizon(half_hours, first, until, hours_ahead):
    zone = datetime.timezone(datetime.timedelta(hours=hours_ahead))
    first, until = first.replace(tzinfo=zone), until.replace(tzinfo=zone)

    slots = free_slots(half_hours, first=first, until=until, now=NOW)

    assert len(slots) == (0 if first == until else 61 * 6)


@pytest.mark.parametrize("hours_ahead", [-12, 0, 14])
def test_next_slots_after_any_moment_lie_between_notice_and_horizon(half_hours, hours_ahead):
    zone = datetime.timezone(datetime.timedelta(hours=hours_ahead))

    from_ever = next_free_slots(half_hours, after=datetime.datetime.min.replace(tzinfo=zone), count=1, now=NOW)

    assert [slot.start for slot in from_ever] == [at("09:00")]
    assert next_free_slots(half_hours, after=datetime.datetime.max.replace(tzinfo=zone), now=NOW) == []


def test_times_in_the_past_are_never_offered(host, half_hours):
    assert offered(half_hours, now=at("10:10")) == ["10:30", "11:00", "11:30"]
    assert offered(half_hours, now=at("10:30")) == ["10:30", "11:00", "11:30"]
    assert refusal(host, half_hours, at("10:00"), now=at("10:10")) is Reason.NOT_OFFERED
    assert refusal(host, half_hours, at("10:00"), now=at("10:00")) is None


def test_notice_ends_exactly_so_many_minutes_ahead(host):
    meeting_type = create_meeting_type(hosts=[host], notice_min=120)

    assert offered(meeting_type, now=at("08:30")) == ["10:30", "11:00", "11:30"]
    assert refusal(host, meeting_type, at("10:30"), now=at("08:30")) is None
    assert refusal(host, meeting_type, at("10:30"), now=at("08:30") + MINUTE / 60) is Reason.NOT_OFFERED


def test_horizon_is_a_day_of_the_calendar_of_the_host(db):
    host = create_host(hours=(0, 23))
    meeting_type = create_meeting_type(hosts=[host], horizon_days=2, step_min=60)
    # Still the first of June in New York, while it is the second by UTC.
    now = at("23:00")

    assert offered(meeting_type, 3, now=now)[-1] == "22:00"
    assert offered(meeting_type, 4, now=now) == []
    assert refusal(host, meeting_type, at("22:00", 3), now=now) is None
    assert refusal(host, meeting_type, at("00:00", 4), now=now) is Reason.NOT_OFFERED
    assert refusal(host, meeting_type, at("00:00", 4), now=at("00:00", 2)) is None


def test_window_across_midnight_is_offered_after_midnight_until_the_horizon(db):
    host = create_host(hours=None)
    create_window(host, 1, datetime.time(22), datetime.time(2))
    meeting_type = create_meeting_type(hosts=[host], step_min=60)

    assert offered(meeting_type) == ["22:00", "23:00"]
    assert offered(meeting_type, 2) == ["00:00", "01:00"]
    assert offered(meeting_type, 2, first=at("01:00", 2), until=at("02:00", 2)) == ["01:00"]
    meeting_type.horizon_days = 7
    assert offered(meeting_type, 8) == ["22:00", "23:00"]
    assert offered(meeting_type, 9) == []


def test_booked_time_is_free_for_nobody_and_touching_ones_are(host, half_hours):
    create_booking(half_hours, host, at("10:00"))

    assert offered(half_hours) == ["09:00", "09:30", "10:30", "11:00", "11:30"]
    assert refusal(host, half_hours, at("10:00")) is Reason.TAKEN
    assert refusal(host, half_hours, at("09:30")) is None
    assert refusal(host, half_hours, at("10:30")) is None


def test_longer_meeting_may_not_run_into_a_booked_one(host, half_hours):
    create_booking(half_hours, host, at("10:30"))
    hours = create_meeting_type("hours", hosts=[host], length_min=60)

    assert offered(hours) == ["09:00", "09:30", "11:00"]
    assert refusal(host, hours, at("10:00")) is Reason.TAKEN


def test_buffers_of_two_meetings_add_up(host):
    meeting_type = create_meeting_type(
        hosts=[host], length_min=30, step_min=10, buffer_before_min=10, buffer_after_min=20
    )
    create_booking(meeting_type, host, at("10:20"))

    # The next begins after 20 minutes for the one that is booked and 10 for itself, the one before ends as early.
    assert offered(meeting_type) == ["09:00", "09:10", "09:20", "11:20", "11:30"]
    assert refusal(host, meeting_type, at("11:10")) is Reason.TAKEN
    assert refusal(host, meeting_type, at("09:30")) is Reason.TAKEN


def test_buffer_may_lie_outside_of_the_hours(host):
    assert offered(create_meeting_type(hosts=[host], step_min=90, buffer_before_min=60, buffer_after_min=60)) == [
        "09:00",
        "10:30",
    ]


def test_booking_of_the_night_before_may_reach_into_the_window_with_its_buffer(db):
    host = create_host(hours=(0, 2))
    long = create_meeting_type("long", hosts=[host], length_min=480, buffer_after_min=240)
    short = create_meeting_type("short", hosts=[host])
    create_booking(long, host, at("13:00"))

    assert offered(short, 2) == ["01:00", "01:30"]


@pytest.mark.parametrize("status", [Booking.Status.CANCELLED, Booking.Status.NO_SHOW])
def test_booking_that_does_not_take_place_blocks_nothing(host, half_hours, status):
    create_booking(half_hours, host, at("10:00"), status=status)

    assert refusal(host, half_hours, at("10:00")) is None


def test_booking_keeps_what_it_blocked_when_its_type_changes(host, half_hours):
    create_booking(half_hours, host, at("10:00"))
    half_hours.length_min, half_hours.buffer_after_min = 60, 30
    half_hours.save()

    assert refusal(host, half_hours, at("10:30")) is None
    assert refusal(host, half_hours, at("09:00")) is Reason.TAKEN


def test_booking_of_another_host_is_in_nobodys_way(host, half_hours):
    other = create_host("Sam Rivera", hours=(10, 11))
    HostShare.objects.create(meeting_type=half_hours, host=other)
    create_booking(half_hours, other, at("10:00"))

    [slot] = free_slots(half_hours, first=at("10:00"), until=at("10:30"), now=NOW)

    assert slot.hosts == (host,)
    assert refusal(other, half_hours, at("10:00")) is Reason.TAKEN
    assert refusal(host, half_hours, at("10:00")) is None


def test_slot_has_all_hosts_who_are_free_the_one_with_most_meetings_first(host, half_hours):
    other = create_host("Sam Rivera", time_zone="America/Chicago", hours=(10, 12))
    HostShare.objects.create(meeting_type=half_hours, host=other, weight=3)

    slots = free_slots(half_hours, first=at("10:30"), until=at("13:00"), now=NOW)

    assert [(slot.start, slot.hosts) for slot in slots] == [
        (at("10:30"), (host,)),
        (at("11:00"), (other, host)),
        (at("11:30"), (other, host)),
        (at("12:00"), (other,)),
        (at("12:30"), (other,)),
    ]


@pytest.mark.parametrize("which", ["host", "type"])
def test_cap_closes_the_day_of_the_host_and_no_other(db, which):
    cap = {"daily_cap": 2}
    host = create_host(hours=(9, 12), **(cap if which == "host" else {}))
    meeting_type = create_meeting_type(hosts=[host], **(cap if which == "type" else {}))
    create_booking(meeting_type, host, at("09:00"))

    assert refusal(host, meeting_type, at("11:00")) is None
    create_booking(meeting_type, host, at("10:00"))

    assert offered(meeting_type) == []
    assert len(offered(meeting_type, 2)) == 6
    assert refusal(host, meeting_type, at("11:00")) is Reason.DAY_FULL
    assert refusal(host, meeting_type, at("10:00")) is Reason.TAKEN


def test_cap_of_a_host_counts_all_types_and_that_of_a_type_its_own_with_this_host(db):
    host, other = create_host(hours=(9, 12)), create_host("Sam Rivera", hours=(9, 12))
    capped = create_meeting_type("capped", hosts=[host, other], daily_cap=1)
    free = create_meeting_type("free", hosts=[host, other])
    create_booking(free, host, at("09:00"))
    create_booking(capped, other, at("09:00"))

    assert refusal(host, capped, at("11:00")) is None
    assert refusal(other, capped, at("11:00")) is Reason.DAY_FULL
    assert refusal(other, free, at("11:00")) is None

    host.daily_cap = 1
    host.save()

    assert refusal(host, capped, at("11:00")) is Reason.DAY_FULL


def test_cap_counts_visitors_who_did_not_come_but_not_what_was_cancelled(db):
    host = create_host(hours=(9, 12), daily_cap=1)
    meeting_type = create_meeting_type(hosts=[host])
    booking = create_booking(meeting_type, host, at("09:00"), status=Booking.Status.CANCELLED)

    assert refusal(host, meeting_type, at("11:00")) is None

    booking.status = Booking.Status.NO_SHOW
    booking.save()

    assert refusal(host, meeting_type, at("11:00")) is Reason.DAY_FULL


def test_cap_counts_by_the_calendar_of_the_host_across_midnight_of_utc(db):
    # Midnight by UTC is 8 PM.
    host = create_host(hours=(18, 23), daily_cap=2)
    meeting_type = create_meeting_type(hosts=[host])
    create_booking(meeting_type, host, at("19:00"))
    create_booking(meeting_type, host, at("21:00"))

    assert refusal(host, meeting_type, at("18:00")) is Reason.DAY_FULL
    assert refusal(host, meeting_type, at("22:30")) is Reason.DAY_FULL
    # By UTC this is still the day of the second one.
    assert refusal(host, meeting_type, at("18:00", 2)) is None


def test_cap_counts_a_meeting_across_midnight_on_the_day_on_which_it_begins(db):
    host = create_host(hours=None, daily_cap=1)
    for weekday in range(7):
        create_window(host, weekday, datetime.time(22), datetime.time(2))
    meeting_type = create_meeting_type(hosts=[host], step_min=15)
    create_booking(meeting_type, host, at("23:45"))

    assert refusal(host, meeting_type, at("22:00")) is Reason.DAY_FULL
    assert refusal(host, meeting_type, at("00:15", 2)) is None
    assert refusal(host, meeting_type, at("22:00", 2)) is None


def test_moved_booking_is_not_in_its_own_way(host):
    meeting_type = create_meeting_type(hosts=[host], step_min=15, buffer_after_min=15)
    booking = create_booking(meeting_type, host, at("10:00"))
    create_booking(meeting_type, host, at("11:15"))

    for clock in ("09:45", "10:00", "10:15", "10:30"):
        assert refusal(host, meeting_type, at(clock), moving=booking) is None
    assert refusal(host, meeting_type, at("10:45"), moving=booking) is Reason.TAKEN


@pytest.mark.parametrize("which", ["host", "type"])
def test_moved_booking_does_not_count_itself(db, which):
    cap = {"daily_cap": 1}
    host = create_host(hours=(9, 12), **(cap if which == "host" else {}))
    meeting_type = create_meeting_type(hosts=[host], **(cap if which == "type" else {}))
    booking = create_booking(meeting_type, host, at("10:00"))
    create_booking(meeting_type, host, at("10:00", 2))

    assert refusal(host, meeting_type, at("11:00"), moving=booking) is None
    assert refusal(host, meeting_type, at("11:00", 2), moving=booking) is Reason.DAY_FULL


def test_moved_booking_keeps_host_length_and_what_is_free_around_it(host):
    meeting_type = create_meeting_type(hosts=[host], length_min=60, buffer_before_min=30)
    booking = create_booking(meeting_type, host, at("09:00", 3))
    create_booking(meeting_type, host, at("09:00"))
    HostShare.objects.create(meeting_type=meeting_type, host=create_host("Sam Rivera", hours=(9, 17)))
    meeting_type.length_min, meeting_type.buffer_before_min = 30, 0
    meeting_type.save()

    slots = free_slots(meeting_type, first=at("00:00"), until=at("00:00", 2), now=NOW, moving=booking)

    assert [(slot.start, slot.end, slot.hosts) for slot in slots] == [
        (at("10:30"), at("11:30"), (host,)),
        (at("11:00"), at("12:00"), (host,)),
    ]


@pytest.mark.parametrize(
    "start",
    [
        at("10:05"),
        at("09:00") + MINUTE / 60,
        at("09:00") + datetime.timedelta(microseconds=1),
        at("09:00") - datetime.timedelta(microseconds=1),
        at("08:30"),
        # The meeting would end after the window.
        at("11:45"),
        at("12:00"),
        at("03:00"),
        at("09:00", 1) - DAY,
        at("09:00") + 61 * DAY,
        at("09:00") + 3650 * DAY,
    ],
    ids=str,
)
def test_forged_start_is_not_offered(host, half_hours, start):
    assert refusal(host, half_hours, start) is Reason.NOT_OFFERED


@pytest.mark.parametrize("moment", [datetime.datetime.min, datetime.datetime.max])
@pytest.mark.parametrize("hours_ahead", [-12, 0, 14])
def test_start_at_the_end_of_all_time_is_not_offered(host, half_hours, moment, hours_ahead):
    start = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=hours_ahead)))

    with pytest.raises(Unavailable) as refused:
        require_offered(host, half_hours, start, now=NOW)

    assert refused.value.reason is Reason.NOT_OFFERED


def test_start_inside_a_buffer_is_taken(host):
    meeting_type = create_meeting_type(hosts=[host], step_min=15, buffer_after_min=30)
    create_booking(meeting_type, host, at("09:00"))

    assert refusal(host, meeting_type, at("09:45")) is Reason.TAKEN
    assert refusal(host, meeting_type, at("10:00")) is None


def test_start_may_be_written_in_any_zone(host, half_hours):
    start = at("09:00").astimezone(datetime.timezone(datetime.timedelta(hours=5, minutes=45)))

    assert refusal(host, half_hours, start) is None


def test_host_of_another_type_is_not_offered(half_hours):
    other = create_host("Sam Rivera", hours=(9, 12))
    create_meeting_type("other", hosts=[other])

    assert refusal(other, half_hours, at("10:00")) is Reason.NOT_OFFERED


@pytest.mark.parametrize("what", ["host", "type", "share"])
def test_what_was_switched_off_since_the_page_was_shown_is_not_offered(host, half_hours, what):
    assert refusal(host, half_hours, at("10:00")) is None

    if what == "share":
        half_hours.shares.all().delete()
    else:
        # Another process does it: the rows at hand know nothing of it.
        row = host if what == "host" else half_hours
        type(row).objects.filter(pk=row.pk).update(active=False)

    with pytest.raises(Unavailable) as refused:
        require_offered(host, half_hours, at("10:00"), now=NOW)
    assert refused.value.reason is Reason.NOT_OFFERED
    half_hours.refresh_from_db()
    assert offered(half_hours) == []
    assert next_free_slots(half_hours, after=NOW, now=NOW) == []


def test_window_that_was_removed_since_the_page_was_shown_is_not_offered(host, half_hours):
    assert refusal(host, half_hours, at("10:00")) is None

    host.windows.filter(weekday=1).delete()

    assert refusal(host, half_hours, at("10:00")) is Reason.NOT_OFFERED
    assert next_free_slots(half_hours, after=at("10:00"), count=1, now=NOW)[0].start == at("09:00", 2)


def test_day_that_was_closed_since_the_page_was_shown_is_not_offered(host, half_hours):
    booking = create_booking(half_hours, host, at("09:00"))
    AvailabilityException.objects.create(first_day=datetime.date(2027, 6, 1), last_day=datetime.date(2027, 6, 1))

    assert refusal(host, half_hours, at("10:00")) is Reason.NOT_OFFERED
    booking.refresh_from_db()
    assert booking.is_confirmed


def test_refusal_says_nothing_but_the_reason():
    assert str(Unavailable(Reason.TAKEN)) == "Another meeting is in the way."


def test_next_slots_go_on_over_days_until_there_are_enough(host, half_hours):
    create_booking(half_hours, host, at("11:00"))

    slots = next_free_slots(half_hours, after=at("10:45"), count=3, now=NOW)

    assert [slot.start for slot in slots] == [at("11:30"), at("09:00", 2), at("09:30", 2)]


def test_next_slots_are_found_weeks_ahead(host, half_hours):
    AvailabilityException.objects.create(first_day=datetime.date(2027, 5, 1), last_day=datetime.date(2027, 6, 27))

    assert next_free_slots(half_hours, after=NOW, count=1, now=NOW)[0].start == at("09:00", 28)


def test_next_slots_end_at_the_horizon(host):
    meeting_type = create_meeting_type(hosts=[host], horizon_days=1)

    slots = next_free_slots(meeting_type, after=NOW, count=50, now=NOW)

    assert [slot.start for slot in slots] == [
        slot.start for slot in free_slots(meeting_type, first=NOW, until=NOW + 9 * DAY, now=NOW)
    ]
    assert len(slots) == 12
    assert next_free_slots(meeting_type, after=NOW + 2 * DAY, now=NOW) == []


def test_next_slots_of_a_moved_booking_are_those_of_its_host(host, half_hours):
    booking = create_booking(half_hours, host, at("09:00"))
    HostShare.objects.create(meeting_type=half_hours, host=create_host("Sam Rivera", hours=(8, 17)))

    slots = next_free_slots(half_hours, after=NOW, count=2, now=NOW, moving=booking)

    assert [(slot.start, slot.hosts) for slot in slots] == [(at("09:00"), (host,)), (at("09:30"), (host,))]


@pytest.mark.parametrize("days", [1, 60])
def test_slots_take_four_queries_however_long_the_range_is(db, django_assert_num_queries, days):
    hosts = [create_host(f"Host {number}", daily_cap=5) for number in range(5)]
    meeting_type = create_meeting_type(hosts=hosts, daily_cap=4)
    for (day, hour), host in itertools.product(itertools.product(range(10), (14, 16, 18, 20)), hosts):
        create_booking(meeting_type, host, datetime.datetime(2027, 6, 2 + day, hour, tzinfo=datetime.UTC))
    assert Booking.objects.count() == 200

    with django_assert_num_queries(4):
        slots = free_slots(meeting_type, first=NOW, until=NOW + days * DAY, now=NOW)

    # The ten days with four meetings of every host are full.
    assert len(slots) == {1: 16, 60: (61 - 10) * 16 - 16}[days]


def test_requiring_an_offer_takes_four_queries(host, half_hours, django_assert_num_queries):
    with django_assert_num_queries(4):
        require_offered(host, half_hours, at("10:00"), now=NOW)


def test_slots_without_anybody_take_one_query(db, django_assert_num_queries):
    meeting_type = create_meeting_type()

    with django_assert_num_queries(1):
        assert free_slots(meeting_type, first=NOW, until=NOW + DAY, now=NOW) == []
