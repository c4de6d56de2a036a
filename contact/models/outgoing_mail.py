import datetime

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from contact.models.bookings import Booking
from contact.models.messages import Message

# How long mails are kept once nothing is to be done about them, and how long those that failed.
MAILS_KEPT = datetime.timedelta(days=30)
FAILED_MAILS_KEPT = datetime.timedelta(days=90)

# How long a mail waits after its first attempt that failed, after the second, ...; then each time as after the last.
WAITS = tuple(datetime.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 6 * 60))
# After so long it is given up, unless it has not had every wait yet, since no worker ran.
LONGEST_TRY = datetime.timedelta(days=3)
# In settings.EMAIL_TIMEOUT. That holds for each step of SMTP, of which a mail over STARTTLS takes ten.
LEASE_IN_TIMEOUTS = 10


def lease_length() -> datetime.timedelta:
    """How long a mail belongs to the worker that took it; after that, another worker may take it."""
    return datetime.timedelta(seconds=LEASE_IN_TIMEOUTS * settings.EMAIL_TIMEOUT)


class OutgoingMailQuerySet(models.QuerySet):
    def unsent(self):
        """Mails that are still to be sent."""
        return self.filter(state__in=[OutgoingMail.State.QUEUED, OutgoingMail.State.SENDING])

    def overdue(self, now: datetime.datetime | None = None):
        """Unsent mails whose time has come, the oldest first."""
        return self.unsent().filter(wanted_at__lte=now or timezone.now()).order_by("wanted_at", "pk")

    def due(self, now: datetime.datetime | None = None, *, by: datetime.datetime | None = None):
        """Mails that a worker may take now, or with `by` those whose turn came by then, the first of them first.

        A mail of a booking is not due while an older one of the same booking to the same recipient is unsent. A moment
        that is further ahead than any clock that goes right could have written it has come, too: the clock was set
        back since.
        """
        now = now or timezone.now()
        by = by or now
        state = OutgoingMail.State
        is_due = Q(state=state.QUEUED, due_at__lte=by) | Q(state=state.SENDING, lease_until__lte=by)
        # The clocks of two machines may differ by so much.
        allowance = lease_length()
        written_too_far_ahead = Q(state=state.SENDING, lease_until__gt=now + lease_length() + allowance)
        written_too_far_ahead |= Q(state=state.QUEUED, attempts=0, created_at__gt=now) & ~Q(
            kind=OutgoingMail.Kind.REMINDER
        )
        for attempts, wait in enumerate(WAITS, start=1):
            lookup = "attempts__gte" if wait == WAITS[-1] else "attempts"
            written_too_far_ahead |= Q(state=state.QUEUED, **{lookup: attempts}, due_at__gt=now + wait + allowance)
        older = (
            OutgoingMail.objects.unsent()
            .exclude(kind=OutgoingMail.Kind.REMINDER)
            .filter(booking=OuterRef("booking"), to=OuterRef("to"))
            .filter(
                Q(sequence__lt=OuterRef("sequence"))
                | (Q(sequence=OuterRef("sequence")) | Q(sequence__isnull=True)) & Q(pk__lt=OuterRef("pk"))
            )
        )
        return self.unsent().filter(is_due | written_too_far_ahead).exclude(Exists(older)).order_by("due_at", "pk")

    def failed(self):
        return self.filter(state=OutgoingMail.State.FAILED)

    def of_person(self, email: str):
        """Mails about what came from this address, and mails to it of which that is gone.

        Not simply all mails to it: those to a host tell of other people. Forms keep addresses in lower case.
        """
        email = email.lower()
        about = Q(message__email=email) | Q(booking__email=email)
        alone = Q(message__isnull=True, booking__isnull=True)
        return self.filter(about | (alone & (Q(to=email) | Q(reply_to=email))))

    def expired(self, now: datetime.datetime | None = None):
        """Mails that were sent or given up so long ago that they are to be deleted; never unsent ones."""
        now = now or timezone.now()
        return self.filter(
            Q(state=OutgoingMail.State.SENT, sent_at__lte=now - MAILS_KEPT)
            | Q(state=OutgoingMail.State.CANCELLED, due_at__lte=now - MAILS_KEPT)
            | Q(state=OutgoingMail.State.FAILED, due_at__lte=now - FAILED_MAILS_KEPT)
        )

    def cancel(self) -> int:
        """Keeps those that wait, and are not being sent, from being sent; how many."""
        return self.filter(state=OutgoingMail.State.QUEUED).update(state=OutgoingMail.State.CANCELLED)


