"""A draft before its publication: who may take which step in each state, and what it leaves behind."""

import datetime

import pytest

from procedures.models import Guide, GuideDraft, TransitionRefused
from procedures.search import search
from tests.factories import create_code, create_draft, create_guide, create_user, get_system
from tests.pages import read_page
from tests.procedures.models.drafts import APPROVED, DRAFT, GONE, IN_REVIEW, bring_to

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)

STEPS = {
    "save_text": lambda draft, by=None: draft.save_text(by=by),
    "submit": lambda draft, by=None: draft.submit(by=by),
    "take_back": lambda draft, by=None: draft.take_back(by=by),
    "send_back": lambda draft, by=None: draft.send_back(note="Shorten it.", by=by),
    "approve": lambda draft, by=None: draft.approve(by=by),
    "publish": lambda draft, by=None: draft.publish(by=by),
}
ALLOWED = {
    DRAFT: {"save_text": DRAFT, "submit": IN_REVIEW},
    IN_REVIEW: {"take_back": DRAFT, "send_back": DRAFT, "approve": APPROVED},
    APPROVED: {"take_back": DRAFT, "send_back": DRAFT, "publish": GONE},
    GONE: {},
}


def row_of(draft: GuideDraft) -> list[dict]:
    return list(GuideDraft.objects.filter(pk=draft.pk).values())


# The steps


@pytest.mark.parametrize(("state", "step"), [(state, step) for state in ALLOWED for step in ALLOWED[state]])
def test_step_leads_on_and_counts_as_one_version(state, step):
    draft, editor = bring_to(state, create_draft(create_code())), create_user()
    pk, version = draft.pk, draft.version

    STEPS[step](draft, by=editor)

    rows = GuideDraft.objects.filter(pk=pk).values_list("state", "version", "changed_by")
    assert list(rows) == ([] if ALLOWED[state][step] == GONE else [(ALLOWED[state][step], version + 1, editor.pk)])


@pytest.mark.parametrize(
    ("state", "step"), [(state, step) for state in ALLOWED for step in STEPS if step not in ALLOWED[state]]
)
def test_step_that_does_not_fit_the_state_is_refused_and_changes_nothing(state, step):
    draft = bring_to(state, create_draft(create_code()))
    before = row_of(draft)

    with pytest.raises(TransitionRefused) as refusal:
        STEPS[step](draft)

    assert row_of(draft) == before
    told = {IN_REVIEW: "in review", GONE: "gone"}.get(state, state)
    assert told in str(refusal.value)


@pytest.mark.parametrize(("state", "step"), [(state, step) for state in ALLOWED for step in ALLOWED[state]])
def test_step_by_somebody_who_read_an_older_version_is_refused(state, step):
    draft, other = bring_to(state, create_draft(create_code())), create_user("mary")
    stale = GuideDraft.objects.get(pk=draft.pk)
    if state == DRAFT:
        draft.summary = "Mary's words."
        draft.save_text(by=other)
    else:
        draft.take_back(by=other)
        draft.submit(by=other)
        if state == APPROVED:
            draft.approve(by=create_user("judy"))
            GuideDraft.objects.filter(pk=draft.pk).update(changed_by=other)
    before = row_of(draft)

    with pytest.raises(TransitionRefused, match="changed meanwhile, last by mary: read it again"):
        STEPS[step](stale)

    assert row_of(draft) == before
    assert not Guide.objects.exists()


def test_step_after_a_command_changed_the_draft_says_so():
    draft = create_draft(create_code())
    stale = GuideDraft.objects.get(pk=draft.pk)
    draft.save_text(by=None)

    with pytest.raises(TransitionRefused, match="last by a command"):
        stale.submit(by=None)


@pytest.mark.parametrize("state", [IN_REVIEW, APPROVED])
@pytest.mark.parametrize("note", ["", " \n\t"])
def test_send_back_without_a_note_is_refused(state, note):
    draft = bring_to(state, create_draft(create_code()))
    before = row_of(draft)

    with pytest.raises(TransitionRefused, match="Say what is to be mended"):
        draft.send_back(note=note, by=None)

    assert row_of(draft) == before


def test_note_of_the_reviewer_stays_until_the_draft_is_submitted_again():
    author, reviewer = create_user("author"), create_user("reviewer")
    draft = bring_to(IN_REVIEW, create_draft(create_code(), by=author))

    draft.send_back(note=" Name the risks. ", by=reviewer)
    draft.save_text(by=author)
    draft.refresh_from_db()
    assert (draft.note, draft.noted_by) == ("Name the risks.", reviewer)

    draft.submit(by=author)
    draft.refresh_from_db()
    assert (draft.note, draft.noted_by) == ("", None)


