import datetime

import pytest

from contact.models import AvailabilityException
from contact.open_times import open_times
from contact.wall_time import day_bounds
from tests.factories import create_host, create_meeting_type, create_window

# A Tuesday.
TODAY = datetime.date(2027, 6, 1)
DAY = datetime.timedelta(days=1)


def close(host, first=TODAY, last=None, hours=None):
    return create_exception("closed", host, first, last, hours)


def open_instead(host, hours, first=TODAY, last=None):
    return create_exception("open", host, first, last, hours)


def create_exception(kind, host, first, last, hours):
    start, end = (datetime.time.fromisoformat(part) for part in hours.split(" ")) if hours else (None, None)
    return AvailabilityException.objects.create(
        kind=kind, host=host, first_day=first, last_day=last or first, start=start, end=end
    )


def add_window(host, hours, day=TODAY, **fields):
    start, end = (datetime.time.fromisoformat(part) for part in hours.split(" "))
    return create_window(host, day.weekday(), start, end, **fields)


def in_words(host, day=TODAY, **options) -> list[str]:
    """What is open of a day's windows, by the host's clock: "09:00-17:00", with the days on where it is a later day."""
    spans = open_times(host, day, day, **options)[day]

    def read(at):
        local = at.astimezone(host.zone)
        days = (local.date() - day).days
        return f"{local:%H:%M}{f'+{days}' if days else ''}"

    return [f"{read(start)}-{read(end)}" for start, end in spans]


@pytest.fixture
def host(db):
    return create_host(hours=None)


def test_window_is_open_on_its_weekday_alone(host):
    add_window(host, "09:00 17:00")

    week = open_times(host, TODAY, TODAY + 6 * DAY)

    assert list(week) == [TODAY + number * DAY for number in range(7)]
    assert [day for day, spans in week.items() if spans] == [TODAY]
    [(start, end)] = week[TODAY]
    assert start == datetime.datetime(2027, 6, 1, 13, tzinfo=datetime.UTC)
    assert end == datetime.datetime(2027, 6, 1, 21, tzinfo=datetime.UTC)
    assert start.tzinfo is end.tzinfo is datetime.UTC


def test_windows_of_a_day_stay_apart_and_in_order(host):
    add_window(host, "13:00 17:00")
    add_window(host, "09:00 13:00")

    assert in_words(host) == ["09:00-13:00", "13:00-17:00"]


def test_window_across_midnight_is_of_the_day_on_which_it_begins(host):
    add_window(host, "22:00 02:00")

    assert in_words(host) == ["22:00-02:00+1"]
    assert in_words(host, TODAY + DAY) == []


@pytest.mark.parametrize(
    ("days", "is_open"), [((0, 0), True), ((-5, 5), True), ((1, 5), False), ((-5, -1), False), ((None, None), True)]
)
def test_window_is_open_while_it_is_valid(host, days, is_open):
    first, last = (None if day is None else TODAY + day * DAY for day in days)
    add_window(host, "09:00 17:00", valid_from=first, valid_until=last)

    assert bool(in_words(host)) is is_open


def test_window_of_one_type_counts_for_that_type_alone(host):
    mine, other = (create_meeting_type(slug, hosts=[host]) for slug in ("mine", "other"))
    add_window(host, "09:00 10:00")
    add_window(host, "12:00 13:00", meeting_type=mine)

    assert in_words(host, meeting_type=mine) == ["09:00-10:00", "12:00-13:00"]
    assert in_words(host, meeting_type=other) == ["09:00-10:00"]
    assert in_words(host) == ["09:00-10:00"]


def test_window_of_another_host_does_not_count(host):
    add_window(create_host("Sam Rivera", hours=None), "09:00 17:00")

    assert in_words(host) == []


@pytest.mark.parametrize("of_host", [True, False])
def test_closed_days_have_no_windows(host, of_host):
    for day in range(5):
        add_window(host, "09:00 17:00", TODAY + day * DAY)
    close(host if of_host else None, TODAY + DAY, TODAY + 3 * DAY)

    week = open_times(host, TODAY, TODAY + 4 * DAY)

    assert [day for day, spans in week.items() if spans] == [TODAY, TODAY + 4 * DAY]


def test_closed_day_of_another_host_does_not_count(host):
    add_window(host, "09:00 17:00")
    close(create_host("Sam Rivera", hours=None))

    assert in_words(host) == ["09:00-17:00"]


def test_closed_day_is_one_of_the_calendar_of_the_host_not_of_utc(db):
    host = create_host(time_zone="Pacific/Auckland", hours=None)
    add_window(host, "00:00 00:00")
    add_window(host, "00:00 00:00", TODAY + DAY)
    close(None)

    week = open_times(host, TODAY, TODAY + DAY)

    assert week == {TODAY: [], TODAY + DAY: [day_bounds(TODAY + DAY, host.zone)]}


def test_window_that_begins_on_a_closed_day_falls_away_with_what_it_has_of_the_next(host):
    add_window(host, "22:00 02:00")
    close(host)

    assert in_words(host) == []


def test_window_that_reaches_into_a_closed_day_ends_at_midnight(host):
    add_window(host, "22:00 02:00")
    close(None, TODAY + DAY)

    assert in_words(host) == ["22:00-00:00+1"]


