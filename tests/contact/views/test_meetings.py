"""Choosing the kind of a meeting, its day and its time: pages that are the same for everybody."""

import datetime
from urllib.parse import quote, urlencode

import pytest
import time_machine

from contact.models import AvailabilityException, AvailabilityWindow, Booking
from tests.contact.pages import checked_choice, chosen_zone, hidden_fields, links, page_text, radio_choices
from tests.factories import create_booking, create_code, create_host, create_meeting_type, create_window

ADDRESS = "/contact/meeting/"
# A Monday, 7 in the morning in New York.
NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def monday(db):
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def introduction():
    """Half an hour with Alex Morgan, who is there from 9 to 17 every day in New York."""
    return create_meeting_type(hosts=[create_host()], description="Who we are.")


def times_page(client, **parameters):
    return client.get(ADDRESS, {"type": "introduction", "zone": "America/New_York", **parameters})


# Kind and time zone


def test_first_page_shows_the_only_kind_without_asking(client, introduction):
    response = client.get(ADDRESS)

    assert "Introduction, 30 minutes Who we are." in page_text(response)
    assert "What kind of meeting?" not in page_text(response)
    assert hidden_fields(response) == {"type": "introduction"}


def test_first_page_lets_choose_among_kinds(client, introduction):
    host = introduction.hosts.get()
    create_meeting_type("walk-through", hosts=[host], length_min=90, position=2)
    create_meeting_type("gone", hosts=[host], active=False)
    create_meeting_type("of-nobody")

    assert radio_choices(client.get(ADDRESS), "type") == {
        "introduction": "Introduction, 30 minutes Who we are.",
        "walk-through": "Walk-through, 1 hour 30 minutes",
    }


def test_first_page_without_kinds_offers_to_write(client):
    response = client.get(ADDRESS, {"code": "none"})

    assert "No meetings can be booked at present." in page_text(response)
    assert links(response)["Send us a message"] == "/contact/message/"


def test_first_page_says_that_a_kind_is_gone(client, introduction):
    response = client.get(ADDRESS, {"type": "nosuch"})

    assert response.status_code == 200
    assert "not offered any more. Choose one of those below." in page_text(response)


def test_first_page_stands_at_the_zone_of_the_host_or_the_named_one(client, introduction):
    assert chosen_zone(client.get(ADDRESS)) == "America/New_York"
    assert chosen_zone(client.get(ADDRESS, {"zone": "Asia/Kathmandu"})) == "Asia/Kathmandu"
    # Former names are known, and zones that are no place.
    assert chosen_zone(client.get(ADDRESS, {"zone": "Asia/Calcutta"})) == "Asia/Kolkata"
    assert chosen_zone(client.get(ADDRESS, {"zone": "Etc/GMT+5"})) == "Etc/GMT+5"


def test_script_may_choose_a_zone_only_where_nobody_named_one(client, introduction):
    assert "time-zone.js" in client.get(ADDRESS).content.decode()
    assert "time-zone.js" not in client.get(ADDRESS, {"zone": "Asia/Kathmandu"}).content.decode()


def test_code_and_page_are_carried_along_to_the_details(client, introduction):
    create_code()
    origin = {"code": "hcpcs:J9302", "page": "/code/hcpcs/J9302"}
    first = client.get(ADDRESS, origin)
    times = client.get(ADDRESS, hidden_fields(first))
    details = client.get(ADDRESS, {**hidden_fields(times), "start": next(iter(radio_choices(times)))})

    assert hidden_fields(first) == {"type": "introduction", **origin}
    assert links(first)["Send us a message"] == "/contact/message/?code=hcpcs:J9302&page=/code/hcpcs/J9302"
    assert hidden_fields(times) == {"type": "introduction", "day": "2026-11-23", **origin}
    assert "code=hcpcs:J9302&page=/code/hcpcs/J9302" in links(times)["Later week →"]
    assert hidden_fields(details)["page"] == "/code/hcpcs/J9302"
    assert 'name="code" value="J9302"' in details.content.decode()


# Days and times


