"""Meetings on the desk: the list, what is known of each, and the steps that the team can take."""

import csv
import datetime
import io
import uuid
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from contact import actions
from contact.links import booking_address, booking_token, find_booking
from contact.models import Booking, OutgoingMail
from tests.factories import create_booking, create_code, create_host, create_meeting_type, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

# Monday, 10:00 in New York.
NOW = datetime.datetime(2027, 3, 1, 15, tzinfo=datetime.UTC)
# Tuesday, 10:00 in New York.
START = NOW + datetime.timedelta(days=1)
LIST = "/admin/contact/booking/"


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def desk(client):
    """A client logged in as a member of the group Desk."""
    client.force_login(create_user("dora", groups=["Desk"]))
    return client


@pytest.fixture
def host():
    return create_host()


@pytest.fixture
def meeting_type(host):
    return create_meeting_type(hosts=[host])


@pytest.fixture
def booking(meeting_type):
    """As a visitor books it, with its history and mails."""
    visitor = actions.Visitor(name="Kim Lee", email="kim@visitor.example", time_zone="Asia/Kolkata", notes="Coverage")
    return actions.book(meeting_type, START, visitor, request_key=uuid.uuid4())[0]


def page_of(booking) -> str:
    return f"{LIST}{booking.pk}/change/"


def step_of(booking, name: str) -> str:
    return f"{LIST}{booking.pk}/step/{name}/"


def take(client, booking, name: str, *, sequence=None, **values):
    """Presses the button of a step on its page, and returns the page that answers."""
    sequence = Booking.objects.get(pk=booking.pk).sequence if sequence is None else sequence
    return read_page(client.post(step_of(booking, name), {"sequence": sequence, **values}, follow=True))


def move(client, booking, *, host=None, day="2027-03-03", time="11:00", **values):
    return take(client, booking, "move", host=(host or booking.host).pk, day=day, time=time, **values)


def kinds(booking) -> list[str]:
    return list(booking.changes.values_list("kind", flat=True))


def steps_on(client, booking) -> list[str]:
    """The names of the steps that the page of a meeting offers."""
    start = step_of(booking, "x").removesuffix("x/")
    return [link.removeprefix(start).strip("/") for link in get_page(client, page_of(booking)).links if start in link]


# The list


def test_list_shows_upcoming_meetings_on_the_clock_of_the_host(desk, booking, meeting_type, host):
    create_booking(meeting_type, host, NOW - datetime.timedelta(days=1))

    page = get_page(desk, LIST)

    assert rows_of(desk, LIST) == ["Tuesday, March 2, 2027, 10:00 AM to 10:30 AM, New York time (EST, UTC−5)"]
    assert "Kim Lee" in [element.text for element in page.all("bdi")]
    assert len(rows_of(desk, f"{LIST}?when=past")) == 1
    assert len(rows_of(desk, f"{LIST}?when=all")) == 2
    assert [link.text for link in page.all("a") if link.text == "Upcoming"]


def test_list_is_filtered_by_host_type_status_and_spam(desk, meeting_type, host):
    other, walk = create_host("Sam Rivera"), create_meeting_type("walk-through")
    create_booking(meeting_type, host, START)
    create_booking(walk, other, START, status="cancelled", looks_like_spam=True)

    for query in (
        f"host__id__exact={other.pk}",
        f"meeting_type__id__exact={walk.pk}",
        "status__exact=cancelled",
        "looks_like_spam__exact=1",
    ):
        assert len(rows_of(desk, f"{LIST}?{query}")) == 1, query
    assert len(rows_of(desk, LIST)) == 2


def test_meetings_are_found_by_name_address_and_id(desk, booking, meeting_type, host):
    create_booking(
        meeting_type, host, START + datetime.timedelta(hours=2), name="Rosa Diaz", email="rosa@visitor.example"
    )

    for term in ("kim lee", "KIM@visitor", str(booking.uuid), booking.uuid.hex, booking.uuid.hex[:8]):
        assert len(rows_of(desk, f"{LIST}?q={term}")) == 1, term
    for term in ("nobody", "%00kim", "'; DROP TABLE", "x" * 2000):
        assert desk.get(f"{LIST}?q={term}").status_code == 200


