"""Meetings by day: a week of all hosts on the desk."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.factories import create_booking, create_code, create_host, create_meeting_type, create_user
from tests.procedures.admin.desk import get_page

pytestmark = pytest.mark.django_db

# A Wednesday.
NOW = datetime.datetime(2027, 3, 3, 15, tzinfo=datetime.UTC)
PAGE = "/admin/meetings/"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def desk(client):
    """A client logged in as a member of the group Desk."""
    client.force_login(create_user("dora", groups=["Desk"]))
    return client


def meetings_on(page, day: str) -> str:
    """What the page says of a day, up to the next one."""
    return page.text.partition(day)[2].partition("day, March")[0]


def test_week_lists_meetings_by_day_and_host_with_the_times_of_the_host(desk):
    alex, kiri = create_host(), create_host("Kiri Ngata", time_zone="Pacific/Auckland")
    introduction = create_meeting_type()
    code = create_code("J9302")
    booking = create_booking(introduction, alex, datetime.datetime(2027, 3, 3, 15, tzinfo=datetime.UTC), code=code)
    # Wednesday evening in UTC, Thursday in Auckland.
    create_booking(introduction, kiri, datetime.datetime(2027, 3, 3, 20, tzinfo=datetime.UTC), name="Rosa Diaz")

    page = get_page(desk, PAGE)

    assert "March 1, 2027 to March 7, 2027" in page.text
    wednesday, thursday = meetings_on(page, "Wednesday, March 3"), meetings_on(page, "Thursday, March 4")
    assert "Alex Morgan New York time (EST, UTC−5) 10:00 AM to 10:30 AM, Introduction" in wednesday
    assert "Kim Lee , about J9302" in wednesday
    assert "Rosa" not in wednesday
    assert "Kiri Ngata Auckland time (NZDT, UTC+13) 9:00 AM to 9:30 AM, Introduction" in thursday
    assert reverse("admin:contact_booking_change", args=[booking.pk]) in page.links
    assert "Wednesday, March 3 (today)" in page.headings


def test_meetings_at_the_ends_of_the_week_stand_in_one_week_each(desk):
    kiri = create_host("Kiri Ngata", time_zone="Pacific/Auckland")
    introduction = create_meeting_type()
    # Sunday, 23:30, and Monday, 00:15, in Auckland.
    create_booking(introduction, kiri, datetime.datetime(2027, 3, 7, 10, 30, tzinfo=datetime.UTC), name="Last")
    create_booking(introduction, kiri, datetime.datetime(2027, 3, 7, 11, 15, tzinfo=datetime.UTC), name="First")

    this, later = get_page(desk, PAGE).text, get_page(desk, f"{PAGE}?week=2027-03-10").text

    assert ("Last" in this, "First" in this) == (True, False)
    assert ("Last" in later, "First" in later) == (False, True)


def test_cancelled_meetings_are_left_out_and_missed_ones_marked(desk):
    host, introduction = create_host(), create_meeting_type()
    create_booking(introduction, host, NOW, status="cancelled", name="Gone")
    create_booking(introduction, host, NOW, status="no-show", name="Missing")

    text = get_page(desk, PAGE).text

    assert "Gone" not in text
    assert "Missing visitor did not come" in text


def test_weeks_lead_to_earlier_and_later_ones(desk):
    links = {text: address for address, text in get_page(desk, f"{PAGE}?week=2027-03-14").links.items()}

    assert links["Earlier week"] == f"{PAGE}?week=2027-03-01"
    assert links["This week"] == PAGE
    assert links["Later week"] == f"{PAGE}?week=2027-03-15"


@pytest.mark.parametrize("week", ["2027-02-30", "next", "0001-01-01", "9999-12-31", "2027-03-03T00:00", "x" * 5000])
def test_bad_week_is_this_week_with_a_message(desk, week):
    page = get_page(desk, f"{PAGE}?week={week}")

    assert "There is no such week: this is the present one." in page.text
    assert "Wednesday, March 3 (today)" in page.text


@pytest.mark.parametrize("week", ["2000-01-01", "2199-12-31"])
def test_outermost_weeks_are_shown(desk, week):
    assert "no such week" not in get_page(desk, f"{PAGE}?week={week}").text


def test_week_of_a_host_is_that_of_the_hosts_calendar(client, time_machine):
    # Monday in Auckland already.
    time_machine.move_to(datetime.datetime(2027, 3, 7, 20, tzinfo=datetime.UTC), tick=False)
    user = create_user("kiri", groups=["Desk"])
    client.force_login(create_user("dan", groups=["Desk"]))
    create_host("Kiri Ngata", time_zone="Pacific/Auckland", user=user)

    assert "March 1, 2027 to March 7, 2027" in get_page(client, PAGE).text
    client.force_login(user)
    assert "Monday, March 8 (today)" in get_page(client, PAGE).text


def test_page_takes_the_same_queries_for_any_number_of_meetings(desk, django_assert_num_queries):
    introduction = create_meeting_type()
    create_booking(introduction, create_host(), NOW)
    with CaptureQueriesContext(connection) as few:
        desk.get(PAGE)
    for number in range(5):
        host = create_host(f"Host {number}")
        for hour in range(5):
            create_booking(introduction, host, NOW + datetime.timedelta(hours=hour))

    with django_assert_num_queries(len(few)):
        desk.get(PAGE)


def test_page_is_named_on_the_index_for_those_who_may_see_meetings(desk, client):
    assert get_page(desk, "/admin/").links[PAGE] == "Meetings by day"
    client.force_login(create_user("ann", groups=["Author"]))
    assert PAGE not in get_page(client, "/admin/").links
    assert client.get(PAGE).status_code == 403
