"""The worker as its operator runs it, and several of them at once."""

import signal
import subprocess
import sys
from collections import Counter

import pytest

from contact.management.commands.send_mail import stopped_by_signals
from contact.models import MailWorker, OutgoingMail
from tests.contact import smtp_server
from tests.factories import create_mail
from tests.own_database import ROOT, make_own_database
from tests.procedures.management.running import said_by

MAKE_MAILS = """
from contact.models import OutgoingMail
from tests.factories import create_mail
OutgoingMail.objects.all().delete()
for number in range({count}):
    create_mail(subject=f"Mail {{number}}")
"""
TAKE_STATES = """
from contact.models import OutgoingMail
print(*OutgoingMail.objects.order_by("pk").values_list("state", flat=True))
OutgoingMail.objects.all().delete()
"""
SECONDS = 120  # until a process that should have ended counts as hanging


@pytest.mark.django_db
def test_once_sends_what_is_due_and_says_so(settings, mailoutbox):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    create_mail(subject="Your meeting")

    said = said_by("send_mail", "--once")

    assert [mail.subject for mail in mailoutbox] == ["Your meeting"]
    assert said.splitlines() == [
        "Sending mail by django.core.mail.backends.locmem.EmailBackend, what is due now.",
        "Mails: 1 sent, 0 to be tried again, 0 failed, 0 no longer needed.",
    ]
    assert MailWorker.objects.exists()


@pytest.mark.django_db
def test_once_names_the_server_and_what_failed_and_nobody_else(settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp_server.free_port()
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "postmaster", "open sesame"
    mail = create_mail(to="kim@visitor.example")

    said = said_by("send_mail", "--once")

    assert f"SMTP to 127.0.0.1:{settings.EMAIL_PORT}" in said
    assert "Mails: 0 sent, 1 to be tried again, 0 failed" in said
    assert f"Mail {mail.pk} (message-notice), attempt 1: ConnectionRefusedError. Next in 1 min." in caplog.text
    for secret in ("kim", "visitor.example", "postmaster", "sesame"):
        assert secret not in said + caplog.text


def test_second_signal_is_not_kept_from_its_effect():
    with stopped_by_signals() as stop:
        signal.raise_signal(signal.SIGINT)

        assert stop.wait(SECONDS)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def own(django_db_setup, tmp_path_factory):
    """A database for processes; each test leaves it without mails."""
    with make_own_database(tmp_path_factory.mktemp("own")) as own:
        yield own


def run_code(own, code):
    """What the code prints, run on that database."""
    return own.run("manage.py", "shell", "--no-imports", "-c", code, check=True).stdout


def start_worker(own, port, *arguments):
    return subprocess.Popen(
        [sys.executable, "manage.py", "send_mail", *arguments],
        cwd=ROOT,
        env={**own.environment, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_workers_at_work_together_send_each_mail_once(own):
    with smtp_server.run() as server:
        run_code(own, MAKE_MAILS.format(count=40))
        workers = [start_worker(own, server.port, "--once") for _ in range(3)]
        ended = [(worker.communicate(timeout=SECONDS), worker.returncode) for worker in workers]

    assert [code for _, code in ended] == [0, 0, 0], ended
    assert Counter(server.subjects) == {f"Mail {number}": 1 for number in range(40)}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_worker_ends_when_told_after_the_mail_in_hand(own, number):
    with smtp_server.run() as server:
        worker = start_worker(own, server.port)
        first_line = worker.stdout.readline()

        def stop_worker(content):
            """It is told to end while it waits for this reply."""
            worker.send_signal(number)
            return smtp_server.OK

        server.on_data = stop_worker
        run_code(own, MAKE_MAILS.format(count=2))
        rest, errors = worker.communicate(timeout=SECONDS)
        states = run_code(own, TAKE_STATES)

    assert first_line == f"Sending mail by SMTP to 127.0.0.1:{server.port}, until stopped.\n"
    assert (worker.returncode, errors) == (0, "")
    assert rest == "Mails: 1 sent, 0 to be tried again, 0 failed, 0 no longer needed.\n"
    assert states.split() == [OutgoingMail.State.SENT, OutgoingMail.State.QUEUED]


def test_idle_worker_ends_when_told(own):
    worker = start_worker(own, smtp_server.free_port())
    worker.stdout.readline()
    worker.send_signal(signal.SIGTERM)
    rest, errors = worker.communicate(timeout=SECONDS)

    assert (worker.returncode, errors) == (0, "")
    assert rest == "Mails: 0 sent, 0 to be tried again, 0 failed, 0 no longer needed.\n"
