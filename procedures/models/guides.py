import datetime

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from procedures.guide_sections import SECTIONS
from procedures.models.codes import CodeName
from procedures.models.guide_texts import HINTS, GuideText
from procedures.models.search_entries import ContentVersion
from procedures.reading_hints import near_duplicates

# Who published a text that no person did. Such a text may be replaced by a later import; a person's may not.
IMPORT = "import"
DEMONSTRATION = "demonstration"

LONGEST_TIME_BETWEEN_REVIEWS = datetime.timedelta(days=3 * 366)


class TransitionRefused(Exception):
    """A step of the workflow that is not allowed now, or not to this person; the message says why, to an editor."""


def sections_in_order(html: dict[str, str]) -> list[str]:
    """The HTML of the sections of a published guide, in their order, without its sources.

    The stored order is no order: PostgreSQL sorts the keys of JSON by their length.
    """
    return [html[section.field] for section in SECTIONS if html.get(section.field)]


class GuideQuerySet(models.QuerySet):
    def published(self):
        """Guides that the public may read. See also Guide.is_published."""
        return self.filter(unpublished_at__isnull=True)

    def unpublished(self):
        """Guides that were taken off their pages."""
        return self.filter(unpublished_at__isnull=False)

    def newest(self, count: int):
        """The guides published last."""
        return self.order_by("-published_at", "pk")[:count]

    def review_overdue(self, on: datetime.date | None = None):
        """Public guides that were due to be reviewed again before the day `on` (today)."""
        return self.published().filter(review_due_on__lt=on or timezone.localdate())

    def never_reviewed(self):
        """Public guides that no clinician has reviewed."""
        return self.published().filter(reviewed_on__isnull=True)

    def with_empty_sections(self):
        """Public guides in which at least one of the 14 sections has no text."""
        return self.published().filter(empty_sections__gt=0)

    def unfinished(self):
        """Public guides with marks such as TODO or [name]."""
        return self.published().filter(is_unfinished=True)

    def hard_to_read(self, grade: float = 9):
        """Public guides whose reading grade is above `grade`."""
        return self.published().filter(reading_grade__gt=grade)

    def of_retired_codes(self, on: datetime.date | None = None):
        """Public guides of codes that may not be used on the day `on` (today)."""
        on = on or timezone.localdate()
        ended = Q(code__terminated__lt=on) | Q(code__missing_from__isnull=False)
        return self.published().filter(ended).exclude(code__kind="header")

    def silent_on_retirement(self, on: datetime.date | None = None):
        """Public guides of retired codes that do not say so."""
        return self.of_retired_codes(on).filter(mentions_retirement=False)

    def near_duplicates(self, threshold: float = 0.9) -> list[tuple[int, int, float]]:
        """Pairs of public guides whose texts are at least `threshold` alike: primary keys, and how alike they are."""
        return near_duplicates(dict(self.published().values_list("pk", "sketch")), threshold)


