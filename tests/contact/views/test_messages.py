"""A visitor writes to the team: saved once, whatever the visitor's browser does; and whatever comes, no 500."""

import datetime
import time
import uuid

import pytest
import time_machine
from django.test import Client
from django.test.client import MULTIPART_CONTENT

from contact import rate_limits
from contact.form_guard import make_token
from contact.models import Message, OutgoingMail, RateBucket
from contact.rate_limits import Limit
from tests.factories import create_code, create_policy
from tests.pages import read_page

pytestmark = pytest.mark.django_db

ADDRESS = "/contact/message/"
NOW = datetime.datetime(2027, 3, 3, 14, 20, tzinfo=datetime.UTC)
URLENCODED = "application/x-www-form-urlencoded"
TYPED = {
    "name": "Kim Lee",
    "email": "kim@visitor.example",
    "organization": "Example Clinic",
    "code": "J9302",
    "message": "Is it covered?",
}


@pytest.fixture(autouse=True)
def clock(db):
    """Counts would begin anew with an hour that ends during a test."""
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def inbox(settings):
    settings.CONTACT_INBOX = "team@codesite.example"


def new_token(*, seconds_ago=60, key=None):
    return make_token(key or uuid.uuid4(), issued_at=int(time.time()) - seconds_ago)


def send(client, *, token=None, **written):
    """Sends a form that a person filled in a minute after opening it; `written` replaces what was typed."""
    return client.post(ADDRESS, {**TYPED, "form_token": token or new_token(), **written})


def values(response):
    """What the boxes of the form hold."""
    page = read_page(response)
    boxes = {each.attributes["name"]: each.attributes.get("value", "") for each in page.all("input")}
    return {**boxes, **{each.attributes["name"]: each.text for each in page.all("textarea")}}


def errors(response):
    """What the list of errors says."""
    html = response.content.decode()
    return read_page(response).text if 'id="error-summary"' in html else ""


def kinds():
    return sorted(OutgoingMail.objects.values_list("kind", flat=True))


# The way of a message


def test_form_says_what_becomes_of_what_is_written(client, settings):
    settings.CONTACT_RETENTION_DAYS = 90

    response = client.get(ADDRESS)
    text = read_page(response).text

    assert "We delete messages 90 days after the matter is settled." in text
    assert "Please send no medical records" in text
    assert "In an emergency, call 911." in text
    assert response["Cache-Control"] == "private, no-store"
    assert "noindex" in response["X-Robots-Tag"]
    assert "csrftoken" in response.cookies
    assert "sessionid" not in response.cookies


def test_form_tells_browsers_what_to_fill_in(client):
    boxes = {each.attributes.get("name"): each.attributes for each in read_page(client.get(ADDRESS)).all("input")}

    assert boxes["name"]["autocomplete"] == "name"
    assert boxes["name"]["maxlength"] == "100"
    assert boxes["email"]["autocomplete"] == "email"
    assert boxes["email"]["type"] == "email"
    assert boxes["organization"]["autocomplete"] == "organization"
    assert boxes["reference"]["autocomplete"] == "off"
    assert boxes["reference"]["tabindex"] == "-1"


def test_message_is_saved_with_its_mails_and_thanked_for():
    client = Client(enforce_csrf_checks=True)
    code = create_code("J9302")
    policy = create_policy("Ofatumumab", codes=[code])
    form = values(client.get(ADDRESS, {"code": "hcpcs:J9302", "page": policy.get_absolute_url()}))
    assert form["code"] == "J9302"

    sent = {**form, **TYPED, "form_token": new_token(), "message": "One\r\nTwo"}
    response = client.post(ADDRESS, sent)

    thanks = f"/contact/message/sent/?code=hcpcs:J9302&page={policy.get_absolute_url()}"
    assert (response.status_code, response["Location"]) == (302, thanks)
    message = Message.objects.get()
    assert (message.name, message.email) == ("Kim Lee", "kim@visitor.example")
    assert (message.organization, message.text) == ("Example Clinic", "One\nTwo")
    assert (message.code, message.page, message.status) == (code, policy.get_absolute_url(), "new")
    assert kinds() == ["message-notice", "message-receipt"]

    thanks = read_page(client.get(response["Location"]))
    assert thanks.headings[0] == "Thank you, your message has arrived"
    assert "kim" not in thanks.text.lower()
    assert thanks.links[code.get_absolute_url()] == "Back to HCPCS code J9302 Injection, ofatumumab, 10 mg"
    assert thanks.links[f"/contact/meeting/?code=hcpcs:J9302&page={policy.get_absolute_url()}"] == "Book a meeting"


def test_thanks_say_nothing_of_the_visitor_and_are_in_no_index(client):
    response = client.get("/contact/message/sent/")

    assert response.status_code == 200
    assert b'<meta name="robots" content="noindex">' in response.content
    assert not response.cookies
    assert client.get("/contact/message/sent/?code=%00").status_code == 200


