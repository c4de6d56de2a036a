"""Preview links: whom they let see a draft, and what they show."""

import datetime

import pytest
from django.core import signing

from procedures.models import GuideDraft
from procedures.models.guide_drafts import PREVIEW_SALT
from tests.factories import create_code, create_draft, create_guide
from tests.procedures.models.drafts import APPROVED, DRAFT, IN_REVIEW, bring_to

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


@pytest.mark.parametrize("state", [DRAFT, IN_REVIEW, APPROVED])
def test_link_shows_the_draft_in_every_state(state):
    draft = create_draft(create_code())
    token = draft.preview_token()
    bring_to(state, draft)

    assert GuideDraft.objects.with_preview(token) == draft


def test_link_is_good_for_seven_days(time_machine):
    time_machine.move_to(NOON, tick=False)
    draft = create_draft(create_code())
    token = draft.preview_token()

    time_machine.move_to(NOON + 7 * DAY, tick=False)
    assert GuideDraft.objects.with_preview(token) == draft

    time_machine.move_to(NOON + 7 * DAY + datetime.timedelta(seconds=1), tick=False)
    with pytest.raises(GuideDraft.DoesNotExist, match="too old"):
        GuideDraft.objects.with_preview(token)


def test_revoked_links_show_nothing_and_a_new_one_does():
    draft, other = create_draft(create_code()), create_draft(create_code("J9303"))
    old, of_other = draft.preview_token(), other.preview_token()
    version = draft.version

    draft.revoke_preview()

    with pytest.raises(GuideDraft.DoesNotExist):
        GuideDraft.objects.with_preview(old)
    assert GuideDraft.objects.with_preview(draft.preview_token()) == draft
    assert GuideDraft.objects.with_preview(of_other) == other
    assert GuideDraft.objects.get(pk=draft.pk).version == version
    draft.submit(by=None)


def test_link_of_a_draft_that_was_published_shows_nothing():
    draft = bring_to(APPROVED, create_draft(create_code()))
    token = draft.preview_token()
    draft.publish(by=None)

    with pytest.raises(GuideDraft.DoesNotExist):
        GuideDraft.objects.with_preview(token)


@pytest.mark.parametrize(
    "forge",
    [
        lambda draft: "",
        lambda draft: "x",
        lambda draft: ":::",
        lambda draft: "é\x00" * 50,
        lambda draft: str(draft.pk),
        lambda draft: draft.preview_token()[:-1],
        lambda draft: draft.preview_token() + "x",
        lambda draft: "x" + draft.preview_token(),
        lambda draft: signing.dumps([draft.pk, draft.preview_key], salt="of another page", compress=True),
        lambda draft: signing.dumps([draft.pk, draft.preview_key], key="guessed", salt=PREVIEW_SALT, compress=True),
    ],
)
def test_forged_link_is_told_from_an_old_one(forge):
    draft = create_draft(create_code())

    with pytest.raises(signing.BadSignature):
        GuideDraft.objects.with_preview(forge(draft))


def test_preview_of_a_new_guide_is_that_of_a_public_one_and_saves_nothing():
    draft = create_draft(create_code(), summary="A **strong** word.", section_sources={"summary": "One"})

    guide = draft.as_guide()

    assert guide.public_sections()[0]["html"] == "<p>A <strong>strong</strong> word.</p>"
    assert guide.html["summary_sources"] == "<p>One</p>"
    assert guide.is_published
    assert guide.pk is None


def test_preview_beside_a_public_guide_keeps_its_days_and_review_and_changes_nothing():
    code = create_code()
    guide = create_guide(code, summary="First.")
    on = guide.changed_at.date()
    guide.mark_reviewed(reviewer="Jane Roe, MD", on=on, due=on + 365 * DAY, by=None, today=on + DAY)
    draft = GuideDraft.objects.begin(code, by=None)
    draft.summary = "Second."
    draft.save_text(by=None)

    preview = draft.as_guide()

    assert preview.html["summary"] == "<p>Second.</p>"
    assert (preview.published_at, preview.reviewed_by) == (guide.published_at, "Jane Roe, MD")
    guide.refresh_from_db()
    assert guide.html["summary"] == "<p>First.</p>"
