"""What was typed into a form is shown for copying when the sender's session has ended meanwhile."""

import pytest
from django.test import Client

from procedures.models import GuideDraft
from tests.factories import create_code, create_draft, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

TYPED = "It takes about five hours, the watch after it included."


@pytest.fixture
def draft():
    return create_draft(create_code("J9302"), summary="It takes four hours.")


def post(client, draft, **values):
    return client.post(f"/admin/procedures/guidedraft/{draft.pk}/change/", {"summary": TYPED, **values})


def boxes(response):
    return [box.text for box in read_page(response).all("textarea")]


def test_text_sent_after_the_session_ended_is_shown_for_copying(client, draft):
    response = post(client, draft)

    assert response.status_code == 403
    assert "You are no longer logged in" in read_page(response).text
    assert boxes(response) == [TYPED]
    assert response["Cache-Control"] == "private, no-store"
    assert GuideDraft.objects.get().summary == "It takes four hours."


def test_text_sent_with_an_old_token_is_shown_for_copying(draft):
    client = Client(enforce_csrf_checks=True)
    client.force_login(create_user("ann", groups=["Author"]))

    response = post(client, draft, csrfmiddlewaretoken="x" * 64)

    assert response.status_code == 403
    assert "The form was not sent" in read_page(response).headings
    assert boxes(response) == [TYPED]


def test_secrets_and_choices_are_not_shown_again(client, draft):
    response = post(
        client, draft, new_password1="a long and secret password", state="draft", hostile="<script>x</script>!!"
    )

    assert boxes(response) == [TYPED, "<script>x</script>!!"]
    assert b"<script>x" not in response.content


def test_form_without_typed_text_leads_to_the_login(client, draft):
    response = client.post(f"/admin/procedures/guidedraft/{draft.pk}/change/", {"state": "draft"})

    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_everything_typed_into_a_form_of_visitors_is_shown():
    client = Client(enforce_csrf_checks=True)
    typed = {"name": "Kim", "email": "kim@visitor.example", "code": "", "message": "Is J9302 covered?"}

    response = client.post("/contact/message/", {**typed, "form_token": "a" * 60})

    assert response.status_code == 403
    assert boxes(response) == ["Kim", "kim@visitor.example", "Is J9302 covered?"]


def test_what_visitors_choose_or_carry_along_is_not_shown_as_typed():
    client = Client(enforce_csrf_checks=True)
    chosen = {"type": "introduction", "zone": "Europe/London", "page": "/codes/", "start": "2026-11-24T15:30:00Z"}
    unseen = {"action": "move", "sequence": "0", "reference": "x", "form_token": "a" * 60}

    response = client.post("/contact/meeting/", {**chosen, **unseen, "name": "Kim", "notes": "Prior authorization"})

    assert response.status_code == 403
    assert boxes(response) == ["Kim", "Prior authorization"]
