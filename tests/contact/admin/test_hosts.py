"""Hosts on the desk: their form with windows and exceptions, the next days, and the feed of their calendar."""

import datetime
import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from contact.models import AvailabilityException, AvailabilityWindow, BookingChange, Host
from tests.factories import create_booking, create_host, create_meeting_type, create_user, create_window
from tests.pages import read_page
from tests.policies.admin.typed_forms import fields_of
from tests.procedures.admin.desk import get_page

pytestmark = pytest.mark.django_db

# Monday, 10:00 in New York.
NOW = datetime.datetime(2027, 3, 1, 15, tzinfo=datetime.UTC)
LIST = "/admin/contact/host/"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def desk(client):
    """A client logged in as a member of the group Desk."""
    client.force_login(create_user("dora", groups=["Desk"]))
    return client


def form_of(host) -> str:
    return f"{LIST}{host.pk}/change/"


def typed(client, address, **values):
    """What is sent with the form at this address when these are typed: `windows__1__start` is windows-1-start."""
    return fields_of(client.get(address), "host_form") | {
        name.replace("__", "-"): text for name, text in values.items()
    }


def save(client, address, **values):
    return read_page(client.post(address, typed(client, address, **values), follow=True))


def add_window(client, host, number=0, **values):
    values = {"weekday": "0", "start": "09:00", "end": "17:00", **values}
    fields = {f"windows__{number}__{name}": text for name, text in values.items()}
    return save(client, form_of(host), windows__TOTAL_FORMS=str(number + 1), **fields)


def test_windows_are_wall_time_and_typed_without_seconds(desk):
    host = create_host(hours=None)

    page = add_window(desk, host, start="22:00", end="02:00")

    assert "was changed successfully" in page.text
    window = host.windows.get()
    assert str(window) == "Monday 22:00 to 02:00"
    boxes = [each.attributes for each in get_page(desk, form_of(host)).all("input")]
    assert [each["value"] for each in boxes if each.get("name") == "windows-0-start"] == ["22:00"]


@pytest.mark.parametrize(
    ("second", "named"),
    [
        ({"start": "11:00", "end": "13:00"}, "Monday 11:00 to 13:00 overlaps Monday 09:00 to 12:00"),
        ({"weekday": "6", "start": "20:00", "end": "10:00"}, "Sunday 20:00 to 10:00 overlaps Monday 09:00 to 12:00"),
    ],
    ids=["same-day", "week-end"],
)
def test_windows_that_overlap_are_refused_and_both_named(desk, second, named):
    host = create_host(hours=None)
    create_window(host, 0, datetime.time(9), datetime.time(12))

    page = add_window(desk, host, 1, **second)

    assert named in page.text
    assert host.windows.count() == 1
    assert [
        box.attributes["value"] for box in page.all("input") if box.attributes.get("name") == "windows-1-start"
    ] == [second["start"]]


def test_window_may_take_the_place_of_one_that_is_deleted(desk):
    host = create_host(hours=None)
    create_window(host, 0, datetime.time(9), datetime.time(12))

    new = {"windows__1__weekday": "0", "windows__1__start": "09:00", "windows__1__end": "13:00"}

    page = save(desk, form_of(host), windows__TOTAL_FORMS="2", windows__0__DELETE="on", **new)

    assert "was changed successfully" in page.text
    assert [str(window) for window in host.windows.all()] == ["Monday 09:00 to 13:00"]


def test_windows_of_two_types_may_overlap(desk):
    host = create_host(hours=None)
    first, second = create_meeting_type(hosts=[host]), create_meeting_type("walk-through", hosts=[host])
    create_window(host, 0, datetime.time(9), datetime.time(12), meeting_type=first)

    add_window(desk, host, 1, start="09:00", end="12:00", meeting_type=str(second.pk))

    assert host.windows.count() == 2


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"start": "09:00:30"}, "Write hours and minutes, without seconds."),
        ({"start": "nine"}, "Enter a valid time."),
        ({"valid_from": "2027-05-02", "valid_until": "2027-05-01"}, "The last day is before the first."),
        ({"valid_from": "0001-01-01"}, "Write a day of the years 2000 to 2199."),
        ({"meeting_type": "99999999999999999999"}, "Select a valid choice."),
        ({"weekday": "7"}, "Select a valid choice."),
    ],
    ids=["seconds", "no-time", "days", "year", "type", "weekday"],
)
def test_window_that_is_wrong_is_refused_in_words(desk, values, complaint):
    host = create_host(hours=None)

    page = add_window(desk, host, **values)

    assert complaint in page.text
    assert not host.windows.exists()


