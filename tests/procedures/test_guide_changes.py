"""The public change log of a guide."""

import datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures.models import GuideDraft
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

NO_OTHER_TEXT = "The text has not changed since it was first published."


def publish(code, *, on=None, by=None, note="", **texts):
    """Publishes another text of the guide through the steps of the workflow; `on` is a day such as 2026-05-20."""
    draft = GuideDraft.objects.begin(code, by=by)
    for field, text in texts.items():
        setattr(draft, field, text)
    draft.change_note = note
    draft.save_text(by=by)
    draft.submit(by=by)
    draft.approve(by=None)
    now = datetime.datetime.fromisoformat(f"{on}T12:00:00+00:00") if on else None
    return draft.publish(by=by, now=now)


@pytest.fixture
def code():
    """A code whose guide was first published on 3 March 2026."""
    code = create_code()
    with time_machine.travel("2026-03-03T12:00:00+00:00"):
        create_guide(code, summary="A medicine for the blood.", preparation="Do not eat for two hours.")
    return code


def changes_of(client, code, query=""):
    response = client.get(f"{code.get_absolute_url()}/changes{query}")
    assert response.status_code == 200
    return read_page(response)


def events(page):
    """What happened, line by line, as listed."""
    return [element.text for element in page.all("li") if element.text[:1].isdigit()]


def difference(page):
    """The words that were removed, and those that were added."""
    removed = [each.text.removeprefix("removed: ").removesuffix(" (end of removed)") for each in page.all("del")]
    return removed, [each.text.removeprefix("added: ").removesuffix(" (end of added)") for each in page.all("ins")]


def links_to_differences(page):
    return [address.split("#")[0] for address in page.links if "?change=" in address]


# What is listed


def test_new_guide_has_its_first_publication_and_no_difference(client, code):
    page = changes_of(client, code)

    assert events(page) == ["3 March 2026 First published"]
    assert NO_OTHER_TEXT in page.text
    assert links_to_differences(page) == []
    assert page.links[code.get_absolute_url()]


def test_change_of_the_text_is_listed_with_its_note_and_sections(client, code):
    publish(
        code,
        on="2026-05-20",
        note="Updated the fasting time.",
        preparation="Do not eat for six hours.",
        section_sources={"preparation": "- A leaflet"},
        sources="- Another reference",
    )

    page = changes_of(client, code)

    assert events(page) == [
        "20 May 2026 Text changed: Updated the fasting time. Preparation, Sources of Preparation, Sources "
        "Show the difference of 20 May 2026",
        "3 March 2026 First published",
    ]


def test_difference_shows_words_section_by_section(client, code):
    publish(code, preparation="Do not eat for six hours.", sources="- Another reference", recovery="Rest.")

    page = changes_of(client, code)

    assert difference(page) == (["two", "A"], ["six", "Rest.", "Another"])
    assert page.headings[-3:] == ["Preparation", "Recovery", "Sources"]
    assert "A medicine for the blood." not in page.text


def test_difference_of_the_sources_of_a_section_stands_behind_the_section(client, code):
    publish(code, preparation="Eat.", summary="A drug.", section_sources={"summary": "- A leaflet"})

    page = changes_of(client, code)

    assert page.headings[-3:] == ["Summary", "Sources of Summary", "Preparation"]
    assert "A leaflet" in difference(page)[1]


def test_newest_change_is_shown_unless_another_is_chosen(client, code):
    publish(code, on="2026-05-20", summary="A medicine for the skin.")
    publish(code, on="2026-06-20", summary="A medicine for the bones.")

    page = changes_of(client, code)
    newest, older = links_to_differences(page)
    chosen = read_page(client.get(older))

    assert difference(page) == (["skin"], ["bones"])
    assert "Change of 20 June 2026" in page.headings
    assert difference(chosen) == (["blood"], ["skin"])
    assert "Change of 20 May 2026" in chosen.headings
    assert difference(read_page(client.get(newest))) == difference(page)


def test_difference_has_the_words_without_their_marks(client, code):
    publish(code, summary="A **strong** medicine for [the blood](https://blood.example/). <script>alert(1)</script>")

    page = changes_of(client, code)

    assert difference(page)[1] == ["strong", "<script>alert(1)</script>"]
    assert not page.foreign_scripts
    assert "https://blood.example/" not in page.html


def test_change_of_marks_alone_says_that_the_words_are_the_same(client, code):
    publish(code, summary="A **medicine** for the blood.")

    page = changes_of(client, code)

    assert "Text changed Summary" in page.text
    assert "The words are the same." in page.text
    assert difference(page) == ([], [])


