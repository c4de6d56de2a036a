"""Public guides on the desk: read, reviewed, taken off the page, and brought back from history."""

import datetime

import pytest
from django.utils import timezone

from procedures.models import Guide, GuideDraft
from tests.factories import create_approved_draft, create_code, create_draft, create_guide, create_user
from tests.procedures.admin.desk import found, get_page, rows_of, save

pytestmark = pytest.mark.django_db

GUIDES = "/admin/procedures/guide/"


@pytest.fixture
def reviewer(client):
    """The browser of rob, a reviewer."""
    client.force_login(create_user("rob", groups=["Reviewer"]))
    return client


@pytest.fixture
def author(client):
    """The browser of ann, an author."""
    client.force_login(create_user("ann", groups=["Author"]))
    return client


def act(client, action, guides, **values):
    """Chooses an action of the list and answers what it asks."""
    chosen = {"action": action, "_selected_action": [guide.pk for guide in guides]}
    return save(client, GUIDES, {**chosen, "_act": "1", **values} if values else chosen)


@pytest.mark.parametrize("term", ["C84.02", "c8402", "mycosis", "alibert"])
def test_guides_are_found_by_code_words_and_names(reviewer, term):
    create_guide(
        create_code("C84.02", "Mycosis fungoides", system="icd10cm"), procedure_name="Common name(s): Alibert disease"
    )
    create_guide(create_code("J9302"), purpose="To fight leukemia.")

    assert rows_of(reviewer, f"{GUIDES}?q={term}") == ["C84.02"]


def test_guides_are_found_by_words_of_their_text_also_when_taken_off_the_page(reviewer):
    create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"), summary="It is dripped into a vein.")
    create_guide(create_code("C9028", "Injection, inotuzumab")).unpublish(reason="It is being rewritten.", by=None)

    assert rows_of(reviewer, f"{GUIDES}?q=dripped vein") == ["J9302"]
    assert rows_of(reviewer, f"{GUIDES}?q=inotuzumab") == ["C9028"]
    assert rows_of(reviewer, f"{GUIDES}?q=nothing of the kind") == []


def test_guide_cannot_be_changed_past_the_workflow(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")

    assert admin_client.post(f"{GUIDES}{guide.pk}/change/", {"summary": "Changed."}).status_code == 403
    assert admin_client.get(f"{GUIDES}add/").status_code == 403
    assert "It takes four hours." in get_page(admin_client, guide.get_absolute_url()).text


def test_guide_shows_its_standing_and_what_to_do(reviewer):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")

    page = get_page(reviewer, f"{GUIDES}{guide.pk}/change/")

    assert "Not yet reviewed by a clinician." in page.text
    assert "It takes four hours." in page.text
    buttons = [box.attributes.get("value") for box in page.all("input") if box.attributes.get("type") == "submit"]
    assert {"Edit", "Mark as reviewed", "Take off the page"} <= set(buttons)


def test_guide_with_a_draft_leads_to_it(reviewer):
    guide = create_guide(create_code("J9302"))
    draft = create_draft(guide.code)

    page = get_page(reviewer, f"{GUIDES}{guide.pk}/change/")

    assert page.links[f"/admin/procedures/guidedraft/{draft.pk}/change/"] == "Open the draft"


def test_guide_is_taken_off_the_page_with_a_reason(reviewer):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    assert "Visitors read it" in act(reviewer, "unpublish", [guide]).text
    assert "This field is required." in act(reviewer, "unpublish", [guide], reason=" ").text
    assert Guide.objects.published().exists()

    page = act(reviewer, "unpublish", [guide], reason="It is being rewritten.")

    assert "1 guide was taken off." in page.text
    public = get_page(reviewer, guide.get_absolute_url()).text
    assert "It is being rewritten." in public
    assert "four hours" not in public
    assert found(reviewer, "four hours") == []
    assert rows_of(reviewer, f"{GUIDES}?public=no") == ["J9302"]
    assert "Unpublished: It is being rewritten." in get_page(reviewer, f"{GUIDES}{guide.pk}/history/").text


def test_review_of_a_clinician_is_recorded_and_shown(reviewer):
    guides = [create_guide(create_code(code)) for code in ("J9302", "J1750")]
    today = timezone.localdate()
    due = today + datetime.timedelta(days=365)

    page = act(reviewer, "mark_reviewed", guides, reviewer="Jane Roe, RN", on=str(today), due=str(due))

    assert "2 guides were marked as reviewed." in page.text
    for guide in guides:
        assert "Jane Roe, RN" in get_page(reviewer, guide.get_absolute_url()).text
        assert "rob" in get_page(reviewer, f"{GUIDES}{guide.pk}/history/").text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"reviewer": " "}, "This field is required."),
        ({"on": "2999-01-01", "due": "2999-12-31"}, "The day of the review has not come yet."),
        ({"on": "2020-01-01", "due": "2020-12-31"}, "The text was changed after that day"),
        ({"due": "2020-01-01"}, "The next review has to be due after this one."),
        ({"due": "2999-01-01"}, "A guide is reviewed at least every three years."),
        ({"on": "yesterday"}, "Enter a valid date."),
    ],
)
def test_review_that_cannot_be_is_refused(reviewer, values, message):
    guide = create_guide(create_code("J9302"))
    today = timezone.localdate()
    sound = {"reviewer": "Jane Roe, RN", "on": str(today), "due": str(today + datetime.timedelta(days=365))}

    page = act(reviewer, "mark_reviewed", [guide], **{**sound, **values})

    assert message in page.text
    shown = {box.attributes.get("name"): box.attributes.get("value") for box in page.all("input")}
    assert shown["due"] == {**sound, **values}["due"]
    assert Guide.objects.get().reviewed_on is None


