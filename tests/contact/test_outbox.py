"""The outbox against a real SMTP server: what is accepted and refused, and what happens then."""

import datetime
import ssl
from smtplib import SMTPDataError

import pytest
import time_machine
import trustme
from django.utils import timezone

from contact import mails, outbox
from contact.models import OutgoingMail
from contact.outbox import Outcome, deliver, lease_next, run
from tests.contact import smtp_server
from tests.contact.smtp_server import use as use_smtp
from tests.factories import create_mail

pytestmark = pytest.mark.django_db

State = OutgoingMail.State
MINUTE = datetime.timedelta(minutes=1)


def attempt(now=None):
    """What became of the next mail that is due."""
    return deliver(lease_next(now), now=now)


def test_mail_is_sent_once(server):
    mail = create_mail(to="kim@visitor.example", reply_to="team@codesite.example", subject="Your meeting – 10:00")

    outcomes = run(once=True)

    [sent] = server.mails
    assert outcomes == {Outcome.SENT: 1}
    assert server.recipients == ["kim@visitor.example"]
    assert (sent["Subject"], sent["Reply-To"]) == ("Your meeting – 10:00", "team@codesite.example")
    assert server.message_ids == [mail.internet_message_id]
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == (State.SENT, 1, "")
    assert mail.sent_at is not None
    assert run(once=True) == {}


def test_mails_go_out_in_the_order_in_which_they_became_due(server):
    now = timezone.now()
    for minutes in (5, 30, 10):
        create_mail(subject=f"{minutes} minutes old", due_at=now - minutes * MINUTE)

    run(once=True)

    assert server.subjects == ["30 minutes old", "10 minutes old", "5 minutes old"]


def test_mail_of_later_is_left_for_later(server):
    now = timezone.now()
    create_mail(kind="reminder", wanted_at=now + MINUTE, due_at=now + MINUTE)

    assert lease_next(now) is None
    assert lease_next(now + MINUTE) is not None


@pytest.mark.parametrize(
    ("field", "reply"),
    [
        ("on_recipient", "421 4.3.2 Closing for now"),
        ("on_recipient", "450 4.2.1 Greylisted"),
        ("on_recipient", "451 4.3.0 Try later"),
        ("on_data", "421 4.3.2 Closing for now"),
        ("on_data", "451 4.7.1 Try later"),
        ("on_data", "452 4.3.1 No space"),
    ],
)
def test_temporary_refusal_is_tried_again_with_the_same_message_id(server, field, reply):
    now = timezone.now()
    mail = create_mail(due_at=now)
    setattr(server, field, reply)

    assert attempt(now) == Outcome.WAITS
    mail.refresh_from_db()
    assert (mail.state, mail.due_at, mail.lease_until) == (State.QUEUED, now + MINUTE, None)
    assert reply[:3] in mail.last_error
    assert lease_next(now + MINUTE / 2) is None

    setattr(server, field, smtp_server.OK)
    assert attempt(now + MINUTE) == Outcome.SENT
    assert server.message_ids == [mail.internet_message_id]


@pytest.mark.parametrize(
    ("field", "reply"),
    [
        ("on_recipient", "550 5.1.1 <kim@visitor.example>: Recipient address rejected: User unknown"),
        ("on_recipient", "553 5.1.3 Bad address"),
        ("on_data", "550 5.7.1 Message content rejected for kim@visitor.example"),
        ("on_data", "554 5.7.1 Rejected as spam"),
    ],
)
def test_refusal_of_recipient_or_content_is_final(server, field, reply, caplog):
    mail = create_mail(to="kim@visitor.example")
    setattr(server, field, reply)

    assert run(once=True) == {Outcome.FAILED: 1}

    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (State.FAILED, 1)
    assert reply[:3] in mail.last_error
    assert "visitor.example" not in mail.last_error
    assert f"Mail {mail.pk} (message-notice), attempt 1: SMTP" in caplog.text
    assert reply[:3] in caplog.text
    assert "kim" not in caplog.text


def test_refusal_of_the_sender_is_tried_again(server, settings):
    settings.DEFAULT_FROM_EMAIL = "team@codesite.example"
    mail = create_mail()
    server.on_sender = "550 5.7.1 Sender not allowed"

    assert run(once=True) == {Outcome.WAITS: 1}
    mail.refresh_from_db()
    assert mail.last_error == "SMTPSenderRefused 550: 5.7.1 Sender not allowed"


def test_refused_login_is_tried_again(server, settings):
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "team", "secret"
    mail = create_mail()

    assert run(once=True) == {Outcome.WAITS: 1}
    mail.refresh_from_db()
    assert mail.last_error.startswith("SMTPNotSupportedError")


def test_server_that_is_down_is_tried_again(refused_port):
    mail = create_mail()

    assert run(once=True) == {Outcome.WAITS: 1}
    mail.refresh_from_db()
    assert mail.last_error.startswith("ConnectionRefusedError")


def test_server_that_hangs_up_at_once_is_tried_again(settings):
    mail = create_mail()
    with smtp_server.refusing_port(b"421 4.3.2 Too busy") as port:
        use_smtp(settings, port)

        assert run(once=True) == {Outcome.WAITS: 1}

    mail.refresh_from_db()
    assert mail.last_error == "SMTPConnectError 421: 4.3.2 Too busy"


