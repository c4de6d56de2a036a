"""Mails of meetings: their order, reminders of what changed since, and mails that are sent once more."""

import datetime

import pytest
from django.utils import timezone

from contact.models import OutgoingMail
from contact.outbox import Outcome, deliver, lease_next, run
from tests.factories import create_booking, create_host, create_mail, create_meeting_type

pytestmark = pytest.mark.django_db

State = OutgoingMail.State
MINUTE = datetime.timedelta(minutes=1)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def booking(now):
    host = create_host()
    start = (now + DAY).replace(second=0, microsecond=0)
    return create_booking(create_meeting_type(hosts=[host]), host, start)


def create_booking_mail(booking, kind="booked", sequence=0, **fields):
    return create_mail(booking=booking, kind=kind, sequence=sequence, to="kim@visitor.example", **fields)


def due_kinds(now):
    return [mail.kind for mail in OutgoingMail.objects.due(now)]


def test_mails_of_a_booking_go_out_in_order(now, booking, server):
    create_booking_mail(booking, "cancelled", 2, subject="3", due_at=now - 3 * MINUTE)
    create_booking_mail(booking, "moved", 1, subject="2", due_at=now - 2 * MINUTE)
    create_booking_mail(booking, "booked", 0, subject="1", due_at=now - MINUTE)

    run(once=True)

    assert server.subjects == ["1", "2", "3"]


@pytest.mark.parametrize(
    "older",
    [
        {"attempts": 2, "due": 5 * MINUTE},
        {"state": "sending", "attempts": 1, "lease": MINUTE},
    ],
    ids=["waits", "in-hand"],
)
def test_mail_is_not_sent_before_an_older_one_of_its_booking(now, booking, older):
    fields = {name: older[name] for name in ("state", "attempts") if name in older}
    lease_until = now + older["lease"] if "lease" in older else None
    create_booking_mail(booking, "booked", 0, due_at=now + older.get("due", MINUTE), lease_until=lease_until, **fields)
    create_booking_mail(booking, "moved", 1, due_at=now)

    assert lease_next(now) is None


def test_mails_of_one_sequence_go_out_as_they_were_written(now, booking):
    """A mail to a former host and one to the visitor may be of the same step and for the same person."""
    create_booking_mail(booking, "cancelled", 1, due_at=now, attempts=1)
    create_booking_mail(booking, "moved", 1, due_at=now - MINUTE)

    assert due_kinds(now) == ["cancelled"]


@pytest.mark.parametrize("state", ["sent", "failed", "cancelled"])
def test_mail_does_not_wait_for_one_that_is_done_with(now, booking, state):
    create_booking_mail(booking, "booked", 0, state=state, sent_at=now if state == "sent" else None)
    create_booking_mail(booking, "moved", 1, due_at=now)

    assert due_kinds(now) == ["moved"]


def test_mail_does_not_wait_for_a_reminder_for_another_recipient_or_booking(now, booking):
    later = now + 300 * MINUTE
    other = create_booking(booking.meeting_type, booking.host, booking.starts_at + DAY)
    create_booking_mail(booking, "reminder", 0, wanted_at=later, due_at=later)
    create_mail(booking=booking, kind="booked", sequence=0, to="alex@team.example", due_at=later, attempts=5)
    create_booking_mail(other, "booked", 0, due_at=later, attempts=5)
    create_mail(to="kim@visitor.example", due_at=later, attempts=5)
    create_booking_mail(booking, "moved", 1, due_at=now)

    assert due_kinds(now) == ["moved"]


def test_reminder_waits_for_the_invitation(now, booking):
    create_booking_mail(booking, "booked", 0, due_at=now + MINUTE, attempts=1)
    create_booking_mail(booking, "reminder", 0, wanted_at=now, due_at=now)

    assert due_kinds(now) == []


# What is not said any more


