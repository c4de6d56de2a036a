"""Outgoing mail on the desk: what is shown of it, sending it again, and keeping it from being sent."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from contact.admin import outgoing_mail
from contact.models import OutgoingMail
from tests.factories import (
    create_booking,
    create_host,
    create_mail,
    create_meeting_type,
    create_message,
    create_user,
)
from tests.pages import read_page
from tests.procedures.admin.desk import get_page, rows_of

pytestmark = pytest.mark.django_db

MAILS = "/admin/contact/outgoingmail/"


@pytest.fixture
def desk(client):
    """A client logged in as a member of the group Desk."""
    client.force_login(create_user("dana", groups=["Desk"]))
    return client


def create_failed(**fields) -> OutgoingMail:
    return create_mail(**{"state": "failed", "attempts": 9, "last_error": "550 No such mailbox", **fields})


def act(client, name, *mails):
    fields = {"action": name, "_selected_action": [mail.pk for mail in mails]}
    return read_page(client.post(MAILS, fields, follow=True))


def buttons(client, mail) -> list[str]:
    page = get_page(client, f"{MAILS}{mail.pk}/change/")
    boxes = [box.attributes for box in page.all("input") if box.attributes.get("type") == "submit"]
    return [box["value"] for box in boxes if box["value"] != "Log out"]


def test_list_marks_what_failed_by_its_word_and_says_why(desk):
    create_failed(subject="Your meeting", to="kim@visitor.example")

    page = get_page(desk, MAILS)

    assert [mark.text for mark in page.all("strong") if mark.attributes.get("class") == "mail-failed"] == ["failed"]
    assert "kim@visitor.example Your meeting" in page.text
    assert "9 attempts: 550 No such mailbox" in page.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("state__exact=failed", ["meeting: booked"]),
        ("state__exact=queued", ["message: notice to the team"]),
        ("kind__exact=booked", ["meeting: booked"]),
        ("kind__exact=moved", []),
        ("q=kim@visitor.example", ["meeting: booked"]),
        ("q=nobody", []),
    ],
)
def test_filters_and_search(desk, query, shown):
    create_mail()
    create_failed(kind="booked", to="kim@visitor.example")

    assert rows_of(desk, f"{MAILS}?{query}") == shown


def test_list_reads_no_texts(desk, django_assert_max_num_queries):
    for _ in range(5):
        create_mail(message=create_message(), calendar=b"x")

    with django_assert_max_num_queries(10):
        desk.get(MAILS)


def test_form_shows_text_and_calendar_as_text_and_nothing_to_change(desk):
    host = create_host()
    start = timezone.now() + datetime.timedelta(days=1)
    booking = create_booking(create_meeting_type(hosts=[host]), host, start)
    mail = create_mail(
        kind="booked",
        booking=booking,
        text="See you.\n<script>alert(1)</script>",
        calendar="BEGIN:VCALENDAR\r\nSUMMARY:Café\r\nEND:VCALENDAR\r\n".encode(),
        calendar_method="REQUEST",
    )

    page = get_page(desk, f"{MAILS}{mail.pk}/change/")

    assert [pre.text for pre in page.all("pre")] == [
        "See you. <script>alert(1)</script>",
        "BEGIN:VCALENDAR SUMMARY:Café END:VCALENDAR",
    ]
    assert not page.all("textarea")
    assert desk.post(f"{MAILS}{mail.pk}/change/", {"text": "Another"}).status_code == 403


def test_calendar_that_is_no_text_is_shown_all_the_same(desk):
    mail = create_mail(calendar=b"\xff\x00BEGIN")

    assert "BEGIN" in get_page(desk, f"{MAILS}{mail.pk}/change/").text


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"state": "failed"}, ["Send again"]),
        ({"state": "sent", "sent_at": timezone.now()}, ["Send again"]),
        ({"state": "queued"}, ["Do not send it"]),
        ({"state": "queued", "attempts": 2}, ["Send again", "Do not send it"]),
        ({"state": "sending", "lease_until": timezone.now()}, []),
        ({"state": "cancelled"}, ["Send again"]),
        ({"state": "cancelled", "kind": "reminder"}, []),
    ],
)
def test_page_offers_what_can_be_done(desk, fields, shown):
    assert buttons(desk, create_mail(**fields)) == shown


def test_failed_mail_is_sent_again(desk):
    mail = create_failed()

    page = act(desk, "send_again", mail)

    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == ("queued", 0, "")
    assert "1 mail will be sent again." in page.text
    assert LogEntry.objects.get().get_change_message() == "Sent again."
    assert "@" not in LogEntry.objects.get().object_repr


def test_mails_that_make_no_sense_any_more_are_not_sent_again(desk):
    failed, waiting = create_failed(), create_mail()
    cancelled = create_mail(state="cancelled", kind="reminder")

    page = act(desk, "send_again", failed, waiting, cancelled)

    assert "1 mail will be sent again." in page.text
    assert "Not sent again: 2," in page.text
    cancelled.refresh_from_db()
    assert cancelled.state == "cancelled"


def test_waiting_mail_is_cancelled_and_others_are_not(desk):
    waiting = create_mail()
    sending = create_mail(state="sending", lease_until=timezone.now() + datetime.timedelta(minutes=1))

    page = act(desk, "cancel", waiting, sending)

    waiting.refresh_from_db()
    sending.refresh_from_db()
    assert (waiting.state, sending.state) == ("cancelled", "sending")
    assert "1 mail is not sent any more." in page.text
    assert "Not cancelled, because they do not wait: 1." in page.text
    assert LogEntry.objects.get().get_change_message() == "Cancelled."


def test_do_not_send_it_can_be_taken_back(desk):
    mail = create_mail()
    act(desk, "cancel", mail)

    page = act(desk, "send_again", mail)

    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("queued", 0)
    assert "1 mail will be sent again." in page.text


@pytest.fixture
def booking():
    host = create_host()
    start = timezone.now().replace(second=0, microsecond=0) + datetime.timedelta(days=3)
    return create_booking(create_meeting_type(hosts=[host]), host, start)


def test_cancelled_reminder_that_is_sent_after_all_waits_for_its_time(desk, booking):
    due = booking.starts_at - datetime.timedelta(days=1)
    mail = create_mail(kind="reminder", booking=booking, sequence=0, wanted_at=due, due_at=due)
    act(desk, "cancel", mail)

    act(desk, "send_again", mail)

    mail.refresh_from_db()
    assert (mail.state, mail.wanted_at, mail.due_at) == ("queued", due, due)
    assert mail not in OutgoingMail.objects.due()


def test_mail_whose_recipient_was_told_newer_things_is_not_offered_to_be_sent(desk, booking):
    fields = {"booking": booking, "to": booking.email, "kind": "booked", "state": "sent", "sent_at": timezone.now()}
    former = create_mail(**fields, sequence=0)
    create_mail(**fields | {"kind": "moved"}, sequence=1)
    over = create_mail(**fields | {"to": booking.host.email}, sequence=0, calendar_method="REQUEST")

    assert buttons(desk, former) == []
    assert buttons(desk, over) == ["Send again"]

    booking.place(timezone.now() - datetime.timedelta(days=1), length=booking.length, buffers=booking.buffers)
    booking.save()
    assert buttons(desk, over) == []


def test_too_many_mails_at_once_are_refused(desk, monkeypatch):
    monkeypatch.setattr(outgoing_mail, "MOST_AT_ONCE", 1)

    for name in ("send_again", "cancel"):
        assert "Choose at most 1 mails at once." in act(desk, name, create_mail(), create_failed()).text
    assert set(OutgoingMail.objects.values_list("state", flat=True)) == {"queued", "failed"}


def test_who_may_only_read_sends_nothing(client):
    reader = create_user("reader")
    reader.user_permissions.set(Permission.objects.filter(codename="view_outgoingmail"))
    client.force_login(reader)
    mail = create_failed()

    act(client, "send_again", mail)

    mail.refresh_from_db()
    assert mail.state == "failed"
    assert buttons(client, mail) == []


def test_nobody_adds_or_deletes_a_mail(admin_client):
    mail = create_mail()

    assert admin_client.get(f"{MAILS}add/").status_code == 403
    assert admin_client.post(f"{MAILS}{mail.pk}/delete/", {"post": "yes"}).status_code == 403
    assert OutgoingMail.objects.exists()
