"""Writing a guide: the form of a draft, what it refuses, and that nothing typed is lost."""

import pytest
from django.contrib.admin.models import LogEntry

from procedures.models import GuideDraft
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page
from tests.procedures.admin.desk import found, get_page, rows_of, save

pytestmark = pytest.mark.django_db

DRAFTS = "/admin/procedures/guidedraft/"


@pytest.fixture
def author(client):
    """The browser of ann, an author."""
    client.force_login(create_user("ann", groups=["Author"]))
    return client


def values_of(draft, **changes):
    """What the form of a draft posts when these fields are changed."""
    values = {field: text for field, text in draft.texts().items() if text}
    return {**values, "sources": draft.sources, "opened_version": draft.version, **changes}


def address_of(draft):
    return f"{DRAFTS}{draft.pk}/change/"


def text_boxes(page):
    """What the text areas of a page hold, by their names."""
    return {box.attributes["name"]: box.text for box in page.all("textarea")}


def test_new_guide_is_written_and_not_public(author):
    code = create_code("J9302")

    page = save(author, f"{DRAFTS}add/", {"code": code.pk, "summary": "It takes an afternoon.", "sources": "- A book"})

    assert "was added successfully" in page.text
    draft = GuideDraft.objects.get()
    assert (draft.state, str(draft.author), draft.version) == ("draft", "ann", 1)
    assert "afternoon" not in get_page(author, code.get_absolute_url()).text
    assert found(author, "afternoon") == []


def test_form_shows_the_sections_in_the_public_order_with_what_belongs_there(author):
    page = get_page(author, address_of(create_draft(create_code())))

    wanted = ["Name of the Procedure", "Summary", "Risks and Complications", "Patient Experience", "Sources"]
    assert [heading for heading in page.headings if heading in wanted] == wanted
    assert "What it is and what it is for, in two to four sentences." in page.text


def test_saved_text_counts_words_and_warns_of_unfinished_marks(author):
    draft = create_draft(create_code())

    page = save(author, address_of(draft), values_of(draft, summary="One two three. TODO: [name]"))

    assert "The text has unfinished marks: TODO" in page.text
    draft.refresh_from_db()
    assert draft.word_count == 5
    assert draft.is_unfinished


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("<script>alert(1)</script>", "HTML is shown as it is written"),
        ("[here](javascript:alert(1))", "A link that is not https, mailto or tel becomes plain text"),
        ("A **bold word.", "A ** has no partner"),
    ],
)
def test_text_that_will_not_look_as_written_is_saved_with_a_remark(author, text, remark):
    draft = create_draft(create_code())

    page = save(author, address_of(draft), values_of(draft, summary=text))

    assert f"Summary: {remark}" in page.text
    draft.refresh_from_db()
    assert draft.summary == text


def test_pasted_word_document_becomes_markdown(author):
    draft = create_draft(create_code())
    pasted = "Before\u00a0you come:\r\n•\tDrink water\r\n\u00b7  Bring your list\x0bAfter\x07wards\u00ad\r\n1.\tRest"

    save(author, address_of(draft), values_of(draft, preparation=pasted))

    draft.refresh_from_db()
    assert draft.preparation == "Before you come:\n- Drink water\n- Bring your list\nAfterwards\n1. Rest"


def test_section_that_is_too_long_is_refused_and_kept_on_the_form(author):
    draft = create_draft(create_code())
    long = "word " * 200_000

    page = save(author, address_of(draft), values_of(draft, recovery=long, benefits="It helps."))

    assert "Ensure this value has at most 50000 characters" in page.text
    assert len(text_boxes(page)["recovery"]) > 900_000
    assert text_boxes(page)["benefits"] == "It helps."
    draft.refresh_from_db()
    assert draft.recovery == draft.benefits == ""


def test_nul_in_a_text_is_refused_with_a_message(author):
    draft = create_draft(create_code())

    page = save(author, address_of(draft), values_of(draft, recovery="Rest\0"))

    assert "Null characters are not allowed." in page.text


def test_guide_without_any_text_is_refused(author):
    draft = create_draft(create_code(), summary="It takes four hours.")

    page = save(author, address_of(draft), values_of(draft, summary=" "))

    assert "Write at least one section" in page.text
    draft.refresh_from_db()
    assert draft.summary == "It takes four hours."


