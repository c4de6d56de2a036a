"""The outbox at work: takes mails that are due, sends each, and keeps what became of it.

A mail goes out at least once. A worker takes it by a lease, which one UPDATE decides for all workers and on every
database; when a worker dies, the lease runs out and another takes the mail. If that worker died after the server had
accepted it, the recipient gets it twice, with the same Message-ID. No transaction is open while a server is waited for.
"""

import datetime
import enum
import logging
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass

from django.core.mail import get_connection
from django.db import Error, close_old_connections, connection
from django.db.models import F, Min
from django.utils import timezone

from contact import mails
from contact.mail_failures import MailFailure, building_failure, sending_failure
from contact.models import MailWorker, OutgoingMail
from contact.models.outgoing_mail import WAITS, lease_length

log = logging.getLogger(__name__)

# Seconds that a worker rests when nothing is due.
PAUSE = 1
# A worker says that it is there no more often than that.
HEARTBEAT = datetime.timedelta(seconds=10)
# A mail that cannot be made is given up after as many attempts as there are waits: a further one would not help.
MOST_BUILDS = len(WAITS)
# No mail gets here but one that ended its worker each time, so that nothing of it was kept.
MOST_ATTEMPTS = 50
# Of due mails, those that a worker tries to take before it asks again; others take some of them meanwhile.
CANDIDATES = 10

TOO_LATE = "The meeting was over before the mail could be sent."
ENDED_ITS_WORKERS = "Each worker that took it ended while sending it."

State = OutgoingMail.State


class Outcome(enum.StrEnum):
    """What became of a mail that a worker took."""

    SENT = "sent"
    WAITS = "to be tried again"
    FAILED = "failed"
    NEEDLESS = "no longer needed"
    LOST = "taken over by another worker"


class NothingSent(Exception):
    """The mail backend took a mail without an error and sent it to nobody."""

    def __str__(self):
        return "the mail backend sent it to nobody"


def lease_next(now: datetime.datetime | None = None, *, by: datetime.datetime | None = None) -> OutgoingMail | None:
    """The next due mail, which from now on is this worker's until its lease ends; None when nothing is due.

    `by` as in OutgoingMailQuerySet.due. The lease is `attempts` with `lease_until`: no two leases of a mail share them.
    """
    now = now or timezone.now()
    while candidates := list(OutgoingMail.objects.due(now, by=by).values_list("pk", flat=True)[:CANDIDATES]):
        for pk in candidates:
            # The condition once more: of several workers, the UPDATE finds the row due for one.
            taken = OutgoingMail.objects.due(now, by=by).filter(pk=pk).order_by()
            if not taken.update(state=State.SENDING, lease_until=now + lease_length(), attempts=F("attempts") + 1):
                continue
            # It may have been deleted at the wish of its recipient.
            if mail := OutgoingMail.objects.select_related("booking").filter(pk=pk).first():
                return mail
    return None


def deliver(mail: OutgoingMail, *, now: datetime.datetime | None = None) -> Outcome:
    """Sends a mail that was leased, over a connection of its own, and keeps what became of it."""
    started = now or timezone.now()
    if not mail.is_needed(started):
        return finish(mail, Outcome.NEEDLESS, state=State.CANCELLED)
    if mail.comes_too_late(started):
        log.error("%s: not sent, as its meeting is over.", name(mail))
        return finish(mail, Outcome.FAILED, state=State.FAILED, last_error=TOO_LATE)
    if mail.attempts > MOST_ATTEMPTS:
        log.error("%s: given up, as each worker that took it ended.", name(mail))
        return finish(mail, Outcome.FAILED, state=State.FAILED, last_error=ENDED_ITS_WORKERS)
    try:
        email = mails.to_email(mail)
        # Made here once for the errors that lie in the mail: what goes wrong below is about the server.
        email.message()
    except Exception as error:
        is_last = mail.attempts >= MOST_BUILDS
        return keep_failure(mail, building_failure(error), is_last=is_last, now=now or timezone.now())
    try:
        # Django leaves a connection open whose TLS or log-in failed.
        with closing(get_connection(fail_silently=False)) as backend:
            if backend.send_messages([email]) == 0:
                raise NothingSent
    except Exception as error:
        failure = sending_failure(error)
        return keep_failure(mail, failure, is_last=failure.is_final, now=now or timezone.now())
    return finish(mail, Outcome.SENT, state=State.SENT, sent_at=now or timezone.now(), last_error="")