def test_time_zone_is_one_of_the_list_or_what_it_was(desk):
    host = create_host(hours=None)
    Host.objects.filter(pk=host.pk).update(time_zone="US/Eastern")

    assert "was changed successfully" in save(desk, form_of(host), name="Alex M.").text
    host.refresh_from_db()
    assert host.time_zone == "US/Eastern"
    fields = typed(desk, form_of(host))
    for zone in ("Mars/Base", "../../etc/passwd", "america/new_york", "\0", ""):
        page = read_page(desk.post(form_of(host), {**fields, "time_zone": zone}, follow=True))
        assert "was changed successfully" not in page.text
    save(desk, form_of(host), time_zone="Asia/Kathmandu")
    host.refresh_from_db()
    assert host.time_zone == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("field", "text"),
    [("name", "Alex\nMorgan"), ("name", "\u200b"), ("email", "alex"), ("daily_cap", "0"), ("daily_cap", "1000000")],
    ids=["line-break", "invisible", "no-address", "no-cap", "large-cap"],
)
def test_host_that_is_wrong_is_refused(desk, field, text):
    host = create_host(hours=None)

    page = save(desk, form_of(host), **{field: text})

    assert "Please correct the error below." in page.text
    assert Host.objects.get() == host


def test_own_exceptions_are_rows_of_the_form_but_past_ones(desk):
    host = create_host(hours=None)
    past, coming = (
        AvailabilityException.objects.create(host=host, first_day=day, last_day=day, reason=reason)
        for day, reason in ((datetime.date(2027, 2, 1), "Past trip"), (datetime.date(2027, 3, 9), "Dentist"))
    )
    AvailabilityException.objects.create(first_day="2027-03-10", last_day="2027-03-10", reason="Of everyone")

    fields = fields_of(desk.get(form_of(host)), "host_form")
    assert fields["exceptions-INITIAL_FORMS"] == ["1"]
    assert fields["exceptions-0-reason"] == ["Dentist"]
    page = save(
        desk,
        form_of(host),
        exceptions__0__reason="Doctor",
        exceptions__1__first_day="2027-03-11",
        exceptions__1__start="09:00",
        exceptions__1__end="10:00",
    )

    assert "was changed successfully" in page.text
    coming.refresh_from_db()
    assert coming.reason == "Doctor"
    added = host.exceptions.exclude(pk__in=[past.pk, coming.pk]).get()
    assert str(added) == "closed 2027-03-11 09:00 to 10:00"


def test_exceptions_that_open_over_each_other_are_refused_as_they_are_typed(desk):
    host = create_host(hours=None)
    hours = {"kind": "open", "start": "10:00", "end": "12:00"}
    row = AvailabilityException.objects.create(host=host, first_day="2027-03-09", last_day="2027-03-09", **hours)
    second = {"exceptions__1__kind": "open", "exceptions__1__first_day": "2027-03-09"}

    page = save(desk, form_of(host), **second, exceptions__1__start="11:15", exceptions__1__end="13:00")
    assert "It overlaps “open at these hours instead 2027-03-09 10:00 to 12:00”" in page.text
    assert list(host.exceptions.all()) == [row]

    page = save(
        desk,
        form_of(host),
        **second,
        exceptions__0__end="11:00",
        exceptions__1__start="11:00",
        exceptions__1__end="13:00",
    )
    assert "was changed successfully" in page.text
    assert host.exceptions.count() == 2


