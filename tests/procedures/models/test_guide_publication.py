"""What the publication of a draft makes public, and what it leaves as it was."""

import datetime

import pytest

from procedures.models import CodeName, Guide, GuideDraft, TransitionRefused
from procedures.models.search_entries import ContentVersion
from procedures.search import search
from tests.factories import create_code, create_draft, create_guide, create_name, create_user, get_system
from tests.pages import read_page
from tests.procedures.models.drafts import APPROVED, bring_to

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def publish(code, *, by=None, now=NOON, **texts) -> Guide:
    return bring_to(APPROVED, create_draft(code, **texts)).publish(by=by, now=now)


def found(text: str) -> list[str]:
    return [row["code"] for row in search(text, [get_system("hcpcs")]).rows]


def names() -> set[tuple[str, str]]:
    return set(CodeName.objects.values_list("text", "source"))


def text_of_page(client, code) -> str:
    return read_page(client.get(code.get_absolute_url())).text


# The text


def test_publish_renders_the_texts_that_there_are():
    publish(
        create_code(),
        summary="A **strong** word.",
        purpose="",
        sources="- One\n- Two",
        section_sources={"summary": "*Three*"},
    )

    guide = Guide.objects.get()
    assert guide.html == {
        "summary": "<p>A <strong>strong</strong> word.</p>",
        "sources": "<ul>\n<li>One</li>\n<li>Two</li>\n</ul>",
        "summary_sources": "<p><em>Three</em></p>",
    }
    assert guide.is_published
    assert not GuideDraft.objects.exists()


def test_publish_keeps_html_of_the_editor_as_text():
    guide = publish(create_code(), summary="<script>alert(1)</script> [x](javascript:alert(1))")

    assert "<script" not in guide.html["summary"]
    assert "href" not in guide.html["summary"]


def test_publish_withdraws_a_section_that_lost_its_text(client):
    code = create_code()
    publish(code, summary="First.", purpose="Against leukemia.")
    publish(code, summary="First.")

    assert [section["heading"] for section in Guide.objects.get().public_sections()] == ["Summary"]
    assert "leukemia" not in text_of_page(client, code)
    assert found("leukemia") == []


def test_publish_brings_page_search_and_cached_answers_up_to_date(client):
    code = create_code()
    publish(code, summary="Against leukemia.")
    etag = client.get(code.get_absolute_url()).headers["ETag"]
    draft = bring_to(APPROVED, create_draft(code, summary="Against lymphoma."))
    assert client.get(code.get_absolute_url(), headers={"If-None-Match": etag}).status_code == 304

    draft.publish(by=None)

    assert client.get(code.get_absolute_url(), headers={"If-None-Match": etag}).status_code == 200
    assert "lymphoma" in text_of_page(client, code)
    assert (found("lymphoma"), found("leukemia")) == (["J9302"], [])


def test_publish_copies_hints_and_document():
    publish(
        create_code(),
        summary="TODO: this code is retired.",
        document_name="J9302.txt",
        document_digest="0" * 64,
        document_date=NOON.date(),
    )

    guide = Guide.objects.get()
    assert (guide.word_count, guide.is_unfinished, guide.mentions_retirement) == (5, True, True)
    assert (guide.document_name, guide.document_digest, guide.document_date) == ("J9302.txt", "0" * 64, NOON.date())
    assert len(guide.sketch) == 3


def test_publish_refuses_a_text_that_lost_its_sources_after_it_was_approved():
    draft = bring_to(APPROVED, create_draft(create_code()))
    GuideDraft.objects.update(sources="")

    with pytest.raises(TransitionRefused, match="Name at least one source"):
        GuideDraft.objects.get(pk=draft.pk).publish(by=None)

    assert not Guide.objects.exists()
    assert GuideDraft.objects.get().state == APPROVED


