"""Booking a meeting: what the last form answers to what is sent."""

import datetime

import pytest
import time_machine
from django.test import Client

from contact import form_guard, rate_limits
from contact.models import AvailabilityException, Booking, BookingChange, OutgoingMail, RateBucket
from contact.views import meetings
from tests.contact.pages import hidden_fields, links, page_text, radio_choices
from tests.factories import create_booking, create_code, create_host, create_meeting_type
from tests.own_database import make_own_database

ADDRESS = "/contact/meeting/"
# A Monday, 7 in the morning in New York.
NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
TYPED = {
    "name": "Kim Lee",
    "email": "kim@visitor.example",
    "organization": "Lee & Sons",
    "code": "J9302",
    "notes": "Prior authorization,\r\nand how you find it.",
}


@pytest.fixture(autouse=True)
def monday(db, monkeypatch):
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 0)
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def host():
    return create_host()


@pytest.fixture
def introduction(host):
    """Half an hour with Alex Morgan, who is there from 9 to 17 every day in New York."""
    return create_meeting_type(hosts=[host])


def form_of(client, start=START, zone="Europe/London"):
    """What the form of the last step sends by itself."""
    response = client.get(ADDRESS, {"type": "introduction", "zone": zone, "start": f"{start:%Y-%m-%dT%H:%M:%SZ}"})
    return hidden_fields(response)


def book(client, **changed):
    """The answer to a filled-in form; None leaves a field out."""
    fields = {**form_of(client), **TYPED, **changed}
    return client.post(ADDRESS, {name: value for name, value in fields.items() if value is not None})


def assert_keeps_what_was_typed(response):
    html = response.content.decode()
    for text in ("Kim Lee", "kim@visitor.example", "Lee &amp; Sons", "J9302", "and how you find it."):
        assert text in html


def test_booking_leads_to_the_page_of_the_meeting(client, introduction, host):
    code = create_code()
    response = book(client, page="/code/hcpcs/J9302")
    booking = Booking.objects.get()

    assert response.status_code == 302
    assert response["Location"].endswith("/?done=booked")
    assert (booking.starts_at, booking.host, booking.meeting_type) == (START, host, introduction)
    assert (booking.name, booking.email, booking.time_zone) == ("Kim Lee", "kim@visitor.example", "Europe/London")
    assert (booking.code, booking.code_text, booking.page) == (code, "J9302", "/code/hcpcs/J9302")
    assert (booking.organization, booking.looks_like_spam) == ("Lee & Sons", False)
    assert booking.notes == "Prior authorization,\nand how you find it."
    assert OutgoingMail.objects.filter(booking=booking, to="kim@visitor.example", kind="booked").exists()
    page = client.get(response["Location"])
    assert "Your meeting is booked" in page_text(page)
    assert "Tuesday, November 24, 2026 3:30 PM to 4:00 PM, London time (GMT, UTC+0)" in page_text(page)


def test_form_asks_for_the_token_against_forged_requests(introduction):
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(ADDRESS, {**form_of(strict), **TYPED}).status_code == 403
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"name": ""}, "Your name: Write your name"),
        ({"name": "Kim\nBcc: all@visitor.example"}, "Your name: This holds a line break"),
        ({"name": "\u200b\u200d"}, "Your name: This holds no visible character"),
        ({"name": "a\0b"}, "Your name: "),
        ({"email": "kim@visitor.example,lee@visitor.example"}, "Your e-mail address: Write one e-mail address"),
        ({"email": "kim@visitor.example\n"}, None),
        ({"email": "a\0@b.example"}, "Your e-mail address: "),
        ({"email": "kim@a\u2028b.example"}, "Your e-mail address: Write one e-mail address"),
        ({"email": "kim@a\ue000b.example"}, "Your e-mail address: Write one e-mail address"),
        ({"email": "kim@" + "\u00fc" * 60 + ".example"}, "Your e-mail address: Write one e-mail address"),
        ({"email": '"\x0b"@visitor.example'}, "Your e-mail address: Write one e-mail address"),
        ({"organization": "x" * 151}, "Organization: "),
        ({"notes": "x" * 2001}, "What it is about: "),
        ({"code": "a\0b"}, "Medical code: "),
        ({"form_token": "forged"}, "The form did not come from this page"),
        ({"form_token": None}, "The form did not come from this page"),
        ({"start": None}, "Time: Choose a time."),
        ({"start": ""}, "Time: Choose a time."),
        ({"start": "soon"}, "Time: Choose one of these times."),
        ({"start": "2026-11-24T15:30:00Z\0"}, "Time: Choose one of these times."),
        ({"start": "2026-11-24T15:30:00"}, "Time: Choose one of these times."),
        ({"start": "2026-02-30T15:30:00Z"}, "Time: Choose one of these times."),
        ({"start": "９９９９-11-24T15:30:00Z"}, "Time: Choose one of these times."),
    ],
)
def test_what_cannot_be_read_is_asked_for_again(client, introduction, changed, error):
    response = book(client, **changed)

    if error is None:
        assert response.status_code == 302
        return
    assert response.status_code == 422
    assert error in page_text(response)
    assert "Not booked yet" in response.content.decode()
    assert not Booking.objects.exists()
    kept = {name: value for name, value in TYPED.items() if name not in changed}
    assert all(value.splitlines()[-1].replace("&", "&amp;") in response.content.decode() for value in kept.values())


