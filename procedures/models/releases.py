import datetime

from django.db import models


class ReleaseQuerySet(models.QuerySet):
    def complete(self):
        """Releases that list every code of their system: only they can tell by absence that a code has gone."""
        return self.filter(complete=True)

    def newest_first(self):
        return self.order_by("-version", "-pk")


class Release(models.Model):
    """One imported release of a code system: the source of its codes' facts."""

    system = models.ForeignKey("procedures.CodeSystem", models.PROTECT, related_name="releases")
    version = models.CharField(max_length=7, help_text="Year and month in which the release takes effect: 2025-01.")
    source_name = models.CharField(max_length=300, help_text="The file, member of a zip, or address it was read from.")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file, in hexadecimal.")
    complete = models.BooleanField(default=True, help_text="It lists every code that was valid then.")
    is_table = models.BooleanField(
        default=False, help_text="It was read from a table (xlsx, csv), which lacks some of what the text of CMS has."
    )
    lists_headers = models.BooleanField(default=True, help_text="It also lists the headers of the hierarchy.")
    counts = models.JSONField(default=dict, help_text="How many records were read, added, changed, dropped ...")
    imported_at = models.DateTimeField(auto_now_add=True)

    objects = ReleaseQuerySet.as_manager()

    class Meta:
        ordering = ["system", "-version", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["system", "digest"], name="%(app_label)s_%(class)s_file_once"),
            models.CheckConstraint(
                condition=models.Q(version__regex=r"^(19|20)\d\d-(0[1-9]|1[0-2])$"),
                name="%(app_label)s_%(class)s_version_is_year_month",
            ),
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="%(app_label)s_%(class)s_digest_is_sha256"
            ),
        ]

    def __str__(self):
        return f"{self.system.name}, {self.label}"

    @property
    def effective(self) -> datetime.date:
        """The day on which the release takes effect: the first of its month."""
        return datetime.date(int(self.version[:4]), int(self.version[5:]), 1)

    @property
    def label(self) -> str:
        """Month and year in words: January 2025."""
        return f"{self.effective:%B %Y}"


class CodeChange(models.Model):
    """What a release changed about one code, compared with what was known before."""

    class Kind(models.TextChoices):
        ADDED = "added", "added"
        TERMINATED = "terminated", "discontinued"
        REWORDED = "reworded", "reworded"
        REINSTATED = "reinstated", "reinstated"
        EXPANDED = "expanded", "split into more specific codes"
        UNLISTED = "unlisted", "no longer listed"

    release = models.ForeignKey(Release, models.CASCADE, related_name="changes")
    code = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind)
    before = models.TextField(blank=True, help_text="The wording before, for a reworded code.")
    after = models.TextField(blank=True, help_text="The wording after, for a reworded code.")

    class Meta:
        ordering = ["-release__version", "code"]
        constraints = [
            models.UniqueConstraint(fields=["code", "release", "kind"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["added", "terminated", "reworded", "reinstated", "expanded", "unlisted"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.get_kind_display()} in {self.release.version}"