def test_times_begin_with_the_first_free_day(client, introduction):
    AvailabilityException.objects.create(first_day="2026-11-23", last_day="2026-11-24")
    response = times_page(client)

    assert "Wednesday, November 25, 2026 New York time (EST, UTC−5)" in page_text(response)
    assert next(iter(radio_choices(response).items())) == ("2026-11-25T14:00:00Z", "9:00 AM")
    assert len(radio_choices(response)) == 16


def test_days_without_free_times_are_no_links(client, introduction):
    AvailabilityException.objects.create(first_day="2026-11-25", last_day="2026-11-25")
    response = times_page(client)

    assert "November 23 to 29, 2026" in page_text(response)
    assert "Wed, Nov 25, no free time" in page_text(response)
    assert [name for name in links(response) if "free time" in name] == [
        f"{day}, 16 free times" for day in ("Mon, Nov 23", "Tue, Nov 24", "Thu, Nov 26", "Fri, Nov 27")
    ] + [f"{day}, 16 free times" for day in ("Sat, Nov 28", "Sun, Nov 29")]


def test_days_that_are_over_are_left_out(client, introduction):
    with time_machine.travel(NOW + datetime.timedelta(days=4), tick=False):
        text = page_text(times_page(client))

    assert "November 27 to 29, 2026" in text
    assert "Nov 26" not in text


def test_link_of_a_day_shows_its_times(client, introduction):
    response = client.get(links(times_page(client))["Thu, Nov 26, 16 free times"])

    assert "Thursday, November 26, 2026 New York time (EST, UTC−5)" in page_text(response)
    assert "2026-11-26T14:00:00Z" in radio_choices(response)
    assert 'day=2026-11-26#times" aria-current="true"' in response.content.decode()


def test_one_free_time_is_in_the_singular(client):
    host = create_host(hours=None)
    create_window(host, 1, datetime.time(9), datetime.time(9, 30))
    create_meeting_type(hosts=[host])

    assert "Tue, Nov 24, 1 free time" in links(times_page(client))


def test_weeks_lead_on_within_the_horizon(client):
    create_meeting_type(hosts=[create_host()], horizon_days=9)
    first = links(times_page(client))
    second = links(client.get(first["Later week →"]))
    third = page_text(times_page(client, week="2026-12-07"))

    assert "← Earlier week" not in first
    assert second["← Earlier week"].endswith("week=2026-11-23")
    assert "Wed, Dec 2, 16 free times" in second
    assert "Thu, Dec 3, 16 free times" not in second
    assert "Later week →" not in second
    assert "further ahead than meetings can be booked" in third


def test_week_without_free_times_leads_to_the_next_day_with_some(client, introduction):
    AvailabilityException.objects.create(first_day="2026-11-30", last_day="2026-12-07")
    response = times_page(client, week="2026-11-30")

    assert "There is no free time in this week." in page_text(response)
    assert links(response)["Go to Tuesday, December 8, 2026"].endswith("day=2026-12-08")
    assert not radio_choices(response)


def test_day_without_free_times_leads_to_the_next_one(client, introduction):
    AvailabilityException.objects.create(first_day="2026-11-25", last_day="2026-11-25")
    response = times_page(client, day="2026-11-25")

    assert "There is no free time on Wednesday, November 25, 2026." in page_text(response)
    assert "Go to Thursday, November 26, 2026" in links(response)


def test_last_free_day_is_over_and_leads_back(client):
    create_meeting_type(hosts=[create_host()], horizon_days=2)
    response = times_page(client, day="2026-11-26")

    assert links(response)["Go to Monday, November 23, 2026"]


def test_nothing_free_at_all_offers_to_write(client):
    create_meeting_type(hosts=[create_host(hours=None)])
    response = times_page(client)

    assert "There is no free time at present." in page_text(response)
    assert links(response)["Send us a message"] == "/contact/message/"


