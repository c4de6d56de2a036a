"""What changed on a guide's page, for its readers: from the guide's history, without the names of editors."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from django.core.paginator import Page, Paginator
from django.db import models
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from procedures.guide_sections import SECTIONS
from procedures.markdown import plain_text
from procedures.models import Guide, MedicalCode
from procedures.models.guide_texts import COMPARED
from procedures.text_diff import PART_HEADINGS, SectionDifference, compare_sections

CHANGES_PER_PAGE = 20

SECTION_FIELDS = [section.field for section in SECTIONS]
# Without the texts, which are read for one page of changes only.
STEP_COLUMNS = ["history_date", "history_type", "history_change_reason", "published_at", "changed_at"]
STEP_COLUMNS += ["unpublished_at", "unpublish_reason", "reviewed_on", "reviewed_by", "review_due_on"]


def changes_address(code: MedicalCode) -> str:
    """The address of the change log of a code's guide."""
    return reverse("procedures:changes", args=[code.system.slug, f"{code.code}-{code.slug}"])


@dataclass(slots=True)
class GuideChange:
    """One thing that happened to a public guide. `version` is the row of history with the text after it, or None.

    `before` is the row with the public text that it took the place of: only then is there a difference to show.
    `sections` are the headings of what was changed, filled in for a page of changes.
    """

    class Kind(models.TextChoices):
        PUBLISHED = "published", "First published"
        CHANGED = "changed", "Text changed"
        REVIEWED = "reviewed", "Reviewed by a clinician"
        UNPUBLISHED = "unpublished", "Taken off this page"
        REPUBLISHED = "republished", "Back on this page"

    kind: Kind
    day: datetime.date
    note: str = ""
    version: int | None = None
    before: int | None = None
    reviewer: str = ""
    review_due_on: datetime.date | None = None
    sections: Sequence[str] = ()


def guide_changes(guide: Guide) -> list[GuideChange]:
    """What happened to a guide, the newest first; one query, which reads no text.

    A text counts from the row that published it, which is the one that moved `changed_at`: the rows of other steps are
    never taken for a text. A publication of the same text is no change.
    """
    rows = list(guide.history.order_by("history_date", "history_id").only(*STEP_COLUMNS))
    changes = _beginning(rows[0] if rows else None, guide)
    for step, following in pairwise([None, *rows]):
        text = next((change.version for change in reversed(changes) if change.version), None)
        changes += _changes_between(step, following, text)
    return changes[::-1]


def _beginning(oldest, guide: Guide) -> list[GuideChange]:
    """The first publication; a guide that was public before its history began may have changed once more by then."""
    kind = GuideChange.Kind
    version = oldest.pk if oldest and oldest.unpublished_at is None else None
    known = oldest or guide
    first = GuideChange(kind.PUBLISHED, timezone.localdate(known.published_at))
    if known.changed_at > known.published_at:
        return [first, GuideChange(kind.CHANGED, timezone.localdate(known.changed_at), version=version)]
    first.version = version
    return [first]


def _changes_between(step, following, text: int | None) -> list[GuideChange]:
    """What happened from one row of history (or None) to the following one; `text` is the version that was public."""
    kind = GuideChange.Kind
    note = following.history_change_reason or ""
    changes = []
    if step and following.unpublished_at is None and step.unpublished_at is not None:
        changes.append(GuideChange(kind.REPUBLISHED, timezone.localdate(following.history_date)))
    if step and following.changed_at != step.changed_at:
        day = timezone.localdate(following.changed_at)
        changes.append(GuideChange(kind.CHANGED, day, note, version=following.pk, before=text))
    reviewed_before = (step.reviewed_on, step.reviewed_by, step.review_due_on) if step else ()
    review = following.reviewed_on, following.reviewed_by, following.review_due_on
    if following.reviewed_on and review != reviewed_before:
        on, reviewer, due = review
        changes.append(GuideChange(kind.REVIEWED, on, reviewer=reviewer, review_due_on=due))
    if following.unpublished_at and not (step and step.unpublished_at):
        day = timezone.localdate(following.unpublished_at)
        changes.append(GuideChange(kind.UNPUBLISHED, day, following.unpublish_reason))
    return changes


@dataclass
class GuideChangesPage:
    """The change log of a guide: one page of its changes, and the difference that one of them made.

    `chosen_version` and `page_number` are as they stand in the address. Raises Http404 for a version that is no
    change of this guide's text.
    """

    guide: Guide
    code: MedicalCode
    chosen_version: str = ""
    page_number: str = ""

    def __post_init__(self):
        self.changes = guide_changes(self.guide)
        chosen = next((c for c in self._comparable if str(c.version) == self.chosen_version), None)
        if self.chosen_version and chosen is None:
            raise Http404("There is no such change.")
        page_number = self.changes.index(chosen) // CHANGES_PER_PAGE + 1 if chosen else self.page_number
        self.listed: Page = Paginator(self.changes, CHANGES_PER_PAGE).get_page(page_number)
        shown = [change for change in self.listed if change.before]
        self.chosen: GuideChange | None = chosen or next(iter(shown or self._comparable), None)
        for change in shown:
            change.sections = _changed_headings(self._texts[change.before], self._texts[change.version])

    @property
    def address(self) -> str:
        return changes_address(self.code)

    @property
    def has_lost_text(self) -> bool:
        """Whether a text was replaced of which the history holds nothing."""
        return any(change.kind == GuideChange.Kind.CHANGED and not change.before for change in self.changes)

    @property
    def _comparable(self) -> list[GuideChange]:
        return [change for change in self.changes if change.before]

    @cached_property
    def _texts(self) -> dict[int, dict]:
        """The columns of the texts before and after each change that is listed or chosen, by their rows of history."""
        changes = [change for change in [*self.listed, self.chosen] if change and change.before]
        versions = {version for change in changes for version in (change.before, change.version)}
        rows = self.guide.history.filter(pk__in=versions).values("history_id", *COMPARED)
        return {row["history_id"]: row for row in rows}

    def differences(self) -> list[SectionDifference]:
        """What the chosen change made of each section, as plain text; none if only marks and addresses changed."""
        before, after = self._texts[self.chosen.before], self._texts[self.chosen.version]
        plain = [{part: plain_text(text) for part, text in _parts(row).items()} for row in (before, after)]
        return compare_sections(*plain)


def _parts(row: dict) -> dict[str, str]:
    """The texts of a row of history by the keys of PART_HEADINGS."""
    sources = {f"{field}_sources": text for field, text in row["section_sources"].items()}
    return {**{field: row[field] for field in SECTION_FIELDS}, **sources, "sources": row["sources"]}


def _changed_headings(before: dict, after: dict) -> list[str]:
    texts = _parts(before), _parts(after)
    return [heading for part, heading in PART_HEADINGS.items() if texts[0].get(part, "") != texts[1].get(part, "")]