def test_publish_that_fails_half_way_changes_nothing(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("The index is broken.")

    code = create_code()
    publish(code, summary="First.", procedure_name="Common name(s): chest drip")
    draft = bring_to(APPROVED, create_draft(code, summary="Second."))
    version = ContentVersion.objects.get().number
    monkeypatch.setattr("procedures.search.reindex", fail)

    with pytest.raises(RuntimeError):
        draft.publish(by=None)

    guide = Guide.objects.get()
    assert (guide.summary, guide.history.count()) == ("First.", 1)
    assert names() == {("chest drip", "Guide")}
    assert GuideDraft.objects.get().state == APPROVED
    assert ContentVersion.objects.get().number == version


# Days, review, publisher


@pytest.mark.time_machine(NOON, tick=False)
def test_publish_takes_the_present_moment():
    guide = create_guide(create_code())

    assert (guide.published_at, guide.changed_at) == (NOON, NOON)


def test_publish_keeps_the_first_day_and_moves_the_day_of_change_with_the_text_only():
    code = create_code()
    publish(code, summary="First.")

    same = publish(code, summary="First.", now=NOON + DAY)
    assert (same.published_at, same.changed_at) == (NOON, NOON)

    publish(code, summary="Second.", now=NOON + 2 * DAY)
    guide = Guide.objects.get()
    assert (guide.published_at, guide.changed_at) == (NOON, NOON + 2 * DAY)


def test_publish_never_moves_the_review():
    code = create_code()
    review = {"on": NOON.date(), "due": NOON.date() + 365 * DAY}
    publish(code).mark_reviewed(reviewer="Jane Roe, MD", by=None, **review)

    publish(code, summary="Another text.", now=NOON + DAY)

    guide = Guide.objects.get()
    assert (guide.reviewed_on, guide.reviewed_by, guide.review_due_on) == (review["on"], "Jane Roe, MD", review["due"])
    assert guide.was_changed_since_review


def test_new_guide_has_no_review():
    publish(create_code(), by=create_user())

    assert Guide.objects.never_reviewed().count() == 1


def test_publisher_is_who_published_or_else_who_approved_or_else_the_command():
    judy, mary = create_user("judy"), create_user("mary")
    publish(create_code("J0000"), by=judy)
    for code, by, approver, publisher in [
        ("J0001", None, mary, ""),
        ("J0002", None, None, ""),
        ("J0003", None, None, "import"),
        ("J0004", judy, mary, ""),
    ]:
        draft = create_draft(create_code(code))
        draft.submit(by=None)
        draft.approve(by=approver)
        draft.publish(by=by, publisher=publisher)

    publishers = Guide.objects.order_by("code").values_list("publisher", flat=True)
    assert list(publishers) == ["judy", "mary", "command", "import", "judy"]
    users = [guide.history.get().history_user for guide in Guide.objects.order_by("code")]
    assert users == [judy, mary, None, None, judy]


def test_history_has_a_row_for_each_publication_with_its_text_user_and_note():
    code, editor = create_code(), create_user()
    publish(code, summary="First.", change_note="")
    publish(code, summary="Second.", change_note="Updated the fasting time.", by=editor)

    rows = Guide.objects.get().history.values_list("summary", "history_user", "history_change_reason", "history_type")
    assert list(rows) == [("Second.", editor.pk, "Updated the fasting time.", "~"), ("First.", None, "", "+")]


# Taken off and published again


def test_guide_that_was_taken_off_is_published_again_with_its_first_day(client):
    code = create_code()
    publish(code, summary="Against leukemia.").unpublish(reason="It is wrong.", by=None)

    draft = GuideDraft.objects.begin(code, by=None)
    assert (found("leukemia"), "leukemia" in text_of_page(client, code)) == ([], False)
    bring_to(APPROVED, draft).publish(by=None, now=NOON + DAY)

    guide = Guide.objects.get()
    assert (guide.unpublished_at, guide.unpublish_reason) == (None, "")
    assert (guide.published_at, guide.changed_at) == (NOON, NOON)
    assert "leukemia" in text_of_page(client, code)
    assert found("leukemia") == ["J9302"]
    assert [row.unpublish_reason for row in guide.history.all()] == ["", "It is wrong.", ""]


# Names


def test_names_of_the_guide_follow_its_text():
    code = create_code()
    publish(code, procedure_name="Common name(s): chest drip; infusion\n\nTechnical term: antibody therapy")
    assert names() == {("chest drip", "Guide"), ("infusion", "Guide"), ("antibody therapy", "Guide")}
    assert found("chest") == ["J9302"]
    kept = CodeName.objects.get(text="infusion").pk

    publish(code, procedure_name="Common name(s): arm drip; infusion")

    assert names() == {("arm drip", "Guide"), ("infusion", "Guide")}
    assert CodeName.objects.get(text="infusion").pk == kept
    assert (found("arm"), found("chest")) == (["J9302"], [])


def test_names_of_other_sources_stay_and_are_not_repeated():
    code = create_code()
    create_name(code, "Arzerra", kind="common", source="ASP crosswalk")
    publish(code, procedure_name="Common name(s): Arzerra; chest drip")
    publish(code, procedure_name="Common name(s): Arzerra")

    assert names() == {("Arzerra", "ASP crosswalk")}


def test_names_go_with_a_guide_that_is_taken_off_and_come_back_with_it(client):
    code = create_code()
    create_name(code, "Arzerra", source="ASP crosswalk")
    publish(code, procedure_name="Common name(s): chest drip").unpublish(reason="It is wrong.", by=None)

    assert names() == {("Arzerra", "ASP crosswalk")}
    assert found("chest") == []
    assert "chest drip" not in text_of_page(client, code)

    bring_to(APPROVED, GuideDraft.objects.begin(code, by=None)).publish(by=None)
    assert names() == {("Arzerra", "ASP crosswalk"), ("chest drip", "Guide")}


def test_names_have_a_history_that_says_who_published():
    code, editor = create_code(), create_user()
    publish(code, by=editor, procedure_name="Common name(s): chest drip")
    publish(code, by=editor, procedure_name="Common name(s): arm drip")

    rows = CodeName.history.order_by("history_id").values_list("text", "history_type", "history_user")
    assert set(rows) == {("chest drip", "+", editor.pk), ("chest drip", "-", editor.pk), ("arm drip", "+", editor.pk)}
