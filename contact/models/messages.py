import datetime
import secrets
from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from procedures.models import MedicalCode

# How long a visitor waits for an answer before the message is marked on the desk.
ANSWERED_WITHIN = datetime.timedelta(days=2)
# How long is kept what looks like spam.
SPAM_KEPT = datetime.timedelta(days=30)


def make_public_id() -> str:
    return secrets.token_hex(4)


class MessageQuerySet(models.QuerySet):
    def waiting(self):
        """Messages that somebody has still to deal with. See also Message.is_waiting."""
        return self.filter(status__in=[Message.Status.NEW, Message.Status.OPEN])

    def overdue(self, now: datetime.datetime | None = None):
        """Messages that wait for longer than ANSWERED_WITHIN. See also Message.is_overdue."""
        return self.waiting().filter(created_at__lte=(now or timezone.now()) - ANSWERED_WITHIN)

    def of_sender(self, email: str):
        """Messages that came from this address, which forms keep in lower case."""
        return self.filter(email=email.lower())

    def expired(self, now: datetime.datetime | None = None):
        """Messages that were closed so long ago that they are to be deleted: spam sooner than others."""
        now, kept = now or timezone.now(), datetime.timedelta(days=settings.CONTACT_RETENTION_DAYS)
        return self.filter(
            Q(status=Message.Status.DONE, closed_at__lte=now - kept)
            | Q(status=Message.Status.SPAM, closed_at__lte=now - min(SPAM_KEPT, kept))
        )

    def lock(self, pks: Iterable[int]) -> list["Message"]:
        """These messages, as they are by now, each kept from other writers until the transaction ends."""
        return list(self.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True))


class Message(models.Model):
    """What a visitor wrote to the team."""

    class Status(models.TextChoices):
        NEW = "new", "new"
        OPEN = "open", "open"
        DONE = "done", "done"
        SPAM = "spam", "spam?"

    public_id = models.CharField(
        "thread",
        max_length=8,
        unique=True,
        default=make_public_id,
        editable=False,
        help_text="Stands in the subject of every mail about it.",
    )
    name = models.CharField(max_length=100)
    email = models.EmailField()
    organization = models.CharField(max_length=150, blank=True)
    text = models.TextField(max_length=5000)
    code = models.ForeignKey(
        MedicalCode,
        models.SET_NULL,
        blank=True,
        null=True,
        related_name="+",
        help_text="The code that the message is about.",
    )
    code_text = models.CharField("code as written", max_length=60, blank=True)
    page = models.CharField(max_length=300, blank=True, help_text="The page of this site that the visitor came from.")
    status = models.CharField(max_length=10, choices=Status, default=Status.NEW, db_index=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, blank=True, null=True, related_name="+", help_text="Who answers."
    )
    spam_score = models.PositiveSmallIntegerField(default=0, editable=False)
    spam_reasons = models.CharField(max_length=300, blank=True, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False, db_index=True)
    closed_at = models.DateTimeField(blank=True, null=True, editable=False, help_text="Since when it is done or spam.")

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["email"], name="contact_message_email")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["new", "open", "done", "spam"]), name="%(app_label)s_%(class)s_status_known"
            ),
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(email="") & ~Q(text="") & ~Q(public_id=""),
                name="%(app_label)s_%(class)s_complete",
            ),
            models.CheckConstraint(
                condition=(Q(closed_at__isnull=True) & ~Q(status__in=["done", "spam"]))
                | (Q(closed_at__isnull=False) & ~Q(status__in=["new", "open"])),
                name="%(app_label)s_%(class)s_closed_at",
            ),
        ]

    def __str__(self):
        # Without name and address: the admin's log keeps it after the message was deleted.
        return f"Message {self.public_id}"

    @property
    def is_waiting(self) -> bool:
        """See also MessageQuerySet.waiting."""
        return self.status in (self.Status.NEW, self.Status.OPEN)

    def is_overdue(self, now: datetime.datetime | None = None) -> bool:
        """See also MessageQuerySet.overdue."""
        return self.is_waiting and self.created_at <= (now or timezone.now()) - ANSWERED_WITHIN

    def set_status(self, status: str, *, now: datetime.datetime | None = None) -> None:
        """Gives it a status, and `closed_at` with it; saves nothing."""
        self.status = status
        if self.is_waiting:
            self.closed_at = None
        elif self.closed_at is None:
            self.closed_at = now or timezone.now()


class MessageNote(models.Model):
    """What somebody of the team noted on a message."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="notes")
    text = models.TextField(max_length=2000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, blank=True, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="%(app_label)s_%(class)s_has_text")]

    def __str__(self):
        return f"Note of {self.created_at:%Y-%m-%d}"
