import hashlib
import secrets
import zoneinfo

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from contact.time_zones import LONGEST, validate_time_zone


class HostQuerySet(models.QuerySet):
    def active(self):
        """Hosts who can be met. See also Host.active."""
        return self.filter(active=True)

    def lock(self, *pks: int) -> dict[int, "Host"]:
        """These hosts by their keys, each locked against other bookings until the transaction ends.

        In order of their keys, so that two transactions wait for each other instead of stopping each other. SQLite has
        no locks of rows: there the transaction itself, which begins as a writer, is the only one.
        """
        # Without NO KEY, rows that point to the host could not be written meanwhile.
        return {host.pk: host for host in self.filter(pk__in=pks).order_by("pk").select_for_update(no_key=True)}

    def with_feed(self, secret: str):
        """The host whose calendar this secret opens."""
        return self.filter(feed_digest=feed_digest(secret)).exclude(feed_digest="")


class Host(models.Model):
    """Somebody of the team whom visitors can meet."""

    name = models.CharField(max_length=100, help_text="As visitors read it, such as Alex Morgan.")
    email = models.EmailField(help_text="Gets an invitation for each meeting. Visitors do not see it.")
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        blank=True,
        null=True,
        related_name="host",
        help_text="The account of this person on the editors' desk, if there is one.",
    )
    time_zone = models.CharField(
        max_length=LONGEST,
        validators=[validate_time_zone],
        help_text="Windows and exceptions are wall time in this zone, also when its clocks change: America/New_York.",
    )
    active = models.BooleanField(
        default=True, help_text="Without it no new meetings are offered. Meetings that are booked stay."
    )
    daily_cap = models.PositiveSmallIntegerField(
        "meetings a day",
        blank=True,
        null=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="At most so many meetings on one day of this person's calendar. Empty for no limit.",
    )
    feed_digest = models.CharField(max_length=64, blank=True, editable=False)

    objects = HostQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(email="") & ~Q(time_zone=""), name="%(app_label)s_%(class)s_complete"
            ),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(daily_cap__range=(1, 100)),
                name="%(app_label)s_%(class)s_cap_range",
            ),
            models.UniqueConstraint(
                fields=["feed_digest"], condition=~Q(feed_digest=""), name="%(app_label)s_%(class)s_feed_once"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)

    def make_feed_secret(self) -> str:
        """A new secret of this host's calendar, which ends the former one. Only its digest is kept."""
        secret = secrets.token_urlsafe(24)
        self.feed_digest = feed_digest(secret)
        self.save(update_fields=["feed_digest"])
        return secret

    def revoke_feed(self) -> None:
        """No secret opens this host's calendar from now on."""
        self.feed_digest = ""
        self.save(update_fields=["feed_digest"])


def feed_digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
