import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

# Bytes. Larger files, and those of more codes than a request can load, go through import_codes.
LARGEST_UPLOAD = 5 * 1024 * 1024
DAYS_KEPT = 1


class UploadQuerySet(models.QuerySet):
    def expired(self, now: datetime.datetime | None = None):
        """Uploads that nobody confirmed within a day."""
        return self.filter(uploaded_at__lt=(now or timezone.now()) - datetime.timedelta(days=DAYS_KEPT))

    def waiting_for(self, user, now: datetime.datetime | None = None):
        """Uploads that this user, and nobody else, may confirm still."""
        kept_from = (now or timezone.now()) - datetime.timedelta(days=DAYS_KEPT)
        return self.filter(uploaded_by=user, uploaded_at__gte=kept_from)

    def keep(self, **columns):
        """Stores an upload and returns it; deletes those that nobody confirmed in time."""
        self.expired().delete()
        return self.create(**columns)


class Upload(models.Model):
    """A file between its dry run and its import in the admin; in the database, where every process finds it."""

    name = models.CharField(max_length=255, help_text="File name as uploaded.")
    content = models.BinaryField()
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True, db_index=True)

    objects = UploadQuerySet.as_manager()

    class Meta:
        abstract = True
        default_permissions = ()
        ordering = ["-uploaded_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="%(app_label)s_%(class)s_has_name"),
        ]

    def __str__(self):
        return self.name


class ReleaseUpload(Upload):
    """A release of a code system."""

    system = models.ForeignKey("procedures.CodeSystem", models.CASCADE, related_name="+")
    version = models.CharField(max_length=7, blank=True, help_text="Year and month given by hand, or empty.")


class SheetUpload(Upload):
    """A sheet of rows of one kind."""

    label = models.CharField(max_length=100, help_text="What it is a sheet of: procedures.CodeName.")
