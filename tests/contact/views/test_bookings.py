"""The page of a meeting: reading it changes nothing, its forms move and cancel."""

import datetime
import uuid

import pytest
import time_machine
from django.core.signing import Signer
from django.test import Client

from codesite.log_lines import RedactingFormatter
from contact.actions import move
from contact.links import SALT, booking_path, booking_token
from contact.models import AvailabilityException, Booking, BookingChange, OutgoingMail, RateBucket
from tests.contact.pages import checked_choice, chosen_zone, hidden_fields, links, page_text, radio_choices
from tests.factories import create_booking, create_host, create_meeting_type, create_user

# A Monday, 7 in the morning in New York.
NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)
START = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)
LATER = "2026-11-24T17:00:00Z"


@pytest.fixture(autouse=True)
def monday(db):
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def host():
    """There from 9 to 17 every day in New York."""
    return create_host()


@pytest.fixture
def introduction(host):
    return create_meeting_type(hosts=[host], cancel_cutoff_min=60)


@pytest.fixture
def booking(introduction, host):
    """Of Kim Lee in London."""
    return create_booking(introduction, host, START)


def state(booking):
    """Everything of it that a change would change."""
    return Booking.objects.values().get(pk=booking.pk), BookingChange.objects.count(), OutgoingMail.objects.count()


def post(client, booking, **fields):
    return client.post(booking_path(booking), fields)


# What it shows


def test_page_shows_the_meeting(client, booking):
    response = client.get(booking_path(booking))
    text = page_text(response)

    assert "Your meeting" in text
    assert "When Tuesday, November 24, 2026 3:30 PM to 4:00 PM, London time (GMT, UTC+0)" in text
    assert "With us it is 10:30 AM to 11:00 AM, New York time (EST, UTC−5)." in text
    assert "What Introduction, 30 minutes With Alex Morgan Where By video For Kim Lee, kim@visitor.example" in text
    assert "You can do both until 1 hour before it begins." in text
    assert links(response)["Calendar file (.ics)"] == f"{booking_path(booking)}meeting.ics"
    assert links(response)["Google Calendar"].startswith("https://calendar.google.com/")
    assert links(response)["Outlook"].startswith("https://outlook.")
    assert "on its way" not in text


def test_times_of_the_host_are_left_out_where_they_are_the_same(client, introduction, host):
    booking = create_booking(introduction, host, START, time_zone="America/Toronto")

    assert "With us it is" not in page_text(client.get(booking_path(booking)))


def test_page_is_kept_by_nobody_and_tells_its_address_to_nobody(client, booking):
    token = booking_token(booking)
    for address, status in ((booking_path(booking), 200), (f"/meeting/{token[:-1]}/", 404), ("/meeting/x/", 404)):
        response = client.get(address)

        assert response.status_code == status
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "strict-origin"
        assert "noindex" in response["X-Robots-Tag"]


@pytest.mark.parametrize(
    ("done", "sentence"),
    [
        ("booked", "An invitation is on its way to kim@visitor.example"),
        ("moved", "A new invitation is on its way to kim@visitor.example"),
        ("cancelled", None),
        ("nosuch", None),
        ("\0", None),
    ],
)
def test_page_says_what_was_done_only_where_it_is_so(client, booking, done, sentence):
    text = page_text(client.get(booking_path(booking), {"done": done}))

    assert sentence in text if sentence else "on its way" not in text


def test_page_of_a_cancelled_meeting_offers_to_book_another(client, introduction, host):
    booking = create_booking(introduction, host, START, status="cancelled")
    response = client.get(booking_path(booking), {"done": "booked"})

    assert "This meeting is cancelled" in page_text(response)
    assert "on its way" not in page_text(response)
    again = "/contact/meeting/?type=introduction&zone=Europe/London"
    assert links(response) == {"Book another meeting": again}


def test_page_past_the_cutoff_says_how_to_reach_us(client, booking):
    with time_machine.travel(START - datetime.timedelta(minutes=59), tick=False):
        for change in ("", "time", "cancel"):
            response = client.get(booking_path(booking), {"change": change})
            assert "It is too late to change the meeting here." in page_text(response)
            assert links(response)["send us a message"] == "/contact/message/"
            assert 'method="post"' not in response.content.decode()


