"""Previews: what a draft would look like, for those who were sent a link and for editors."""

import datetime
from urllib.parse import quote

import pytest
import time_machine
from django.core import signing
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procedures import demand
from procedures.models import DailyViews, GuideDraft
from tests.factories import create_code, create_draft, create_guide, create_name, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

BANNER = "Preview of a text that is not published. It may change or never appear."


def link_to(draft):
    return reverse("procedures:preview", args=[draft.preview_token()])


def preview_of(client, draft):
    response = client.get(link_to(draft))
    assert response.status_code == 200
    return read_page(response)


def publish(draft):
    draft.submit(by=None)
    draft.approve(by=None)
    return draft.publish(by=None)


# What it shows


def test_preview_shows_the_draft_where_the_public_page_has_nothing(client):
    code = create_code()
    draft = create_draft(code, purpose="It treats leukemia.", section_sources={"purpose": "- A leaflet"})

    page = preview_of(client, draft)

    assert "Purpose It treats leukemia. Sources of Purpose A leaflet" in page.text
    assert BANNER in page.text
    assert page.all("title")[0].text.startswith("Preview: J9302")
    assert "leukemia" not in client.get(code.get_absolute_url()).content.decode()


def test_preview_shows_the_draft_in_place_of_the_live_text(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.")
    draft = GuideDraft.objects.begin(code, by=None)
    draft.purpose = "It treats lymphoma."
    draft.save_text(by=None)

    page = preview_of(client, draft)

    assert "It treats lymphoma." in page.text
    assert "leukemia" not in page.text
    assert "leukemia" in read_page(client.get(code.get_absolute_url())).text


def test_preview_is_the_page_that_publication_makes(client):
    code = create_code(terminated=datetime.date(2018, 12, 31), remark="Mind the label.", remark_source="CMS")
    create_name(code, "Arzerra")
    create_guide(code, procedure_name="Common name: the old drip")
    draft = GuideDraft.objects.begin(code, by=None)
    draft.procedure_name, draft.risks_and_complications = "Common name: a new drip", "- Nausea\n- Fever"
    draft.save_text(by=None)

    preview = preview_of(client, draft)
    publish(draft)
    public = read_page(client.get(code.get_absolute_url()))

    assert "Also called Arzerra (brand name) a new drip (common name)" in preview.text
    assert preview.headings == public.headings
    main_of_public = public.all("main")[0].text.replace(" What changed on this page", "")
    assert preview.all("main")[0].text == main_of_public


def test_preview_of_a_withdrawn_guide_shows_the_text_that_would_come_back(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.").unpublish(reason="The label has changed.", by=None)

    page = preview_of(client, GuideDraft.objects.begin(code, by=None))

    assert "It treats leukemia." in page.text
    assert "taken off" not in page.text


def test_preview_of_a_text_without_sources_claims_none(client):
    page = preview_of(client, create_draft(create_code(), purpose="It treats leukemia.", sources=""))

    assert "It treats leukemia." in page.text
    assert "Sources of the text" not in page.headings


def test_preview_names_the_state_of_the_text(client):
    draft = create_draft(create_code())
    states = [preview_of(client, draft).text]
    draft.submit(by=None)
    states.append(preview_of(client, draft).text)
    draft.approve(by=None, go_live_at=datetime.datetime(2026, 12, 24, 6, 30, tzinfo=datetime.UTC))
    states.append(preview_of(client, draft).text)

    assert "State: draft." in states[0]
    assert "State: in review." in states[1]
    assert "State: approved, to be published on 24 December 2026, 06:30 UTC." in states[2]


def test_preview_offers_neither_the_change_log_nor_a_way_into_the_admin(client):
    code = create_code()
    create_guide(code)

    page = preview_of(client, GuideDraft.objects.begin(code, by=None))

    assert not [address for address in page.links if "/changes" in address or "/admin" in address]


# Who may see it, and what may keep it


def test_preview_is_kept_out_of_search_engines_caches_and_cookies(client):
    draft = create_draft(create_code())

    response = client.get(link_to(draft))

    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "ETag" not in response.headers
    assert not response.cookies
    html = response.content.decode()
    assert '<meta name="robots" content="noindex, nofollow">' in html
    assert 'rel="canonical"' not in html


def test_preview_does_not_count_as_a_view(client, monkeypatch):
    monkeypatch.setattr(demand, "buffer", demand.DemandBuffer())
    code = create_code()
    draft = create_draft(code)

    for address in (code.get_absolute_url(), link_to(draft)):
        client.get(address, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)"})
    demand.buffer.flush()

    # The public page was seen once.
    assert list(DailyViews.objects.values_list("code", "count")) == [(code.pk, 1)]


def test_no_public_page_leads_to_a_preview(client):
    code = create_code()
    create_guide(code)
    draft = GuideDraft.objects.begin(code, by=None)

    for address in ("/", "/codes/?q=J9302", "/codes/hcpcs/?range=j", code.get_absolute_url()):
        html = client.get(address).content.decode()
        assert "/preview/" not in html
        assert draft.preview_token() not in html


@pytest.mark.parametrize("days", [0, 6.9])
def test_link_works_for_seven_days(client, days):
    draft = create_draft(create_code())
    address = link_to(draft)

    with time_machine.travel(timezone.now() + datetime.timedelta(days=days)):
        assert client.get(address).status_code == 200


def end_by_age(draft, traveller):
    traveller.shift(datetime.timedelta(days=7, seconds=1))


def end_by_revocation(draft, traveller):
    draft.revoke_preview()


def end_by_publication(draft, traveller):
    publish(draft)


def end_by_deletion(draft, traveller):
    draft.delete()


@pytest.mark.parametrize("end", [end_by_age, end_by_revocation, end_by_publication, end_by_deletion])
def test_link_that_has_ended_says_what_to_do(client, end):
    with time_machine.travel("2026-11-02T12:00:00+00:00", tick=False) as traveller:
        draft = create_draft(create_code(), purpose="It treats leukemia.")
        address = link_to(draft)
        end(draft, traveller)
        response = client.get(address)

    assert response.status_code == 410
    assert "ask the editor who sent you the link for a new one" in read_page(response).text
    assert "leukemia" not in response.content.decode()
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert not response.cookies


def test_link_made_after_a_revocation_works(client):
    draft = create_draft(create_code())
    draft.revoke_preview()

    assert client.get(link_to(draft)).status_code == 200


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a:b:c",
        ":",
        "::",
        ".",
        "%00",
        "%ED%A0%80",
        "%FF",
        quote("💉:💉:💉"),
        "x" * 5000,
        pytest.param(signing.dumps([1, "key"]), id="signed"),
        pytest.param(signing.dumps([1, "key"], salt="another"), id="signed with another salt"),
    ],
)
def test_link_that_was_never_given_out_does_not_exist(client, token):
    create_draft(create_code())

    assert client.get(f"/preview/{token}/").status_code == 404


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(min_size=1, max_size=60))
def test_any_text_is_no_link(client, text):
    assert client.get(f"/preview/{quote(text, safe='', errors='surrogatepass')}/").status_code == 404