@pytest.mark.parametrize("field", ["type", "zone", "page", "reference", "show", "week", "day", "nosuch"])
def test_nul_in_any_other_field_breaks_nothing(client, introduction, field):
    assert book(client, **{field: "\0"}).status_code in (302, 404)


def test_form_that_comes_too_fast_is_shown_again_with_everything(client, introduction, monkeypatch):
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 3)
    response = book(client)

    assert response.status_code == 422
    assert_keeps_what_was_typed(response)
    with time_machine.travel(NOW + datetime.timedelta(seconds=5), tick=False):
        assert client.post(ADDRESS, {**hidden_fields(response), **TYPED}).status_code == 302


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(START + datetime.timedelta(minutes=5), id="off the grid"),
        pytest.param(START + datetime.timedelta(seconds=1), id="with seconds"),
        pytest.param(NOW - datetime.timedelta(days=1, hours=-3), id="past"),
        pytest.param(NOW + datetime.timedelta(hours=2), id="within the notice"),
        pytest.param(START + datetime.timedelta(days=61), id="beyond the horizon"),
        pytest.param(datetime.datetime(2999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC), id="the end of time"),
        pytest.param(START + datetime.timedelta(hours=12), id="at night"),
        pytest.param(START.replace(hour=18, minute=0), id="inside a buffer"),
    ],
)
def test_forged_start_is_refused_with_the_next_free_times(client, host, start):
    meeting_type = create_meeting_type(hosts=[host], buffer_after_min=30, notice_min=180, horizon_days=60)
    create_booking(meeting_type, host, START.replace(hour=17, minute=30))
    response = book(client, start=f"{start:%Y-%m-%dT%H:%M:%SZ}")

    assert response.status_code == 409
    assert Booking.objects.count() == 1
    assert_keeps_what_was_typed(response)
    assert len(radio_choices(response)) == 6
    retried = client.post(ADDRESS, {**hidden_fields(response), **TYPED, "start": next(iter(radio_choices(response)))})
    assert retried.status_code == 302


@pytest.mark.parametrize("slug", ["nosuch", "", "of-nobody", "gone", "x" * 200, "\0"])
def test_type_that_is_not_offered_is_refused_with_what_was_typed(client, introduction, host, slug):
    create_meeting_type("of-nobody")
    create_meeting_type("gone", hosts=[host], active=False)
    response = book(client, type=slug)

    assert response.status_code == 404
    assert not Booking.objects.exists()
    assert "not offered any more. Choose one of those below." in page_text(response)
    assert "and how you find it." in page_text(response)


def test_type_whose_only_host_left_is_refused(client, introduction, host):
    fields = form_of(client)
    host.active = False
    host.save()

    assert client.post(ADDRESS, {**fields, **TYPED}).status_code == 404
    assert not Booking.objects.exists()


def test_taken_time_is_refused_with_the_next_free_ones_at_once(client, introduction, host):
    fields = form_of(client)
    create_booking(introduction, host, START)
    response = client.post(ADDRESS, {**fields, **TYPED})

    assert response.status_code == 409
    assert "Time: That time has just gone." in page_text(response)
    assert_keeps_what_was_typed(response)
    assert next(iter(radio_choices(response).items())) == (
        "2026-11-24T16:00:00Z",
        "Tue, Nov 24, 4:00 PM; 11:00 AM New York time",
    )
    # The same form, with another time, is sent again at once.
    assert hidden_fields(response)["form_token"] == fields["form_token"]
    again = client.post(ADDRESS, {**hidden_fields(response), **TYPED, "start": "2026-11-24T16:00:00Z"})
    assert again.status_code == 302
    assert Booking.objects.filter(email="kim@visitor.example", starts_at="2026-11-24T16:00:00Z").exists()