def test_page_of_a_missed_meeting_says_nothing_of_changing_it(client, introduction, host):
    booking = create_booking(introduction, host, START, status="no-show")
    text = page_text(client.get(booking_path(booking)))

    assert "Move or cancel" not in text
    assert "cancelled" not in text


def test_page_shows_the_time_in_another_zone(client, booking):
    response = client.get(booking_path(booking), {"zone": "Asia/Kolkata"})

    assert "9:00 PM to 9:30 PM, Kolkata time (IST, UTC+5:30)" in page_text(response)
    assert chosen_zone(response) == "Asia/Kolkata"
    assert links(response)["Choose another time"].endswith("?change=time&zone=Asia/Kolkata")


def test_unknown_zone_gives_that_of_the_visitor_and_a_notice(client, booking):
    response = client.get(booking_path(booking), {"zone": "Mars/Base"})

    assert "“Mars/Base” is no time zone known here. The times are in London time" in page_text(response)
    assert "3:30 PM to 4:00 PM, London time" in page_text(response)


@pytest.mark.parametrize("name", ["zone", "change", "done", "week", "day", "start", "type"])
@pytest.mark.parametrize("value", ["\0", "x" * 5000, "9999-12-31"], ids=["nul", "long", "far"])
def test_no_parameter_breaks_the_page(client, booking, name, value):
    assert client.get(booking_path(booking), {name: value}).status_code == 200
    assert client.get(booking_path(booking), {"change": "time", name: value}).status_code == 200


def test_old_link_shows_the_new_time(client, booking):
    page = booking_path(booking)
    post(client, booking, action="move", sequence=0, start=LATER)
    post(client, booking, action="move", sequence=1, start="2026-11-25T14:00:00Z")

    assert "Wednesday, November 25, 2026 2:00 PM to 2:30 PM" in page_text(client.get(page))
    assert Booking.objects.get().sequence == 2
    assert Booking.objects.get().uid == booking.uid


def test_names_stand_apart_and_are_escaped(client, introduction, host):
    booking = create_booking(introduction, host, START, name="<b>נועה</b>")

    assert "<bdi>&lt;b&gt;נועה&lt;/b&gt;</bdi>" in client.get(booking_path(booking)).content.decode()


# Links that do not hold


def test_links_that_do_not_hold_answer_404(client, booking, introduction, host):
    token = booking_token(booking)
    other = create_booking(introduction, host, START + datetime.timedelta(days=1))
    mixed = booking_token(other).partition(":")[0] + ":" + token.partition(":")[2]
    resigned = Signer(salt="other").sign(f"{booking.uuid.hex}.1")
    unknown = Signer(salt=SALT).sign(f"{uuid.uuid4().hex}.1")

    for wrong in (
        token[:-1],
        token[:20],
        f"{token}a",
        token.swapcase(),
        mixed,
        resigned,
        unknown,
        "x",
        "%00",
        "%0A",
        "é",
    ):
        for method in (client.get, client.head, client.post):
            assert method(f"/meeting/{wrong}/").status_code == 404, wrong


def test_link_ends_with_the_meeting_and_when_it_is_rotated(client, booking):
    page = booking_path(booking)
    with time_machine.travel(booking.ends_at - datetime.timedelta(seconds=1), tick=False):
        assert client.get(page).status_code == 200
    with time_machine.travel(booking.ends_at, tick=False):
        assert client.get(page).status_code == 404
        assert client.post(page, {"action": "cancel"}).status_code == 404
    booking.rotate_link()
    assert client.get(page).status_code == 404
    assert client.get(booking_path(booking)).status_code == 200


def test_404_shows_the_plain_page(client, booking):
    assert "There is no page at this address" in page_text(client.get("/meeting/nosuch/"))


# Reading changes nothing