@pytest.mark.parametrize(
    "query",
    ["starts_at__year=99999", "starts_at__month=13&starts_at__year=2027", "host__id__exact=x", "when=soon", "p=99"],
)
def test_list_answers_whatever_is_asked(desk, query):
    assert desk.get(f"{LIST}?{query}", follow=True).status_code in (200, 400)


def test_list_takes_no_query_for_each_row(desk, meeting_type, host, django_assert_num_queries):
    code = create_code()
    create_booking(meeting_type, host, START, code=code)
    with CaptureQueriesContext(connection) as few:
        desk.get(LIST)
    for number in range(1, 8):
        create_booking(meeting_type, host, START + datetime.timedelta(hours=number), code=code)

    with django_assert_num_queries(len(few)):
        assert len(rows_of(desk, LIST)) == 8


def test_list_goes_out_as_csv_with_formulas_escaped(desk, booking, meeting_type, host):
    code = create_code("J9302")
    create_booking(meeting_type, host, START + datetime.timedelta(hours=2), name="=1+1", organization="@x", code=code)
    create_booking(meeting_type, host, NOW - datetime.timedelta(days=2))

    response = desk.get(f"{LIST}export/")

    text = b"".join(response.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert response["Content-Disposition"] == 'attachment; filename="meetings-2027-03-01.csv"'
    assert [(row["name"], row["code"]) for row in rows] == [("Kim Lee", ""), ("'=1+1", "J9302")]
    assert rows[1]["organization"] == "'@x"
    assert rows[0]["start (UTC)"] == "2027-03-02T15:00:00+00:00"
    assert rows[0]["time of the host"].startswith("Tuesday, March 2, 2027, 10:00 AM")
    assert rows[0]["id"] == str(booking.uuid)


# One meeting


def test_page_shows_facts_in_both_zones_history_and_mails(desk, booking):
    page = get_page(desk, page_of(booking))

    assert "Tuesday, March 2, 2027, 10:00 AM to 10:30 AM, New York time (EST, UTC−5)" in page.text
    assert "Tuesday, March 2, 2027, 8:30 PM to 9:00 PM, Kolkata time (IST, UTC+5:30)" in page.text
    assert "Booked 2027-03-01 15:00 the visitor Alex Morgan Tuesday, March 2, 2027, 10:00 AM" in page.text
    mails = [reverse("admin:contact_outgoingmail_change", args=[mail.pk]) for mail in booking.mails.all()]
    assert mails
    assert set(mails) <= set(page.links)
    assert booking_address(booking) in page.text


def test_page_escapes_what_visitors_wrote(desk, meeting_type, host):
    hostile = "<script>alert(1)</script>"
    booking = create_booking(
        meeting_type, host, START, name=hostile, organization=hostile, notes=hostile, page=hostile, code_text=hostile
    )

    for address in (LIST, page_of(booking), step_of(booking, "cancel"), "/admin/meetings/?week=2027-03-02"):
        html = get_page(desk, address).html
        assert hostile not in html
        assert "&lt;script&gt;" in html


def test_nobody_types_times_or_status(desk, booking):
    boxes = get_page(desk, page_of(booking)).all("input")

    assert not {box.attributes.get("name") for box in boxes} & {"starts_at", "status", "host", "email"}
    assert desk.post(page_of(booking), {"status": "cancelled"}).status_code == 403


def test_page_of_a_forgotten_visitor_says_so(desk, meeting_type, host):
    gone = {"name": "", "email": "", "forgotten_at": NOW}
    booking = create_booking(meeting_type, host, START, **gone)

    assert "forgotten on 2027-03-01" in get_page(desk, page_of(booking)).text
    assert steps_on(desk, booking) == ["cancel"]


def test_whoever_may_only_read_sees_neither_steps_nor_the_link(client, booking):
    reader = create_user("rita")
    reader.user_permissions.set(reader.user_permissions.model.objects.filter(codename="view_booking"))
    client.force_login(reader)

    page = get_page(client, page_of(booking))

    assert "What to do" not in page.text
    assert "/meeting/" not in page.html
    for name in ("cancel", "move", "nothing"):
        assert client.get(step_of(booking, name)).status_code == 403
        assert client.post(step_of(booking, name), {"sequence": 0}).status_code == 403


# Steps


def test_looking_at_a_step_changes_nothing(desk, booking):
    for name in ("move", "cancel", "new-link"):
        assert desk.get(step_of(booking, name)).status_code == 200
        assert desk.head(step_of(booking, name)).status_code == 200

    stored = Booking.objects.get()
    assert (stored.status, stored.sequence, stored.link_version) == ("confirmed", 0, 1)
    assert kinds(booking) == ["booked"]


def test_meeting_is_cancelled_once_however_often_it_is_asked(desk, booking):
    page = take(desk, booking, "cancel")
    again = take(desk, booking, "cancel", sequence=0)

    assert "Cancelled." in page.text
    assert "“Cancel the meeting” is not possible: the meeting is cancelled." in again.text
    assert kinds(booking) == ["booked", "cancelled"]
    change = booking.changes.get(kind="cancelled")
    assert change.by.username == "dora"
    assert booking.mails.filter(kind="cancelled").count() == 2


def test_log_names_no_visitor(desk, booking):
    take(desk, booking, "cancel")

    entry = LogEntry.objects.get()
    assert entry.get_change_message() == "Cancelled."
    assert entry.object_repr == "Introduction on 2027-03-02 15:00 UTC"


def test_meeting_is_moved_on_the_clock_of_the_host(desk, booking):
    page = move(desk, booking, day="2027-03-16", time="11:00")

    stored = Booking.objects.get()
    assert "Moved." in page.text
    # Daylight saving time has begun by then.
    assert stored.starts_at == datetime.datetime(2027, 3, 16, 15, tzinfo=datetime.UTC)
    assert (stored.sequence, stored.uid, stored.length) == (1, booking.uid, booking.length)
    assert kinds(booking) == ["booked", "moved"]


def test_meeting_is_moved_to_another_host_on_that_clock(desk, booking):
    london = create_host("Sam Rivera", time_zone="Europe/London")

    move(desk, booking, host=london, day="2027-03-03", time="11:00")

    stored = Booking.objects.get()
    assert stored.host == london
    assert stored.starts_at == datetime.datetime(2027, 3, 3, 11, tzinfo=datetime.UTC)
    assert booking.mails.filter(kind="cancelled", to="alex-morgan@team.example").exists()


def test_move_to_the_same_time_tells_nobody(desk, booking):
    mails = OutgoingMail.objects.count()

    page = move(desk, booking, day="2027-03-02", time="10:00")

    assert "It stands there already: nothing was changed, and nobody was told." in page.text
    assert OutgoingMail.objects.count() == mails
    assert kinds(booking) == ["booked"]
    assert not LogEntry.objects.exists()


def test_move_into_another_meeting_is_refused_and_what_was_typed_stays(desk, booking, meeting_type, host):
    create_booking(meeting_type, host, START + datetime.timedelta(hours=3))

    page = move(desk, booking, day="2027-03-02", time="13:15")

    assert "The host has another meeting then, or keeps the time around one free. Nothing was changed." in page.text
    assert {"2027-03-02", "13:15"} <= {box.attributes.get("value") for box in page.all("input")}
    assert Booking.objects.get(pk=booking.pk).starts_at == START


def test_staff_moves_beyond_hours_and_notice(desk, booking):
    assert "Moved." in move(desk, booking, day="2027-03-01", time="22:00").text


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"day": "2027-03-01", "time": "09:00"}, "That time has passed. Nothing was changed."),
        ({"day": "2027-02-20"}, "This day has passed: choose a later one."),
        ({"day": "2030-01-01"}, "This is more than two years ahead: choose an earlier day."),
        ({"day": "9999-12-31"}, "This is more than two years ahead"),
        ({"day": "tomorrow"}, "Write the day as year-month-day"),
        ({"time": "25:00"}, "Write hours and minutes"),
        ({"time": "11:00:30"}, "Write hours and minutes"),
        ({"time": ""}, "This field is required."),
        ({"day": "2027-03-14", "time": "02:30"}, "The clock of Alex Morgan never shows 02:30 on that day"),
        ({"day": "\0", "time": "\0"}, "Write the day as year-month-day"),
    ],
)
def test_move_to_what_cannot_be_is_refused_in_words(desk, booking, values, complaint):
    page = move(desk, booking, **values)

    assert complaint in page.text
    assert Booking.objects.get().starts_at == START


