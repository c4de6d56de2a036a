"""Booking a meeting: what the last form answers to what is sent."""

import datetime

import pytest
import time_machine
from django.test import Client

from contact import form_guard
from contact.models import AvailabilityException, Booking, BookingChange, OutgoingMail
from tests.contact.pages import hidden_fields, links, page_text, radio_choices
from tests.factories import create_booking, create_code, create_host, create_meeting_type

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
    assert "not offered any more. These are: " in page_text(response)
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


def test_body_of_ten_megabytes_is_refused(client, introduction):
    assert book(client, notes="x" * 11_000_000).status_code == 400
    assert not Booking.objects.exists()