@pytest.mark.parametrize(
    "step", [lambda draft: draft.take_back(by=None), lambda draft: draft.send_back(note="No.", by=None)]
)
def test_approval_and_its_time_end_when_the_draft_goes_back(step):
    draft = bring_to(IN_REVIEW, create_draft(create_code()))
    draft.approve(by=create_user(), go_live_at=NOON)

    step(draft)

    draft.refresh_from_db()
    assert (draft.state, draft.approved_by, draft.go_live_at) == (DRAFT, None, None)
    assert draft.is_editable


# Who may approve


def test_author_may_not_approve_their_own_text():
    author = create_user()
    draft = bring_to(IN_REVIEW, create_draft(create_code(), by=author))

    with pytest.raises(TransitionRefused, match="You wrote in this text yourself"):
        draft.approve(by=author)

    assert GuideDraft.objects.get().state == IN_REVIEW


def test_whoever_wrote_in_a_text_may_not_approve_it_even_after_others_did():
    first, second, reviewer = create_user("first"), create_user("second"), create_user("reviewer")
    draft = create_draft(create_code(), by=first)
    draft.save_text(by=second)
    draft.submit(by=second)

    assert [draft.may_be_approved_by(user) for user in (first, second, reviewer)] == [False, False, True]
    with pytest.raises(TransitionRefused, match="yourself"):
        draft.approve(by=first)


def test_somebody_who_only_submitted_a_text_may_approve_it():
    reviewer = create_user()
    draft = create_draft(create_code())
    draft.submit(by=reviewer)
    draft.approve(by=reviewer)

    assert GuideDraft.objects.get().approved_by == reviewer


def test_not_even_a_superuser_approves_their_own_text():
    author = create_user(is_superuser=True)
    draft = bring_to(IN_REVIEW, create_draft(create_code(), by=author))

    with pytest.raises(TransitionRefused, match="You wrote in this text yourself"):
        draft.approve(by=author)

    assert GuideDraft.objects.get().state == IN_REVIEW


@pytest.mark.parametrize("sources", ["-", "- \n-", "[](https://example.org)", "**"])
def test_marks_without_a_word_are_no_source(sources):
    draft = bring_to(IN_REVIEW, create_draft(create_code(), summary="A text.", sources=sources))

    with pytest.raises(TransitionRefused, match="Name at least one source"):
        draft.approve(by=None)


def test_document_is_no_source_of_what_a_person_has_changed():
    draft = create_draft(create_code(), summary="A text.", sources="", document_name="J9302.txt")
    draft.summary = "Another text."
    draft.save_text(by=create_user())
    bring_to(IN_REVIEW, draft)

    with pytest.raises(TransitionRefused, match="Name at least one source"):
        draft.approve(by=None)


def test_text_without_any_source_is_not_approved():
    draft = bring_to(IN_REVIEW, create_draft(create_code(), summary="A text.", sources=""))

    with pytest.raises(TransitionRefused, match="Name at least one source"):
        draft.approve(by=None)

    assert GuideDraft.objects.get().state == IN_REVIEW


@pytest.mark.parametrize(
    "source",
    [{"sources": "- A reference"}, {"section_sources": {"summary": "A reference"}}, {"document_name": "J9302.txt"}],
)
def test_any_kind_of_source_is_enough(source):
    draft = bring_to(IN_REVIEW, create_draft(create_code(), **{"summary": "A text.", "sources": "", **source}))

    draft.approve(by=None)
    draft.publish(by=None)

    assert Guide.objects.get().has_source


# What the public reads meanwhile


@pytest.mark.parametrize("state", [DRAFT, IN_REVIEW, APPROVED])
def test_no_state_before_publication_changes_page_or_search(state, client):
    code, new = create_code(), create_code("J9303", "Injection, panitumumab, 10 mg")
    create_guide(code, procedure_name="Common name(s): chest drip", summary="It treats leukemia.")
    draft = GuideDraft.objects.begin(code, by=None)
    draft.procedure_name = "Common name(s): arm drip"
    draft.summary = "It treats lymphoma."
    draft.save_text(by=None)
    bring_to(state, draft)
    bring_to(state, create_draft(new, procedure_name="Common name(s): belly drip", summary="It treats glioma."))

    page = read_page(client.get(code.get_absolute_url())).text
    for word, codes in {"leukemia": ["J9302"], "chest": ["J9302"], "lymphoma": [], "arm": [], "glioma": []}.items():
        assert (word in page.split() or f"{word}." in page.split()) == bool(codes), word
        assert [row["code"] for row in search(word, [get_system("hcpcs")]).rows] == codes
    assert "glioma" not in read_page(client.get(new.get_absolute_url())).text