def test_reading_changes_nothing(client, booking):
    before = state(booking)
    for parameters in (
        {},
        {"change": "time"},
        {"change": "cancel"},
        {"action": "cancel"},
        {"action": "move", "start": LATER, "sequence": "0"},
        {"done": "cancelled"},
    ):
        for method in (client.get, client.head):
            assert method(booking_path(booking), parameters).status_code == 200

    assert state(booking) == before


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, booking, method):
    assert getattr(client, method)(booking_path(booking)).status_code == 405


def test_forms_ask_for_the_token_against_forged_requests(booking):
    before = state(booking)
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(booking_path(booking), {"action": "cancel"}).status_code == 403
    assert state(booking) == before


@pytest.mark.parametrize("action", ["", "delete", "\0", "MOVE"])
def test_unknown_action_changes_nothing(client, booking, action):
    before = state(booking)
    response = post(client, booking, action=action)

    assert response.status_code == 400
    assert "Nothing was changed." in page_text(response)
    assert state(booking) == before


# Moving


def test_times_to_move_to_are_those_of_the_host(client, booking, introduction):
    introduction.shares.create(host=create_host("Sam", time_zone="Asia/Tokyo"))
    response = client.get(booking_path(booking), {"change": "time"})

    assert "Now it is on Tuesday, November 24, 2026, 3:30 PM to 4:00 PM, London time" in page_text(response)
    assert "Mon, Nov 23, 16 free times" in links(response)
    assert hidden_fields(response) == {"action": "move", "sequence": "0", "change": "time"}
    tuesday = client.get(links(response)["Tue, Nov 24, 16 free times"])
    assert radio_choices(tuesday)["2026-11-24T15:30:00Z"] == "3:30 PM, as it is now; 10:30 AM New York time"


def test_visitor_moves_the_meeting(client, booking):
    form = client.get(booking_path(booking), {"change": "time", "day": "2026-11-24"})
    response = client.post(booking_path(booking), {**hidden_fields(form), "start": LATER})

    assert response["Location"] == f"{booking_path(booking)}?done=moved"
    moved = Booking.objects.get()
    assert (moved.starts_at.hour, moved.sequence, moved.host) == (17, 1, booking.host)
    page = page_text(client.get(response["Location"]))
    assert "Your meeting is moved" in page
    assert "5:00 PM to 5:30 PM, London time" in page


def test_zone_that_is_shown_stays_while_moving(client, booking):
    form = client.get(booking_path(booking), {"change": "time", "zone": "Asia/Kolkata"})
    response = client.post(booking_path(booking), {**hidden_fields(form), "start": LATER})

    assert response["Location"].endswith("/?done=moved&zone=Asia/Kolkata")
    assert Booking.objects.get().time_zone == "Europe/London"


def test_move_to_its_own_time_changes_nothing(client, booking):
    before = state(booking)

    assert post(client, booking, action="move", sequence=0, start="2026-11-24T15:30:00Z").status_code == 302
    assert state(booking) == before


def test_move_to_a_time_that_overlaps_its_own(client, introduction, host):
    introduction.step_min = 15
    introduction.save()
    booking = create_booking(introduction, host, START)

    assert post(client, booking, action="move", sequence=0, start="2026-11-24T15:45:00Z").status_code == 302
    assert Booking.objects.get().starts_at.minute == 45


def test_move_that_is_sent_twice_is_one(client, booking):
    for _ in range(3):
        response = post(client, booking, action="move", sequence=0, start=LATER)
        assert response["Location"].endswith("?done=moved")

    assert Booking.objects.get().sequence == 1
    assert BookingChange.objects.count() == 1


def test_move_of_a_meeting_that_was_changed_meanwhile_says_so(client, booking):
    post(client, booking, action="move", sequence=0, start=LATER)
    before = state(booking)
    response = post(client, booking, action="move", sequence=0, start="2026-11-25T14:00:00Z")

    assert response.status_code == 409
    assert "The meeting was changed meanwhile." in page_text(response)
    assert "5:00 PM to 5:30 PM, London time" in page_text(response)
    assert state(booking) == before


