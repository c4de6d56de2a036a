"""Guides that were not public become drafts; public ones get what is known of how they read and where they come from.

The history of guides, names and successions begins here: a change is compared with the row before it.
"""

from django.db import migrations
from django.utils import timezone

from procedures.guide_sections import SECTIONS
from procedures.markdown import markdown_of, render
from procedures.reading_hints import ReadingHints, sketch

FIELDS = [section.field for section in SECTIONS]
TEXTS = [*FIELDS, "sources"]
NO_SOURCE = "- No source was recorded when this guide was published."

ROWS_AT_ONCE = 1_000
# Each holds its whole text, in Markdown and in HTML.
GUIDES_AT_ONCE = 200


def batches(queryset, size):
    """All rows in lists of at most `size`, in the order of their keys; the rows may be changed meanwhile."""
    last = 0
    while rows := list(queryset.filter(pk__gt=last).order_by("pk")[:size]):
        yield rows
        last = rows[-1].pk


def texts_of(guide):
    return {field: getattr(guide, field) for field in TEXTS}


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
    texts = texts_of(guide) | hints_of(guide)
    GuideDraft.objects.create(code_id=guide.code_id, version=1, has_text_of_a_person=True, **texts)


def is_public(guide):
    """Whether the public reads anything of it: the new rules know no public guide without text."""
    return guide.published_at is not None and any(guide.html.get(field) for field in FIELDS)


def fields_in_work(guide):
    """The texts that the page does not show: an import without --publish stored them over the public ones."""
    return [field for field in TEXTS if guide.html.get(field, "") != render(getattr(guide, field))]


def settle(Guide, guide):
    """Saves the texts of a public guide, each as its page shows it, with all that is known of them."""
    columns = hints_of(guide) | texts_of(guide)
    columns["sketch"] = sketch(" ".join(getattr(guide, field) for field in FIELDS))
    # Saved without publishing afterwards: the public text counts, and it is not older than its publication.
    columns["changed_at"] = max(guide.changed_at, guide.published_at)
    if not guide.sources:
        columns["sources"] = NO_SOURCE
        columns["html"] = {**guide.html, "sources": render(NO_SOURCE)}
    Guide.objects.filter(pk=guide.pk).update(**columns)


def begin_history(model, historical, size, date_of):
    """A first row for each: without it the next change would have nothing to be compared with."""
    own = {field.attname for field in model._meta.concrete_fields}
    columns = [field.attname for field in historical._meta.concrete_fields if field.attname in own]
    for rows in batches(model.objects.all(), size):
        historical.objects.bulk_create(
            historical(**{name: getattr(row, name) for name in columns}, history_date=date_of(row), history_type="+")
            for row in rows
        )


def forward(apps, schema_editor):
    Guide = apps.get_model("procedures", "Guide")
    GuideDraft = apps.get_model("procedures", "GuideDraft")
    for guides in batches(Guide.objects.all(), GUIDES_AT_ONCE):
        for guide in guides:
            if not is_public(guide):
                hold_in_draft(GuideDraft, guide)
                Guide.objects.filter(pk=guide.pk).delete()
                continue
            if in_work := fields_in_work(guide):
                hold_in_draft(GuideDraft, guide)
                for field in in_work:
                    setattr(guide, field, markdown_of(guide.html.get(field, "")))
                # That day moved with the text in work. No other change of the public text is known.
                guide.changed_at = guide.published_at
            settle(Guide, guide)
    now = timezone.now()
    begin_history(
        Guide, apps.get_model("procedures", "HistoricalGuide"), GUIDES_AT_ONCE, lambda guide: guide.changed_at
    )
    for name in ("CodeName", "Succession"):
        historical = apps.get_model("procedures", f"Historical{name}")
        begin_history(apps.get_model("procedures", name), historical, ROWS_AT_ONCE, lambda row: now)


class Migration(migrations.Migration):
    dependencies = [("procedures", "0004_guide_drafts")]

    operations = [migrations.RunPython(forward, migrations.RunPython.noop)]
