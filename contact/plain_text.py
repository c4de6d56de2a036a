"""Text as mails and calendars take it: without what ends their lines or turns them about.

What comes through the forms of contact.text_fields is cleaned already; rows may also come from elsewhere.
"""

import re
import unicodedata

# What turns the text around it about, and the marks that say which way it runs. Joiners stay: emoji need them.
_BIDI_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")


def paragraphs(text: str) -> str:
    """The text with LF as its only line break, without other control characters and bidi marks."""
    text = _BIDI_MARKS.sub("", _LINE_BREAKS.sub("\n", text)).replace("\t", " ")
    return "".join(each for each in text if each == "\n" or unicodedata.category(each) not in ("Cc", "Cs")).strip()


def one_line(text: str) -> str:
    """The same with every line break as a blank."""
    return " ".join(paragraphs(text).split())


def is_printable(address: str) -> bool:
    """Whether an e-mail address can stand in a header: RFC 5322 lets control characters into quotation marks."""
    return not any(unicodedata.category(each) in ("Cc", "Cs") for each in address)


def cut(text: str, longest: int) -> str:
    """At most so many characters of it, whole words where there are any."""
    if len(text) <= longest:
        return text
    head, blank, _ = text[:longest].rpartition(" ")
    return f"{head if blank else text[: longest - 1]}…"