@pytest.mark.parametrize("code", ["", "NOPE", "my knee thing", "J9302, J9303"])
def test_code_that_is_not_found_is_kept_and_no_error(client, code):
    response = send(client, code=code)

    assert (response.status_code, response["Location"]) == (302, "/contact/message/sent/")
    message = Message.objects.get()
    assert (message.code, message.code_text) == (None, code)


def test_only_name_address_and_message_are_needed(client):
    response = client.post(ADDRESS, {"name": "Kim", "email": "k@v.example", "message": "?", "form_token": new_token()})

    assert response.status_code == 302
    assert Message.objects.get().organization == ""


def test_page_that_the_visitor_made_up_is_dropped(client):
    send(client, page="https://evil.example/")

    assert Message.objects.get().page == ""


# Once and never twice


def test_form_that_comes_twice_is_one_message(client):
    token = new_token()

    answers = [send(client, token=token) for _ in range(5)]

    assert {answer["Location"] for answer in answers} == {"/contact/message/sent/"}
    assert Message.objects.count() == 1
    assert kinds() == ["message-notice", "message-receipt"]
    assert RateBucket.objects.filter(count__gt=1).count() == 0


def test_form_that_was_changed_and_sent_again_is_asked_about(client):
    token = new_token()
    send(client, token=token)

    response = send(client, token=token, message="Is it covered in Ohio?")

    assert response.status_code == 409
    page = read_page(response)
    assert "This form was sent before" in page.headings
    assert "It reached us on 3 March 2027, 14:20 UTC, with other words than those below." in page.text
    assert values(response)["message"] == "Is it covered in Ohio?"
    assert Message.objects.count() == 1

    shown = values(response)
    assert shown["form_token"] != token
    assert send(client, token=new_token(), message=shown["message"]).status_code == 302
    assert sorted(Message.objects.values_list("text", flat=True)) == ["Is it covered in Ohio?", "Is it covered?"]


def test_token_of_the_page_that_asks_about_a_change_is_good(client, monkeypatch):
    monkeypatch.setattr("contact.form_guard.LEAST_SECONDS", 0)
    token = new_token()
    send(client, token=token)
    shown = values(send(client, token=token, message="More"))

    assert send(client, token=shown["form_token"], message="More").status_code == 302
    assert Message.objects.count() == 2


@pytest.mark.parametrize("seconds_ago", [0, 13 * 3600])
def test_form_too_fast_or_too_old_is_shown_again_and_taken_then(client, monkeypatch, seconds_ago):
    token = new_token(seconds_ago=seconds_ago)
    first = send(client, token=token)

    assert first.status_code == 422
    assert "Nothing is lost" in errors(first)
    assert {name: values(first)[name] for name in TYPED} == TYPED
    assert not Message.objects.exists()

    monkeypatch.setattr("contact.form_guard.LEAST_SECONDS", 0)
    assert send(client, token=values(first)["form_token"]).status_code == 302
    assert Message.objects.count() == 1


def test_form_without_its_token_is_shown_again(client):
    response = client.post(ADDRESS, TYPED)

    assert response.status_code == 422
    assert {name: values(response)[name] for name in TYPED} == TYPED


def test_form_without_its_cookie_shows_all_that_was_typed():
    response = Client(enforce_csrf_checks=True).post(ADDRESS, {**TYPED, "form_token": new_token()})

    assert response.status_code == 403
    assert [box.text for box in read_page(response).all("textarea")] == list(TYPED.values())


# Spam


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({"reference": "4711"}, "a box that people do not see was filled in"),
        ({"message": "[url=https://spam.example]pills[/url]"}, "links in forum code"),
    ],
)
def test_spam_is_kept_without_mail_and_thanked_for_alike(client, written, reason):
    response = send(client, **written)

    assert (response.status_code, response["Location"]) == (302, "/contact/message/sent/")
    message = Message.objects.get()
    assert (message.status, message.spam_reasons) == ("spam", reason)
    assert message.closed_at is not None
    assert kinds() == []


# Too many


def test_sixth_message_of_an_hour_waits_and_keeps_what_was_typed(client):
    for number in range(5):
        assert send(client, email=f"kim{number}@visitor.example").status_code == 302
    refused = send(client)

    assert refused.status_code == 429
    assert refused["Retry-After"] == "2400"
    assert "please send it again in 40 minutes" in errors(refused)
    assert {name: values(refused)[name] for name in TYPED} == TYPED
    assert Message.objects.count() == 5

    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert send(elsewhere, token=values(refused)["form_token"]).status_code == 302


