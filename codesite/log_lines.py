"""Lines of the log without what they must not tell: secrets in addresses, and who wrote to us."""

import logging
import re

WITHHELD = "…"

# The rest of an address that is itself a key: previews of guides, meetings, calendars of hosts.
_SECRET_ADDRESS = re.compile(r"(/(?:preview|meeting|calendars)/)[^\s\"'<>/?]+")
# Also as in a query string. The bounds keep the search short in long lines.
_EMAIL = re.compile(r"[^\s@%<>\"'(),;:=\[\]&?]{1,64}(?:@|%40)[^\s@<>\"'(),;:&]{1,255}")
# PostgreSQL adds the values of the row to its errors, line breaks included.
_DETAIL = re.compile(r"(DETAIL: ).*?(?=\n\n(?:The above exception|During handling)|\Z)", re.DOTALL)


class RedactingFormatter(logging.Formatter):
    """Writes a line, and the traceback below it, without tokens, e-mail addresses and values of rows."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def redact(text: str) -> str:
    """The text with `…` for what is withheld: "/meeting/eyJ…/" is "/meeting/…/", "kim@example.org" is "…"."""
    text = _SECRET_ADDRESS.sub(rf"\1{WITHHELD}", text)
    text = _DETAIL.sub(rf"\1{WITHHELD}", text)
    return _EMAIL.sub(WITHHELD, text)