def test_server_that_never_greets_is_tried_again(settings):
    mail = create_mail()
    with smtp_server.silent_port() as port:
        use_smtp(settings, port, timeout=0.2)

        assert run(once=True) == {Outcome.WAITS: 1}

    mail.refresh_from_db()
    assert mail.state == State.QUEUED
    assert mail.last_error


def test_server_that_hangs_after_the_mail_is_tried_again(server, settings):
    settings.EMAIL_TIMEOUT = 0.2
    mail = create_mail()
    server.hangs = True

    assert run(once=True) == {Outcome.WAITS: 1}
    mail.refresh_from_db()
    assert mail.last_error.startswith("SMTPServerDisconnected")


def test_server_that_drops_after_the_mail_gets_it_again_with_the_same_message_id(server):
    now = timezone.now()
    mail = create_mail(due_at=now)
    server.drops = True
    assert attempt(now) == Outcome.WAITS

    server.drops = False
    assert attempt(now + MINUTE) == Outcome.SENT

    assert server.message_ids == [mail.internet_message_id] * 2


def test_server_without_the_wanted_tls_gets_nothing(server, settings):
    settings.EMAIL_USE_TLS = True
    mail = create_mail()

    assert run(once=True) == {Outcome.WAITS: 1}
    assert server.received == []
    mail.refresh_from_db()
    assert mail.last_error.startswith("SMTPNotSupportedError")


def test_server_with_a_certificate_of_nobody_known_gets_nothing(settings):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    mail = create_mail()
    with smtp_server.run(tls=context) as server:
        use_smtp(settings, server.port)
        settings.EMAIL_USE_TLS = True

        assert run(once=True) == {Outcome.WAITS: 1}

    assert server.received == []
    mail.refresh_from_db()
    assert mail.last_error.startswith("SSLCertVerificationError")


def test_backend_that_sends_to_nobody_is_no_success(settings, monkeypatch):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", lambda self, messages: 0)
    mail = create_mail()

    assert run(once=True) == {Outcome.WAITS: 1}
    mail.refresh_from_db()
    assert mail.last_error == "NothingSent: the mail backend sent it to nobody"


def test_waits_grow_for_three_days_then_the_mail_is_given_up(refused_port):
    began = timezone.now()
    mail = create_mail(wanted_at=began, due_at=began)
    waits = []
    while mail.state == State.QUEUED:
        with time_machine.travel(mail.due_at, tick=False):
            run(once=True)
            now = timezone.now()
        mail.refresh_from_db()
        waits.append((mail.due_at - now) / MINUTE)

    # The last attempt wrote no further one.
    assert waits[:6] == [1, 5, 15, 60, 360, 360]
    assert set(waits[4:-1]) == {360}
    assert mail.state == State.FAILED
    assert datetime.timedelta(days=3) <= now - began <= datetime.timedelta(days=3, hours=6)
    assert mail.last_error.startswith("ConnectionRefusedError")


def test_mail_that_waited_for_a_worker_for_days_is_tried_more_than_once(refused_port):
    now = timezone.now()
    mail = create_mail(wanted_at=now - datetime.timedelta(days=10), due_at=now - datetime.timedelta(days=10))

    for _ in range(4):
        assert attempt(now) == Outcome.WAITS
        mail.refresh_from_db()
        now = mail.due_at
    assert attempt(now) == Outcome.FAILED


def test_mail_that_cannot_be_made_blocks_no_other(server, caplog):
    now = timezone.now()
    poison = create_mail(to="kim@visitor.example\nBcc: all@example.org", due_at=now - MINUTE)
    good = create_mail(due_at=now)

    assert run(once=True) == {Outcome.WAITS: 1, Outcome.SENT: 1}

    assert server.message_ids == [good.internet_message_id]
    poison.refresh_from_db()
    assert poison.last_error.startswith("BadHeaderError: the mail could not be made")
    assert "kim" not in caplog.text + poison.last_error


def test_mail_that_cannot_be_made_is_given_up_after_some_attempts(server, monkeypatch):
    def fail(mail):
        raise KeyError(mail.to)

    monkeypatch.setattr(mails, "to_email", fail)
    now = timezone.now()
    mail = create_mail(due_at=now)

    for _ in range(4):
        assert attempt(now) == Outcome.WAITS
        mail.refresh_from_db()
        now = mail.due_at
    assert attempt(now) == Outcome.FAILED

    mail.refresh_from_db()
    assert mail.last_error.startswith("KeyError: the mail could not be made (test_outbox.py:")


def test_mail_that_ends_every_worker_is_given_up(server):
    mail = create_mail(attempts=outbox.MOST_ATTEMPTS)

    assert run(once=True) == {Outcome.FAILED: 1}
    mail.refresh_from_db()
    assert mail.last_error == outbox.ENDED_ITS_WORKERS
    assert server.received == []


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (b"nul \x00 and \x1b[31mcolor", "SMTPDataError 451: nul and [31mcolor"),
        (
            b"not <root@localhost> \xff\xfe text",
            "SMTPDataError 451: not <…> \N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER} text",
        ),
        (b"x" * 1000, "SMTPDataError 451: " + "x" * 281),
    ],
    ids=["controls", "bytes", "long"],
)
def test_strange_reply_can_be_kept(server, monkeypatch, reply, kept):
    def refuse(self, messages):
        raise SMTPDataError(451, reply)

    monkeypatch.setattr("django.core.mail.backends.smtp.EmailBackend.send_messages", refuse)
    mail = create_mail()

    run(once=True)

    mail.refresh_from_db()
    assert mail.last_error == kept
