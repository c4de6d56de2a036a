"""The sheet of public guides: facts about them to work with, and the reviews by clinicians, which it can record."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from import_export.fields import Field

from procedures.admin.sheet_resources import CodesOfSheet, SheetResource, read_day
from procedures.batches import batches
from procedures.models import Guide, TransitionRefused

REVIEW = ["reviewed_by", "reviewed_on", "review_due_on"]

# What the rules for a review look at, without the texts, of which 5,000 guides have some 50 MB.
READ = ["code", "changed_at", "unpublished_at", "reviewed_text_of", *REVIEW]


class GuideResource(SheetResource):
    """Reviews of guides, recorded by the rules of Guide.mark_reviewed. A sheet makes no guide and edits no text."""

    columns = ["system", "code", *REVIEW]
    exported_only = [
        *["title", "published_at", "changed_at", "publisher"],
        *["reading_grade", "word_count", "empty_sections"],
    ]
    system = Field(attribute="code__system__slug", column_name="system")
    code = Field(attribute="code__code", column_name="code")
    title = Field(attribute="code__title", column_name="title")

    class Meta:
        model = Guide
        fields = [
            *["system", "code", "title", "reviewed_by", "reviewed_on", "review_due_on"],
            *["published_at", "changed_at", "publisher", "reading_grade", "word_count", "empty_sections"],
        ]
        export_order = fields
        import_id_fields = ["code"]
        skip_diff = True
        report_skipped = True

    @classmethod
    def rows_to_export(cls, queryset):
        of_guide = [name for name in cls.Meta.fields if name not in ("system", "code", "title")]
        of_code = ["code__code", "code__title", "code__system__slug"]
        return queryset.select_related("code__system").only(*of_guide, *of_code)

    def prepare(self, rows):
        self.codes = CodesOfSheet(rows, ["code"])
        self.held: dict[int, Guide] = {}
        for batch in batches(self.codes.ids):
            for guide in Guide.objects.filter(code__in=batch).only(*READ):
                self.held[guide.code_id] = guide

    def find(self, row):
        code = self.codes.find(row)
        self.once(code.pk)
        guide = self.held.get(code.pk)
        if guide is None:
            raise ValidationError(f"{code.code} has no guide. A sheet records reviews and makes no guide.")
        guide.code = code
        return guide

    def set_values(self, instance, row):
        given = [column for column in REVIEW if row[column]]
        if not given:
            if instance.reviewed_on:
                raise ValidationError("The cells of the review are empty, and a sheet cannot take a review back.")
            return
        if len(given) < len(REVIEW):
            raise ValidationError(f"A review needs all of {', '.join(REVIEW)}.")
        review = {
            "reviewer": instance._meta.get_field("reviewed_by").clean(row["reviewed_by"], instance),
            "on": read_day(row, "reviewed_on"),
            "due": read_day(row, "review_due_on"),
        }
        if list(review.values()) == [getattr(instance, column) for column in REVIEW]:
            return
        try:
            instance.check_review(**review, today=timezone.localdate())
        except TransitionRefused as refusal:
            raise ValidationError(str(refusal)) from None
        instance.take_review(**review)

    def texts_of(self, instance):
        review = [getattr(instance, column) for column in REVIEW]
        return [instance.code.system.slug, instance.code.code, *(str(value or "") for value in review)]

    def check(self, instance):
        """The review was checked when it was read; the rest of a guide is neither changed nor held here."""

    def write(self, *, dry_run):
        Guide.objects.record_reviews(self.changed, by=self.user)
