import re

from django.db import models

from procedures.guide_sections import LONGEST_SECTION, SECTIONS
from procedures.markdown import plain_text, render
from procedures.reading_hints import ReadingHints


def _section(name: str | None = None, *, help_text: str) -> models.TextField:
    return models.TextField(name, max_length=LONGEST_SECTION, blank=True, help_text=help_text)


class GuideText(models.Model):
    """What a live guide and its working copy both hold: 14 sections, their sources, and hints on how they read."""

    procedure_name = _section(
        "name of the procedure",
        help_text=(
            "How people and clinicians call it, as a list: “- Common name(s): knee scope; keyhole knee surgery”, "
            "“- Technical or medical term: knee arthroscopy”. These become names by which search finds the code."
        ),
    )
    summary = _section(
        help_text="What it is and what it is for, in two to four sentences. The first thing that is read."
    )
    purpose = _section(help_text="What it is done for: the conditions it treats or finds, and the goal.")
    indications = _section(help_text="Who it is for: symptoms, conditions, criteria. A list reads best.")
    preparation = _section(
        help_text="What to do before: food and drink, medicines, tests, what to bring, what to tell the team."
    )
    procedure_description = _section(
        help_text="What happens, step by step, from the patient’s side. Numbered steps: “1. The skin is cleaned.”"
    )
    duration = _section(help_text="How long it takes, waiting and watching included; how often it is done.")
    setting = _section(help_text="Where it is done: office, clinic, hospital, home.")
    personnel = _section(help_text="Who does it and who else is there.")
    risks_and_complications = _section(
        help_text="“Common risks:” and “Rare risks:” as lists, then when to call a doctor and when to call 911."
    )
    benefits = _section(help_text="What to hope for, how likely, and how soon. No promises.")
    recovery = _section(help_text="What happens afterwards: rest, work, driving, follow-up, what is normal.")
    alternatives = _section(help_text="Other options, doing nothing included, with their pros and cons.")
    patient_experience = _section(help_text="What it feels like before, during and after.")
    sources = _section(
        help_text=(
            "The references that the whole text was checked against, as a list: publisher, title, address, day read. "
            "A guide without any source cannot be published."
        )
    )
    section_sources = models.JSONField(
        default=dict,
        blank=True,
        editable=False,
        help_text="Sources of single sections: small Markdown by the field of the section; none is empty.",
    )
    document_name = models.CharField(
        max_length=255, blank=True, editable=False, help_text="File name of the document that the text came from."
    )
    document_digest = models.CharField(max_length=64, blank=True, editable=False, help_text="Its SHA-256, in hex.")
    document_date = models.DateField(null=True, blank=True, editable=False, help_text="Day on which it was imported.")
    word_count = models.PositiveIntegerField(default=0, editable=False)
    reading_grade = models.FloatField(
        null=True, blank=True, editable=False, help_text="Flesch-Kincaid; none for a very short text."
    )
    empty_sections = models.PositiveSmallIntegerField(
        default=0, editable=False, help_text="How many of the 14 sections have no text."
    )
    is_unfinished = models.BooleanField(
        default=False, editable=False, help_text="The text has marks such as TODO or [name]."
    )
    mentions_retirement = models.BooleanField(
        default=False, editable=False, help_text="The text says that the code is no longer used."
    )

    class Meta:
        abstract = True

    def texts(self) -> dict[str, str]:
        """The Markdown of the 14 sections by their fields, empty ones included."""
        return {section.field: getattr(self, section.field) for section in SECTIONS}

    def all_texts(self) -> dict[str, str]:
        """The Markdown of the sections by field, of their sources by `<field>_sources`, and of `sources`."""
        of_sections = {f"{field}_sources": text for field, text in self.section_sources.items()}
        return {**self.texts(), **of_sections, "sources": self.sources}

    @property
    def has_reference(self) -> bool:
        """Whether it names a source of the whole or of a section: with words, not with a mark of a list alone."""
        return any(re.search(r"\w", plain_text(text)) for text in (self.sources, *self.section_sources.values()))

    def says_the_same_as(self, other: "GuideText") -> bool:
        """Whether both have the same text and name the same sources."""
        return all(getattr(self, field) == getattr(other, field) for field in COMPARED)

    def copy_text_from(self, other: "GuideText") -> None:
        """Takes over the sections, sources and document of another text, and the hints made of them."""
        for field in COPIED:
            setattr(self, field, getattr(other, field))
        self.section_sources = dict(other.section_sources)

    def render(self) -> dict[str, str]:
        """The HTML of all that the public reads: sections by field, `sources`, and `<field>_sources`; none is empty."""
        return {name: html for name, text in self.all_texts().items() if (html := render(text))}

    def take_hints(self) -> ReadingHints:
        """Reads the text and sets the columns that tell editors how it reads; returns all that was found."""
        hints = ReadingHints.of({**self.texts(), "sources": self.sources})
        self.word_count = hints.word_count
        self.reading_grade = hints.reading_grade
        self.empty_sections = len(hints.empty_sections)
        self.is_unfinished = bool(hints.unfinished)
        self.mentions_retirement = hints.mentions_retirement
        return hints


COMPARED = [*(section.field for section in SECTIONS), "sources", "section_sources"]
COPIED = [field.name for field in GuideText._meta.local_fields]
# Made of the text, so that nobody needs their history.
HINTS = ["word_count", "reading_grade", "empty_sections", "is_unfinished", "mentions_retirement"]
