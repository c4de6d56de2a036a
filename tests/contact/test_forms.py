"""What becomes of a valid form: the message, with its code and what speaks for spam."""

import datetime
import time
import uuid

import pytest

from contact.form_guard import make_token
from contact.forms import MessageForm
from contact.origin import Origin
from tests.factories import create_code, create_message

NOW = datetime.datetime(2027, 3, 3, 14, 20, tzinfo=datetime.UTC)
KEY = uuid.UUID(int=7)


def read_form(**written):
    """A valid form."""
    token = make_token(KEY, issued_at=int(time.time()) - 60)
    form = MessageForm(
        {
            "name": "Kim Lee",
            "email": "kim@visitor.example",
            "message": "Is J9302 covered?",
            "form_token": token,
            **written,
        }
    )
    assert form.is_valid(), form.errors
    return form


def test_message_holds_what_was_typed():
    form = read_form(organization=" Example  Clinic ", code="j 9302", message="One\r\n\r\nTwo")

    message = form.as_message(Origin(page="/policies/"), now=NOW)

    assert (message.name, message.email) == ("Kim Lee", "kim@visitor.example")
    assert (message.organization, message.text) == ("Example  Clinic", "One\n\nTwo")
    assert (message.code, message.code_text, message.page) == (None, "j 9302", "/policies/")
    assert (message.status, message.closed_at, message.spam_score) == ("new", None, 0)
    assert message.request_key == KEY


@pytest.mark.django_db
def test_code_that_is_found_is_kept_with_what_was_typed():
    code = create_code("J9302")

    message = read_form(code="j9302").as_message(Origin(code), now=NOW)

    assert (message.code, message.code_text) == (code, "j9302")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"reference": "x"}, "a box that people do not see was filled in"),
        ({"message": "https://spam.example"}, "nothing but links"),
    ],
)
def test_spam_is_closed_with_its_reasons(written, reason):
    message = read_form(**written).as_message(Origin(), now=NOW)

    assert (message.status, message.closed_at) == ("spam", NOW)
    assert message.spam_score >= 5
    assert message.spam_reasons == reason


def test_all_reasons_together_fit_the_message():
    text = "[url]<a href=x><script>" + "a" * 20 + "\ncasino backlinks forex\n" + "https://a.example\n" * 20
    form = read_form(name="www.spam.example", message=text, reference="x", organization="Pаypаl")

    message = form.as_message(Origin(), now=NOW)

    message.clean_fields()
    assert message.spam_score >= 20


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"message": " Is J9302 covered? \r\n"}, True),
        ({"message": "Is J9303 covered?"}, False),
        ({"name": "Kim"}, False),
        ({"email": "ann@visitor.example"}, False),
        ({"organization": "Example Clinic"}, False),
        ({"code": "J9302"}, False),
    ],
)
def test_form_is_told_from_what_was_sent_with_its_key(change, same):
    message = create_message("Is J9302 covered?", request_key=KEY)

    assert read_form(**change).says_the_same_as(message) is same
