import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone


class RateBucketQuerySet(models.QuerySet):
    def expired(self, now: datetime.datetime | None = None):
        """Buckets whose time is over: nothing counts them any more."""
        return self.filter(ends_at__lte=now or timezone.now())


class RateBucket(models.Model):
    """How often something was done from one address, or for one e-mail address, in one period.

    Of whom it is, only a keyed digest is kept. contact.rate_limits counts.
    """

    key = models.CharField(max_length=64)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField(default=1)

    objects = RateBucketQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["key", "starts_at"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=Q(count__gte=1), name="%(app_label)s_%(class)s_counts"),
            models.CheckConstraint(condition=~Q(key=""), name="%(app_label)s_%(class)s_has_key"),
            models.CheckConstraint(
                condition=Q(starts_at__lt=models.F("ends_at")), name="%(app_label)s_%(class)s_times_in_order"
            ),
        ]

    def __str__(self):
        return f"{self.count} until {self.ends_at:%Y-%m-%d %H:%M} UTC"
