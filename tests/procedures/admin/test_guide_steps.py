"""The steps of a draft on the desk: who may take them, what they ask for, and what visitors see at each."""

import datetime

import pytest
from django.utils import timezone

from procedures.models import Guide, GuideDraft
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import found, get_page, save

pytestmark = pytest.mark.django_db

DRAFTS = "/admin/procedures/guidedraft/"


@pytest.fixture
def author(client):
    """The browser of ann, an author."""
    client.force_login(create_user("ann", groups=["Author"]))
    return client


@pytest.fixture
def reviewer(client):
    """The browser of rob, a reviewer."""
    client.force_login(create_user("rob", groups=["Reviewer"]))
    return client


def create_draft_in(state, **texts):
    draft = create_draft(create_code("J9302"), **texts)
    if state != "draft":
        draft.submit(by=None)
    if state == "approved":
        draft.approve(by=None)
    return draft


def take(client, draft, step, **values):
    """Confirms a step and returns the page that answers."""
    return save(client, f"{DRAFTS}{draft.pk}/step/{step}/", {"version": draft.version, **values})


def state_of(draft):
    return GuideDraft.objects.get(pk=draft.pk).state


def test_author_sends_to_review_and_takes_back(author):
    draft = create_draft_in("draft")

    assert "Sent to review." in take(author, draft, "submit").text
    assert state_of(draft) == "in-review"
    draft.refresh_from_db()
    assert "Taken back" in take(author, draft, "take-back").text
    assert state_of(draft) == "draft"


@pytest.mark.parametrize(
    ("state", "step"), [("in-review", "approve"), ("in-review", "send-back"), ("approved", "publish")]
)
def test_author_may_neither_approve_nor_publish(author, state, step):
    draft = create_draft_in(state)
    address = f"{DRAFTS}{draft.pk}/step/{step}/"

    assert author.get(address).status_code == 403
    assert author.post(address, {"version": draft.version, "note": "No."}).status_code == 403
    assert state_of(draft) == state


def test_reviewer_sends_back_with_a_note_that_the_author_reads(reviewer):
    draft = create_draft_in("in-review")

    take(reviewer, draft, "send-back", note="Say how long it takes.")

    page = get_page(reviewer, f"{DRAFTS}{draft.pk}/change/")
    assert "Sent back by rob: Say how long it takes." in page.text
    history = get_page(reviewer, f"{DRAFTS}{draft.pk}/history/")
    assert "Sent back with a note. Say how long it takes." in history.text


def test_sending_back_without_a_note_is_refused(reviewer):
    draft = create_draft_in("in-review")

    assert "This field is required." in take(reviewer, draft, "send-back", note=" ").text
    assert state_of(draft) == "in-review"


def test_reviewer_approves_and_publishes_what_was_read(reviewer):
    draft = create_draft_in("in-review", summary="It takes five hours.")

    take(reviewer, draft, "approve")
    draft.refresh_from_db()
    assert (draft.state, str(draft.approved_by)) == ("approved", "rob")
    page = take(reviewer, draft, "publish")

    assert "J9302: Published." in page.text
    guide = Guide.objects.get()
    assert "It takes five hours." in get_page(reviewer, guide.get_absolute_url()).text
    assert found(reviewer, "five hours") == ["J9302"]
    assert guide.publisher == "rob"


def test_reviewer_may_not_approve_a_text_they_wrote_in(reviewer):
    draft = create_draft_in("draft")
    form = {"summary": "Mine.", "sources": "- A book", "opened_version": draft.version, "_send_to_review": "1"}
    page = save(reviewer, f"{DRAFTS}{draft.pk}/change/", form)
    assert "another reviewer has to approve it" in page.text
    draft.refresh_from_db()

    page = take(reviewer, draft, "approve")

    assert "You wrote in this text yourself" in page.text
    assert state_of(draft) == "in-review"


def test_text_without_sources_is_not_approved(reviewer):
    draft = create_draft_in("in-review", summary="It takes five hours.", sources="")

    assert "Name at least one source first" in take(reviewer, draft, "approve").text
    assert state_of(draft) == "in-review"


def test_approval_for_a_time_that_has_passed_is_refused_and_kept_on_the_form(reviewer):
    draft = create_draft_in("in-review")

    page = take(reviewer, draft, "approve", go_live_at="2020-05-04T10:30")

    assert "This time has passed" in page.text
    box = next(box for box in page.all("input") if box.attributes.get("name") == "go_live_at")
    assert box.attributes["value"] == "2020-05-04T10:30"
    assert state_of(draft) == "in-review"


def test_approval_for_a_time_to_come_waits_for_it(reviewer):
    draft = create_draft_in("in-review")
    time = timezone.localtime() + datetime.timedelta(days=2)

    page = take(reviewer, draft, "approve", go_live_at=f"{time:%Y-%m-%dT%H:%M}")

    assert "It goes live on" in page.text
    assert not Guide.objects.exists()


def test_step_is_refused_for_a_text_that_was_changed_since_it_was_read(reviewer):
    draft = create_draft_in("in-review")
    read = draft.version
    draft.take_back(by=None)
    draft.summary = "Another text."
    draft.save_text(by=create_user("ann"))
    draft.submit(by=create_user("bob"))

    page = save(reviewer, f"{DRAFTS}{draft.pk}/step/approve/", {"version": read})

    assert "It was changed meanwhile, last by bob" in page.text
    assert state_of(draft) == "in-review"


