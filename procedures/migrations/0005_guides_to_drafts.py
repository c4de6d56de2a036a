"""Guides that were not public become drafts; public ones get what is known of how they read and where they come from."""

from django.db import migrations

from procedures.guide_sections import SECTIONS
from procedures.markdown import render
from procedures.reading_hints import ReadingHints, sketch

FIELDS = [section.field for section in SECTIONS]
NO_SOURCE = "- No source was recorded when this guide was published."


def hints_of(guide):
    hints = ReadingHints.of({field: getattr(guide, field) for field in FIELDS})
    return {
        "word_count": hints.word_count,
        "reading_grade": hints.reading_grade,
        "empty_sections": len(hints.empty_sections),
        "is_unfinished": bool(hints.unfinished),
        "mentions_retirement": hints.mentions_retirement,
    }


def hold_in_draft(GuideDraft, guide):
    texts = {field: getattr(guide, field) for field in [*FIELDS, "sources"]}
    GuideDraft.objects.create(code_id=guide.code_id, version=1, has_text_of_a_person=True, **texts, **hints_of(guide))


def shows_its_text(guide):
    return all(guide.html.get(field, "") == render(getattr(guide, field)) for field in [*FIELDS, "sources"])


def begin_history(Guide, HistoricalGuide):
    """A first row for each guide: without it the next publication would have nothing to be compared with."""
    own = {field.attname for field in Guide._meta.concrete_fields}
    columns = [field.attname for field in HistoricalGuide._meta.concrete_fields if field.attname in own]
    for guide in Guide.objects.iterator(chunk_size=200):
        values = {name: getattr(guide, name) for name in columns}
        HistoricalGuide.objects.create(**values, history_date=guide.changed_at, history_type="+")


def forward(apps, schema_editor):
    Guide = apps.get_model("procedures", "Guide")
    GuideDraft = apps.get_model("procedures", "GuideDraft")
    for guide in Guide.objects.filter(published_at__isnull=True).iterator(chunk_size=200):
        hold_in_draft(GuideDraft, guide)
    Guide.objects.filter(published_at__isnull=True).delete()
    for guide in Guide.objects.filter(published_at__isnull=False).iterator(chunk_size=200):
        if not shows_its_text(guide):
            # An import without --publish left its text here; the page goes on showing the former one.
            hold_in_draft(GuideDraft, guide)
        changes = hints_of(guide)
        changes["sketch"] = sketch(" ".join(getattr(guide, field) for field in FIELDS))
        # Saved without publishing afterwards: the public text counts, and it is not older than its publication.
        changes["changed_at"] = max(guide.changed_at, guide.published_at)
        if not guide.sources:
            changes["sources"] = NO_SOURCE
            changes["html"] = {**guide.html, "sources": render(NO_SOURCE)}
        Guide.objects.filter(pk=guide.pk).update(**changes)
    begin_history(Guide, apps.get_model("procedures", "HistoricalGuide"))


class Migration(migrations.Migration):
    dependencies = [("procedures", "0004_guide_drafts")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