def test_exceptions_beyond_those_that_are_shown_stay(desk):
    host = create_host(hours=None)
    days = [datetime.date(2027, 4, 1) + datetime.timedelta(days=number) for number in range(60)]
    AvailabilityException.objects.bulk_create(
        AvailabilityException(host=host, first_day=day, last_day=day) for day in days
    )

    page = save(desk, form_of(host), exceptions__0__DELETE="on")

    assert "was changed successfully" in page.text
    assert host.exceptions.count() == 59


def test_exception_that_was_deleted_meanwhile_is_told_of(desk):
    host = create_host(hours=None)
    row = AvailabilityException.objects.create(host=host, first_day="2027-03-09", last_day="2027-03-09")
    values = typed(desk, form_of(host), exceptions__0__reason="Dentist")
    row.delete()

    page = read_page(desk.post(form_of(host), values, follow=True))

    assert "Please correct the error" in page.text
    assert not host.exceptions.exists()


@pytest.mark.parametrize("rows", ["windows", "exceptions"])
@pytest.mark.parametrize("total", ["abc", "5000", ""])
def test_forged_number_of_rows_is_refused(desk, rows, total):
    host = create_host(hours=None)

    page = save(desk, form_of(host), **{f"{rows}__TOTAL_FORMS": total, "name": "Sam Rivera"})

    assert "was changed successfully" not in page.text
    assert Host.objects.get() == host
    assert Host.objects.get().name == "Alex Morgan"


def test_next_days_show_hours_free_times_and_meetings(desk):
    host = create_host(hours=None)
    meeting_type = create_meeting_type(hosts=[host])
    create_window(host, 1, datetime.time(9), datetime.time(12))
    AvailabilityException.objects.create(first_day="2027-03-09", last_day="2027-03-09", reason="Founders' day")
    inside = create_booking(meeting_type, host, datetime.datetime(2027, 3, 2, 15, tzinfo=datetime.UTC))
    outside = create_booking(meeting_type, host, datetime.datetime(2027, 3, 3, 15, tzinfo=datetime.UTC))
    later = create_booking(meeting_type, host, datetime.datetime(2027, 4, 2, 15, tzinfo=datetime.UTC))

    page = get_page(desk, form_of(host))

    text = page.text[page.text.index("Next 14 days, as saved") :]
    assert "All times are New York time (EST, UTC−5)." in text
    tuesday, wednesday, next_tuesday = (
        re.search(rf"{day}(.*?)(?:day, March|Later meetings)", text)[1] for day in ("March 2 ", "March 3 ", "March 9 ")
    )
    assert "Open 9:00 AM to 12:00 PM" in tuesday
    assert "Free times: Introduction 5" in tuesday
    assert "10:00 AM to 10:30 AM, Introduction, Kim Lee" in tuesday
    assert "outside" not in tuesday
    assert "Closed" in wednesday
    assert "outside the hours" in wednesday
    assert "Closed, everyone: Founders' day" in next_tuesday
    assert "Open" not in next_tuesday
    assert "Later meetings outside the hours Friday, April 2, 2027" in text
    assert "Clocks change on this day." in text
    links = page.links
    assert {reverse("admin:contact_booking_change", args=[each.pk]) for each in (inside, outside, later)} <= set(links)


def test_next_days_of_a_host_who_is_not_active_offer_nothing(desk):
    host = create_host(active=False)
    create_meeting_type(hosts=[host])

    assert "Alex Morgan is not active: nothing is offered." in get_page(desk, form_of(host)).text


def test_form_takes_no_query_for_each_row(desk, django_assert_max_num_queries):
    host = create_host(hours=(9, 17))
    types = [create_meeting_type(f"type-{number}", hosts=[host]) for number in range(2)]
    for number in range(30):
        start = datetime.datetime(2027, 3, 2, 15, tzinfo=datetime.UTC) + datetime.timedelta(hours=number)
        create_booking(types[number % 2], host, start)
    desk.get(form_of(host))

    with django_assert_max_num_queries(40):
        desk.get(form_of(host))