def test_other_errors_do_not_hide_that_the_time_is_taken(client, introduction, host):
    fields = form_of(client)
    create_booking(introduction, host, START)
    response = client.post(ADDRESS, {**fields, **TYPED, "name": ""})

    assert response.status_code == 422
    assert "The time that you chose is not free." in page_text(response)
    assert radio_choices(response)


def test_full_day_is_refused_with_times_of_other_days(client, host):
    introduction = create_meeting_type(hosts=[host], daily_cap=1)
    fields = form_of(client)
    create_booking(introduction, host, START.replace(hour=18))
    response = client.post(ADDRESS, {**fields, **TYPED})

    assert response.status_code == 409
    assert "That day is full now." in page_text(response)
    assert next(iter(radio_choices(response))) == "2026-11-25T14:00:00Z"


def test_window_that_was_closed_meanwhile_is_refused_with_other_times(client, introduction):
    fields = form_of(client)
    AvailabilityException.objects.create(first_day="2026-11-24", last_day="2026-11-24")
    response = client.post(ADDRESS, {**fields, **TYPED})

    assert response.status_code == 409
    assert "That time is not offered." in page_text(response)
    assert next(iter(radio_choices(response))) == "2026-11-25T14:00:00Z"
    assert not Booking.objects.exists()


def test_nothing_left_offers_to_write(client, introduction):
    fields = form_of(client)
    AvailabilityException.objects.create(first_day="2026-11-01", last_day="2027-11-01")
    response = client.post(ADDRESS, {**fields, **TYPED})

    assert response.status_code == 409
    assert "There is no free time at present." in page_text(response)
    assert_keeps_what_was_typed(response)


def test_form_that_is_sent_twice_books_once(client, introduction):
    fields = {**form_of(client), **TYPED}
    first, second = client.post(ADDRESS, fields), client.post(ADDRESS, fields)

    assert second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Booking.objects.count() == 1
    assert BookingChange.objects.count() == 1