def test_one_household_counts_as_one(settings):
    for number in range(5):
        client = Client(REMOTE_ADDR=f"2001:db8:1:2::{number}")
        assert send(client, email=f"kim{number}@visitor.example").status_code == 302

    assert send(Client(REMOTE_ADDR="2001:db8:1:2:ffff::1")).status_code == 429
    assert send(Client(REMOTE_ADDR="2001:db8:1:3::1")).status_code == 302


def test_address_of_a_visitor_cannot_be_made_up(client):
    for number in range(5):
        send(client, email=f"kim{number}@visitor.example")

    forged = Client(headers={"X-Forwarded-For": "198.51.100.9"})
    assert send(forged).status_code == 429


def test_sixth_message_of_one_address_a_day_waits():
    for number in range(5):
        assert send(Client(REMOTE_ADDR=f"192.0.2.{number}")).status_code == 302

    refused = send(Client(REMOTE_ADDR="192.0.2.9"), email="KIM@visitor.example")
    assert refused.status_code == 429
    assert "please send it again in 10 hours" in errors(refused)


def test_receipts_stop_where_the_messages_go_on(monkeypatch):
    for number in range(5):
        send(Client(REMOTE_ADDR=f"192.0.2.{number}"))
    assert kinds() == ["message-notice"] * 5 + ["message-receipt"] * 3

    monkeypatch.setattr(rate_limits, "RECEIPTS", Limit("receipt-hour", 3, 3600))
    assert send(Client(REMOTE_ADDR="192.0.2.9"), email="ann@visitor.example").status_code == 302
    assert Message.objects.count() == 6
    assert kinds().count("message-receipt") == 3


def test_nothing_is_counted_for_a_form_with_errors(client):
    for _ in range(9):
        assert send(client, name="").status_code == 422

    assert not RateBucket.objects.exists()
    assert send(client).status_code == 302


def test_limits_can_be_switched_off(client, settings):
    settings.RATE_LIMITS = False

    assert {send(client).status_code for _ in range(9)} == {302}


# What cannot be sent


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("name", ""),
        ("name", "Kim\nBcc: a@b.example"),
        ("name", "Kim\0"),
        ("name", "\u200b\u200d"),
        ("name", "\x1b[31m"),
        ("name", "K" * 101),
        ("email", ""),
        ("email", "kim"),
        ("email", "kim@visitor.example\nBcc: a@b.example"),
        ("email", "kim@visitor.example, a@b.example"),
        ("email", "k\u00edm@visitor.example"),
        ("email", "kim@a\u2028b.example"),
        ("email", "kim@a\ue000b.example"),
        ("email", "kim@" + "\u00fc" * 60 + ".example"),
        ("email", '"\x0b"@visitor.example'),
        ("organization", "A\u2028B"),
        ("organization", "O" * 151),
        ("code", "J" * 61),
        ("code", "J9302\0"),
        ("message", ""),
        ("message", " \r\n\u200b"),
        ("message", "m" * 5001),
    ],
)
def test_wrong_field_is_named_and_everything_is_kept(client, field, written):
    response = send(client, **{field: written})

    assert response.status_code == 422
    assert not Message.objects.exists()
    page = read_page(response)
    assert "Not sent yet" in page.headings
    assert f"#id_{field}" in page.links
    box = next(each for each in page.elements if each.attributes.get("id") == f"id_{field}")
    described = box.attributes["aria-describedby"].split()
    messages = {each.attributes["id"]: each.text for each in page.elements if "id" in each.attributes}
    assert box.attributes["aria-invalid"] == "true"
    assert messages[f"id_{field}_error"] in page.links[f"#id_{field}"]
    assert f"id_{field}_error" in described
    assert page.all("title")[0].text.startswith("Not sent yet: ")
    others = {name: text for name, text in TYPED.items() if name != field}
    assert {name: values(response)[name] for name in others} == others


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Kim 👩\u200d👧", "Kim 👩\u200d👧"),
        ("كيم لي", "كيم لي"),
        ("Kim\u202eeeL", "KimeeL"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("{{ 7*7 }}{% now 'Y' %}", "{{ 7*7 }}{% now 'Y' %}"),
        ("'; DROP TABLE contact_message; --", "'; DROP TABLE contact_message; --"),
    ],
)
def test_unusual_names_are_kept(client, name, kept):
    assert send(client, name=name).status_code == 302
    assert Message.objects.get().name == kept


def test_address_with_an_international_domain_is_taken(client):
    assert send(client, email="kim@b\u00fccher.example").status_code == 302


@pytest.mark.parametrize(
    ("name", "text"),
    [("نور الدين", "هل يغطي التأمين J9302؟ شكراً"), ("נועה לוי", "האם J9302 מכוסה? (כן/לא)")],
    ids=["arabic", "hebrew"],
)
def test_text_from_right_to_left_comes_back_as_it_was_typed(client, name, text):
    refused = send(client, name=name, message=text, email="wrong")
    assert (values(refused)["name"], values(refused)["message"]) == (name, text)

    assert send(client, name=name, message=text).status_code == 302
    assert (Message.objects.get().name, Message.objects.get().text) == (name, text)
    assert text in OutgoingMail.objects.get(kind="message-notice").text