def test_change_of_hours_names_the_meetings_that_are_outside_now(desk):
    host = create_host(hours=None)
    meeting_type = create_meeting_type(hosts=[host])
    create_window(host, 1, datetime.time(9), datetime.time(12))
    booking = create_booking(meeting_type, host, datetime.datetime(2027, 3, 2, 15, tzinfo=datetime.UTC))
    other = create_booking(meeting_type, host, datetime.datetime(2027, 3, 2, 23, tzinfo=datetime.UTC))

    page = save(desk, form_of(host), windows__0__start="11:00", _continue="1")

    assert "1 meeting is booked outside of the hours now. Nothing was cancelled" in page.text
    warning = page.text[page.text.index("Nothing was cancelled") : page.text.index("Change host")]
    assert "Alex Morgan, Introduction, Tuesday, March 2, 2027, 10:00 AM" in warning
    assert "6:00 PM" not in warning
    for each in (booking, other):
        each.refresh_from_db()
        assert each.is_confirmed


def test_host_who_is_switched_off_keeps_meetings_and_that_is_said(desk):
    host = create_host()
    booking = create_booking(create_meeting_type(hosts=[host]), host, NOW + datetime.timedelta(days=1))
    values = typed(desk, form_of(host))
    del values["active"]

    page = read_page(desk.post(form_of(host), values, follow=True))

    assert "Alex Morgan is no longer offered, and still has 1 meeting to come. Nothing was cancelled" in page.text
    booking.refresh_from_db()
    assert booking.is_confirmed


@pytest.mark.parametrize("method", ["get", "post"])
def test_host_with_meetings_is_not_deleted(admin_client, method):
    host, former = create_host(), create_host("Sam Rivera")
    booking = create_booking(create_meeting_type(hosts=[host]), host, NOW)
    BookingChange.objects.create(booking=booking, kind="booked", host=former, starts_at=NOW, sequence=0)

    for each in (host, former):
        response = getattr(admin_client, method)(f"{LIST}{each.pk}/delete/", {"post": "yes"}, follow=True)
        assert f"{each} stays: there are meetings of it" in read_page(response).text
    assert Host.objects.count() == 2


def test_host_without_meetings_is_deleted_with_windows(admin_client):
    host = create_host()

    admin_client.post(f"{LIST}{host.pk}/delete/", {"post": "yes"})

    assert not Host.objects.exists()
    assert not AvailabilityWindow.objects.exists()


# The feed


def test_address_of_the_calendar_is_shown_once_and_opens_it(desk, client, settings):
    host = create_host()
    address = f"{LIST}{host.pk}/calendar/"
    assert "There is no address" in get_page(desk, address).text

    response = desk.post(address, {"make": "1"})

    [shown] = [box.attributes["value"] for box in read_page(response).all("input") if "readonly" in box.attributes]
    assert "no-store" in response["Cache-Control"]
    assert shown.startswith(settings.SITE_URL)
    secret = shown.rpartition("/")[2].removesuffix(".ics")
    assert Host.objects.with_feed(secret).get() == host
    page = get_page(desk, address)
    assert "There is an address." in page.text
    assert secret not in page.html
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == ["Made a new address of the calendar."]


def test_new_address_and_revocation_end_the_former_one(desk):
    host = create_host()
    address = f"{LIST}{host.pk}/calendar/"
    first = host.make_feed_secret()

    desk.post(address, {"make": "1"})
    assert not Host.objects.with_feed(first).exists()
    second = Host.objects.get(pk=host.pk).make_feed_secret()
    desk.post(address, {"revoke": "1"})

    assert not Host.objects.with_feed(second).exists()
    assert Host.objects.get().feed_digest == ""


def test_looking_at_the_page_of_the_calendar_changes_nothing(desk):
    host = create_host()
    secret = host.make_feed_secret()

    for method in (desk.get, desk.head, desk.post):
        assert method(f"{LIST}{host.pk}/calendar/").status_code == 200

    assert Host.objects.with_feed(secret).exists()


def test_form_that_was_opened_before_does_not_bring_a_former_address_back(desk):
    host = create_host()
    values = typed(desk, form_of(host), name="Alex M.")
    secret = host.make_feed_secret()

    desk.post(form_of(host), values)

    assert Host.objects.with_feed(secret).get().name == "Alex M."


def test_calendar_of_no_host_is_not_found(desk):
    assert desk.get(f"{LIST}99/calendar/").status_code == 404