class Guide(GuideText):
    """The plain-language page of a code, as the public reads it.

    Nothing changes it but GuideDraft.publish, `unpublish` and `mark_reviewed`: an edit is made in a GuideDraft. Its
    history has a row for each of these steps.
    """

    code = models.OneToOneField("procedures.MedicalCode", models.CASCADE, related_name="guide")
    html = models.JSONField(default=dict, editable=False, help_text="All that the public reads, rendered, by field.")
    sketch = models.JSONField(
        default=list, editable=False, help_text="Hashes by which near duplicates are found (procedures.reading_hints)."
    )
    published_at = models.DateTimeField(db_index=True, editable=False, help_text="First publication.")
    changed_at = models.DateTimeField(db_index=True, editable=False, help_text="Last publication of another text.")
    publisher = models.CharField(
        max_length=150, editable=False, help_text="Who published this text: a user name, “import” or “demonstration”."
    )
    unpublished_at = models.DateTimeField(null=True, blank=True, editable=False)
    unpublish_reason = models.CharField(
        max_length=300, blank=True, editable=False, help_text="Why the guide is off the page; visitors read it."
    )
    reviewed_on = models.DateField(
        null=True, blank=True, help_text="Day on which a clinician checked the whole page. A mere edit never moves it."
    )
    reviewed_by = models.CharField(
        max_length=150, blank=True, help_text="Name and profession of the clinician, as visitors read it."
    )
    review_due_on = models.DateField(null=True, blank=True, help_text="Day by which it is to be reviewed again.")

    objects = GuideQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["html", "sketch", *HINTS])

    class Meta:
        verbose_name = "public guide"
        ordering = ["code"]
        permissions = [
            ("publish_guide", "Can approve, publish and unpublish guides"),
            ("review_guide", "Can record the review of a guide by a clinician"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(**{section.field: "" for section in SECTIONS}),
                name="%(app_label)s_%(class)s_has_text",
                violation_error_message="Write at least one section: a guide without text cannot be saved.",
            ),
            models.CheckConstraint(
                condition=~Q(sources="", section_sources={}, document_name=""),
                name="%(app_label)s_%(class)s_has_source",
                violation_error_message="Name at least one source: a guide without sources cannot be published.",
            ),
            models.CheckConstraint(
                condition=Q(unpublished_at__isnull=True, unpublish_reason="")
                | (Q(unpublished_at__isnull=False) & ~Q(unpublish_reason="")),
                name="%(app_label)s_%(class)s_unpublished_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_on__isnull=True, reviewed_by="", review_due_on__isnull=True)
                | (
                    # Not only `gt`: a check that gives NULL is no violation.
                    Q(reviewed_on__isnull=False, review_due_on__isnull=False, review_due_on__gt=F("reviewed_on"))
                    & ~Q(reviewed_by="")
                ),
                name="%(app_label)s_%(class)s_review_is_whole",
                violation_error_message="A review has a day, a reviewer, and a later day on which the next is due.",
            ),
            models.CheckConstraint(
                condition=Q(changed_at__gte=F("published_at")), name="%(app_label)s_%(class)s_changed_after_published"
            ),
            models.CheckConstraint(condition=~Q(publisher=""), name="%(app_label)s_%(class)s_has_publisher"),
        ]
        indexes = [models.Index(fields=["review_due_on"], name="procedures_guide_review_due")]

    def __str__(self):
        return f"Guide of {self.code}"

    def get_absolute_url(self):
        return self.code.get_absolute_url()

    @property
    def is_published(self) -> bool:
        """See also GuideQuerySet.published."""
        return self.unpublished_at is None

    @property
    def was_changed_since_review(self) -> bool:
        """Whether another text was published after the day of the review."""
        return self.reviewed_on is not None and timezone.localdate(self.changed_at) > self.reviewed_on

    def is_overdue(self, on: datetime.date) -> bool:
        """Whether the next review was due before the day `on`. See also GuideQuerySet.review_overdue."""
        return self.review_due_on is not None and self.review_due_on < on

    def public_sections(self) -> list[dict]:
        """The published sections that have a text, in order: heading, anchor, HTML, and HTML of their sources."""
        return [
            {
                "heading": section.heading,
                "anchor": section.field.replace("_", "-"),
                "html": self.html[section.field],
                "sources": self.html.get(f"{section.field}_sources", ""),
            }
            for section in SECTIONS
            if self.html.get(section.field)
        ]

    def unpublish(self, *, reason: str, by, now: datetime.datetime | None = None) -> None:
        """Takes the guide and its names off the public page and out of search; the text stays for a new draft.

        `by` is a user or None for a command. Raises TransitionRefused without a reason or where it is off already.
        """
        reason = reason.strip()
        if not reason:
            raise TransitionRefused("Say why the guide is taken off the page: visitors read the reason.")
        with transaction.atomic():
            self._lock()
            if not self.is_published:
                raise TransitionRefused("This guide is not public.")
            self.unpublished_at = now or timezone.now()
            self.unpublish_reason = reason
            self.save_with_history(by=by, reason=f"Unpublished: {reason}")
            CodeName.objects.follow_guide(self.code, [], by=by)
            self._reindex()

    def mark_reviewed(
        self, *, reviewer: str, on: datetime.date, due: datetime.date, by, today: datetime.date | None = None
    ) -> None:
        """Records that a clinician checked the whole public text on the day `on`, and when the next review is due.

        Raises TransitionRefused for a guide that is not public, a day to come, a text published after that day, a due
        day that is not later or more than three years later, or no reviewer.
        """
        reviewer = reviewer.strip()
        with transaction.atomic():
            self._lock()
            if not self.is_published:
                raise TransitionRefused("Only a public guide can be marked as reviewed.")
            if not reviewer:
                raise TransitionRefused("Name the clinician who reviewed the guide.")
            if on > (today or timezone.localdate()):
                raise TransitionRefused("The day of the review has not come yet.")
            if on < timezone.localdate(self.changed_at):
                raise TransitionRefused("The text was changed after that day: the review was of another text.")
            if due <= on:
                raise TransitionRefused("The next review has to be due after this one.")
            if due - on > LONGEST_TIME_BETWEEN_REVIEWS:
                raise TransitionRefused("A guide is reviewed at least every three years.")
            self.reviewed_on, self.reviewed_by, self.review_due_on = on, reviewer, due
            self.save_with_history(by=by, reason=f"Reviewed by {reviewer}")
            ContentVersion.advance()

    def save_with_history(self, *, by, reason: str) -> None:
        """Saves the guide with one row of history: by whom (None for a command) and why."""
        self._history_user = by
        self._change_reason = reason
        self.save()

    def _lock(self) -> None:
        """Waits for other writers of this guide and reads its row afresh."""
        ContentVersion.wait_for_other_writers()
        try:
            self.refresh_from_db(from_queryset=Guide.objects.select_for_update())
        except Guide.DoesNotExist:
            raise TransitionRefused("This guide has been deleted meanwhile.") from None

    def _reindex(self) -> None:
        # Search reads the models, so they cannot import it at the top.
        from procedures.search import reindex

        reindex([self.code_id])
