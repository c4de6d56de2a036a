"""Exceptions on the desk: the form, lists of holidays, and the meetings that a closed day hits."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from contact.models import AvailabilityException
from tests.factories import create_booking, create_host, create_meeting_type, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

NOW = datetime.datetime(2027, 3, 1, 15, tzinfo=datetime.UTC)
LIST = "/admin/contact/availabilityexception/"
HOLIDAYS = f"{LIST}holidays/"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def desk(client):
    """A client logged in as a member of the group Desk."""
    client.force_login(create_user("dora", groups=["Desk"]))
    return client


def add(client, **values):
    values = {"kind": "closed", "first_day": "2027-03-09", **values}
    return read_page(client.post(f"{LIST}add/", values, follow=True))


def close(client, *lines: str):
    return read_page(client.post(HOLIDAYS, {"text": "\r\n".join(lines)}, follow=True))


def test_day_is_closed_for_one_host_or_for_everyone(desk):
    host = create_host()

    add(desk, host=str(host.pk), last_day="2027-03-12", reason="Trip")
    add(desk, reason="Holiday")

    assert [(each.host, str(each)) for each in AvailabilityException.objects.order_by("pk")] == [
        (host, "closed 2027-03-09 to 2027-03-12"),
        (None, "closed 2027-03-09"),
    ]
    assert sorted(rows_of(desk, LIST)) == ["2027-03-09", "2027-03-09 to 2027-03-12"]
    assert rows_of(desk, f"{LIST}?for=everyone") == ["2027-03-09"]
    assert rows_of(desk, f"{LIST}?when=past") == []
    assert rows_of(desk, f"{LIST}?host__id__exact={host.pk}") == ["2027-03-09 to 2027-03-12"]


@pytest.mark.parametrize(
    ("values", "is_refused"),
    [
        ({}, True),
        ({"first_day": "2027-03-08", "last_day": "2027-03-20", "start": "11:45", "end": "13:00"}, True),
        ({"first_day": "2027-03-08", "start": "22:00", "end": "10:15"}, True),
        ({"start": "12:00", "end": "14:00"}, False),
        ({"first_day": "2027-03-11"}, False),
        ({"kind": "closed"}, False),
        ({"host": ""}, False),
    ],
)
def test_hours_that_open_over_others_of_the_same_host_are_refused(desk, values, is_refused):
    host = create_host()
    opening = {"kind": "open", "start": "10:00", "end": "12:00", "host": str(host.pk)}
    add(desk, **opening)

    page = add(desk, **{**opening, **values})

    assert ("It overlaps “open at these hours instead 2027-03-09 10:00 to 12:00”" in page.text) is is_refused
    assert AvailabilityException.objects.count() == (1 if is_refused else 2)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"last_day": "2027-03-08"}, "The last day is before the first."),
        ({"start": "09:00"}, "Write the end too, or leave both empty for the whole day."),
        ({"end": "09:00"}, "Write the start too, or leave both empty for the whole day."),
        ({"kind": "open"}, "Write from when to when it is open on these days."),
        ({"start": "09:00:01", "end": "10:00"}, "Write hours and minutes, without seconds."),
        ({"first_day": "9999-12-31"}, "Write a day of the years 2000 to 2199."),
        ({"first_day": "2027-02-30"}, "Enter a valid date."),
        ({"first_day": ""}, "This field is required."),
        ({"kind": "ajar"}, "Select a valid choice."),
        ({"host": "99999999999999999999"}, "Select a valid choice."),
        ({"host": "\0"}, "Null characters are not allowed."),
        ({"reason": "Two\nlines"}, "write it in one line"),
    ],
)
def test_exception_that_is_wrong_is_refused_in_words(desk, values, complaint):
    page = add(desk, **values)

    assert complaint in page.text
    assert "Constraint" not in page.text
    assert not AvailabilityException.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["first_day__year=9999999", "first_day__year=2027&first_day__month=99", "host__id__exact=x", "for=\u0000", "q=%00"],
)
def test_list_answers_whatever_is_asked(desk, query):
    assert desk.get(f"{LIST}?{query}", follow=True).status_code in (200, 400)


# Meetings that are hit


@pytest.fixture
def booking():
    """Tuesday, March 9, 2027, 10:00 in New York."""
    host = create_host()
    start = datetime.datetime(2027, 3, 9, 15, tzinfo=datetime.UTC)
    return create_booking(create_meeting_type(hosts=[host]), host, start)


def test_closed_day_names_the_meetings_on_it_and_cancels_none(desk, booking):
    page = add(desk)

    assert "1 meeting is booked outside of the hours now. Nothing was cancelled" in page.text
    named = "Alex Morgan, Introduction, Tuesday, March 9, 2027, 10:00 AM to 10:30 AM, New York time (EST, UTC−5)"
    assert page.links[reverse("admin:contact_booking_change", args=[booking.pk])] == named
    booking.refresh_from_db()
    assert booking.is_confirmed


@pytest.mark.parametrize(
    "values",
    [
        {"first_day": "2027-03-10"},
        {"start": "11:00", "end": "12:00"},
        {"kind": "open", "start": "08:00", "end": "12:00"},
    ],
    ids=["other-day", "other-hours", "open"],
)
def test_exception_that_hits_nothing_names_nothing(desk, booking, values):
    assert "outside of the hours" not in add(desk, **values).text


def test_exception_of_another_host_hits_nothing(desk, booking):
    other = create_host("Sam Rivera")

    assert "outside of the hours" not in add(desk, host=str(other.pk)).text


def test_own_hours_of_a_host_keep_a_holiday_from_hitting(desk, booking):
    AvailabilityException.objects.create(
        host=booking.host, kind="open", first_day="2027-03-09", last_day="2027-03-09", start="09:00", end="12:00"
    )

    assert "outside of the hours" not in add(desk).text


def test_deleting_the_hours_of_a_day_names_its_meetings(desk, booking):
    extra = AvailabilityException.objects.create(
        host=booking.host, kind="open", first_day="2027-03-13", last_day="2027-03-13", start="18:00", end="20:00"
    )
    create_booking(booking.meeting_type, booking.host, datetime.datetime(2027, 3, 13, 23, tzinfo=datetime.UTC))

    for address, values in (
        (f"{LIST}{extra.pk}/delete/", {"post": "yes"}),
        (LIST, {"action": "delete_selected", "_selected_action": extra.pk, "post": "yes"}),
    ):
        page = read_page(desk.post(address, values, follow=True))
        assert "Saturday, March 13, 2027, 6:00 PM" in page.text
        extra.save(force_insert=True)


def test_exception_that_is_moved_names_what_it_hits_now(desk, booking):
    add(desk, first_day="2027-03-10")
    exception = AvailabilityException.objects.get()
    address = f"{LIST}{exception.pk}/change/"

    page = read_page(desk.post(address, {"kind": "closed", "first_day": "2027-03-09"}, follow=True))

    assert "1 meeting is booked outside of the hours now." in page.text


def test_many_meetings_are_counted(desk):
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    for number in range(12):
        start = datetime.datetime(2027, 3, 9, 14, tzinfo=datetime.UTC) + datetime.timedelta(minutes=30 * number)
        create_booking(meeting_type, host, start)

    page = add(desk)

    assert "12 meetings are booked outside of the hours now." in page.text
    assert "and 2 more." in page.text


# Holidays


def test_holidays_are_closed_for_everyone(desk):
    page = close(desk, "2027-12-25 Christmas Day", "", "  2027-07-05,Independence Day (observed)  ", "2028-01-01")

    assert "3 days are closed for everyone." in page.text
    rows = AvailabilityException.objects.order_by("first_day").values_list(
        "first_day", "last_day", "host", "kind", "start", "reason"
    )
    assert list(rows) == [
        (datetime.date(*day), datetime.date(*day), None, "closed", None, reason)
        for day, reason in (
            ((2027, 7, 5), "Independence Day (observed)"),
            ((2027, 12, 25), "Christmas Day"),
            ((2028, 1, 1), ""),
        )
    ]
    assert LogEntry.objects.count() == 3


def test_days_that_are_closed_already_are_left(desk):
    AvailabilityException.objects.create(first_day="2027-12-24", last_day="2027-12-26", reason="Days off")
    AvailabilityException.objects.create(first_day="2027-07-05", last_day="2027-07-05", start="12:00", end="17:00")
    AvailabilityException.objects.create(host=create_host(), first_day="2027-07-05", last_day="2027-07-05")

    page = close(desk, "2027-12-25 Christmas Day", "2027-07-05 Independence Day")
    again = close(desk, "2027-12-25 Christmas Day", "2027-07-05 Independence Day")

    assert "1 day is closed for everyone." in page.text
    assert "1 day was closed for everyone before, and left as they are." in page.text
    assert "2 days were closed for everyone before" in again.text
    assert AvailabilityException.objects.count() == 4


def test_bad_lines_are_named_by_number_and_nothing_is_added(desk):
    lines = ["2027-12-25 Christmas Day", "", "December 26", "2027-02-30 No day", "2027-12-25 Again"]
    lines += ["1027-01-01 Long ago", f"2027-01-01 {'x' * 101}"]

    page = close(desk, *lines)

    assert "Line 3: write year-month-day and then the name, such as 2026-12-25 Christmas Day." in page.text
    assert "Line 4: the calendar has no 2027-02-30." in page.text
    assert "Line 5: 2027-12-25 stands in the list twice." in page.text
    assert "Line 6: write a day of the years 2000 to 2199." in page.text
    assert "Line 7: the name is longer than 100 characters." in page.text
    assert "Line 1" not in page.text
    assert "December 26" in page.all("textarea")[0].text
    assert not AvailabilityException.objects.exists()


@pytest.mark.parametrize(
    "text",
    ["", "   ", "\0", "２０２７-12-25 Digits of another script", "2027-12-25T00:00", "x" * 30_000],
    ids=["nothing", "blanks", "nul", "digits", "moment", "long"],
)
def test_text_that_is_no_list_is_refused(desk, text):
    assert desk.post(HOLIDAYS, {"text": text}).status_code == 200
    assert not AvailabilityException.objects.exists()


def test_more_lines_than_a_year_of_holidays_are_refused(desk):
    days = [datetime.date(2028, 1, 1) + datetime.timedelta(days=number) for number in range(201)]

    assert "These are 201 lines: paste at most 200 at a time." in close(desk, *map(str, days)).text


def test_holiday_names_the_meetings_that_it_hits(desk, booking):
    page = close(desk, "2027-03-09 Founders' Day")

    assert "1 meeting is booked outside of the hours now." in page.text


def test_list_leads_to_the_holidays(desk):
    assert HOLIDAYS in get_page(desk, LIST).links
