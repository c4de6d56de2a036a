from django.db import models
from django.db.models import Q
from django.utils import timezone

from procedures.guide_sections import SECTIONS
from procedures.markdown import render

# Characters. PostgreSQL indexes up to 1 MB of a guide's words.
LONGEST_SECTION = 50_000


def sections_in_order(html: dict[str, str]) -> list[str]:
    """The HTML of the sections of a published guide, in their order, without its sources.

    The stored order is no order: PostgreSQL sorts the keys of JSON by their length.
    """
    return [html[section.field] for section in SECTIONS if html.get(section.field)]


class GuideQuerySet(models.QuerySet):
    def published(self):
        """Guides that the public may read. See also Guide.is_published."""
        return self.filter(published_at__isnull=False)

    def newest(self, count: int):
        """The guides published last."""
        return self.order_by("-published_at", "pk")[:count]


class Guide(models.Model):
    """The plain-language page of a code: 14 sections, each one text in small Markdown.

    The public reads `html`, which `publish` renders from the texts; a change of a text is not public until then.
    """

    code = models.OneToOneField("procedures.MedicalCode", models.CASCADE, related_name="guide")
    procedure_name = models.TextField(
        "name of the procedure", max_length=LONGEST_SECTION, blank=True, help_text="Common and technical names."
    )
    summary = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="What it is, in two or three sentences."
    )
    purpose = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="What it is done for: conditions and goals."
    )
    indications = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="Who it is for: symptoms, conditions, criteria."
    )
    preparation = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="What to do before: instructions and tests."
    )
    procedure_description = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="What happens, step by step."
    )
    duration = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="How long it takes.")
    setting = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="Where it is done.")
    personnel = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="Who does it.")
    risks_and_complications = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="Common and rare risks; when to call for help."
    )
    benefits = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="What to hope for, and when.")
    recovery = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="What happens afterwards.")
    alternatives = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="Other options, with their pros and cons."
    )
    patient_experience = models.TextField(max_length=LONGEST_SECTION, blank=True, help_text="What it feels like.")
    sources = models.TextField(
        max_length=LONGEST_SECTION, blank=True, help_text="The references that the text was checked against, as a list."
    )
    html = models.JSONField(default=dict, editable=False, help_text="The published sections, rendered, by field.")
    published_at = models.DateTimeField(null=True, blank=True, editable=False, db_index=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = GuideQuerySet.as_manager()

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(**{section.field: "" for section in SECTIONS}),
                name="%(app_label)s_%(class)s_has_text",
                violation_error_message="Write at least one section: a guide without text cannot be saved.",
            ),
        ]

    def __str__(self):
        return f"Guide of {self.code}"

    def get_absolute_url(self):
        return self.code.get_absolute_url()

    @property
    def is_published(self) -> bool:
        """See also GuideQuerySet.published."""
        return self.published_at is not None

    def publish(self, *, now=None) -> None:
        """Renders the texts and makes them public. The day of the first publication stays.

        The caller brings the search index up to date in the same transaction (procedures.search.reindex).
        """
        rendered = {section.field: render(getattr(self, section.field)) for section in SECTIONS}
        self.html = {field: html for field, html in {**rendered, "sources": render(self.sources)}.items() if html}
        self.published_at = self.published_at or now or timezone.now()
        self.save()

    def public_sections(self) -> list[dict]:
        """The published sections that have a text, in order: heading, anchor and HTML of each."""
        return [
            {"heading": section.heading, "anchor": section.field.replace("_", "-"), "html": self.html[section.field]}
            for section in SECTIONS
            if self.html.get(section.field)
        ]