def test_note_is_kept_where_the_draft_was_changed_meanwhile(reviewer):
    draft = create_draft_in("in-review")

    page = take(reviewer, draft, "send-back", note="Say how long it takes.", version=1)

    assert next(box.text for box in page.all("textarea")) == "Say how long it takes."


def test_step_that_does_not_follow_is_refused_with_the_reason(reviewer):
    draft = create_draft_in("draft")

    assert "A text that is draft cannot be approved." in take(reviewer, draft, "approve").text


def test_step_of_a_draft_that_is_gone_says_so(reviewer):
    page = save(reviewer, f"{DRAFTS}999/step/approve/", {"version": 1})

    assert "This draft is gone" in page.text


def test_unknown_step_is_not_found(reviewer):
    draft = create_draft_in("draft")

    assert reviewer.get(f"{DRAFTS}{draft.pk}/step/nonsense/").status_code == 404


def test_asking_changes_nothing(reviewer):
    draft = create_draft_in("in-review")

    page = get_page(reviewer, f"{DRAFTS}{draft.pk}/step/approve/")

    assert "What you approve is exactly what is published" in page.text
    assert state_of(draft) == "in-review"


def test_compare_shows_what_a_draft_changes_of_the_public_text(author):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.", recovery="Rest.")
    draft = create_draft(guide.code, summary="It takes six hours.", recovery="Rest.")

    page = get_page(author, f"{DRAFTS}{draft.pk}/compare/")

    assert [element.text for element in page.all("del")] == ["removed: four (end of removed)"]
    assert [element.text for element in page.all("ins")] == ["added: six (end of added)"]
    assert "Recovery" not in page.headings


def test_compare_shows_changed_sources_of_a_section(author):
    guide = create_guide(create_code("J9302"), summary="A text.", section_sources={"summary": "- One"})
    draft = create_draft(guide.code, summary="A text.", section_sources={"summary": "- Two"}, sources=guide.sources)

    page = get_page(author, f"{DRAFTS}{draft.pk}/compare/")

    assert "Sources of Summary" in page.headings
    assert [element.text for element in page.all("ins")] == ["added: Two (end of added)"]


def test_step_warns_of_what_is_unfinished_or_missing(reviewer):
    draft = create_draft_in("in-review", summary="TODO: say more.", sources="")

    page = get_page(reviewer, f"{DRAFTS}{draft.pk}/step/approve/")

    assert "It names no source yet: without one it cannot be approved." in page.text
    assert "Unfinished marks: TODO." in page.text
    assert "Without text: Name of the Procedure, Purpose" in page.text


def test_text_that_is_scheduled_is_not_published_with_others(reviewer):
    scheduled = create_draft_in("in-review")
    scheduled.approve(by=None, go_live_at=timezone.now() + datetime.timedelta(days=9))
    approved = create_draft(create_code("J1750"))
    approved.submit(by=None)
    approved.approve(by=None)

    page = save(reviewer, DRAFTS, {"action": "publish", "_selected_action": [scheduled.pk, approved.pk]})

    assert "J9302: It is approved for a later time: publish it now on its own page." in page.text
    assert [guide.code.code for guide in Guide.objects.all()] == ["J1750"]


def test_several_drafts_are_sent_and_published_and_those_that_cannot_be_are_named(reviewer):
    approved = create_draft_in("approved", summary="It takes five hours.")
    draft = create_draft(create_code("J1750"))

    values = {"action": "publish", "_selected_action": [approved.pk, draft.pk]}
    page = save(reviewer, DRAFTS, values)

    assert "1 text was published." in page.text
    assert "J1750: A text that is draft cannot be published." in page.text
    assert [guide.code.code for guide in Guide.objects.all()] == ["J9302"]
    page = save(reviewer, DRAFTS, {"action": "send_to_review", "_selected_action": [draft.pk]})
    assert "1 text was sent to review." in page.text
    history = get_page(reviewer, f"/admin/procedures/guide/{Guide.objects.get().pk}/history/")
    assert "rob" in history.text


def test_step_says_that_the_guide_was_taken_off_its_page(reviewer):
    guide = create_guide(create_code("J9302"))
    draft = GuideDraft.objects.begin(guide.code, by=None)
    draft.submit(by=None)
    guide.unpublish(reason="The dose was wrong.", by=None)

    page = get_page(reviewer, f"{DRAFTS}{draft.pk}/step/approve/")

    assert "The dose was wrong. Publishing this text brings it back." in page.text
    assert "The dose was wrong." in get_page(reviewer, f"{DRAFTS}{draft.pk}/change/").text


def test_publish_action_is_neither_offered_to_authors_nor_obeyed(author):
    draft = create_draft_in("approved")

    page = get_page(author, DRAFTS)
    assert "Publish the selected" not in page.text
    save(author, DRAFTS, {"action": "publish", "_selected_action": [draft.pk]})

    assert state_of(draft) == "approved"


def test_preview_link_works_without_a_login_until_it_is_revoked(author, client_of_visitor):
    draft = create_draft_in("draft", summary="It takes five hours.")
    page = get_page(author, f"{DRAFTS}{draft.pk}/change/")
    link = next(box.attributes["value"] for box in page.all("input") if box.attributes.get("id") == "preview-link")
    assert "It takes five hours." in get_page(client_of_visitor, link).text

    take(author, draft, "revoke-preview")

    response = client_of_visitor.get(link)
    assert response.status_code == 410
    assert "five hours" not in read_page(response).text


@pytest.fixture
def client_of_visitor():
    from django.test import Client

    return Client()