@pytest.mark.parametrize(
    ("hours", "left"),
    [
        ("12:00 13:00", ["09:00-12:00", "13:00-17:00"]),
        ("08:00 10:00", ["10:00-17:00"]),
        ("16:00 18:00", ["09:00-16:00"]),
        ("07:00 09:00", ["09:00-17:00"]),
        ("09:00 17:00", []),
        ("00:00 00:00", []),
    ],
)
def test_closed_hours_are_cut_out(host, hours, left):
    add_window(host, "09:00 17:00")
    close(host, hours=hours)

    assert in_words(host) == left


def test_closed_hours_of_several_days_are_cut_out_of_each(host):
    add_window(host, "09:00 17:00")
    add_window(host, "09:00 17:00", TODAY + DAY)
    close(None, TODAY, TODAY + DAY, "12:00 13:00")

    assert in_words(host) == in_words(host, TODAY + DAY) == ["09:00-12:00", "13:00-17:00"]


def test_closed_hours_across_midnight_are_cut_out_of_both_days(host):
    add_window(host, "20:00 00:00", TODAY - DAY)
    add_window(host, "00:00 04:00")
    close(host, TODAY - DAY, hours="23:00 01:00")

    assert in_words(host, TODAY - DAY) == ["20:00-23:00"]
    assert in_words(host) == ["01:00-04:00"]


def test_closed_hours_are_cut_out_of_a_window_that_began_the_day_before(host):
    add_window(host, "22:00 04:00")
    close(host, TODAY + DAY, hours="01:00 02:00")

    assert in_words(host) == ["22:00-01:00+1", "02:00+1-04:00+1"]


@pytest.mark.parametrize("of_host", [True, False])
def test_opened_hours_replace_the_windows_of_the_day(host, of_host):
    add_window(host, "09:00 17:00")
    add_window(host, "09:00 17:00", TODAY + DAY)
    open_instead(host if of_host else None, "10:00 11:00")
    open_instead(host if of_host else None, "18:00 19:00")

    assert in_words(host) == ["10:00-11:00", "18:00-19:00"]
    assert in_words(host, TODAY + DAY) == ["09:00-17:00"]


def test_opened_hours_open_a_day_without_windows(host):
    open_instead(host, "10:00 11:00")

    assert in_words(host) == ["10:00-11:00"]


def test_opened_hours_count_for_every_type(host):
    mine = create_meeting_type(hosts=[host])
    add_window(host, "12:00 13:00", meeting_type=mine)
    open_instead(host, "10:00 11:00")

    assert in_words(host, meeting_type=mine) == in_words(host) == ["10:00-11:00"]


def test_hours_that_the_host_opens_go_before_those_for_everyone(host):
    open_instead(None, "10:00 11:00")
    open_instead(host, "12:00 13:00")

    assert in_words(host) == ["12:00-13:00"]


@pytest.mark.parametrize("hours", [None, "12:00 13:00"])
def test_hours_that_the_host_opens_stay_open_on_a_holiday(host, hours):
    add_window(host, "09:00 17:00")
    close(None, hours=hours)
    open_instead(host, "10:00 14:00")

    assert in_words(host) == ["10:00-14:00"]


def test_hours_that_the_host_opens_on_one_day_leave_the_holiday_of_the_next(host):
    add_window(host, "09:00 17:00", TODAY + DAY)
    open_instead(host, "22:00 02:00")
    close(None, TODAY, TODAY + DAY)

    assert in_words(host) == ["22:00-00:00+1"]
    assert in_words(host, TODAY + DAY) == []


def test_holiday_that_the_host_has_lifted_cuts_nothing_of_the_night_before(host):
    add_window(host, "22:00 02:00", TODAY - DAY)
    close(None)
    open_instead(host, "10:00 14:00")

    assert in_words(host, TODAY - DAY) == ["22:00-02:00+1"]


def test_holiday_goes_before_hours_that_are_opened_for_everyone(host):
    close(None)
    open_instead(None, "10:00 14:00")

    assert in_words(host) == []


def test_hours_closed_for_everyone_are_cut_out_of_hours_opened_for_everyone(host):
    close(None, hours="12:00 13:00")
    open_instead(None, "10:00 14:00")

    assert in_words(host) == ["10:00-12:00", "13:00-14:00"]


@pytest.mark.parametrize(("hours", "left"), [(None, []), ("12:00 13:00", ["10:00-12:00", "13:00-14:00"])])
def test_what_the_host_closes_stays_closed_whatever_is_opened(host, hours, left):
    close(host, hours=hours)
    open_instead(host, "10:00 14:00")

    assert in_words(host) == left


def test_hours_that_another_host_opens_lift_nothing(host):
    add_window(host, "09:00 17:00")
    close(None)
    open_instead(create_host("Sam Rivera", hours=None), "10:00 14:00")

    assert in_words(host) == []


def test_open_times_of_a_year_take_two_queries(host, django_assert_num_queries):
    add_window(host, "09:00 17:00")
    close(None, TODAY, datetime.date(2099, 12, 31))

    with django_assert_num_queries(2):
        year = open_times(host, TODAY - 364 * DAY, TODAY)

    assert len(year) == 365