def test_move_to_a_time_that_is_taken_offers_the_next_ones(client, booking, introduction, host):
    create_booking(introduction, host, datetime.datetime(2026, 11, 24, 17, tzinfo=datetime.UTC))
    response = post(client, booking, action="move", sequence=0, start=LATER)

    assert response.status_code == 409
    assert "That time has just gone. Your meeting stays where it was" in page_text(response)
    assert next(iter(radio_choices(response))) == "2026-11-24T17:30:00Z"
    again = client.post(booking_path(booking), {**hidden_fields(response), "start": "2026-11-24T17:30:00Z"})
    assert again["Location"].endswith("?done=moved")


@pytest.mark.parametrize("start", ["2026-11-24T17:01:00Z", "2026-11-20T17:00:00Z", "2999-12-31T23:59:59Z"])
def test_move_to_a_time_that_is_not_offered_is_refused(client, booking, start):
    before = state(booking)
    response = post(client, booking, action="move", sequence=0, start=start)

    assert response.status_code == 409
    assert "That time is not offered." in page_text(response)
    assert radio_choices(response)
    assert state(booking) == before


@pytest.mark.parametrize("start", ["", "soon", "\0"])
def test_move_without_a_time_asks_for_one(client, booking, start):
    response = post(client, booking, action="move", sequence=0, start=start)

    assert response.status_code == 422
    assert "Time: Choose" in page_text(response)
    assert radio_choices(response)


@pytest.mark.parametrize("sequence", ["", "x", "-1", "9" * 30, "\0"])
def test_move_with_a_sequence_that_cannot_be_read_is_refused(client, booking, sequence):
    assert post(client, booking, action="move", sequence=sequence, start=LATER).status_code == 409
    assert Booking.objects.get().starts_at == START


def test_eleventh_move_of_a_day_has_to_wait_and_keeps_what_was_chosen(client, booking):
    for number in range(10):
        start = f"2026-11-24T{16 + number % 2}:00:00Z"
        assert post(client, booking, action="move", sequence=number, start=start).status_code == 302
    before = state(booking)
    refused = post(client, booking, action="move", sequence=10, start="2026-11-24T18:00:00Z")

    assert refused.status_code == 429
    assert refused["Retry-After"] == str(12 * 3600)
    assert "This meeting was moved many times today. It stays where it was" in page_text(refused)
    assert checked_choice(refused) == "2026-11-24T18:00:00Z"
    assert state(booking) == before
    with time_machine.travel(NOW + datetime.timedelta(hours=13), tick=False):
        assert client.post(booking_path(booking), {**hidden_fields(refused), "start": LATER}).status_code == 302


def test_moved_often_a_meeting_can_still_be_cancelled(client, booking):
    for number in range(11):
        start = f"2026-11-24T{16 + number % 2}:00:00Z"
        post(client, booking, action="move", sequence=number, start=start)

    assert post(client, booking, action="cancel")["Location"].endswith("?done=cancelled")


def test_moves_that_are_refused_do_not_count(client, booking, introduction, host):
    create_booking(introduction, host, datetime.datetime(2026, 11, 24, 17, tzinfo=datetime.UTC))
    for _ in range(12):
        assert post(client, booking, action="move", sequence=0, start=LATER).status_code == 409

    assert not RateBucket.objects.exists()
    assert post(client, booking, action="move", sequence=0, start="2026-11-24T18:00:00Z").status_code == 302


def test_moves_of_the_team_do_not_count(client, booking):
    staff = create_user("desk")
    for number in range(12):
        move(booking, datetime.datetime(2026, 11, 24, 16 + number % 2, tzinfo=datetime.UTC), by=staff)

    assert post(client, booking, action="move", sequence=12, start="2026-11-24T18:00:00Z").status_code == 302


def test_page_names_both_offsets_of_a_meeting_in_which_clocks_change(client, introduction, host):
    start = datetime.datetime(2027, 11, 7, 5, 45, tzinfo=datetime.UTC)
    booking = create_booking(introduction, host, start, time_zone="America/New_York")

    words = "1:45 AM, New York time (EDT, UTC−4), to 1:15 AM, New York time (EST, UTC−5)"
    assert words in page_text(client.get(booking_path(booking)))
    assert words in page_text(client.get(booking_path(booking), {"change": "cancel"}))