@pytest.mark.parametrize(
    ("parameters", "notice"),
    [
        ({"day": "2026-11-01"}, "That day is over."),
        ({"day": "0001-01-01"}, "That day is over."),
        ({"week": "9999-12-31"}, "That day is further ahead than meetings can be booked."),
        ({"day": "2027-11-01"}, "That day is further ahead than meetings can be booked."),
    ],
)
def test_days_out_of_reach_show_the_first_free_times(client, introduction, parameters, notice):
    response = times_page(client, **parameters)

    assert notice in page_text(response)
    assert "2026-11-23T14:00:00Z" in radio_choices(response)


def test_time_of_the_host_is_said_where_it_differs(client):
    create_meeting_type(hosts=[create_host("Sam", time_zone="Europe/London")])

    assert radio_choices(times_page(client, day="2026-11-24"))["2026-11-24T15:30:00Z"] == (
        "10:30 AM; 3:30 PM London time"
    )


def test_day_of_the_host_is_said_where_it_differs(client):
    create_meeting_type(hosts=[create_host("Ngaire", time_zone="Pacific/Auckland")])

    assert radio_choices(times_page(client, day="2026-11-24"))["2026-11-24T20:00:00Z"] == (
        "3:00 PM; 9:00 AM Wednesday, Auckland time"
    )


def test_time_of_each_host_is_said_where_several_could_be_met(client):
    hosts = [create_host("Sam", time_zone="Europe/London"), create_host("Noor", time_zone="Europe/Berlin")]
    create_meeting_type(hosts=hosts)
    choices = radio_choices(times_page(client, day="2026-11-24"))

    assert choices["2026-11-24T15:30:00Z"] == "10:30 AM; 4:30 PM Berlin time or 3:30 PM London time"
    assert choices["2026-11-24T08:30:00Z"] == "3:30 AM; 9:30 AM Berlin time"
    in_london = radio_choices(times_page(client, day="2026-11-24", zone="Europe/London"))
    assert in_london["2026-11-24T15:30:00Z"] == "3:30 PM; 4:30 PM Berlin time or the same"


def test_details_say_that_hosts_are_in_several_time_zones(client):
    hosts = [create_host("Sam", time_zone="Europe/London"), create_host("Noor", time_zone="Europe/Berlin")]
    create_meeting_type(hosts=hosts)

    assert "in different time zones" in page_text(times_page(client, start="2026-11-24T15:30:00Z"))
    assert "in different time zones" not in page_text(times_page(client, start="2026-11-24T08:30:00Z"))


def test_window_over_midnight_is_shown_on_the_date_of_the_visitor(client):
    host = create_host(hours=None)
    create_window(host, 1, datetime.time(22), datetime.time(2))
    create_meeting_type(hosts=[host])

    new_york = times_page(client)
    assert "Tue, Nov 24, 4 free times" in links(new_york)
    assert "Wed, Nov 25, 4 free times" in links(new_york)
    london = times_page(client, zone="Europe/London")
    assert "Tue, Nov 24, no free time" in page_text(london)
    assert "Wed, Nov 25, 8 free times" in links(london)
    assert radio_choices(london)["2026-11-25T04:30:00Z"] == "4:30 AM; 11:30 PM Tuesday, New York time"


def test_hour_that_comes_twice_is_told_apart(client):
    host = create_host(hours=None)
    create_window(host, 6, datetime.time(1), datetime.time(3))
    create_meeting_type(hosts=[host])
    with time_machine.travel(datetime.datetime(2027, 11, 1, 12, tzinfo=datetime.UTC), tick=False):
        response = times_page(client)
        details = times_page(client, start="2027-11-07T06:30:00Z")

    assert "The clocks change on this day" in page_text(response)
    assert "Sunday, November 7, 2027 New York time The clocks" in page_text(response)
    assert radio_choices(response) == {
        "2027-11-07T05:00:00Z": "1:00 AM (EDT, UTC−4)",
        "2027-11-07T05:30:00Z": "1:30 AM (EDT, UTC−4)",
        "2027-11-07T06:00:00Z": "1:00 AM (EST, UTC−5)",
        "2027-11-07T06:30:00Z": "1:30 AM (EST, UTC−5)",
        "2027-11-07T07:00:00Z": "2:00 AM (EST, UTC−5)",
        "2027-11-07T07:30:00Z": "2:30 AM (EST, UTC−5)",
    }
    assert "1:30 AM to 2:00 AM, New York time (EST, UTC−5)" in page_text(details)