def test_reminder_is_sent_of_a_meeting_that_stands(now, booking, server):
    create_booking_mail(booking, "reminder", subject="Reminder")

    run(once=True)

    assert server.subjects == ["Reminder"]


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"status": "no-show"},
        {"sequence": 1},
    ],
    ids=["cancelled", "no-show", "moved"],
)
def test_reminder_of_what_changed_since_is_not_sent(now, booking, server, change):
    reminder = create_booking_mail(booking, "reminder")
    type(booking).objects.update(**change)

    assert run(once=True) == {Outcome.NEEDLESS: 1}
    reminder.refresh_from_db()
    assert (reminder.state, reminder.lease_until) == (State.CANCELLED, None)
    assert server.received == []


def test_reminder_of_a_meeting_that_began_is_not_sent(now, booking, server):
    create_booking_mail(booking, "reminder", due_at=now)

    assert deliver(lease_next(now), now=booking.starts_at) == Outcome.NEEDLESS
    assert server.received == []


def test_reminder_of_a_meeting_that_is_gone_is_not_sent(server):
    create_mail(kind="reminder", sequence=0)

    assert run(once=True) == {Outcome.NEEDLESS: 1}


@pytest.mark.parametrize("kind", ["booked", "moved"])
def test_invitation_to_a_meeting_that_is_over_fails_where_the_team_sees_it(now, booking, server, kind):
    mail = create_booking_mail(booking, kind, calendar_method="REQUEST", due_at=now)

    assert deliver(lease_next(now), now=booking.ends_at) == Outcome.FAILED
    mail.refresh_from_db()
    assert mail.last_error == "The meeting was over before the mail could be sent."
    assert not mail.send_again(now=booking.ends_at)
    assert server.received == []


def test_cancellation_is_sent_whenever_it_can_be(now, booking, server):
    create_booking_mail(booking, "cancelled", 1, due_at=now)

    assert deliver(lease_next(now), now=booking.ends_at + DAY) == Outcome.SENT


# Once more


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "failed", "last_error": "SMTPDataError 550: No", "attempts": 1},
        {"state": "sent", "attempts": 1},
        {"state": "queued", "last_error": "SMTPDataError 451: No", "attempts": 7},
        {"state": "cancelled"},
    ],
    ids=["failed", "sent", "waits", "cancelled"],
)
def test_mail_is_sent_again(now, server, fields):
    long_ago = now - 5 * DAY
    sent_at = long_ago if fields["state"] == "sent" else None
    mail = create_mail(**fields, wanted_at=long_ago, due_at=now + DAY, sent_at=sent_at)

    assert mail.send_again(now=now)

    assert (mail.state, mail.attempts, mail.last_error, mail.wanted_at) == (State.QUEUED, 0, "", now)
    assert run(once=True) == {Outcome.SENT: 1}
    assert server.message_ids == [mail.internet_message_id]


@pytest.mark.parametrize("fields", [{}, {"state": "sending", "attempts": 1}], ids=["waits its turn", "in hand"])
def test_mail_that_waits_its_turn_or_is_in_hand_is_not_sent_again(now, fields):
    lease_until = now + MINUTE if fields.get("state") == "sending" else None
    mail = create_mail(**fields, due_at=now + DAY, lease_until=lease_until)
    [before] = OutgoingMail.objects.values()

    assert not mail.send_again(now=now)
    assert list(OutgoingMail.objects.values()) == [before]


@pytest.mark.parametrize("state", ["queued", "sent"])
def test_mail_is_not_sent_again_after_newer_news_of_its_booking(now, booking, state):
    old = create_booking_mail(booking, "booked", 0, state="failed")
    create_booking_mail(booking, "moved", 1, state=state, sent_at=now if state == "sent" else None)

    assert not old.send_again(now=now)


def test_mail_is_sent_again_after_newer_news_for_others(now, booking):
    """The former host heard nothing of the later moves: for that one the cancellation is still the last word."""
    former = create_mail(booking=booking, kind="cancelled", sequence=1, to="former@team.example", state="failed")
    create_booking_mail(booking, "moved", 2)
    create_booking_mail(booking, "reminder", 2)

    assert former.send_again(now=now)
