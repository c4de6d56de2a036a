"""What went wrong with a mail, in words that the team may read and a log may keep, and whether to try again."""

import re
import smtplib
import traceback
from dataclasses import dataclass
from pathlib import Path

from contact.models import OutgoingMail

LONGEST = OutgoingMail._meta.get_field("last_error").max_length

_ADDRESS = re.compile(r"[^\s<>]*@[^\s<>]*")


@dataclass(frozen=True, slots=True)
class MailFailure:
    """Why a mail did not go out.

    `name` is the class of the error, `code` the reply of the server (RFC 5321, 4.2.3) where it gave one, `text` what
    it said or what else helps. `is_final`: it will be the same at every further attempt.
    """

    name: str
    code: int | None = None
    text: str = ""
    is_final: bool = False

    @property
    def title(self) -> str:
        """Class and code, which name nobody: what a log line says."""
        return f"{self.name} {self.code}" if self.code else self.name

    def __str__(self):
        return f"{self.title}: {self.text}"[:LONGEST] if self.text else self.title


def sending_failure(error: Exception) -> MailFailure:
    """What an error of the connection, or a refusal of the server, means.

    Final is what the server says of this recipient or this content: a reply of 5xx to RCPT or DATA. A refusal of the
    sender or of the log-in is about the site, and is mended there while the mail waits.
    """
    code, said = None, str(error)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        # A mail has one recipient.
        replies = list(error.recipients.values())
        code, said = replies[0] if replies else (None, "")
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    speaks_of_the_mail = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
    return MailFailure(
        type(error).__name__, code, clean(said), is_final=speaks_of_the_mail and code is not None and 500 <= code < 600
    )


def building_failure(error: Exception) -> MailFailure:
    """What an error while the mail was made means. Its own words are left out: they may quote what a visitor typed."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return MailFailure(
        type(error).__name__, text=f"the mail could not be made ({Path(place.filename).name}:{place.lineno})"
    )


def clean(said: str | bytes) -> str:
    """A server's reply on one line, without e-mail addresses and without what a database or a page cannot take."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(_ADDRESS.sub("…", text).split())
