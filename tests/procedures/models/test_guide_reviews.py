"""What a clinician's review is of, and what becomes of it and of approved drafts when the text changes."""

import datetime

import pytest
from django.core.management import call_command
from django.utils import timezone

from procedures.models import Guide, GuideDraft, TransitionRefused
from tests.factories import create_approved_draft, create_code, create_guide, create_user

pytestmark = pytest.mark.django_db

YEAR = datetime.timedelta(days=365)


def review(guide, on=None, **values):
    on = on or timezone.localdate()
    guide.mark_reviewed(reviewer="Jane Roe, RN", on=on, due=on + YEAR, by=None, **values)


def test_text_published_on_the_day_of_the_review_is_not_the_one_that_was_reviewed():
    guide = create_guide(create_code())
    review(guide)
    assert not Guide.objects.get().was_changed_since_review

    create_approved_draft(guide, summary="Take twice the dose.").publish(by=None)

    assert Guide.objects.get().was_changed_since_review


def test_same_text_published_again_stays_reviewed():
    guide = create_guide(create_code())
    review(guide)

    create_approved_draft(guide).publish(by=None)

    assert not Guide.objects.get().was_changed_since_review


def test_review_of_another_text_is_refused():
    guide = create_guide(create_code())
    read = guide.changed_at
    guide = create_approved_draft(guide, summary="Another text.").publish(by=None)

    with pytest.raises(TransitionRefused, match="Another text was published meanwhile"):
        review(guide, text_of=read)
    review(guide, text_of=guide.changed_at)

    assert Guide.objects.get().reviewed_by == "Jane Roe, RN"


def test_review_older_than_the_recorded_one_is_refused():
    today = timezone.localdate()
    guide = create_guide(create_code())
    Guide.objects.update(published_at=timezone.now() - 2 * YEAR, changed_at=timezone.now() - YEAR)
    review(guide)

    with pytest.raises(TransitionRefused, match="A later review is recorded already"):
        review(guide, on=today - datetime.timedelta(days=40))

    assert Guide.objects.get().reviewed_on == today


def test_approved_draft_does_not_bring_a_guide_back_that_was_taken_off_its_page(capsys):
    guide = create_guide(create_code(), summary="A wrong dose.")
    draft = create_approved_draft(guide, recovery="Rest.")
    GuideDraft.objects.update(go_live_at=timezone.now())
    user = create_user()

    guide.unpublish(reason="The dose is wrong.", by=user)
    call_command("publish_due")

    draft.refresh_from_db()
    assert not Guide.objects.get().is_published
    assert (draft.state, draft.noted_by) == ("draft", user)
    assert draft.note == "The guide was taken off its page: The dose is wrong."