def test_another_zone_keeps_the_chosen_instant(client, introduction):
    times = times_page(client, day="2026-11-24")
    chosen = {**hidden_fields(times), "start": "2026-11-24T15:30:00Z", "show": "times"}

    kolkata = client.get(ADDRESS, {**chosen, "zone": "Asia/Kolkata"})
    assert checked_choice(kolkata) == "2026-11-24T15:30:00Z"
    assert radio_choices(kolkata)["2026-11-24T15:30:00Z"] == "9:00 PM; 10:30 AM New York time"
    # There the same instant is on the next day.
    auckland = client.get(ADDRESS, {**chosen, "zone": "Pacific/Auckland"})
    assert "Wednesday, November 25, 2026" in page_text(auckland)
    assert checked_choice(auckland) == "2026-11-24T15:30:00Z"
    back = client.get(ADDRESS, {**hidden_fields(auckland), **chosen, "zone": "America/New_York"})
    assert checked_choice(back) == "2026-11-24T15:30:00Z"
    assert "Tuesday, November 24, 2026" in page_text(back)


def test_another_zone_keeps_the_day_where_no_time_is_chosen(client, introduction):
    times = times_page(client, day="2026-11-24")
    response = client.get(ADDRESS, {**hidden_fields(times), "zone": "Asia/Kolkata", "show": "times"})

    assert "Tuesday, November 24, 2026" in page_text(response)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Mars/Base", "Mars/Base"),
        ("../../etc/passwd", "../../etc/passwd"),
        ("america/new_york", "america/new_york"),
        ("x" * 10_000, "x" * 40),
        ("New\0York", "NewYork"),
        ("<b>", "<b>"),
        ("\u202eRTL", "RTL"),
    ],
    ids=["unknown", "path", "lower-case", "long", "nul", "markup", "bidi"],
)
@pytest.mark.parametrize("parameters", [{}, {"type": "introduction"}], ids=["first", "times"])
def test_unknown_zone_gives_the_one_of_the_host_and_a_notice(client, introduction, zone, shown, parameters):
    response = client.get(ADDRESS, {**parameters, "zone": zone})

    assert response.status_code == 200
    assert chosen_zone(response) == "America/New_York"
    assert f"“{shown}” is no time zone known here. This is New York time" in page_text(response)


@pytest.mark.parametrize("name", ["type", "zone", "week", "day", "start", "show", "code", "page", "nosuch"])
@pytest.mark.parametrize(
    "value", ["\0", "a\0b", "x" * 5000, b"\xed\xa0\x80"], ids=["nul", "with-nul", "long", "surrogate"]
)
def test_no_parameter_breaks_a_page(client, introduction, name, value):
    given = {"type": "introduction", "start": "2026-11-24T15:30:00Z", name: value}

    assert client.get(f"{ADDRESS}?{name}={quote(value)}").status_code == 200
    assert client.get(f"{ADDRESS}?{urlencode(given)}").status_code == 200


def test_public_pages_are_asked_for_anew_and_set_no_cookie(client, introduction):
    for parameters in ({}, {"type": "introduction"}, {"type": "introduction", "day": "2026-11-24"}):
        response = client.get(ADDRESS, parameters)
        again = client.get(ADDRESS, parameters, headers={"If-None-Match": response["ETag"]})

        assert response["Cache-Control"] == "no-cache"
        assert again.status_code == 304
        assert not response.cookies


def test_validator_changes_when_a_time_is_taken(client, introduction):
    before = times_page(client)
    create_booking(introduction, introduction.hosts.get(), NOW + datetime.timedelta(hours=3))

    assert times_page(client)["ETag"] != before["ETag"]


def test_only_the_first_page_is_for_search_engines(client, introduction):
    noindex = '<meta name="robots" content="noindex">'

    assert noindex not in client.get(ADDRESS).content.decode()
    assert noindex in client.get(ADDRESS, {"code": "J9302"}).content.decode()
    assert noindex in times_page(client).content.decode()
    assert noindex in times_page(client, start="2026-11-24T15:30:00Z").content.decode()