@pytest.mark.parametrize("key", ["", "0", "x", "99999999999999999999", "\0"])
def test_move_to_no_host_is_refused(desk, booking, key):
    page = take(desk, booking, "move", host=key, day="2027-03-03", time="11:00")

    assert "Please correct what is named below." in page.text
    assert Booking.objects.get().starts_at == START


@pytest.mark.parametrize(("which", "hour"), [("first", 5), ("second", 6)])
def test_time_that_comes_twice_is_asked_for(desk, booking, which, hour):
    day = {"day": "2027-11-07", "time": "01:30"}

    asked = move(desk, booking, **day)
    assert "1:30 AM comes twice on that day, as the clocks are put back: choose which one." in asked.text
    assert [option.text for option in asked.all("option")][-2:] == ["The first: EDT, UTC−4", "The second: EST, UTC−5"]
    assert Booking.objects.get().starts_at == START
    assert "comes twice" in move(desk, booking, **day, which="third").text

    assert "Moved." in move(desk, booking, **day, which=which).text
    assert Booking.objects.get().starts_at == datetime.datetime(2027, 11, 7, hour, 30, tzinfo=datetime.UTC)


def test_page_of_a_move_names_the_next_free_times(desk, booking):
    page = get_page(desk, step_of(booking, "move"))

    suggestions = [item.text for item in page.all("li") if item.text.startswith("Monday, March 1, 2027")]
    assert suggestions == [f"Monday, March 1, 2027, {time} AM" for time in ("10:00", "10:30", "11:00", "11:30")] + [
        "Monday, March 1, 2027, 12:00 PM"
    ]


