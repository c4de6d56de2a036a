"""manage.py send_mail: the worker of the outbox."""

import signal
import threading
from collections import Counter
from contextlib import contextmanager

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from contact.outbox import Outcome, run


class Command(BaseCommand):
    """Sends what stands in the outbox: without --once until it is told to stop, looking every second.

    SIGTERM or SIGINT ends it after the mail in hand, a second one at once; what it had in hand is then sent by
    another when its lease ends. Any number may run at a time. A line in the log tells of each mail that failed. With
    --once the exit code is 0 even where mails failed: they are tried again, and the admin shows those given up.
    """

    help = "Sends mail as it becomes due, until stopped; with --once what is due now."

    def add_arguments(self, parser):
        parser.add_argument("--once", action="store_true", help="send what is due now and end, as for cron")

    def handle(self, *, once, **options):
        try:
            with stopped_by_signals() as stop:
                self.stdout.write(f"Sending mail by {backend()}, {'what is due now' if once else 'until stopped'}.")
                self.stdout.flush()
                outcomes = run(once=once, stop=stop)
        except Error as error:
            raise CommandError(f"The database does not answer: {type(error).__name__}.") from error
        self.stdout.write(summary(outcomes))


def backend() -> str:
    """What sends mail, and for SMTP to which server; no user, no password."""
    if settings.EMAIL_BACKEND != "django.core.mail.backends.smtp.EmailBackend":
        return settings.EMAIL_BACKEND
    return f"SMTP to {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"


def summary(outcomes: Counter[Outcome]) -> str:
    shown = [Outcome.SENT, Outcome.WAITS, Outcome.FAILED, Outcome.NEEDLESS]
    # Only where it happened.
    shown += [Outcome.LOST] if outcomes[Outcome.LOST] else []
    return f"Mails: {', '.join(f'{outcomes[outcome]} {outcome}' for outcome in shown)}."


@contextmanager
def stopped_by_signals():
    """An event that SIGTERM and SIGINT set; the second signal of a kind does what it does elsewhere."""
    stop = threading.Event()
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def ask_to_stop(number, frame):
        signal.signal(number, former[number])
        # Not here: this interrupts the wait for the event, which may hold the lock that set() takes.
        threading.Thread(target=stop.set).start()

    for number in former:
        signal.signal(number, ask_to_stop)
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