def test_form_that_is_sent_twice_with_another_time_says_what_is_booked(client, introduction):
    fields = {**form_of(client), **TYPED}
    booked = client.post(ADDRESS, fields)
    response = client.post(ADDRESS, {**fields, "start": "2026-11-24T17:00:00Z"})

    assert response.status_code == 409
    assert "You have booked with this form already" in page_text(response)
    assert "Tuesday, November 24, 2026, 3:30 PM to 4:00 PM, London time (GMT, UTC+0)" in page_text(response)
    assert f"{links(response)['Your meeting']}?done=booked" == booked["Location"]
    assert_keeps_what_was_typed(response)
    # Sent once more, it is a second meeting.
    assert client.post(ADDRESS, {**hidden_fields(response), **TYPED}).status_code == 302
    assert Booking.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Kim Lee-Park"},
        {"email": "kim.lee@visitor.example"},
        {"organization": "Lee & Daughters"},
        {"code": "J9303"},
        {"notes": "Something else"},
        {"type": "walk-through"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_form_that_is_corrected_and_sent_again_says_that_the_correction_was_not_kept(
    client, introduction, host, change
):
    create_meeting_type("walk-through", hosts=[host])
    fields = {**form_of(client), **TYPED}
    booked = client.post(ADDRESS, fields)
    response = client.post(ADDRESS, {**fields, **change})

    assert response.status_code == 409
    assert "What you changed in the form since then was not kept." in page_text(response)
    assert f"{links(response)['Your meeting']}?done=booked" == booked["Location"]
    assert next(iter(change.values())).replace("&", "&amp;") in response.content.decode()
    assert Booking.objects.count() == 1
    assert OutgoingMail.objects.filter(kind="booked").count() == 2


def test_address_in_other_case_is_the_same_form(client, introduction):
    fields = {**form_of(client), **TYPED}
    first = client.post(ADDRESS, fields)

    assert client.post(ADDRESS, {**fields, "email": "Kim@Visitor.Example"})["Location"] == first["Location"]
    assert Booking.objects.get().email == "kim@visitor.example"


def test_filled_in_trap_books_all_the_same(client, introduction):
    assert book(client, reference="https://spam.example").status_code == 302
    assert Booking.objects.get().looks_like_spam


def test_text_that_looks_like_spam_books_all_the_same(client, introduction):
    assert book(client, notes="[url=https://spam.example]cheap[/url]").status_code == 302
    assert Booking.objects.get().looks_like_spam


def test_unknown_zone_is_that_of_the_host(client, introduction):
    assert book(client, zone="Mars/Base").status_code == 302
    assert Booking.objects.get().time_zone == "America/New_York"


def test_sixth_booking_of_a_network_in_an_hour_has_to_wait(client, host):
    create_meeting_type(hosts=[host])
    for number in range(5):
        start = f"2026-11-2{number + 4}T15:30:00Z"
        assert book(client, email=f"kim{number}@visitor.example", start=start).status_code == 302
    response = book(client, email="kim6@visitor.example", start="2026-11-24T18:00:00Z")

    assert response.status_code == 429
    assert response["Retry-After"] == "3600"
    assert "Many meetings were booked from your network in a short time." in page_text(response)
    assert "kim6@visitor.example" in response.content.decode()
    assert Booking.objects.count() == 5
    later = NOW + datetime.timedelta(hours=1)
    with time_machine.travel(later, tick=False):
        assert client.post(ADDRESS, {**hidden_fields(response), **TYPED}).status_code == 302


def test_refused_attempts_do_not_count(client, introduction, host):
    create_booking(introduction, host, START)
    for _ in range(6):
        assert book(client, start="2026-11-24T15:30:00Z").status_code == 409
        assert book(client, start="2026-11-24T15:31:00Z").status_code == 409
    for hour in (17, 18):
        create_booking(introduction, host, START.replace(hour=hour), email="ann@visitor.example")
    for _ in range(6):
        assert book(client, start="2026-11-25T15:30:00Z", email="ann@visitor.example").status_code == 422
    assert not RateBucket.objects.exists()

    assert book(client, start="2026-11-25T15:30:00Z").status_code == 302


def test_booking_and_cancelling_in_turn_ends_for_one_address(introduction):
    def book_elsewhere(number):
        client = Client(REMOTE_ADDR=f"192.0.2.{number}")
        return client, book(client, start=f"2026-11-2{4 + number % 5}T15:30:00Z")

    for number in range(4):
        client, response = book_elsewhere(number)
        assert response.status_code == 302
        client.post(response["Location"].partition("?")[0], {"action": "cancel"})
    _, refused = book_elsewhere(4)

    assert refused.status_code == 429
    assert refused["Retry-After"] == str(12 * 3600)
    assert "Many meetings were booked with this address today." in page_text(refused)
    assert_keeps_what_was_typed(refused)
    assert OutgoingMail.objects.filter(to="kim@visitor.example", kind="booked").count() == 4


def test_ceiling_for_everybody_holds(client, introduction, monkeypatch):
    monkeypatch.setattr(rate_limits, "BOOKINGS", rate_limits.Limit("booking-hour", 1, 3600))
    monkeypatch.setattr(meetings, "BOOKINGS", rate_limits.BOOKINGS)
    assert book(client).status_code == 302
    refused = book(
        Client(REMOTE_ADDR="192.0.2.9"), start="2026-11-25T15:30:00Z", email="ann@visitor.example", notes="Why not"
    )

    assert (refused.status_code, refused["Retry-After"]) == (429, "3600")
    assert "Many people are booking meetings just now." in page_text(refused)
    assert "Why not" in refused.content.decode()


def test_limits_can_be_switched_off(client, host, settings):
    settings.RATE_LIMITS = False
    create_meeting_type(hosts=[host])
    starts = [f"2026-11-24T{hour}:{minute}:00Z" for hour in range(15, 20) for minute in ("00", "30")]

    assert {book(client, start=start).status_code for start in starts} == {302}


# Fifty visitors of one network, each with a time and an address of their own.
FLOOD = """
import datetime, uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
import time_machine
from django.db import connection
from django.test import Client
from contact import form_guard
from contact.form_guard import make_token
from contact.models import Booking
from tests.factories import create_host, create_meeting_type

# Counts would begin anew with an hour that ends meanwhile.
time_machine.travel(datetime.datetime(2026, 11, 23, 12, 20, tzinfo=datetime.UTC), tick=False).start()
form_guard.LEAST_SECONDS = 0
create_meeting_type(hosts=[create_host(hours=(0, 0))])
day = datetime.datetime(2026, 11, 26, 12, tzinfo=datetime.UTC)

def book(number):
    start = f"{day + number * datetime.timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}"
    typed = {"name": "Kim Lee", "email": f"kim{number}@visitor.example", "form_token": make_token(uuid.uuid4())}
    try:
        return Client().post("/contact/meeting/", {"type": "introduction", "start": start, **typed}).status_code
    finally:
        connection.close()

with ThreadPoolExecutor(25) as pool:
    print(sorted(Counter(pool.map(book, range(50))).items()), Booking.objects.count())
"""


def test_limit_of_a_network_is_exact_for_fifty_at_the_same_time(tmp_path):
    allowed = min(limit.count for limit in rate_limits.BOOKINGS_OF_NETWORK)
    with make_own_database(tmp_path) as own:
        # DEBUG, so that static files need not have been collected.
        environment = {**own.environment, "ALLOWED_HOSTS": "testserver", "RATE_LIMITS": "1", "DEBUG": "1"}
        result = own.run("manage.py", "shell", "--verbosity=0", "--command", FLOOD, env=environment)

    assert result.stdout.strip() == f"[(302, {allowed}), (429, {50 - allowed})] {allowed}", result.stderr


def test_repeated_form_does_not_count_against_the_network(client, introduction):
    fields = {**form_of(client), **TYPED}

    assert {client.post(ADDRESS, fields).status_code for _ in range(8)} == {302}


def test_third_meeting_ahead_of_one_address_is_refused(client, introduction, host):
    for hour in (17, 18):
        create_booking(introduction, host, START.replace(hour=hour), email="kim@visitor.example")
    response = book(client)

    assert response.status_code == 422
    assert "Your e-mail address: With this address there are as many meetings ahead" in page_text(response)
    assert_keeps_what_was_typed(response)
    assert Booking.objects.count() == 2


def test_answers_to_what_was_typed_are_kept_by_nobody(client, introduction):
    for changed in ({"name": ""}, {"type": "nosuch"}, {}):
        assert book(client, **changed)["Cache-Control"] == "private, no-store"


def test_name_from_right_to_left_stands_apart(client, introduction):
    response = book(client, name="\u202eנועה לוי\u202c")

    assert "<bdi>נועה לוי</bdi>" in client.get(response["Location"]).content.decode()


def test_typed_texts_are_escaped(client, introduction):
    response = book(client, name="<b>Kim</b>", email="wrong")
    booked = book(client, name="<b>Kim</b>")

    assert "<b>Kim" not in response.content.decode()
    assert "&lt;b&gt;Kim" in client.get(booked["Location"]).content.decode()


def test_no_log_line_names_the_visitor(client, introduction, caplog):
    book(client, start="2026-11-24T15:31:00Z")
    book(client, name="")
    book(client)

    assert not any(word in caplog.text for word in ("Kim", "visitor.example", "Prior authorization"))


def test_too_many_fields_are_answered_plainly(client, introduction):
    response = book(client, **{f"field{number}": "x" for number in range(1_001)})

    assert response.status_code == 400
    assert "This request could not be understood" in page_text(response)
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("name", "notes"),
    [("نور الدين", "هل يغطي التأمين J9302؟\nشكراً"), ("נועה לוי", "האם J9302 מכוסה? (כן/לא)")],
    ids=["arabic", "hebrew"],
)
def test_text_from_right_to_left_comes_back_as_it_was_typed(client, introduction, name, notes):
    refused = book(client, name=name, notes=notes, email="wrong")
    booked = book(client, name=name, notes=notes)

    html = refused.content.decode()
    assert f'value="{name}"' in html
    assert notes in html
    assert (Booking.objects.get().name, Booking.objects.get().notes) == (name, notes)
    assert f"<bdi>{name}</bdi>" in client.get(booked["Location"]).content.decode()
    assert notes in OutgoingMail.objects.get(kind="booked", to="alex-morgan@team.example").text


def test_body_of_ten_megabytes_is_refused(client, introduction):
    assert book(client, notes="x" * 11_000_000).status_code == 400
    assert not Booking.objects.exists()