def keep_failure(mail: OutgoingMail, failure: MailFailure, *, is_last: bool, now: datetime.datetime) -> Outcome:
    """Puts the mail back for its next attempt, or gives it up."""
    next_attempt = None if is_last else mail.next_attempt(now)
    if next_attempt is None:
        log.error("%s, attempt %d: %s. Given up.", name(mail), mail.attempts, failure.title)
        return finish(mail, Outcome.FAILED, state=State.FAILED, last_error=str(failure))
    minutes = (next_attempt - now).total_seconds() / 60
    log.warning("%s, attempt %d: %s. Next in %g min.", name(mail), mail.attempts, failure.title, minutes)
    return finish(mail, Outcome.WAITS, state=State.QUEUED, due_at=next_attempt, last_error=str(failure))


def finish(mail: OutgoingMail, outcome: Outcome, **fields) -> Outcome:
    """Ends the lease with these fields; where it is no longer this worker's, nothing changes: LOST."""
    own = OutgoingMail.objects.filter(
        pk=mail.pk, state=State.SENDING, attempts=mail.attempts, lease_until=mail.lease_until
    )
    if own.update(lease_until=None, **fields):
        return outcome
    log.warning("%s, attempt %d: another worker has taken it over.", name(mail), mail.attempts)
    return Outcome.LOST


def name(mail: OutgoingMail) -> str:
    """The mail in a log line, which says nothing of its recipient."""
    return f"Mail {mail.pk} ({mail.kind})"


def run(*, once: bool = False, stop: threading.Event | None = None) -> Counter[Outcome]:
    """Sends mails as they become due until `stop` is set, or with `once` those that are due now; how many, by outcome.

    Several may run at a time. When the database does not answer, it waits and goes on; with `once` the error is raised.
    """
    stop = stop or threading.Event()
    outcomes: Counter[Outcome] = Counter()
    heartbeat = Heartbeat()
    # A mail that failed is due again in a minute, which a run over many mails may well last.
    by = timezone.now() if once else None
    is_answering = True
    while not stop.is_set():
        try:
            # A caller that is within a transaction, as tests are, keeps its connection.
            if not connection.in_atomic_block:
                close_old_connections()
            heartbeat.beat(timezone.now())
            mail = lease_next(by=by)
            if mail:
                outcomes[deliver(mail)] += 1
            is_answering = True
        except Error as error:
            if once:
                raise
            if is_answering:
                log.error("The database does not answer: %s. Going on when it does.", type(error).__name__)
            is_answering, mail = False, None
            connection.close()
        if mail is None:
            if once:
                break
            stop.wait(PAUSE)
    return outcomes


class Heartbeat:
    """Says in the database that a worker is there, every HEARTBEAT."""

    def __init__(self):
        self.last: datetime.datetime | None = None

    def beat(self, now: datetime.datetime) -> None:
        # Both ways, as the clock may be set back.
        if self.last is not None and abs(now - self.last) < HEARTBEAT:
            return
        MailWorker.objects.bulk_create(
            [MailWorker(seen_at=now)], update_conflicts=True, unique_fields=["id"], update_fields=["seen_at"]
        )
        self.last = now


@dataclass(frozen=True, slots=True)
class OutboxState:
    """How the outbox does: mails whose time has come and that are unsent, and how long the oldest has waited.

    `worker_seen` is how long ago a worker looked into it; None for never.
    """

    waiting: int
    oldest_unsent: datetime.timedelta | None
    failed: int
    worker_seen: datetime.timedelta | None


def state(now: datetime.datetime | None = None) -> OutboxState:
    """How the outbox does now: three short queries."""
    now = now or timezone.now()
    overdue = OutgoingMail.objects.overdue(now).order_by()
    oldest = overdue.aggregate(at=Min("wanted_at"))["at"]
    seen_at = MailWorker.objects.values_list("seen_at", flat=True).first()
    return OutboxState(
        waiting=overdue.count(),
        oldest_unsent=oldest and now - oldest,
        failed=OutgoingMail.objects.failed().count(),
        worker_seen=seen_at and max(now - seen_at, datetime.timedelta()),
    )