class OutgoingMail(models.Model):
    """The outbox: a mail as it will be sent, written in the transaction of what it tells of.

    Text and calendar object are frozen when it is written. contact.outbox sends it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "waiting"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "no longer needed"

    class Kind(models.TextChoices):
        MESSAGE_NOTICE = "message-notice", "message: notice to the team"
        MESSAGE_RECEIPT = "message-receipt", "message: receipt to the visitor"
        BOOKED = "booked", "meeting: booked"
        MOVED = "moved", "meeting: moved"
        CANCELLED = "cancelled", "meeting: cancelled"
        REMINDER = "reminder", "meeting: reminder"

    kind = models.CharField(max_length=20, choices=Kind)
    message = models.ForeignKey(Message, models.SET_NULL, blank=True, null=True, related_name="mails")
    booking = models.ForeignKey(Booking, models.SET_NULL, blank=True, null=True, related_name="mails")
    sequence = models.PositiveIntegerField(
        blank=True, null=True, help_text="That of the booking when it was written (RFC 5545, 3.8.7.4)."
    )
    to = models.EmailField()
    reply_to = models.EmailField(blank=True)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    calendar = models.BinaryField(blank=True, default=b"", help_text="An iCalendar object, or nothing.")
    calendar_method = models.CharField(max_length=10, blank=True, help_text="REQUEST or CANCEL (RFC 5546).")
    internet_message_id = models.CharField("Message-ID", max_length=255, unique=True, help_text="RFC 5322, 3.6.4")
    references = models.CharField(max_length=255, blank=True, help_text="The Message-ID that it follows.")
    dedupe_key = models.CharField(max_length=150, unique=True, help_text="What it is about, for whom: never twice.")

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(default=timezone.now)
    wanted_at = models.DateTimeField(default=timezone.now, help_text="When it was to be sent at first.")
    due_at = models.DateTimeField(default=timezone.now, help_text="When it is tried next.")
    lease_until = models.DateTimeField(blank=True, null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(blank=True, null=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name = "outgoing mail"
        verbose_name_plural = "outgoing mail"
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state__in=["queued", "sending"]), name="contact_mail_unsent"),
            models.Index(fields=["to"], name="contact_mail_to"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "failed", "cancelled"]),
                name="%(app_label)s_%(class)s_state_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["message-notice", "message-receipt", "booked", "moved", "cancelled", "reminder"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
            models.CheckConstraint(
                condition=(Q(state="sending") & Q(lease_until__isnull=False))
                | (~Q(state="sending") & Q(lease_until__isnull=True)),
                name="%(app_label)s_%(class)s_lease_while_sending",
            ),
            models.CheckConstraint(
                condition=(Q(state="sent") & Q(sent_at__isnull=False)) | (~Q(state="sent") & Q(sent_at__isnull=True)),
                name="%(app_label)s_%(class)s_sent_at",
            ),
            models.CheckConstraint(
                condition=Q(calendar_method__in=["", "REQUEST", "CANCEL"]),
                name="%(app_label)s_%(class)s_method_known",
            ),
            models.CheckConstraint(
                condition=~Q(to="") & ~Q(subject="") & ~Q(internet_message_id="") & ~Q(dedupe_key=""),
                name="%(app_label)s_%(class)s_complete",
            ),
        ]

    def __str__(self):
        # Without the recipient: the admin's log keeps it after the mail was deleted.
        return f"Mail {self.pk}, {self.get_kind_display()}"

    def is_needed(self, now: datetime.datetime | None = None) -> bool:
        """Whether it still says the truth: a reminder does so of a meeting that stands as it did, and is ahead."""
        if self.kind != self.Kind.REMINDER:
            return True
        booking = self.booking
        return (
            booking is not None
            and booking.is_confirmed
            and booking.sequence == self.sequence
            and (now or timezone.now()) < booking.starts_at
        )

    def comes_too_late(self, now: datetime.datetime | None = None) -> bool:
        """Whether it invites to a meeting that is over. That one was cancelled is worth saying at any time."""
        return (
            self.kind in (self.Kind.BOOKED, self.Kind.MOVED)
            and self.calendar_method != "CANCEL"
            and self.booking is not None
            and self.booking.ends_at <= (now or timezone.now())
        )

    def next_attempt(self, now: datetime.datetime) -> datetime.datetime | None:
        """When it is tried again, its last attempt having failed now; None if it is given up."""
        if self.attempts >= len(WAITS) and now >= self.wanted_at + LONGEST_TRY:
            return None
        return now + WAITS[min(self.attempts, len(WAITS)) - 1]

    @property
    def is_superseded(self) -> bool:
        """Whether its recipient has been, or will be, told something newer of its booking."""
        newer = OutgoingMail.objects.filter(booking=self.booking_id, to=self.to, sequence__gt=self.sequence or 0)
        return self.booking_id is not None and newer.exclude(kind=self.Kind.REMINDER).exists()

    def can_be_sent_again(self, now: datetime.datetime | None = None) -> bool:
        """Whether sending it again makes sense: it failed, was sent or cancelled, or waits for its next attempt.

        Not where the recipient was told newer things since, where a reminder is of a meeting that does not stand as it
        did, and where the meeting is over.
        """
        now = now or timezone.now()
        is_at_rest = self.state in (self.State.FAILED, self.State.SENT, self.State.CANCELLED)
        is_tried = self.state == self.State.QUEUED and self.attempts > 0
        if not (is_at_rest or is_tried):
            return False
        return self.is_needed(now) and not self.comes_too_late(now) and not self.is_superseded

    def send_again(self, *, now: datetime.datetime | None = None) -> bool:
        """Has it sent as if it were new, its Message-ID apart: now, or at its time where that is still ahead.

        False, and nothing done, where it cannot be sent again, or a worker takes it at this moment.
        """
        now = now or timezone.now()
        current = OutgoingMail.objects.select_related("booking").defer("text", "calendar").filter(pk=self.pk).first()
        if current is None or not current.can_be_sent_again(now):
            return False
        due = max(now, current.wanted_at)
        as_it_was = OutgoingMail.objects.filter(pk=self.pk, state=current.state, attempts=current.attempts)
        changed = as_it_was.update(
            state=self.State.QUEUED, wanted_at=due, due_at=due, attempts=0, last_error="", sent_at=None
        )
        if changed:
            self.refresh_from_db()
        return bool(changed)


class MailWorker(models.Model):
    """When a worker last looked into the outbox: one row, for all workers."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(id=1), name="%(app_label)s_%(class)s_one_row")]

    def __str__(self):
        return f"Seen {self.seen_at:%Y-%m-%d %H:%M:%S} UTC"