def test_next_times_stand_under_the_offset_that_holds_then(client, introduction, host):
    # London's clocks go forward on March 28, 2027.
    with time_machine.travel(datetime.datetime(2027, 3, 26, 12, tzinfo=datetime.UTC), tick=False):
        booking = create_booking(introduction, host, datetime.datetime(2027, 3, 26, 15, tzinfo=datetime.UTC))
        response = post(client, booking, action="move", sequence=0, start="2027-03-29T03:00:00Z")

    assert "The next free times London time (BST, UTC+1)" in page_text(response)
    assert next(iter(radio_choices(response).values())).startswith("Mon, Mar 29, 2:00 PM")


def test_move_where_nothing_is_free_offers_to_write(client, booking):
    AvailabilityException.objects.create(first_day="2026-11-01", last_day="2027-11-01")
    response = client.get(booking_path(booking), {"change": "time"})

    assert "There is no free time at present." in page_text(response)
    assert links(response)["Send us a message"] == "/contact/message/"


def test_meeting_of_a_type_that_is_gone_can_be_cancelled(client, booking, introduction):
    introduction.active = False
    introduction.save()

    assert "There is no free time at present." in page_text(client.get(booking_path(booking), {"change": "time"}))
    assert post(client, booking, action="cancel").status_code == 302
    assert Booking.objects.get().status == "cancelled"


# Cancelling


def test_visitor_cancels_the_meeting(client, booking):
    form = client.get(booking_path(booking), {"change": "cancel"})
    response = client.post(booking_path(booking), hidden_fields(form))

    assert response["Location"] == f"{booking_path(booking)}?done=cancelled"
    page = page_text(client.get(response["Location"]))
    assert "This meeting is cancelled" in page
    assert "A mail about it is on its way to kim@visitor.example" in page
    assert Booking.objects.get().status == "cancelled"


def test_cancelling_ten_times_tells_once(client, booking):
    answers = [post(client, booking, action="cancel")["Location"] for _ in range(10)]

    assert OutgoingMail.objects.filter(to=booking.email, kind="cancelled").count() == 1
    assert BookingChange.objects.count() == 1
    assert "The meeting was already cancelled." in page_text(client.get(answers[-1]))


def test_cancelled_time_is_free_for_others_and_its_link_shows_that_it_is_cancelled(client, booking, introduction, host):
    post(client, booking, action="cancel")
    other = create_booking(introduction, host, START, email="lee@visitor.example")

    assert "This meeting is cancelled" in page_text(client.get(booking_path(booking)))
    assert "Your meeting" in page_text(client.get(booking_path(other)))


def test_cancelled_meeting_cannot_be_moved_from_the_old_mail(client, booking):
    post(client, booking, action="cancel")
    before = state(booking)

    for sequence in (0, 1):
        response = post(client, booking, action="move", sequence=sequence, start=LATER)
        assert response.status_code == 409
        assert "This meeting is cancelled" in page_text(response)
    assert "This meeting is cancelled" in page_text(client.get(booking_path(booking), {"change": "time"}))
    assert state(booking) == before


@pytest.mark.parametrize("fields", [{"action": "cancel"}, {"action": "move", "sequence": 0, "start": LATER}])
def test_change_past_the_cutoff_is_refused(client, booking, fields):
    before = state(booking)
    with time_machine.travel(START - datetime.timedelta(minutes=30), tick=False):
        response = post(client, booking, **fields)

    assert response.status_code == 409
    assert "It is too late to change the meeting here. Nothing was changed." in page_text(response)
    assert state(booking) == before


def test_no_log_line_holds_the_link(client, booking, caplog):
    post(client, booking, action="move", sequence=5, start=LATER)
    client.get(f"{booking_path(booking)[:-2]}/")
    client.put(booking_path(booking))

    lines = "\n".join(RedactingFormatter().format(record) for record in caplog.records)
    assert lines.count("/meeting/…/") == 3
    assert booking.uuid.hex not in lines
