import datetime
from collections.abc import Iterable
from itertools import groupby

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_update_with_history

from procedures.guide_sections import SECTIONS
from procedures.models.codes import CodeName
from procedures.models.guide_texts import HINTS, GuideText
from procedures.models.search_entries import ContentVersion
from procedures.reading_hints import near_duplicates

# Who published a text that no person did. Such a text may be replaced by a later import; a person's may not.
IMPORT = "import"
DEMONSTRATION = "demonstration"

LONGEST_TIME_BETWEEN_REVIEWS = datetime.timedelta(days=3 * 366)
REVIEWS_AT_ONCE = 200


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

    def record_reviews(self, guides: Iterable["Guide"], *, by) -> None:
        """Stores the reviews that many guides have taken, as `mark_reviewed` does that of one.

        Call it in a transaction that waited for other writers before the guides were read, after `check_review` and
        `take_review` of each. They need not have their texts.
        """
        reviews = sorted((guide.reviewed_by, guide.reviewed_on, guide.review_due_on, guide.pk) for guide in guides)
        for start in range(0, len(reviews), REVIEWS_AT_ONCE):
            batch = reviews[start : start + REVIEWS_AT_ONCE]
            # Mostly they are of few reviewers and days, where bulk_update takes ten times as long.
            for (reviewer, on, due), same in groupby(batch, key=lambda review: review[:3]):
                self.filter(pk__in=[pk for *_, pk in same]).update(
                    reviewed_by=reviewer, reviewed_on=on, review_due_on=due, reviewed_text_of=F("changed_at")
                )
            # The history has the texts.
            rows = list(self.filter(pk__in=[pk for *_, pk in batch]).defer("html", "sketch", *HINTS))
            for row in rows:
                row._change_reason = f"Reviewed by {row.reviewed_by}"
            bulk_update_with_history(rows, Guide, [], default_user=by)
        ContentVersion.advance()


class Guide(GuideText):
    """The plain-language page of a code, as the public reads it.

    Nothing changes it but GuideDraft.publish, `unpublish`, `remove`, and `mark_reviewed` (of many:
    GuideQuerySet.record_reviews); an edit is made in a GuideDraft. Its history has a row for each of these steps.
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
    written_by = models.CharField(
        max_length=500, blank=True, editable=False, help_text="User names of all who wrote in this text."
    )
    approved_by = models.CharField(
        max_length=150, blank=True, editable=False, help_text="User name of who approved it."
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
    reviewed_text_of = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="`changed_at` of the text that was reviewed."
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
                condition=Q(
                    reviewed_on__isnull=True, reviewed_by="", review_due_on__isnull=True, reviewed_text_of__isnull=True
                )
                | (
                    # Not only `gt`: a check that gives NULL is no violation.
                    Q(reviewed_on__isnull=False, review_due_on__isnull=False, review_due_on__gt=F("reviewed_on"))
                    & Q(reviewed_text_of__isnull=False)
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
    def has_source(self) -> bool:
        """Whether the page names a reference, or the document that the text began as."""
        return self.has_reference or bool(self.document_name)

    @property
    def was_changed_since_review(self) -> bool:
        """Whether another text was published after the one that was reviewed."""
        return self.reviewed_on is not None and self.reviewed_text_of != self.changed_at

    @property
    def is_as_imported(self) -> bool:
        """Whether the text is that of its document, as a command published it; a person may have changed it since."""
        return bool(self.document_name) and self.publisher in (IMPORT, DEMONSTRATION)

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

        A draft that was approved before goes back to its author: it would bring the guide back without another look.
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
            self._hold_back_approved_draft(reason, by)
            CodeName.objects.follow_guide(self.code, [], by=by)
            self._reindex()

    def _hold_back_approved_draft(self, reason: str, by) -> None:
        # Drafts read the guides, so they cannot be imported at the top.
        from procedures.models.guide_drafts import GuideDraft

        draft = GuideDraft.objects.approved().filter(code_id=self.code_id).first()
        if draft:
            draft.send_back(note=f"The guide was taken off its page: {reason}", by=by)

    def remove(self, *, by) -> None:
        """Deletes the guide, with its names and its place in search; its history stays."""
        with transaction.atomic():
            self._lock()
            CodeName.objects.follow_guide(self.code, [], by=by)
            self._history_user = by
            code_id = self.code_id
            self.delete()
            self.code_id = code_id
            self._reindex()

    def mark_reviewed(
        self,
        *,
        reviewer: str,
        on: datetime.date,
        due: datetime.date,
        by,
        text_of: datetime.datetime | None = None,
        today: datetime.date | None = None,
    ) -> None:
        """Records that a clinician checked the whole public text on the day `on`, and when the next review is due.

        `text_of` is the `changed_at` of the text that was checked, where it is known: a text that was published while
        somebody filled in a form was not. Raises TransitionRefused where that differs, and like `check_review`.
        """
        with transaction.atomic():
            self._lock()
            if text_of is not None and text_of != self.changed_at:
                raise TransitionRefused("Another text was published meanwhile: it is not the one that was reviewed.")
            self.check_review(reviewer=reviewer, on=on, due=due, today=today or timezone.localdate())
            self.take_review(reviewer=reviewer, on=on, due=due)
            self.save_with_history(by=by, reason=f"Reviewed by {self.reviewed_by}")
            ContentVersion.advance()

    def take_review(self, *, reviewer: str, on: datetime.date, due: datetime.date) -> None:
        """Sets the columns of a review, unsaved; see `mark_reviewed`."""
        self.reviewed_on, self.reviewed_by, self.review_due_on = on, reviewer.strip(), due
        self.reviewed_text_of = self.changed_at

    def check_review(self, *, reviewer: str, on: datetime.date, due: datetime.date, today: datetime.date) -> None:
        """Refuses a review that cannot be.

        Raises TransitionRefused for a guide that is not public, a day to come, a text published after that day, a day
        before that of the last review, a due day that is not later or more than three years later, or no reviewer.
        """
        if not self.is_published:
            raise TransitionRefused("Only a public guide can be marked as reviewed.")
        if not reviewer.strip():
            raise TransitionRefused("Name the clinician who reviewed the guide.")
        if on > today:
            raise TransitionRefused("The day of the review has not come yet.")
        if on < timezone.localdate(self.changed_at):
            raise TransitionRefused("The text was changed after that day: the review was of another text.")
        if self.reviewed_on and on < self.reviewed_on:
            raise TransitionRefused("A later review is recorded already.")
        if due <= on:
            raise TransitionRefused("The next review has to be due after this one.")
        if due - on > LONGEST_TIME_BETWEEN_REVIEWS:
            raise TransitionRefused("A guide is reviewed at least every three years.")

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
