"""What keeps programs off the public forms costs people nothing: whatever is wrong, the form comes back as it was."""

import uuid

import pytest
import time_machine
from django import forms
from django.core import signing

from contact import form_guard
from contact.form_guard import GuardedForm, make_token

KEY = uuid.UUID(int=7)
OPENED = 1_800_000_000
HOUR = 3600


class Form(GuardedForm):
    name = forms.CharField()


def send(token, *, after=60, name="Kim", **data):
    """The form, sent so many seconds after its page was made, and checked."""
    with time_machine.travel(OPENED + after, tick=False):
        form = Form({"name": name, "form_token": token, **data})
        form.is_valid()
        # The page that shows it again is made in the same moment.
        form.shown_token = form.token
    return form


def codes(form):
    return [error.code for error in form.non_field_errors().as_data()]


@pytest.fixture
def token():
    return make_token(KEY, issued_at=OPENED)


@pytest.mark.parametrize("after", [3, 60, 12 * HOUR])
def test_form_of_a_person_is_taken(token, after):
    form = send(token, after=after)

    assert form.is_valid()
    assert form.request_key == KEY
    assert not form.is_trapped


@pytest.mark.parametrize("after", [0, 1, 2])
def test_form_that_comes_too_fast_is_taken_a_little_later(token, after):
    form = send(token, after=after)

    assert codes(form) == ["too_fast"]
    assert "within 3 seconds" in form.non_field_errors()[0]
    assert form.shown_token == token
    assert send(form.shown_token, after=4).is_valid()


@pytest.mark.parametrize("after", [12 * HOUR + 1, 400 * 24 * HOUR, -1, -HOUR])
def test_form_of_a_day_ago_or_of_a_wrong_clock_keeps_its_key(token, after):
    form = send(token, after=after)

    assert codes(form) == ["too_old"]
    again = send(form.shown_token, after=after + 5)
    assert again.is_valid()
    assert again.request_key == KEY


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "x",
        "\0",
        "é" * 10,
        "a:b:c\n",
        ":",
        "::::",
        "x" * 100_000,
        "\ufffd",
        signing.Signer(salt="another").sign_object({"key": KEY.hex, "at": OPENED}),
        signing.dumps({"key": KEY.hex, "at": OPENED}),
    ],
)
def test_forged_token_is_replaced(forged):
    form = send(forged)

    assert codes(form) == ["unknown"]
    again = send(form.shown_token, after=65)
    assert again.is_valid()
    assert again.request_key != KEY


def test_no_change_of_one_character_is_accepted(token):
    for place, character in enumerate(token):
        changed = f"{token[:place]}{'A' if character != 'A' else 'B'}{token[place + 1 :]}"
        with pytest.raises(signing.BadSignature):
            form_guard.read_token(changed)


def test_token_outlives_the_change_of_the_secret_key(token, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key"

    assert send(token).is_valid()


def test_form_without_token_in_the_data_is_shown_with_one():
    form = Form({"name": "Kim"})

    assert not form.is_valid()
    assert form.token


@pytest.mark.parametrize("after", [0, 60, 13 * HOUR])
def test_wrong_field_is_all_that_is_said(token, after):
    form = send(token, after=after, name="")

    assert list(form.errors) == ["name"]
    assert form_guard.read_token(form.shown_token)[0] == KEY


@pytest.mark.parametrize(
    ("value", "trapped"), [("x", True), ("https://spam.example", True), ("", False), ("  ", False)]
)
def test_box_that_people_do_not_see_is_a_trap(token, value, trapped):
    form = send(token, reference=value)

    assert form.is_valid()
    assert form.is_trapped is trapped


def test_empty_forms_have_keys_of_their_own():
    assert form_guard.read_token(Form().token)[0] != form_guard.read_token(Form().token)[0]


def test_renewed_form_has_another_key_and_the_same_text(token):
    form = send(token)
    form.renew()

    key, _ = form_guard.read_token(form.token)
    assert key == form.request_key != KEY
    assert form["name"].value() == "Kim"


def test_least_and_longest_time_are_read_when_a_form_comes(token, monkeypatch):
    monkeypatch.setattr(form_guard, "LEAST_SECONDS", 0)
    monkeypatch.setattr(form_guard, "LONGEST_HOURS", 1)

    assert send(token, after=0).is_valid()
    assert "more than 1 hours ago" in send(token, after=2 * HOUR).non_field_errors()[0]
