"""Text as people paste it, out of a word processor or a web page, made into the small Markdown of guides."""

import re

_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_OTHER_BLANKS = "\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_BLANKS = re.compile(f"[{_OTHER_BLANKS}]")
# Zero-width marks, soft hyphens, directional marks, and controls have no width: a reader never sees them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffc]"
)
_SURROGATES = re.compile("[\ud800-\udfff]")
# Word writes its bullets as these characters, the second level as the letter o before a tab.
_BULLET = re.compile(f"^([ {_OTHER_BLANKS}]*)(?:[•●○◦▪‣·\uf0a7\uf0b7§][ {_OTHER_BLANKS}]*|o\t)", re.MULTILINE)
_NUMBER = re.compile(r"^( *\d{1,3}[.)])\t+", re.MULTILINE)
# Not the address of a page or a person, which Markdown makes a link of.
_HTML_TAG = re.compile(r"<(?!https?:|mailto:|tel:|[\w.+-]+@)/?[a-zA-Z][^<>\n]{0,200}>")
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)")
_SAFE_LINK = re.compile(r"(?:https://|mailto:|tel:|/(?!/)|#)", re.IGNORECASE)


def tidy(text: str) -> str:
    """The same words, with line breaks, blanks, bullets and numbers as Markdown reads them, and nothing invisible."""
    text = _LINE_BREAKS.sub("\n", text)
    text = _INVISIBLE.sub("", _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text))
    text = _NUMBER.sub(r"\1 ", _BULLET.sub(r"\1- ", text))
    lines = (_BLANKS.sub(" ", line).rstrip() for line in text.split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip("\n ")


def remarks_on(text: str) -> list[str]:
    """What of a text will not look as its author may think, as sentences for the author."""
    remarks = []
    if tags := list(dict.fromkeys(_HTML_TAG.findall(text))):
        remarks.append(f"HTML is shown as it is written, not obeyed: {' '.join(tags[:3])}")
    if unsafe := [address for address in _LINK.findall(text) if not _SAFE_LINK.match(address)]:
        remarks.append(f"A link that is not https, mailto or tel becomes plain text: {', '.join(unsafe[:3])}")
    without_escapes = re.sub(r"\\.", "", text)
    if without_escapes.count("**") % 2:
        remarks.append("A ** has no partner, so it is shown as it is.")
    return remarks