def test_times_of_five_hosts_take_as_many_queries_as_those_of_one(client, django_assert_max_num_queries):
    hosts = [create_host(f"Host {number}") for number in range(5)]
    meeting_type = create_meeting_type(hosts=hosts)
    for host in hosts:
        for hour in range(3):
            create_booking(meeting_type, host, NOW + datetime.timedelta(days=1, hours=3 + hour))
    times_page(client)

    # The types; the hosts, windows, exceptions and bookings of the first free time, and of the week.
    with django_assert_max_num_queries(10):
        times_page(client)
    with django_assert_max_num_queries(6):
        response = times_page(client, day="2026-11-24")
    assert len(radio_choices(response)) == 13


# A chosen time


def test_details_say_the_time_in_both_zones(client):
    create_meeting_type(hosts=[create_host("Sam", time_zone="Europe/London")])
    text = page_text(times_page(client, start="2026-11-24T15:30:00Z"))

    assert "Tuesday, November 24, 2026 10:30 AM to 11:00 AM, New York time (EST, UTC−5)" in text
    assert "With us it is 3:30 PM to 4:00 PM, London time (GMT, UTC+0)." in text


def test_details_lead_back_to_the_times_with_the_chosen_one(client, introduction):
    details = times_page(client, start="2026-11-24T15:30:00Z")
    times = client.get(links(details)["Choose another time"])

    assert checked_choice(times) == "2026-11-24T15:30:00Z"


def test_details_of_a_time_that_is_taken_offer_the_next_ones(client, introduction):
    create_booking(introduction, introduction.hosts.get(), datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC))
    response = times_page(client, start="2026-11-24T15:30:00Z")

    assert "The time that you chose is not free." in page_text(response)
    assert next(iter(radio_choices(response).items())) == ("2026-11-24T16:00:00Z", "Tue, Nov 24, 11:00 AM")


@pytest.mark.parametrize(
    "start",
    ["2026-11-24T15:31:00Z", "2026-11-20T15:30:00Z", "2028-11-24T15:30:00Z", "2999-12-31T23:59:59Z", "soon", "\0"],
)
def test_details_of_a_time_that_is_not_offered_offer_free_ones(client, introduction, start):
    response = times_page(client, start=start)

    assert response.status_code == 200
    assert "The time that you chose is not free." in page_text(response)
    assert len(radio_choices(response)) == 6
    assert links(response)["See all free times"]


def test_details_without_any_free_time_offer_to_write(client):
    create_meeting_type(hosts=[create_host(hours=None)])
    response = times_page(client, start="2026-11-24T15:30:00Z")

    assert "There is no free time at present." in page_text(response)


def test_reading_books_nothing(client, introduction):
    for parameters in ({}, {"type": "introduction"}, {"type": "introduction", "start": "2026-11-24T15:30:00Z"}):
        assert client.head(ADDRESS, parameters).status_code == 200
        assert client.get(ADDRESS, {**parameters, "name": "Kim", "email": "kim@visitor.example"}).status_code == 200
    assert not Booking.objects.exists()


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, introduction, method):
    assert getattr(client, method)(ADDRESS).status_code == 405


def test_windows_are_those_of_the_host_in_every_zone(client):
    """London 9 to 17 for a visitor in Kolkata: half past two in winter, half past one in summer."""
    create_meeting_type(hosts=[create_host("Sam", time_zone="Europe/London")], horizon_days=365)
    firsts = {}
    with time_machine.travel(datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC), tick=False):
        for day in ("2027-03-27", "2027-03-28", "2027-10-31"):
            response = times_page(client, zone="Asia/Kolkata", day=day)
            firsts[day] = next(iter(radio_choices(response).values())).partition(";")[0]

    assert firsts == {"2027-03-27": "2:30 PM", "2027-03-28": "1:30 PM", "2027-10-31": "2:30 PM"}
    assert AvailabilityWindow.objects.count() == 7
