"""How a draft gets its text, and the lists of drafts."""

import datetime

import pytest

from procedures.models import Guide, GuideDraft, TransitionRefused
from procedures.models.guide_texts import COMPARED
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page
from tests.procedures.models.drafts import APPROVED, DRAFT, IN_REVIEW, bring_to

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)


# Beginning and restoring


def test_begin_takes_over_everything_of_the_public_text():
    code, editor = create_code(), create_user()
    guide = create_guide(
        code,
        summary="First.",
        recovery="Rest.",
        sources="- One",
        section_sources={"recovery": "Two"},
        document_name="J9302.txt",
        document_digest="0" * 64,
        document_date=NOON.date(),
    )

    GuideDraft.objects.begin(code, by=editor)

    draft = GuideDraft.objects.get()
    assert draft.says_the_same_as(guide)
    assert (draft.document_name, draft.document_digest, draft.document_date) == ("J9302.txt", "0" * 64, NOON.date())
    assert (draft.state, draft.version, draft.author, list(draft.contributors.all())) == (DRAFT, 1, editor, [editor])


def test_begin_is_refused_where_a_draft_is_in_work():
    code = create_code()
    create_guide(code)
    GuideDraft.objects.begin(code, by=create_user("mary"))

    with pytest.raises(TransitionRefused, match="J9302 has a draft in work already, last changed by mary"):
        GuideDraft.objects.begin(code, by=create_user("judy"))

    assert GuideDraft.objects.get().changed_by.username == "mary"


def test_begin_is_refused_where_there_is_no_guide():
    with pytest.raises(TransitionRefused, match="no guide yet"):
        GuideDraft.objects.begin(create_code(), by=None)

    assert not GuideDraft.objects.exists()


def test_restore_makes_a_draft_of_a_former_text_and_leaves_the_page_alone(client):
    code, editor = create_code(), create_user()
    create_guide(code, summary="First.", sources="- One", section_sources={"summary": "Two"})
    create_guide(code, summary="Second.")
    first = Guide.objects.get().history.last()

    draft = GuideDraft.objects.restore(first, by=editor)

    draft.refresh_from_db()
    assert (draft.summary, draft.sources, draft.section_sources) == ("First.", "- One", {"summary": "Two"})
    assert draft.change_note.startswith("The text of ")
    assert (draft.state, draft.author) == (DRAFT, editor)
    assert "Second." in read_page(client.get(code.get_absolute_url())).text
    bring_to(APPROVED, draft).publish(by=None)
    assert "First." in read_page(client.get(code.get_absolute_url())).text
    assert [row.summary for row in Guide.objects.get().history.all()] == ["First.", "Second.", "First."]


def test_restore_is_refused_where_a_draft_is_in_work():
    code = create_code()
    guide = create_guide(code)
    GuideDraft.objects.begin(code, by=None)

    with pytest.raises(TransitionRefused, match="in work already, last changed by an import"):
        GuideDraft.objects.restore(guide.history.first(), by=None)


# Saving


def test_save_text_takes_hints_and_records_who_wrote():
    first, second = create_user("first"), create_user("second")
    draft = create_draft(create_code(), by=first, summary="TODO: say what it is. This code is retired.")
    draft.save_text(by=second)

    draft.refresh_from_db()
    assert draft.word_count == 9
    assert (draft.is_unfinished, draft.mentions_retirement, draft.empty_sections) == (True, True, 13)
    assert (draft.author, draft.changed_by, draft.version) == (first, second, 2)
    assert set(draft.contributors.all()) == {first, second}


def test_save_text_never_brings_a_published_draft_back():
    draft = bring_to(APPROVED, create_draft(create_code()))
    open_form = GuideDraft.objects.get()
    draft.publish(by=None)
    open_form.state = DRAFT

    with pytest.raises(TransitionRefused, match="This draft is gone"):
        open_form.save_text(by=None)

    assert not GuideDraft.objects.exists()


def test_every_text_that_readers_see_is_compared():
    draft = GuideDraft()

    for field in COMPARED:
        other = GuideDraft(**{field: {"summary": "x"} if field == "section_sources" else "x"})
        assert not draft.says_the_same_as(other), field
    assert draft.says_the_same_as(GuideDraft(document_name="another.txt"))


# Lists


def test_due_and_late_drafts_are_approved_ones_whose_time_has_come():
    minute = datetime.timedelta(minutes=1)
    times = {"J0000": NOON - 16 * minute, "J0001": NOON, "J0002": NOON + minute, "J0003": None}
    for code, time in times.items():
        bring_to(IN_REVIEW, create_draft(create_code(code))).approve(by=None, go_live_at=time)
    bring_to(IN_REVIEW, create_draft(create_code("J0004")))

    drafts = GuideDraft.objects.order_by("code")
    assert [draft.code.code for draft in drafts.due(NOON)] == ["J0000", "J0001"]
    assert [draft.code.code for draft in drafts.late(NOON)] == ["J0000"]
    assert [draft.code.code for draft in drafts.in_review()] == ["J0004"]


def test_older_than_counts_from_the_day_on_which_a_draft_was_begun(time_machine):
    time_machine.move_to(NOON, tick=False)
    create_draft(create_code("J0000"))
    time_machine.move_to(NOON + datetime.timedelta(days=10), tick=False)
    create_draft(create_code("J0001"))

    later = NOON + datetime.timedelta(days=31)
    assert [draft.code.code for draft in GuideDraft.objects.older_than(30, now=later)] == ["J0000"]
