"""What a code's page tells of its guide: who reviewed it, when it changed, its sources; and what it keeps back."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.models import ContentVersion, Guide, GuideDraft
from tests.factories import create_code, create_draft, create_guide, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

NOT_REVIEWED = "Not yet reviewed by a clinician"


def page_of(client, code):
    response = client.get(code.get_absolute_url())
    assert response.status_code == 200
    return read_page(response)


@pytest.fixture
def reviewed():
    """A code whose guide was published on 3 March 2026, reviewed a week later, and is due on 10 March 2027."""
    code = create_code()
    with time_machine.travel("2026-03-03T12:00:00+00:00"):
        guide = create_guide(code)
    with time_machine.travel("2026-03-10T12:00:00+00:00"):
        review(guide, on=datetime.date(2026, 3, 10), due=datetime.date(2027, 3, 10))
    return code


def review(guide, *, on, due):
    guide.mark_reviewed(reviewer="Rosa Diaz, RN", on=on, due=due, by=None)


def publish_change(code, **texts):
    draft = GuideDraft.objects.begin(code, by=None)
    for field, text in texts.items():
        setattr(draft, field, text)
    draft.save_text(by=None)
    draft.submit(by=None)
    draft.approve(by=None)
    return draft.publish(by=None)


# Review and dates


def test_guide_without_review_says_so_at_its_top_and_in_its_footer(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.")

    text = page_of(client, code).text

    assert text.index(NOT_REVIEWED) < text.index("It treats leukemia.") < text.rindex(NOT_REVIEWED)
    assert "Next review" not in text


def test_reviewed_guide_names_the_clinician_and_the_next_review(client, reviewed):
    with time_machine.travel("2027-03-10T12:00:00+00:00"):
        page = page_of(client, reviewed)

    assert "Reviewed by Rosa Diaz, RN on 10 March 2026. Next review due 10 March 2027." in page.text
    assert page.text.count("Reviewed by Rosa Diaz, RN on 10 March 2026") == 2
    assert NOT_REVIEWED not in page.text
    assert "overdue" not in page.text
    assert "after this review" not in page.text


def test_review_past_its_day_is_called_overdue(client, reviewed):
    with time_machine.travel("2027-03-11T12:00:00+00:00"):
        text = page_of(client, reviewed).text

    assert "Review overdue" in text
    assert "The next review was due on 10 March 2027 and is overdue." in text


def test_text_changed_after_its_review_says_so_and_keeps_the_review(client, reviewed):
    with time_machine.travel("2026-05-20T12:00:00+00:00"):
        publish_change(reviewed, summary="Another text.")
        text = page_of(client, reviewed).text

    assert "Reviewed by Rosa Diaz, RN on 10 March 2026" in text
    assert "The text was changed on 20 May 2026, after this review." in text


def test_guide_tells_when_it_was_first_published_and_last_changed(client, reviewed):
    with time_machine.travel("2026-05-20T12:00:00+00:00"):
        publish_change(reviewed, summary="Another text.")
        page = page_of(client, reviewed)

    assert "First published on 3 March 2026. Last changed on 20 May 2026. What changed on this page" in page.text
    changes = next(address for address, text in page.links.items() if text == "What changed on this page")
    assert client.get(changes).status_code == 200


# Sources


def test_guide_shows_its_sources_below_the_whole_and_those_of_a_section_below_it(client):
    code = create_code()
    create_guide(
        code,
        preparation="Do not eat.",
        recovery="Rest.",
        sources="- The label of the medicine",
        section_sources={"preparation": "- A leaflet, [page 2](https://leaflet.example/)"},
    )

    page = page_of(client, code)

    assert "Do not eat. Sources of Preparation A leaflet, page 2 Recovery Rest." in page.text
    assert page.links["https://leaflet.example/"] == "page 2"
    assert page.text.index("Sources of the text The label of the medicine") > page.text.index("About this guide Not")


def test_guide_from_a_document_names_it_as_its_source(client):
    code = create_code()
    digest = "0123456789abcdef" * 4
    create_guide(
        code,
        summary="Taken over.",
        sources="",
        document_name="guides of <May>.txt",
        document_digest=digest,
        document_date=datetime.date(2026, 5, 4),
    )

    document = "the document guides of <May>.txt, imported on 4 May 2026 (SHA-256 0123456789ab…)."

    assert f"The text began as {document}" in page_of(client, code).text
    Guide.objects.update(publisher="import")
    ContentVersion.advance()
    page = page_of(client, code)
    assert f"Text taken over from {document}" in page.text
    assert digest not in page.html


def test_sources_are_as_clean_as_the_text(client):
    code = create_code()
    create_guide(
        code,
        summary="Text.",
        sources="<script>alert(1)</script> [x](javascript:alert(1))",
        section_sources={"summary": "<img src=x onerror=alert(1)>"},
    )

    page = page_of(client, code)

    assert not [element for element in page.all("img") if element.attributes.get("src") == "x"]
    assert not page.foreign_scripts
    assert not [address for address in page.links if address.startswith("javascript")]
    assert "<script>alert(1)</script>" in page.text


# A guide off its page, and the remark of the editors


def test_withdrawn_guide_leaves_its_reason_and_no_text(client):
    code = create_code()
    guide = create_guide(code, purpose="It treats leukemia.")
    guide.unpublish(
        reason="The label has changed.", by=None, now=datetime.datetime(2026, 5, 4, 12, tzinfo=datetime.UTC)
    )

    page = page_of(client, code)

    assert "The guide of this code was taken off this page on 4 May 2026: The label has changed." in page.text
    assert "leukemia" not in page.html
    assert "Purpose" not in page.headings
    assert "About this guide" not in page.html
    assert "/changes" not in page.html


def test_guide_that_is_public_again_has_no_trace_of_the_reason(client):
    code = create_code()
    create_guide(code).unpublish(reason="The label has changed.", by=None)
    publish_change(code, summary="The text after the change.")

    text = page_of(client, code).text

    assert "The text after the change." in text
    assert "The label has changed." not in text


def test_remark_of_the_editors_is_labeled_and_has_its_source(client):
    code = create_code(
        remark="Use <b>J9303</b> from July on.\n\nSee the update.", remark_source="CMS update, July 2026"
    )

    text = page_of(client, code).text

    assert ("Editors’ remark Use <b>J9303</b> from July on. See the update. Source: CMS update, July 2026") in text
    assert "Editors’ remark" not in page_of(client, create_code("J9303", "Injection, ofatumumab, 20 mg")).text


# What is not published yet


def leave_as_draft(draft):
    pass


def put_in_review(draft):
    draft.submit(by=None)


def approve(draft):
    draft.submit(by=None)
    draft.approve(by=None)


def schedule(draft):
    draft.submit(by=None)
    draft.approve(by=None, go_live_at=timezone.now() + datetime.timedelta(days=1))


def send_back(draft):
    draft.submit(by=None)
    draft.send_back(note="Write it in plain words.", by=create_user())


STATES = [leave_as_draft, put_in_review, approve, schedule, send_back]
PUBLIC = ["/", "/codes/?q=zebrafish", "/codes/?q=zebrafish&format=json", "/codes/?q=J9302&format=json"]
PUBLIC += ["/codes/?has_guide=1", "/codes/hcpcs/", "/codes/hcpcs/?range=j"]


def public_texts(client, code):
    """What the public can read, address by address; a page that does not exist as the 404 that it is."""
    addresses = [*PUBLIC, code.get_absolute_url(), f"{code.get_absolute_url()}/changes"]
    return {address: client.get(address).content.decode() for address in addresses}


@pytest.mark.parametrize("reach_state", STATES)
def test_first_guide_is_nowhere_in_public_before_its_publication(client, reach_state):
    code = create_code()
    before = public_texts(client, code)
    draft = create_draft(code, summary="It is tried on the zebrafish.", procedure_name="Common name: zebrafish drip")

    reach_state(draft)

    assert public_texts(client, code) == before
    assert client.get("/codes/?q=zebrafish&format=json").json()["total"] == 0


@pytest.mark.parametrize("reach_state", STATES)
def test_live_guide_stays_as_it_is_before_the_publication_of_another_text(client, reach_state):
    code = create_code()
    create_guide(code, summary="A medicine.", procedure_name="Common name: the old drip")
    before = public_texts(client, code)
    version = ContentVersion.objects.get().number
    draft = GuideDraft.objects.begin(code, by=None)
    draft.summary, draft.procedure_name = "It is tried on the zebrafish.", "Common name: zebrafish drip"
    draft.save_text(by=None)

    reach_state(draft)

    assert public_texts(client, code) == before
    assert "A medicine." in before[code.get_absolute_url()]
    assert ContentVersion.objects.get().number == version
    assert client.get("/codes/?q=zebrafish&format=json").json()["total"] == 0


@pytest.mark.parametrize("reach_state", STATES)
def test_text_is_public_everywhere_after_its_publication(client, reach_state):
    code = create_code()
    draft = create_draft(code, summary="It is tried on the zebrafish.", procedure_name="Common name: zebrafish drip")
    reach_state(draft)
    if draft.state == GuideDraft.State.DRAFT:
        draft.submit(by=None)
    if draft.state == GuideDraft.State.IN_REVIEW:
        draft.approve(by=None)

    draft.publish(by=None)

    texts = public_texts(client, code)
    assert "It is tried on the zebrafish." in texts[code.get_absolute_url()]
    assert "zebrafish drip" in texts[code.get_absolute_url()]
    assert code.get_absolute_url() in texts["/"]
    assert code.get_absolute_url() in texts["/codes/?q=zebrafish"]
    assert client.get("/codes/?q=zebrafish&format=json").json()["total"] == 1


def test_dropped_draft_leaves_the_public_page_as_it_was(client):
    code = create_code()
    create_guide(code, summary="A medicine.")
    before = public_texts(client, code)

    GuideDraft.objects.begin(code, by=None).delete()

    assert public_texts(client, code) == before
    assert Guide.objects.published().count() == 1


def test_code_page_reads_the_guide_once_and_without_its_markdown(client):
    code = create_code()
    create_guide(code, summary="Text.", purpose="Other.")

    with CaptureQueriesContext(connection) as found:
        client.get(code.get_absolute_url())

    [query] = [each["sql"] for each in found if "procedures_guide" in each["sql"]]
    assert "sketch" not in query
    assert '"purpose"' not in query
