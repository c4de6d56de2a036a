"""Leases of mails: workers that race, die or are slow, and clocks that go wrong."""

import datetime

import pytest
from django.utils import timezone

from contact import outbox
from contact.models import OutgoingMail
from contact.models.outgoing_mail import lease_length
from contact.outbox import Outcome, deliver, lease_next
from tests.contact import smtp_server
from tests.factories import create_mail

pytestmark = pytest.mark.django_db

State = OutgoingMail.State
MINUTE = datetime.timedelta(minutes=1)


def attempt(now=None):
    """What became of the next mail that is due."""
    return deliver(lease_next(now), now=now)


def test_mail_in_hand_belongs_to_one_worker(server):
    now = timezone.now()
    create_mail(due_at=now)

    assert lease_next(now) is not None
    assert lease_next(now) is None
    assert lease_next(now + lease_length() - datetime.timedelta(seconds=1)) is None


def test_worker_that_saw_a_mail_due_does_not_take_it_after_another(monkeypatch):
    """Between the look and the UPDATE of one worker, another one takes the mail."""
    now = timezone.now()
    create_mail(due_at=now)
    length, others = outbox.lease_length, []

    def be_slow():
        if not others:
            others.append(None)
            others[0] = lease_next(now)
        return length()

    monkeypatch.setattr(outbox, "lease_length", be_slow)

    assert lease_next(now) is None
    assert others[0].attempts == 1


def test_mail_of_a_dead_worker_is_taken_over(server):
    now = timezone.now()
    mail = create_mail(due_at=now)
    lease_next(now)

    assert attempt(now + lease_length()) == Outcome.SENT
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (State.SENT, 2)


def test_lease_outlasts_every_step_of_smtp(settings):
    assert lease_length() >= 5 * datetime.timedelta(seconds=settings.EMAIL_TIMEOUT)


@pytest.mark.parametrize("reply", [smtp_server.OK, "451 Later", "550 Never"])
def test_worker_that_lost_its_lease_changes_nothing(server, reply):
    now = timezone.now()
    create_mail(due_at=now)
    slow = lease_next(now)
    lease_next(now + lease_length())
    [before] = OutgoingMail.objects.values()
    server.on_data = reply

    assert deliver(slow) == Outcome.LOST
    assert list(OutgoingMail.objects.values()) == [before]


def test_lease_from_before_send_again_is_lost(server):
    """Attempts are counted anew after it, so that they alone would not tell the two leases apart."""
    now = timezone.now()
    mail = create_mail(due_at=now)
    slow = lease_next(now)
    OutgoingMail.objects.update(state=State.FAILED, lease_until=None)
    mail.send_again(now=now + MINUTE)
    fresh = lease_next(now + MINUTE)

    assert slow.attempts == fresh.attempts
    assert deliver(slow) == Outcome.LOST
    assert deliver(fresh) == Outcome.SENT


def test_worker_killed_after_the_server_accepted_sends_again_with_the_same_message_id(server, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*arguments, **fields):
        raise Killed

    now = timezone.now()
    mail = create_mail(due_at=now)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "finish", kill)
        with pytest.raises(Killed):
            attempt(now)

    assert attempt(now + lease_length()) == Outcome.SENT
    assert server.message_ids == [mail.internet_message_id] * 2


def test_mail_deleted_while_it_was_sent_stays_deleted(server):
    create_mail()
    mail = lease_next()
    OutgoingMail.objects.all().delete()

    assert deliver(mail) == Outcome.LOST
    assert not OutgoingMail.objects.exists()


# The clock was wrong, a day ahead, and was set back.


def test_lease_of_a_clock_that_was_set_back_ends(server):
    now = timezone.now()
    create_mail(due_at=now)
    lease_next(now + datetime.timedelta(days=1))

    assert attempt(now) == Outcome.SENT


def test_mail_of_a_clock_that_was_set_back_is_sent(server):
    now = timezone.now()
    wrong = now + datetime.timedelta(days=1)
    create_mail(created_at=wrong, wanted_at=wrong, due_at=wrong)

    assert attempt(now) == Outcome.SENT


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 5, 12])
def test_further_attempt_of_a_clock_that_was_set_back_is_made(server, attempts):
    now = timezone.now()
    create_mail(attempts=attempts, due_at=now + datetime.timedelta(days=1))

    assert attempt(now) == Outcome.SENT


def test_reminder_waits_for_its_day_however_far_ahead():
    now = timezone.now()
    later = now + datetime.timedelta(days=30)
    create_mail(kind="reminder", created_at=now + MINUTE, wanted_at=later, due_at=later)

    assert lease_next(now) is None
