import datetime
import uuid
import zoneinfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from contact.models.hosts import Host
from contact.models.meeting_types import MeetingType
from contact.no_overlap import NoOverlap
from contact.time_zones import LONGEST, validate_time_zone
from procedures.models import MedicalCode


class BookingQuerySet(models.QuerySet):
    def confirmed(self):
        """Meetings that take place, or took place. See also Booking.is_confirmed."""
        return self.filter(status=Booking.Status.CONFIRMED)

    def upcoming(self, now: datetime.datetime | None = None):
        """Confirmed meetings that have not ended."""
        return self.confirmed().filter(ends_at__gt=now or timezone.now())

    def over(self, now: datetime.datetime | None = None):
        """Meetings that have ended or do not take place: all that are not upcoming."""
        return self.exclude(status=Booking.Status.CONFIRMED, ends_at__gt=now or timezone.now())

    def blocking(self, first: datetime.datetime, until: datetime.datetime):
        """Confirmed meetings that, with what is kept free around them, reach into [first, until)."""
        return self.confirmed().filter(blocked_from__lt=until, blocked_until__gt=first)

    def of_visitor(self, email: str):
        """Meetings that were booked with this address, which forms keep in lower case."""
        return self.filter(email=email.lower())

    def expired(self, now: datetime.datetime | None = None):
        """Meetings that ended so long ago that their visitors are to be forgotten."""
        kept = datetime.timedelta(days=settings.CONTACT_RETENTION_DAYS)
        return self.filter(forgotten_at__isnull=True, ends_at__lte=(now or timezone.now()) - kept)

    def forget(self, now: datetime.datetime | None = None) -> int:
        """Empties what these meetings say of their visitors, and ends their links; the number of meetings.

        What remains counts meetings: when, with whom of the team, of which type. Their mails are not touched: see
        contact.forgetting.
        """
        emptied = dict.fromkeys(["name", "email", "organization", "notes", "code_text", "page"], "")
        return self.filter(forgotten_at__isnull=True).update(
            **emptied, forgotten_at=now or timezone.now(), link_version=F("link_version") + 1
        )