def test_sources_of_a_section_are_kept_with_it(author):
    draft = create_draft(create_code())

    save(author, address_of(draft), values_of(draft, summary_sources="- A leaflet"))
    draft.refresh_from_db()
    assert draft.section_sources == {"summary": "- A leaflet"}
    assert text_boxes(get_page(author, address_of(draft)))["summary_sources"] == "- A leaflet"

    save(author, address_of(draft), values_of(draft, summary_sources=""))
    draft.refresh_from_db()
    assert draft.section_sources == {}


def test_sources_of_a_section_without_text_are_refused(author):
    draft = create_draft(create_code())

    page = save(author, address_of(draft), values_of(draft, recovery_sources="- A leaflet"))

    assert "This section has no text to have sources." in page.text
    assert text_boxes(page)["recovery_sources"] == "- A leaflet"


def test_second_editor_is_told_who_saved_meanwhile_and_both_texts_are_kept(author):
    draft = create_draft(create_code(), summary="It takes four hours.")
    opened = values_of(draft, summary="It takes five hours.", recovery="Rest.")
    draft.summary = "It takes six hours."
    draft.save_text(by=create_user("bob"))

    page = save(author, address_of(draft), opened)

    assert "Changed by bob since you opened it" in page.text
    assert text_boxes(page)["summary"] == "It takes five hours."
    assert text_boxes(page)["recovery"] == "Rest."
    assert "Text of bob: It takes six hours." in page.text
    draft.refresh_from_db()
    assert draft.summary == "It takes six hours."

    # Saving the answered form again is a decision.
    version = next(box for box in page.all("input") if box.attributes.get("name") == "opened_version")
    save(author, address_of(draft), opened | {"opened_version": version.attributes["value"]})
    draft.refresh_from_db()
    assert (draft.summary, draft.recovery) == ("It takes five hours.", "Rest.")


def test_text_that_was_sent_to_review_meanwhile_is_kept_on_the_form(author):
    draft = create_draft(create_code(), summary="It takes four hours.")
    opened = values_of(draft, summary="It takes five hours.")
    draft.submit(by=None)

    page = save(author, address_of(draft), opened)

    assert "This text is in review since you opened it." in page.text
    assert text_boxes(page)["summary"] == "It takes five hours."
    draft.refresh_from_db()
    assert (draft.summary, draft.state) == ("It takes four hours.", "in-review")


def test_text_typed_into_a_draft_that_is_gone_is_shown_for_copying(author):
    draft = create_draft(create_code())
    opened = values_of(draft, summary="It takes five hours.")
    address = address_of(draft)
    draft.submit(by=None)
    draft.approve(by=None)
    draft.publish(by=None)

    response = author.post(address, opened)

    assert response.status_code == 409
    assert "It takes five hours." in read_page(response).text


def test_all_that_was_typed_into_a_draft_that_is_gone_is_shown(author):
    draft = create_draft(create_code())
    opened = values_of(draft, summary_sources="- A leaflet", change_note="Said how long it takes.")
    address = address_of(draft)
    draft.delete()

    page = read_page(author.post(address, opened))

    assert {"- A leaflet", "Said how long it takes."} <= {box.text for box in page.all("textarea")}


def test_stale_text_that_is_also_too_long_is_compared_with_what_was_typed(author):
    draft = create_draft(create_code(), summary="It takes four hours.")
    opened = values_of(draft, summary="It takes six hours. " * 3_000)
    draft.summary = "It takes six hours."
    draft.save_text(by=create_user("bob"))

    page = save(author, address_of(draft), opened)

    assert not page.all("del")


def test_second_draft_of_a_code_is_refused_and_kept_on_the_form(author):
    code = create_code("J9302")
    create_draft(code)

    page = save(author, f"{DRAFTS}add/", {"code": code.pk, "summary": "It takes an afternoon."})

    assert "A guide of this code is in work already" in page.text
    assert text_boxes(page)["summary"] == "It takes an afternoon."
    assert GuideDraft.objects.count() == 1


def test_adding_a_guide_of_a_code_that_has_one_leads_there(author):
    guide = create_guide(create_code("J9302"))
    draft = create_draft(create_code("J1750"))

    assert author.get(f"{DRAFTS}add/?code={guide.code_id}").url == f"/admin/procedures/guide/{guide.pk}/change/"
    assert author.get(f"{DRAFTS}add/?code={draft.code_id}").url == address_of(draft)
    assert author.get(f"{DRAFTS}add/?code={'9' * 40}").status_code == 200


@pytest.mark.parametrize("code", ["J9302", "9" * 40, "٣", "-1"])
def test_code_that_is_no_choice_is_refused_with_a_message(author, code):
    page = save(author, f"{DRAFTS}add/", {"code": code, "summary": "It takes an afternoon."})

    assert "Select a valid choice." in page.text
    assert text_boxes(page)["summary"] == "It takes an afternoon."