def test_text_published_while_the_form_was_open_is_not_marked_as_reviewed(reviewer):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    opened = act(reviewer, "mark_reviewed", [guide])
    hidden = {
        box.attributes["name"]: box.attributes["value"]
        for box in opened.all("input")
        if box.attributes.get("type") == "hidden"
    }
    create_approved_draft(guide, summary="It takes six hours.").publish(by=None)
    today = timezone.localdate()
    due = today + datetime.timedelta(days=365)

    page = save(reviewer, GUIDES, {**hidden, "reviewer": "Jane Roe, RN", "on": str(today), "due": str(due)})

    assert "Another text was published meanwhile" in page.text
    assert Guide.objects.get().reviewed_on is None


def test_act_on_too_many_guides_at_once_is_refused(reviewer, monkeypatch):
    monkeypatch.setattr("procedures.admin.guides.MOST_AT_ONCE", 1)
    guides = [create_guide(create_code(code)) for code in ("J9302", "J1750")]

    assert "Choose at most 1 guides at once." in act(reviewer, "unpublish", guides).text


@pytest.mark.parametrize("action", ["unpublish", "mark_reviewed"])
def test_authors_are_neither_offered_these_acts_nor_obeyed(author, action):
    guide = create_guide(create_code("J9302"))
    today = timezone.localdate()

    values = {"reason": "No.", "reviewer": "Me", "on": str(today), "due": str(today + datetime.timedelta(days=9))}
    act(author, action, [guide], **values)

    guide.refresh_from_db()
    assert guide.is_published
    assert guide.reviewed_on is None


def test_former_text_comes_back_as_a_draft(author):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    guide = create_approved_draft(guide, summary="It takes six hours.").publish(by=None)
    first = guide.history.earliest()
    address = f"{GUIDES}{guide.pk}/history/{first.history_id}/"

    page = get_page(author, address)
    assert [element.text for element in page.all("del")] == ["removed: six (end of removed)"]
    assert [element.text for element in page.all("ins")] == ["added: four (end of added)"]
    page = save(author, address, {})

    assert "The former text is a draft now" in page.text
    assert GuideDraft.objects.get().summary == "It takes four hours."
    assert "six hours" in get_page(author, guide.get_absolute_url()).text
    assert "J9302 has a draft in work already" in save(author, address, {}).text


def test_former_text_is_not_brought_back_by_one_who_may_only_look(client):
    guide = create_approved_draft(create_guide(create_code("J9302"), summary="Four."), summary="Six.").publish(by=None)
    client.force_login(create_user("dan", groups=["Desk"]))
    address = f"{GUIDES}{guide.pk}/history/{guide.history.earliest().history_id}/"

    assert "Bring this text back" not in get_page(client, address).text
    assert client.post(address).status_code == 403
    assert not GuideDraft.objects.exists()


def test_version_of_another_guide_is_not_found(author):
    guide, other = create_guide(create_code("J9302")), create_guide(create_code("J1750"))

    address = f"{GUIDES}{guide.pk}/history/{other.history.get().history_id}/"

    assert author.get(address).status_code == 404


def test_history_of_a_deleted_guide_still_gives_its_text_back(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")
    version, pk = guide.history.get().history_id, guide.pk
    address = guide.get_absolute_url()
    save(admin_client, f"{GUIDES}{pk}/delete/", {"post": "yes"})
    assert "four hours" not in get_page(admin_client, address).text
    assert found(admin_client, "four hours") == []

    save(admin_client, f"{GUIDES}{pk}/history/{version}/", {})

    assert GuideDraft.objects.get().summary == "It takes four hours."


@pytest.mark.parametrize("one_by_one", [True, False])
def test_names_of_a_deleted_guide_go_with_it(admin_client, one_by_one):
    guide = create_guide(create_code("J9302"), procedure_name="Common name(s): chest drip")
    assert found(admin_client, "chest drip") == ["J9302"]

    if one_by_one:
        save(admin_client, f"{GUIDES}{guide.pk}/delete/", {"post": "yes"})
    else:
        save(admin_client, GUIDES, {"action": "delete_selected", "_selected_action": [guide.pk], "post": "yes"})

    assert found(admin_client, "chest drip") == []
    assert "chest drip" not in get_page(admin_client, guide.code.get_absolute_url()).text


def test_history_says_who_wrote_approved_and_published(client):
    ann, rob, eve = (create_user(name) for name in ("ann", "rob", "eve"))
    draft = create_draft(create_code("J9302"), by=ann)
    draft.submit(by=ann)
    draft.approve(by=rob)
    guide = draft.publish(by=eve)
    client.force_login(create_user("dan", groups=["Author"]))

    text = get_page(client, f"{GUIDES}{guide.pk}/history/").text
    assert all(name in text for name in ("ann", "rob", "eve"))
    assert "written by ann, approved by rob, published by eve" in get_page(client, f"{GUIDES}{guide.pk}/change/").text


def test_selected_guides_are_deleted_from_search_too(admin_client):
    guide = create_guide(create_code("J9302"), summary="It takes four hours.")

    save(admin_client, GUIDES, {"action": "delete_selected", "_selected_action": [guide.pk], "post": "yes"})

    assert found(admin_client, "four hours") == []
