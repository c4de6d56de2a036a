"""The worker's loop, and what is said of the outbox."""

import datetime
import logging

import pytest
import time_machine
from django.db import OperationalError
from django.utils import timezone

from contact import outbox
from contact.models import MailWorker
from contact.outbox import Outcome, run
from tests.factories import create_mail

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


def test_once_tries_a_mail_once_however_long_the_run_lasts(server, monkeypatch):
    """A run over many mails of a slow server lasts longer than the first wait."""
    server.on_data = "451 Later"
    create_mail()
    create_mail()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        deliver_one = outbox.deliver

        def take_long(mail):
            outcome = deliver_one(mail)
            clock.shift(datetime.timedelta(hours=8))
            return outcome

        monkeypatch.setattr(outbox, "deliver", take_long)

        assert run(once=True) == {Outcome.WAITS: 2}


class Stop:
    """Ends the loop after some rests, and counts them instead of resting."""

    def __init__(self, rests):
        self.rests = rests

    def is_set(self):
        return self.rests <= 0

    def wait(self, seconds):
        self.rests -= 1


def test_loop_rests_when_nothing_is_due_and_ends_when_told(server):
    create_mail()
    stop = Stop(rests=1)

    assert run(stop=stop) == {Outcome.SENT: 1}
    assert stop.rests == 0


def test_loop_survives_a_database_that_goes_away(server, monkeypatch, caplog):
    create_mail()
    lease, failures = outbox.lease_next, [OperationalError("server at 10.0.0.7 closed the connection")] * 3

    def fail_at_first(**arguments):
        if failures:
            raise failures.pop()
        return lease(**arguments)

    monkeypatch.setattr(outbox, "lease_next", fail_at_first)
    # The test's own transaction is on this connection.
    monkeypatch.setattr(outbox.connection, "close", lambda: None)

    assert run(stop=Stop(rests=4)) == {Outcome.SENT: 1}
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "The database does not answer: OperationalError. Going on when it does."
    ]


def test_once_fails_without_a_database(monkeypatch):
    def fail(**arguments):
        raise OperationalError

    monkeypatch.setattr(outbox, "lease_next", fail)
    monkeypatch.setattr(outbox.connection, "close", lambda: None)

    with pytest.raises(OperationalError):
        run(once=True)


def test_worker_says_that_it_is_there_but_not_at_every_look():
    now = timezone.now()
    heartbeat = outbox.Heartbeat()
    seen = []
    for seconds in (0, 1, 9, 10, 15, 20, -3600):
        heartbeat.beat(now + datetime.timedelta(seconds=seconds))
        seen.append((MailWorker.objects.get().seen_at - now).total_seconds())

    assert seen == [0, 0, 0, 10, 10, 20, -3600]


# How it does


def test_state_of_an_empty_outbox():
    assert outbox.state() == outbox.OutboxState(waiting=0, oldest_unsent=None, failed=0, worker_seen=None)


def test_state_counts_what_should_be_sent_by_now():
    now = timezone.now()
    create_mail(wanted_at=now - 7 * MINUTE, due_at=now + MINUTE, attempts=3)
    create_mail(wanted_at=now - 3 * MINUTE, state="sending", lease_until=now + MINUTE, attempts=1)
    create_mail(kind="reminder", wanted_at=now + MINUTE, due_at=now + MINUTE)
    create_mail(wanted_at=now - 60 * MINUTE, state="failed")
    create_mail(wanted_at=now - 60 * MINUTE, state="cancelled")
    create_mail(wanted_at=now - 60 * MINUTE, state="sent", sent_at=now)
    MailWorker.objects.create(seen_at=now - 2 * MINUTE)

    assert outbox.state(now) == outbox.OutboxState(
        waiting=2, oldest_unsent=7 * MINUTE, failed=1, worker_seen=2 * MINUTE
    )


def test_worker_seen_by_a_clock_ahead_was_seen_now():
    now = timezone.now()
    MailWorker.objects.create(seen_at=now + MINUTE)

    assert outbox.state(now).worker_seen == datetime.timedelta()