@pytest.mark.parametrize("position", [0, 5, 20, -1])
def test_forged_link_does_not_exist(client, position):
    token = create_draft(create_code()).preview_token()
    letter = "A" if token[position] != "A" else "B"
    forged = token[:position] + letter + token[position:][1:]

    assert client.get(f"/preview/{forged}/").status_code == 404


def test_preview_is_only_read(client):
    assert client.post(link_to(create_draft(create_code()))).status_code == 405


# For editors


def test_editor_gets_the_same_page_with_a_way_back_to_the_form(client):
    draft = create_draft(create_code(), purpose="It treats leukemia.")
    client.force_login(create_user(groups=["Author"]))

    response = client.get(reverse("admin:procedures_guidedraft_preview", args=[draft.pk]))
    page = read_page(response)

    assert page.all("main")[0].text == preview_of(client, draft).all("main")[0].text
    assert page.links[reverse("admin:procedures_guidedraft_change", args=[draft.pk])] == "Back to the editing form"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert response.headers["Cache-Control"].startswith("private, no-store")
    assert response.headers["X-Frame-Options"] == "DENY"


def test_preview_of_editors_is_closed_to_others(client):
    draft = create_draft(create_code(), purpose="It treats leukemia.")

    response = client.get(reverse("admin:procedures_guidedraft_preview", args=[draft.pk]), follow=True)

    assert "leukemia" not in response.content.decode()


def test_typed_text_is_shown_alone_and_saved_nowhere(client):
    code = create_code()
    create_guide(code, purpose="It treats leukemia.")
    client.force_login(create_user(groups=["Author"]))

    response = client.post(
        reverse("admin:procedures_guidedraft_typed_preview"),
        {"code": code.pk, "purpose": "It treats **lymphoma**. <script>alert(1)</script>", "sources": "- A reference"},
    )
    page = read_page(response)

    assert "It treats lymphoma. <script>alert(1)</script>" in page.text
    assert "leukemia" not in page.text
    assert "Not yet reviewed by a clinician" in page.text
    assert not page.foreign_scripts + page.all("nav") + page.all("form") + page.all("header")
    assert response.headers["Cache-Control"].startswith("private, no-store")
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert not GuideDraft.objects.exists()
    assert "leukemia" in read_page(client.get(code.get_absolute_url())).text
