"""Answers to messages: written in the mail program of whoever answers, begun by a link."""

import re
from bisect import bisect_right
from urllib.parse import quote

from django.utils.dateformat import format as date_format

from contact.calendar_objects import mailto
from contact.models import Message, OutgoingMail

# Characters of the whole link. Windows hands about 2,000 to a mail program.
LONGEST_LINK = 1_500


def reply_link(message: Message, receipt: OutgoingMail | None = None) -> str:
    """A mailto link that begins an answer, with as much of the message as fits (RFC 6068).

    With the receipt that the visitor got, mail programs show the answer below it.
    """
    subject = receipt.subject if receipt else f"Your message [#{message.public_id}]"
    fields = {"subject": f"Re: {subject}"}
    if receipt:
        fields["In-Reply-To"] = receipt.internet_message_id
    greeting = f"Hello {message.name},"
    if len(_link(message, {**fields, "body": greeting})) > LONGEST_LINK:
        greeting = "Hello,"
    # After each word, from nothing to the whole text.
    cuts = [0, *(word.end() for word in re.finditer(r"\S+", message.text))]

    def link_up_to(cut: int) -> str:
        return _link(message, {**fields, "body": _body(message, greeting, cut)})

    fitting = bisect_right(cuts, LONGEST_LINK, key=lambda cut: len(link_up_to(cut)))
    return link_up_to(cuts[max(fitting - 1, 0)])


def _body(message: Message, greeting: str, cut: int) -> str:
    begun = f"{greeting}\n\n\n\n"
    if not cut:
        return begun
    rest = "" if cut == len(message.text.rstrip()) else " …"
    quoted = "\n".join(f"> {line}".rstrip() for line in f"{message.text[:cut]}{rest}".splitlines())
    return f"{begun}On {date_format(message.created_at, 'j F Y')} you wrote:\n{quoted}\n"


def _link(message: Message, fields: dict[str, str]) -> str:
    # RFC 6068, 5: a line break is %0D%0A, a blank %20; "+" would be read as a plus.
    encoded = (f"{name}={quote(_with_crlf(text), safe='')}" for name, text in fields.items())
    return f"{mailto(message.email)}?{'&'.join(encoded)}"


def _with_crlf(text: str) -> str:
    return text.replace("\n", "\r\n")
