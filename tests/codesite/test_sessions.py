"""How long an editor stays logged in: eight hours from the last form that was sent on the desk."""

import pytest

from tests.factories import PASSWORD, create_code, create_draft, create_guide, create_user

pytestmark = pytest.mark.django_db

MORNING, AFTERNOON = "2026-01-05T08:00:00Z", "2026-01-05T15:00:00Z"
EVENING, NIGHT = "2026-01-05T22:59:00Z", "2026-01-05T23:01:00Z"


@pytest.fixture
def draft():
    return create_draft(create_code("J9302"), summary="It takes four hours.")


@pytest.fixture
def editor(client, draft, time_machine):
    """The browser of an author who logged in at eight in the morning."""
    time_machine.move_to(MORNING, tick=False)
    create_user("ann", groups=["Author"])
    assert client.post("/admin/login/", {"username": "ann", "password": PASSWORD}).status_code == 302
    return client


def save(client, draft):
    """The answer to a form that is sent and refused, which is no less work than one that is saved."""
    return client.post(f"/admin/procedures/guidedraft/{draft.pk}/change/", {"summary": "It takes five hours."})


def is_logged_in(client) -> bool:
    return client.get("/admin/").status_code == 200


def test_session_lasts_eight_hours_from_the_log_in(editor, time_machine):
    assert editor.cookies["sessionid"]["max-age"] == 8 * 60 * 60

    time_machine.move_to("2026-01-05T15:59:00Z", tick=False)
    assert is_logged_in(editor)
    time_machine.move_to("2026-01-05T16:01:00Z", tick=False)
    assert not is_logged_in(editor)


def test_session_lasts_eight_hours_from_the_last_form(editor, draft, time_machine):
    time_machine.move_to(AFTERNOON, tick=False)
    cookie = save(editor, draft).cookies["sessionid"]

    assert cookie["max-age"] == 8 * 60 * 60
    time_machine.move_to(EVENING, tick=False)
    assert is_logged_in(editor)
    time_machine.move_to(NIGHT, tick=False)
    assert not is_logged_in(editor)
    assert save(editor, draft).status_code == 403


def test_session_is_not_renewed_by_looking(editor, draft):
    guide = create_guide(create_code("J9303", "Injection, panitumumab, 10 mg"))

    for address in ("/admin/", f"/admin/procedures/guidedraft/{draft.pk}/change/", "/", guide.get_absolute_url()):
        response = editor.get(address)
        assert response.status_code == 200
        assert "sessionid" not in response.cookies


def test_logging_out_ends_the_session(editor):
    assert editor.post("/admin/logout/").cookies["sessionid"].value == ""
    assert not is_logged_in(editor)


def test_form_of_a_stranger_begins_no_session(client, draft):
    assert "sessionid" not in save(client, draft).cookies
    assert "sessionid" not in client.post("/admin/logout/").cookies


def test_public_pages_set_no_cookie_for_strangers(client):
    guide = create_guide(create_code("J9303", "Injection, panitumumab, 10 mg"))

    for address in ("/", guide.get_absolute_url(), "/codes/?q=panitumumab"):
        assert not client.get(address).cookies