class Booking(models.Model):
    """A meeting of a visitor with a host: one row for its whole life, however often it is moved.

    Its length and what is kept free around it are those of its type at the time of booking. It is written by
    contact.actions alone, which holds the lock of the host.
    """

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", "confirmed"
        CANCELLED = "cancelled", "cancelled"
        NO_SHOW = "no-show", "visitor did not come"

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    host = models.ForeignKey(Host, models.PROTECT, related_name="bookings")
    meeting_type = models.ForeignKey(MeetingType, models.PROTECT, related_name="bookings")
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    blocked_from = models.DateTimeField(help_text="The start, less what is kept free before it.")
    blocked_until = models.DateTimeField(help_text="The end, with what is kept free after it.")
    status = models.CharField(max_length=10, choices=Status, default=Status.CONFIRMED)

    name = models.CharField(max_length=100, blank=True)
    email = models.EmailField(blank=True)
    organization = models.CharField(max_length=150, blank=True)
    notes = models.TextField("what it is about", max_length=2000, blank=True)
    time_zone = models.CharField("time zone of the visitor", max_length=LONGEST, validators=[validate_time_zone])
    code = models.ForeignKey(MedicalCode, models.SET_NULL, blank=True, null=True, related_name="+")
    code_text = models.CharField("code as written", max_length=60, blank=True)
    page = models.CharField(max_length=300, blank=True)
    looks_like_spam = models.BooleanField(default=False, editable=False)

    uid = models.CharField("calendar UID", max_length=255, unique=True, editable=False, help_text="RFC 5545, 3.8.4.7")
    sequence = models.PositiveIntegerField(default=0, editable=False, help_text="RFC 5545, 3.8.7.4")
    link_version = models.PositiveSmallIntegerField(default=1, editable=False)
    request_key = models.UUIDField(unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    forgotten_at = models.DateTimeField(
        blank=True, null=True, editable=False, help_text="Since when it says nothing of the visitor."
    )

    objects = BookingQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "pk"]
        indexes = [
            models.Index(fields=["host", "blocked_from"], name="contact_booking_host_blocked"),
            models.Index(fields=["email"], name="contact_booking_email"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["confirmed", "cancelled", "no-show"]),
                name="%(app_label)s_%(class)s_status_known",
            ),
            models.CheckConstraint(
                condition=Q(blocked_from__lte=F("starts_at"))
                & Q(starts_at__lt=F("ends_at"))
                & Q(ends_at__lte=F("blocked_until")),
                name="%(app_label)s_%(class)s_times_in_order",
            ),
            models.CheckConstraint(
                condition=(Q(forgotten_at__isnull=True) & ~Q(name="") & ~Q(email=""))
                | Q(forgotten_at__isnull=False, name="", email="", organization="", notes="", code_text="", page=""),
                name="%(app_label)s_%(class)s_visitor_or_forgotten",
            ),
            models.CheckConstraint(condition=~Q(uid="") & ~Q(time_zone=""), name="%(app_label)s_%(class)s_complete"),
            NoOverlap(
                name="%(app_label)s_%(class)s_no_overlap",
                owner="host",
                start="blocked_from",
                end="blocked_until",
                status_field="status",
                blocking="confirmed",
                violation_error_message="The host has another meeting at that time.",
                violation_error_code="no_overlap",
            ),
        ]

    def __str__(self):
        # Without the visitor's name: the admin's log keeps it after the visitor was forgotten.
        return f"{self.meeting_type} on {self.starts_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_confirmed(self) -> bool:
        """See also BookingQuerySet.confirmed."""
        return self.status == self.Status.CONFIRMED

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The visitor's time zone."""
        return zoneinfo.ZoneInfo(self.time_zone)

    @property
    def length(self) -> datetime.timedelta:
        return self.ends_at - self.starts_at

    @property
    def buffers(self) -> tuple[datetime.timedelta, datetime.timedelta]:
        """What is kept free before and after it."""
        return self.starts_at - self.blocked_from, self.blocked_until - self.ends_at

    def place(
        self,
        start: datetime.datetime,
        *,
        length: datetime.timedelta,
        buffers: tuple[datetime.timedelta, datetime.timedelta],
    ) -> None:
        """Gives it its times; saves nothing."""
        self.starts_at, self.ends_at = start, start + length
        self.blocked_from, self.blocked_until = self.starts_at - buffers[0], self.ends_at + buffers[1]

    def visitor_may_change(self, now: datetime.datetime | None = None) -> bool:
        """Whether the visitor can still move or cancel it: it is confirmed and its type's cut-off has not come."""
        cutoff = datetime.timedelta(minutes=self.meeting_type.cancel_cutoff_min)
        return self.is_confirmed and (now or timezone.now()) < self.starts_at - cutoff

    def rotate_link(self) -> None:
        """Ends every link to it that was mailed."""
        self.link_version = F("link_version") + 1
        self.save(update_fields=["link_version"])
        self.refresh_from_db(fields=["link_version"])


class BookingChange(models.Model):
    """One step in the life of a booking: when it was booked, moved, cancelled, and by whom. Nothing of the visitor."""

    class Kind(models.TextChoices):
        BOOKED = "booked", "booked"
        MOVED = "moved", "moved"
        CANCELLED = "cancelled", "cancelled"
        RESTORED = "restored", "restored"
        NO_SHOW = "no-show", "marked: visitor did not come"
        CAME = "came", "mark taken back"

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=10, choices=Kind)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        blank=True,
        null=True,
        related_name="+",
        help_text="Empty: the visitor.",
    )
    host = models.ForeignKey(Host, models.PROTECT, related_name="+")
    starts_at = models.DateTimeField(help_text="When it begins since this step.")
    sequence = models.PositiveIntegerField(help_text="RFC 5545, 3.8.7.4, since this step.")

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["booked", "moved", "cancelled", "restored", "no-show", "came"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