@pytest.mark.parametrize("name", ["move", "cancel"])
def test_step_on_a_meeting_that_was_moved_meanwhile_is_asked_once_more(desk, booking, name):
    actions.move(booking, START + datetime.timedelta(hours=1))
    values = {"host": booking.host_id, "day": "2027-03-05", "time": "11:00"}

    page = take(desk, booking, name, sequence=0, **values)

    assert "The meeting was changed since you opened this page." in page.text
    assert "11:00 AM to 11:30 AM, New York time" in page.text
    assert Booking.objects.get().starts_at == START + datetime.timedelta(hours=1)
    # The page that is shown now holds what it takes.
    [sequence] = [box.attributes["value"] for box in page.all("input") if box.attributes.get("name") == "sequence"]
    assert "Nothing was changed" not in take(desk, booking, name, sequence=sequence, **values).text
    assert Booking.objects.get().sequence == 2


@pytest.mark.parametrize("sequence", ["", "x", "-1", "99999999999999999999", "\0"])
def test_forged_state_changes_nothing(desk, booking, sequence):
    assert desk.post(step_of(booking, "cancel"), {"sequence": sequence}).status_code == 200
    assert Booking.objects.get().is_confirmed


def test_cancelled_meeting_is_restored_while_its_time_is_free(desk, booking):
    take(desk, booking, "cancel")
    assert steps_on(desk, booking) == ["restore", "new-link"]

    page = take(desk, booking, "restore")

    assert "Restored." in page.text
    assert kinds(booking) == ["booked", "cancelled", "restored"]
    assert Booking.objects.get().is_confirmed


def test_restoring_what_was_booked_anew_is_refused(desk, booking, meeting_type, host):
    take(desk, booking, "cancel")
    create_booking(meeting_type, host, START)

    page = take(desk, booking, "restore")

    assert "The host has another meeting then" in page.text
    assert Booking.objects.get(pk=booking.pk).status == "cancelled"