def test_edit_of_a_public_guide_begins_a_draft_with_its_text_once(author):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")

    page = save(author, f"{DRAFTS}begin/{guide.pk}/", {})
    assert text_boxes(page)["summary"] == "It takes four hours."

    page = save(author, f"{DRAFTS}begin/{guide.pk}/", {})
    assert "J9302 has a draft in work already, last changed by ann." in page.text
    assert GuideDraft.objects.count() == 1


def test_save_and_send_to_review_does_both(author):
    draft = create_draft(create_code())

    save(author, address_of(draft), values_of(draft, recovery="Rest.", _send_to_review="1"))

    draft.refresh_from_db()
    assert (draft.recovery, draft.state) == ("Rest.", "in-review")


def test_text_in_review_is_shown_but_not_changed(author):
    draft = create_draft(
        create_code(), by=None, summary="It takes four hours.", section_sources={"summary": "- A book"}
    )
    draft.submit(by=None)

    page = get_page(author, address_of(draft))

    assert "It takes four hours." in page.text
    assert "Summary: - A book" in page.text
    assert not page.all("textarea")


def test_drafts_are_found_by_code_and_words_and_filtered(author):
    mine = create_draft(create_code("C84.02", "Mycosis fungoides", system="icd10cm"))
    save(author, address_of(mine), values_of(mine, recovery="Rest."))
    other = create_draft(create_code("J9302"), by=create_user("bob"))
    other.submit(by=None)

    for term in ("C84.02", "c84", "mycosis"):
        assert rows_of(author, f"{DRAFTS}?q={term}") == ["C84.02"]
    assert rows_of(author, f"{DRAFTS}?state=in-review") == ["J9302"]
    assert rows_of(author, f"{DRAFTS}?whose=mine") == ["C84.02"]
    assert rows_of(author, f"{DRAFTS}?whose=others") == ["J9302"]


def test_unsaved_text_is_previewed_in_a_frame_of_the_desk_and_not_saved(author):
    draft = create_draft(create_code("J9302"))
    address = f"{DRAFTS}typed-preview/?code={draft.code_id}"

    response = author.post(address, values_of(draft, summary="It takes **five** hours. <b>No</b>"))

    assert "It takes five hours. <b>No</b>" in read_page(response).text
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in response["Content-Security-Policy"]
    draft.refresh_from_db()
    assert "five" not in draft.summary


def test_unsaved_text_is_shown_in_a_frame_that_can_do_nothing(author):
    page = get_page(author, address_of(create_draft(create_code())))

    [frame] = page.all("iframe")
    assert frame.attributes["sandbox"] in ("", None)
    assert "sandbox" in frame.attributes


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_unsaved_text_of_a_new_guide_is_previewed(author):
    code = create_code("J9302")

    response = author.post(f"{DRAFTS}typed-preview/", {"code": code.pk, "summary": "It takes five hours."})

    assert "It takes five hours." in read_page(response).text


@pytest.mark.parametrize("state", ["nonsense", "'", "%F0%9F%92%89"])
def test_unknown_state_filters_nothing(author, state):
    create_draft(create_code("J9302"))

    assert rows_of(author, f"{DRAFTS}?state={state}") == ["J9302"]


@pytest.mark.parametrize("code", ["", "x", "99999999999999999999", "0"])
def test_preview_of_unsaved_text_asks_for_the_code(author, code):
    response = author.post(f"{DRAFTS}typed-preview/", {"code": code, "summary": "Text"})

    assert response.status_code == 200
    assert "Choose the code" in read_page(response).text


def test_staff_preview_is_the_page_as_it_would_be(author):
    draft = create_draft(create_code("J9302", "Injection, ofatumumab, 10 mg"), summary="It takes five hours.")

    response = author.get(f"{DRAFTS}{draft.pk}/preview/")

    page = read_page(response)
    assert "It takes five hours." in page.text
    assert "Injection, ofatumumab, 10 mg" in page.headings
    assert "noindex" in response["X-Robots-Tag"]
    assert {"private", "no-store"} <= set(response["Cache-Control"].split(", "))


def test_log_says_who_wrote(author):
    draft = create_draft(create_code())

    save(author, address_of(draft), values_of(draft, recovery="Rest."))

    entry = LogEntry.objects.get()
    assert (str(entry.user), entry.get_change_message()) == ("ann", "Changed Recovery.")
