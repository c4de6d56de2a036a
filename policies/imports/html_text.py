"""Turns the HTML of a table's field into the small Markdown of summaries, or into plain lines.

Nothing of the HTML but its words, paragraphs and lists is kept: scripts, styles and comments go with all that is in
them. CPT and CDT numbers are not kept either; what is said in the same sentence may be their licensed description.
"""

import html
import re
from html.parser import HTMLParser

import nh3

from policies.licensed_numbers import holds_licensed_number
from procedures.markdown import Block, compose, escape

LONGEST_SUMMARY = 3_000

# Characters of a field. A summary is its beginning; Word writes up to ten characters of markup for one of text.
_READ_AT_ONCE = (8_000, 40_000)

_ITEM_TAGS = {"li", "dt", "dd"}
_LIST_TAGS = {"ul": "bullet", "ol": "number", "dl": "bullet"}
_BREAKING_TAGS = {
    *("p", "div", "br", "hr", "table", "tr", "blockquote", "pre", "center", "section", "article", "caption"),
    *("h1", "h2", "h3", "h4", "h5", "h6"),
}
_CELL_TAGS = {"td", "th"}
_DROPPED_WITH_CONTENT = {
    *("script", "style", "title", "noscript", "iframe", "object", "svg", "math", "template", "xml", "head"),
    *("textarea", "select", "button", "noembed", "noframes"),
}
_KEPT_TAGS = _ITEM_TAGS | set(_LIST_TAGS) | _BREAKING_TAGS | _CELL_TAGS

_TWICE_ENCODED = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z]{2,10}\d?);", re.IGNORECASE)
# Control characters, soft hyphens, and what is written only to steer the direction or the width of a text.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffe\uffff]"
)
_LINE_BREAK_IN_TEXT = re.compile(r"[\r\n\u2028]+(?![^<>]*>)")
_BULLET = re.compile(r"[•·▪●◦‣]\s*")
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+(?=\S)")


def lines_of(text: str) -> list[str]:
    """The lines of a field with or without HTML, without empty ones: what <br>, paragraphs and line ends part."""
    if "<" not in text and "&" not in text:
        lines = [_clean(line) for line in text.splitlines()]
    else:
        lines = [block.text for block in _blocks(_LINE_BREAK_IN_TEXT.sub("<br>", text[: _READ_AT_ONCE[-1]]))]
    return [line for line in lines if line]


def one_line(text: str) -> str:
    """The words of a field with or without HTML, on one line."""
    return " ".join(lines_of(text))


def shorten(text: str, longest: int) -> str:
    """The text cut at a word with an ellipsis, where it is longer than `longest` characters."""
    if len(text) <= longest:
        return text
    head = text[: longest - 1]
    cut = head if text[longest - 1] == " " else head.rpartition(" ")[0] or head
    return cut.rstrip(" ,;:-") + "…"


def summary_of(text: str) -> tuple[str, int]:
    """The beginning of a narrative as Markdown of at most 3,000 characters, and how many pieces were left out of it.

    A sentence, or an item of a list, that holds a CPT or CDT number is left out. The end is that of a sentence.
    """
    for most in _READ_AT_ONCE:
        blocks = _blocks(text[:most])
        is_whole = len(text) <= most
        if not is_whole:
            # The last one may have been cut.
            blocks = blocks[:-1] or blocks
        kept, left_out, is_full = _beginning(blocks)
        if is_full or is_whole:
            break
    return compose(kept), left_out


def _beginning(blocks: list[Block]) -> tuple[list[Block], int, bool]:
    """What fits of these blocks, how many pieces were left out, and whether there was more than fits."""
    kept: list[Block] = []
    room, left_out = LONGEST_SUMMARY, 0
    for block in blocks:
        pieces = [block.text] if block.kind != "paragraph" else _SENTENCE_END.split(block.text)
        sentences = [piece for piece in pieces if not holds_licensed_number(piece)]
        left_out += len(pieces) - len(sentences)
        # For the line breaks and the sign of a list item, with its number.
        room -= 6
        fitting: list[str] = []
        for sentence in sentences:
            needed = len(escape(sentence)) + 1
            if needed > room:
                break
            room -= needed
            fitting.append(sentence)
        if fitting:
            kept.append(Block(block.kind, " ".join(fitting), block.number))
        if len(fitting) < len(sentences):
            if not kept:
                kept.append(Block("paragraph", shorten(sentences[0], LONGEST_SUMMARY // 2)))
            return kept, left_out, True
    return kept, left_out, False


def _blocks(text: str) -> list[Block]:
    builder = _BlockBuilder()
    builder.feed(nh3.clean(text, tags=_KEPT_TAGS, clean_content_tags=_DROPPED_WITH_CONTENT, attributes={}))
    builder.close()
    builder.flush()
    return builder.blocks


class _BlockBuilder(HTMLParser):
    """Reads the well-formed HTML that nh3 makes. Lists in lists become one list; a row of a table, one paragraph."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._words: list[str] = []
        self._lists: list[list] = []
        self._item_depth = 0

    def handle_starttag(self, tag, attrs):
        if tag in _LIST_TAGS:
            self.flush()
            self._lists.append([_LIST_TAGS[tag], 0])
        elif tag in _ITEM_TAGS:
            self.flush()
            self._item_depth += 1
            if self._lists:
                self._lists[-1][1] += 1
        elif tag in _CELL_TAGS and "".join(self._words).strip():
            self._words.append("; ")
        elif tag in _BREAKING_TAGS:
            self._break()

    def handle_endtag(self, tag):
        if tag in _LIST_TAGS:
            self.flush()
            if self._lists:
                self._lists.pop()
        elif tag in _ITEM_TAGS:
            self.flush()
            self._item_depth = max(0, self._item_depth - 1)
        elif tag in _BREAKING_TAGS:
            self._break()

    def handle_data(self, data):
        self._words.append(data)

    def _break(self):
        # A paragraph within an item is a part of it.
        if self._item_depth:
            self._words.append(" ")
        else:
            self.flush()

    def flush(self):
        text = _clean("".join(self._words)).strip("; ") if self._item_depth else _clean("".join(self._words))
        self._words = []
        kind, number = "paragraph", 0
        if self._item_depth:
            kind, number = self._lists[-1] if self._lists else ("bullet", 0)
        if bullet := _BULLET.match(text):
            kind, text = ("bullet" if kind == "paragraph" else kind), text[bullet.end() :]
        if text:
            self.blocks.append(Block(kind, text, number if kind == "number" else 0))


def _clean(text: str) -> str:
    """One line of text. What CMS has encoded twice (&amp;reg;) is decoded once more."""
    if "&" in text and _TWICE_ENCODED.search(text):
        text = html.unescape(text)
    return " ".join(_UNSEEN.sub("", text).split())