def test_same_text_published_again_is_not_listed(client, code):
    publish(code, note="Nothing at all.")

    page = changes_of(client, code)

    assert events(page) == ["3 March 2026 First published"]
    assert "Nothing at all." not in page.text


def test_review_is_listed_with_the_name_of_the_clinician(client, code):
    with time_machine.travel("2026-04-02T12:00:00+00:00"):
        day, due = datetime.date(2026, 4, 1), datetime.date(2027, 4, 1)
        code.guide.mark_reviewed(reviewer="Rosa Diaz, RN", on=day, due=due, by=None)
    publish(code, on="2026-05-20", summary="Another medicine.")

    page = changes_of(client, code)

    assert events(page)[1:] == [
        "1 April 2026 Reviewed by Rosa Diaz, RN. Next review due 1 April 2027.",
        "3 March 2026 First published",
    ]


def test_names_of_editors_are_never_shown(client, code):
    author, reviewer = create_user("author-ann"), create_user("reviewer-rob")
    publish(code, by=author, summary="Another medicine.")
    code.guide.refresh_from_db()
    today = datetime.date.today()
    code.guide.mark_reviewed(reviewer="Rosa Diaz", on=today, due=today + datetime.timedelta(days=9), by=reviewer)
    code.guide.unpublish(reason="Under repair.", by=reviewer)
    publish(code, by=author, summary="A third medicine.")

    html = changes_of(client, code).html

    assert "Rosa Diaz" in html
    assert "author-ann" not in html
    assert "reviewer-rob" not in html


def test_guide_that_was_off_its_page_tells_why_and_since_when_it_is_back(client, code):
    with time_machine.travel("2026-06-01T12:00:00+00:00"):
        code.guide.unpublish(reason="The label has changed.", by=None)
    with time_machine.travel("2026-06-10T12:00:00+00:00"):
        publish(code, summary="A medicine for the skin.")

    page = changes_of(client, code)

    assert events(page) == [
        "10 June 2026 Text changed Summary Show the difference of 10 June 2026",
        "10 June 2026 Back on this page",
        "1 June 2026 Taken off this page: The label has changed.",
        "3 March 2026 First published",
    ]
    assert difference(page) == (["blood"], ["skin"])


def test_guide_that_is_back_with_the_same_text_has_no_difference(client, code):
    code.guide.unpublish(reason="By mistake.", by=None)
    publish(code)

    page = changes_of(client, code)

    assert [event.split(" ", 3)[3] for event in events(page)[:2]] == [
        "Back on this page",
        "Taken off this page: By mistake.",
    ]
    assert NO_OTHER_TEXT in page.text


# What is not public


def test_texts_that_were_never_public_are_not_compared(client, code):
    guide = code.guide
    guide.unpublish(reason="Under repair.", by=None)
    guide.summary = "A secret medicine."
    guide.save_with_history(by=None, reason="A secret note")
    publish(code, summary="A medicine for the skin.")
    guide.refresh_from_db()
    guide.summary = "Saved, but never published."
    guide.save_with_history(by=None, reason="Another secret note")
    publish(code, summary="A medicine for the bones.")

    pages = [changes_of(client, code)]
    pages += [read_page(client.get(address)) for address in links_to_differences(pages[0])]

    assert [difference(page) for page in pages[1:]] == [(["skin"], ["bones"]), (["blood"], ["skin"])]
    assert not [page for page in pages if "secret" in page.html or "never published" in page.html]


def test_draft_does_not_show_in_the_change_log(client, code):
    before = changes_of(client, code).html
    draft = GuideDraft.objects.begin(code, by=None)
    draft.summary, draft.change_note = "A secret medicine.", "A secret note"
    draft.save_text(by=None)
    draft.submit(by=None)

    assert changes_of(client, code).html == before


def test_change_log_exists_only_while_the_guide_is_public(client, code):
    without = create_code("J1750", "Injection, iron dextran, 50 mg")
    create_draft(create_code("J9303", "Injection, panitumumab, 10 mg"))
    code.guide.unpublish(reason="Under repair.", by=None)

    for address in (
        f"{code.get_absolute_url()}/changes",
        f"{without.get_absolute_url()}/changes",
        "/code/hcpcs/J9303-injection-panitumumab-10-mg/changes",
        "/code/hcpcs/J0000-nothing/changes",
        "/code/nothing/J9302/changes",
        "/code/hcpcs/J9302%00/changes",
        "/code/hcpcs/J9302/changes/more",
    ):
        assert client.get(address).status_code == 404


# Addresses


