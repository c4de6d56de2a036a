import datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.admin.replies import LONGEST_LINK, reply_link
from contact.models import Message, OutgoingMail
from tests.factories import create_mail, create_message


def fields_of(link: str) -> dict[str, str]:
    """What a mail program makes of the link (RFC 6068)."""
    assert "+" not in urlsplit(link).query
    return {name: texts[0] for name, texts in parse_qs(urlsplit(link).query, strict_parsing=True).items()}


def make_message(text="Is it covered?", **fields) -> Message:
    fields = {"name": "Kim Lee", "email": "kim@visitor.example", "public_id": "0a1b2c3d", **fields}
    return Message(text=text, created_at=datetime.datetime(2026, 3, 1, 10, tzinfo=datetime.UTC), **fields)


def test_reply_goes_to_the_visitor_and_quotes_the_message():
    link = reply_link(make_message("Is J9302 covered?\n\nSee 50% & more: a+b=c, #1"))

    assert link.startswith("mailto:kim@visitor.example?subject=Re%3A%20Your%20message%20%5B%230a1b2c3d%5D&")
    assert fields_of(link) == {
        "subject": "Re: Your message [#0a1b2c3d]",
        "body": (
            "Hello Kim Lee,\r\n\r\n\r\n\r\n"
            "On 1 March 2026 you wrote:\r\n> Is J9302 covered?\r\n>\r\n> See 50% & more: a+b=c, #1\r\n"
        ),
    }


def test_reply_follows_the_receipt_that_the_visitor_got():
    receipt = OutgoingMail(subject="We have your message [#0a1b2c3d]", internet_message_id="<0a1b2c3d.x@site.example>")

    fields = fields_of(reply_link(make_message(), receipt))

    assert fields["subject"] == "Re: We have your message [#0a1b2c3d]"
    assert fields["In-Reply-To"] == "<0a1b2c3d.x@site.example>"


def test_address_cannot_add_fields_to_the_link():
    link = reply_link(make_message(email='"a?bcc=x&cc"@visitor.example'))

    assert set(fields_of(link)) == {"subject", "body"}
    assert unquote(urlsplit(link).path) == '"a?bcc=x&cc"@visitor.example'


def test_long_message_is_quoted_up_to_a_word():
    link = reply_link(make_message("wheelchair " * 400))

    quoted = fields_of(link)["body"].splitlines()[-1]
    assert len(link) <= LONGEST_LINK
    assert len(link) > LONGEST_LINK - 40
    assert quoted.startswith("> wheelchair wheelchair")
    assert quoted.endswith("wheelchair …")


def test_message_of_one_endless_word_is_not_quoted():
    body = fields_of(reply_link(make_message("x" * 5_000)))["body"]

    assert body == "Hello Kim Lee,\r\n\r\n\r\n\r\n"


def test_name_that_would_fill_the_link_is_left_out():
    assert fields_of(reply_link(make_message(name="🦽" * 100)))["body"].startswith("Hello 🦽")
    link = reply_link(make_message(name="🦽" * 100, email=f"{'k' * 64}@{'v' * 60}.{'w' * 60}.{'x' * 60}.example"))

    assert len(link) <= LONGEST_LINK
    assert fields_of(link)["body"].startswith("Hello,\r\n")


@given(text=st.text(min_size=1, max_size=600), name=st.text(min_size=1, max_size=100))
def test_any_text_makes_a_link_of_plain_characters_that_is_short_enough(text, name):
    text = text.encode(errors="ignore").decode() or "x"
    name = name.encode(errors="ignore").decode() or "x"

    link = reply_link(make_message(text, name=name))

    assert link.isascii()
    assert link.isprintable()
    assert len(link) <= LONGEST_LINK
    assert set(fields_of(link)) == {"subject", "body"}


@pytest.mark.django_db
def test_desk_offers_the_reply_to_the_receipt(admin_client):
    message = create_message()
    create_mail(message=message, kind="message-receipt", subject=f"We have it [#{message.public_id}]")

    html = admin_client.get(f"/admin/contact/message/{message.pk}/change/").content.decode()

    assert "&amp;In-Reply-To=%3C" in html
    assert f"Re%3A%20We%20have%20it%20%5B%23{message.public_id}%5D" in html