def test_visitor_who_did_not_come_is_marked_and_the_mark_taken_back(desk, booking, time_machine):
    assert "no-show" not in steps_on(desk, booking)
    assert "is not possible" in take(desk, booking, "no-show").text

    time_machine.move_to(START + datetime.timedelta(minutes=10), tick=False)
    desk.force_login(User.objects.get(username="dora"))
    assert "Marked: the visitor did not come." in take(desk, booking, "no-show").text
    assert Booking.objects.get().status == "no-show"
    assert steps_on(desk, booking) == ["came"]
    assert "The mark was taken back." in take(desk, booking, "came").text

    assert Booking.objects.get().is_confirmed
    assert kinds(booking) == ["booked", "no-show", "came"]


def test_meeting_that_has_ended_is_neither_moved_nor_cancelled(desk, booking, time_machine):
    time_machine.move_to(START + datetime.timedelta(hours=1), tick=False)
    desk.force_login(User.objects.get(username="dora"))

    assert steps_on(desk, booking) == ["no-show"]
    for name in ("move", "cancel", "restore", "new-link"):
        assert "is not possible: the meeting " in take(desk, booking, name).text
    assert Booking.objects.get().is_confirmed


def test_refusal_between_page_and_act_is_told(desk, booking, monkeypatch):
    for refusal, words in (
        (actions.TooLate, "The meeting has ended."),
        (actions.NotConfirmed, "The meeting is not confirmed any more."),
        (actions.Forgotten, "Nothing is known of the visitor any more."),
        (Booking.DoesNotExist, "The meeting was deleted meanwhile."),
    ):

        def refuse(*args, refusal=refusal, **kwargs):
            raise refusal

        monkeypatch.setattr(actions, "cancel", refuse)
        assert words in take(desk, booking, "cancel").text


def unfolded(mail: OutgoingMail) -> str:
    """The calendar object of a mail with its lines in one piece."""
    return bytes(mail.calendar).decode().replace("\r\n ", "")


def test_new_link_ends_the_former_ones_and_reaches_mails_that_wait(desk, booking):
    former = booking_address(booking)
    token = booking_token(booking)
    reminders = OutgoingMail.objects.filter(text__contains=former)
    assert reminders.exists()
    invitation = booking.mails.get(kind="booked", to=booking.email)
    assert token in unfolded(invitation)
    booking.mails.filter(pk=invitation.pk).update(state="failed")

    page = take(desk, booking, "new-link")

    stored = Booking.objects.get()
    current = booking_address(stored)
    assert former != current
    assert current in page.text
    assert not OutgoingMail.objects.filter(text__contains=former).exists()
    assert OutgoingMail.objects.filter(text__contains=current).exists()
    invitation.refresh_from_db()
    assert token not in unfolded(invitation)
    assert booking_token(stored) in unfolded(invitation)
    assert max(map(len, bytes(invitation.calendar).split(b"\r\n"))) <= 75
    assert find_booking(current.rstrip("/").rpartition("/")[2]) == stored
    with pytest.raises(Booking.DoesNotExist):
        find_booking(former.rstrip("/").rpartition("/")[2])
    assert not LogEntry.objects.filter(change_message__contains="/meeting/").exists()


def test_steps_of_nothing_are_not_found(desk, booking):
    assert desk.get(step_of(booking, "delete")).status_code == 404
    page = read_page(desk.get(f"{LIST}99/step/cancel/", follow=True))
    assert "There is no such meeting." in page.text


def test_times_on_the_page_follow_the_clock_of_the_visitor_also_when_it_changes(desk, meeting_type, host):
    start = datetime.datetime(2027, 10, 31, 9, tzinfo=ZoneInfo("Europe/London")).astimezone(datetime.UTC)
    booking = create_booking(meeting_type, host, start, time_zone="Europe/London")

    assert (
        "Sunday, October 31, 2027, 9:00 AM to 9:30 AM, London time (GMT, UTC+0)"
        in get_page(desk, page_of(booking)).text
    )