def test_markup_is_shown_as_it_was_typed(client):
    response = send(client, name="", message='</textarea><script>alert("x")</script>')

    assert b"<script>alert" not in response.content
    assert values(response)["message"] == '</textarea><script>alert("x")</script>'


def test_nine_megabytes_in_one_field_come_back(client):
    text = "m" * 9_000_000

    response = send(client, message=text)

    assert response.status_code == 422
    assert text in response.content.decode()


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART_CONTENT])
def test_larger_bodies_are_answered_plainly(client, content_type):
    text = "m" * 11_000_000
    body = f"message={text}" if content_type == URLENCODED else multipart({"message": text})

    response = post_raw(client, body, content_type)

    assert response.status_code == 400
    assert "This request could not be understood" in read_page(response).headings


def test_larger_body_without_cookie_is_answered_plainly():
    response = post_raw(Client(enforce_csrf_checks=True), "message=" + "m" * 11_000_000, URLENCODED)

    assert response.status_code == 400


@pytest.mark.parametrize("content_type", [URLENCODED, MULTIPART_CONTENT])
def test_too_many_fields_are_answered_plainly(client, content_type):
    fields = {f"field{number}": "x" for number in range(1001)}
    body = "&".join(f"{name}=x" for name in fields) if content_type == URLENCODED else multipart(fields)

    assert post_raw(client, body, content_type).status_code == 400


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", URLENCODED, 422),
        (b"name=%FF%FE&email=%C3&message=%ED%A0%80", URLENCODED, 422),
        (b"name=\xff\xfe\x00&&&==&%", URLENCODED, 422),
        (b"name=" + b"%00" * 50, URLENCODED, 422),
        (b'{"name": "Kim"}', "application/json", 422),
        (b"name=Kim", "text/plain", 422),
        (b"name=Kim", "", 422),
        (b"name=Kim", f"{URLENCODED}; charset=utf-16", 400),
        (b"name=Kim", f"{URLENCODED}; charset=nosuch", 422),
        (b"nothing of the kind", MULTIPART_CONTENT, 422),
        (b"name=Kim", f"{URLENCODED}; charset=zlib", 400),
        (b"name=Kim", "text/plain; charset=zlib", 422),
        (b"x", "multipart/form-data", 400),
        (b"x", "multipart/form-data; boundary=" + "b" * 300, 400),
    ],
)
def test_bodies_that_cannot_be_read_are_answered_plainly(client, body, content_type, status):
    response = post_raw(client, body, content_type)

    assert response.status_code == status
    assert read_page(response).headings
    assert not Message.objects.exists()


def test_files_and_repeated_fields_are_no_error(client):
    data = {**TYPED, "form_token": new_token(), "name": ["Kim", "Ann"], "file": b"x"}

    assert client.post(ADDRESS, data).status_code == 302
    assert Message.objects.get().name == "Ann"


@pytest.mark.parametrize("query", ["code=%00", "code=%FF", "page=%00", "code[]=1", "%00=%00", "code=%ED%A0%80", "&&=;"])
def test_garbage_in_the_address_is_ignored(client, query):
    response = client.get(f"{ADDRESS}?{query}")

    assert response.status_code == 200
    assert values(response)["code"] == ""
    assert client.post(f"{ADDRESS}?{query}", {**TYPED, "form_token": new_token()}).status_code == 302


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
@pytest.mark.parametrize("address", [ADDRESS, "/contact/message/sent/", "/contact/"])
def test_other_methods_are_refused(client, method, address):
    assert getattr(client, method)(address).status_code == 405


def test_head_answers_without_a_body(client):
    response = client.head(ADDRESS)

    assert response.status_code == 200
    assert response.content == b""


def test_nothing_of_the_visitor_is_logged(client, caplog):
    caplog.set_level("DEBUG", logger="django.request")
    send(client)
    send(client, name="")
    for number in range(6):
        send(client, email=f"kim{number}@visitor.example")

    assert "Kim" not in caplog.text
    assert "visitor.example" not in caplog.text


def test_message_has_the_time_at_which_it_came(client):
    send(client)

    assert Message.objects.get().created_at == NOW


def post_raw(client, body, content_type):
    """Posts a body as it is, which the client would otherwise put together."""
    return client.generic("POST", ADDRESS, body, content_type=content_type)


def multipart(fields):
    """A body of the content type MULTIPART_CONTENT."""
    parts = [
        f'--BoUnDaRyStRiNg\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    return "".join(parts) + "--BoUnDaRyStRiNg--\r\n"