@pytest.mark.parametrize(
    "spelling", ["J9302", "j9302", "J9302-wrong", "J-9302", "J9302-injection-ofatumumab-10-mg/changes/"]
)
def test_other_spellings_lead_to_the_change_log_with_their_query(client, code, spelling):
    spelling = spelling.removesuffix("/changes/") + ("/changes/" if spelling.endswith("/") else "/changes")

    response = client.get(f"/code/HCPCS/{spelling}?change=1&x=%26")

    assert response.status_code == 301
    assert response.headers["Location"] == "/code/hcpcs/J9302-injection-ofatumumab-10-mg/changes?change=1&x=%26"


@pytest.mark.parametrize(
    "change",
    ["x", "0", "-1", "1.0", "+1", "%201", "9" * 40, "%00", "%ED%A0%80", "%D9%A1", "1%27--", "None", "<b>", "change=1"],
)
def test_change_that_does_not_exist_answers_404(client, code, change):
    publish(code, summary="A medicine for the skin.")

    assert client.get(f"{code.get_absolute_url()}/changes?change={change}").status_code == 404


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(change=st.text(max_size=30), page=st.text(max_size=30))
def test_change_log_answers_any_query(client, code, change, page):
    response = client.get(f"{code.get_absolute_url()}/changes", {"change": change, "page": page})

    assert response.status_code == (404 if change else 200)


def test_only_a_change_of_the_same_guides_text_can_be_chosen(client, code):
    other = create_code("J9303", "Injection, panitumumab, 10 mg")
    create_guide(other)
    publish(other, summary="Another medicine.")
    publish(code, summary="A medicine for the skin.")
    today = datetime.date.today()
    guide = code.guide
    guide.mark_reviewed(reviewer="Rosa Diaz", on=today, due=today + datetime.timedelta(days=9), by=None)
    guide.unpublish(reason="Under repair.", by=None)
    publish(code)
    address = f"{code.get_absolute_url()}/changes"
    versions = [*guide.history.values_list("pk", flat=True), *other.guide.history.values_list("pk", flat=True)]

    answers = {version: client.get(address, {"change": version}).status_code for version in versions}

    shown = [version for version, status in answers.items() if status == 200]
    assert [f"{address}?change={version}" for version in shown] == links_to_differences(changes_of(client, code))
    assert set(answers.values()) == {200, 404}
    assert len(shown) == 1


def test_long_log_has_pages_and_opens_the_page_of_the_chosen_change(client, code):
    for number in range(22):
        publish(code, summary=f"Text {number}.")

    first = changes_of(client, code)
    second = changes_of(client, code, "?page=2")
    oldest = links_to_differences(second)[-1]
    chosen = read_page(client.get(oldest))

    assert (len(events(first)), len(events(second))) == (20, 3)
    assert difference(first) == (["20"], ["21"])
    assert difference(second) == (["1"], ["2"]) or difference(second) == (["0"], ["1"])
    assert events(chosen) == events(second)
    assert "Page 2 of 2" in chosen.text
    assert changes_of(client, code, "?page=99").text == second.text


# Guides from before there was a history


def test_guide_without_history_has_its_days(client, code):
    code.guide.history.all().delete()

    assert events(changes_of(client, code)) == ["3 March 2026 First published"]


def test_change_whose_former_text_is_lost_is_listed_without_a_difference(client, code):
    publish(code, on="2026-05-20", summary="A medicine for the skin.")
    code.guide.history.all().delete()

    page = changes_of(client, code)
    publish(code, on="2026-06-20", summary="A medicine for the bones.")
    later = changes_of(client, code)

    assert events(page) == ["20 May 2026 Text changed", "3 March 2026 First published"]
    assert "The text from before this change was not kept." in page.text
    assert events(later)[0] == "20 June 2026 Text changed"
    assert difference(later) == ([], [])


# The page as such


def test_change_log_is_kept_out_of_search_engines_and_may_be_cached(client, code):
    publish(code, summary="A medicine for the skin.")
    address = f"{code.get_absolute_url()}/changes"
    response = client.get(address)
    again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    publish(code, summary="A medicine for the bones.")
    changed = client.get(address, headers={"If-None-Match": response.headers["ETag"]})

    assert '<meta name="robots" content="noindex">' in response.content.decode()
    assert "public" in response.headers["Cache-Control"]
    assert not response.cookies
    assert (again.status_code, changed.status_code) == (304, 200)
    assert client.post(address).status_code == 405


def test_change_log_takes_as_many_queries_for_many_changes_as_for_one(client, code):
    def count_queries():
        cache.clear()
        with CaptureQueriesContext(connection) as captured:
            changes_of(client, code)
        return len(captured)

    publish(code, summary="Text.")
    few = count_queries()
    for number in range(25):
        publish(code, summary=f"Text {number}.")

    assert count_queries() == few <= 5
