import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

# Bytes. Larger files, and those of more codes than a request can load, go through import_codes.
LARGEST_UPLOAD = 5 * 1024 * 1024
DAYS_KEPT = 1


class ReleaseUploadQuerySet(models.QuerySet):
    def expired(self, now: datetime.datetime | None = None):
        """Uploads that nobody confirmed within a day."""
        return self.filter(uploaded_at__lt=(now or timezone.now()) - datetime.timedelta(days=DAYS_KEPT))


class ReleaseUpload(models.Model):
    """A release file between its dry run and its import in the admin; in the database, where every process finds it."""

    system = models.ForeignKey("procedures.CodeSystem", models.CASCADE, related_name="+")
    name = models.CharField(max_length=255, help_text="File name as uploaded.")
    version = models.CharField(max_length=7, blank=True, help_text="Year and month given by hand, or empty.")
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    objects = ReleaseUploadQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["-uploaded_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="%(app_label)s_%(class)s_has_name"),
        ]

    def __str__(self):
        return self.name
