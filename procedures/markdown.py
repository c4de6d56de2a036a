"""The small Markdown of guide texts: paragraphs, two kinds of lists, strong, emphasis and links; nothing else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import nh3
from markdown_it import MarkdownIt

# `reference` is off because a link definition ("[1]: address") would vanish from the page without a word.
_markdown = MarkdownIt("commonmark", {"html": False}).disable(
    [
        *("heading", "lheading", "image", "code", "fence", "backticks"),
        *("html_block", "html_inline", "hr", "blockquote", "reference"),
    ]
)

_BREAKS = ("softbreak", "hardbreak")
_INLINE_MARKS = re.compile(
    r"[\\*`\[]"  # emphasis, code, links, and the escape itself
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; an underscore inside a word is none
    r"|<(?=[A-Za-z/!?])"  # tags and autolinks
    r"|&(?=#?\w+;)"  # character references
)
_BLOCK_MARK = re.compile(r"(?:#{1,6}|[-+](?=[-+\s]|$)|>|=+$|~~~|\d{1,9}(?=[.)](?:\s|$)))")


@dataclass(frozen=True, slots=True)
class Block:
    """One paragraph or list item of plain text: its label without the colon or "", its text, its number in a list."""

    kind: Literal["paragraph", "bullet", "number"]
    text: str
    number: int = 0
    label: str = ""


def render(text: str) -> str:
    """Return the HTML of a Markdown text, clean enough to be put into a page as it is; empty text gives "".

    Tags: p, ul, ol (with `start`), li, strong, em, a (`href` of https, mailto, tel or a path of this site), br. All
    other Markdown, and all HTML, appears as the characters that were written.
    """
    return nh3.clean(
        _markdown.render(text),
        tags={"p", "ul", "ol", "li", "strong", "em", "a", "br"},
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},  # "*": else nh3 keeps `title` and `lang` everywhere
        attribute_filter=_without_foreign_host,
        url_schemes={"https", "mailto", "tel"},
        link_rel="noopener",
    ).strip()


def _without_foreign_host(tag: str, attribute: str, value: str) -> str | None:
    # "//host/path" has no scheme for nh3 to judge, and takes the page's own, which need not be https.
    return None if attribute == "href" and value.startswith("//") else value


def plain_text(text: str) -> str:
    """Return the words of a Markdown text without its marks, one paragraph or list item per line.

    It is text, not HTML: `<` stands for itself. For the search index and for excerpts.
    """
    return "\n".join(" ".join(lines) for lines in _lines_by_block(text))


def plain_lines(text: str) -> list[str]:
    """Return the words of a Markdown text without its marks, line by line as they were written."""
    return [line for lines in _lines_by_block(text) for line in lines]


def _lines_by_block(text: str) -> Iterator[list[str]]:
    for token in _markdown.parse(text):
        if token.type == "inline":
            words = "".join("\n" if child.type in _BREAKS else child.content for child in token.children or ())
            yield words.split("\n")


def escape(text: str) -> str:
    """Return the Markdown of one line of plain text: rendered, it shows exactly the characters of `text`."""
    escaped = _INLINE_MARKS.sub(r"\\\g<0>", text)
    mark = _BLOCK_MARK.match(escaped)
    if not mark:
        return escaped
    # A backslash before a digit would show: the dot or parenthesis behind the number takes it.
    position = mark.end() if mark[0][0].isdigit() else 0
    return f"{escaped[:position]}\\{escaped[position:]}"


def compose(blocks: Iterable[Block]) -> str:
    """Return the Markdown of blocks of plain text: paragraphs, lists of neighboring items, labels in bold."""
    parts: list[str] = []
    for kind, group in groupby(blocks, key=lambda block: block.kind):
        run = list(group)
        lines = [f"**{escape(b.label)}:** {escape(b.text)}".rstrip() if b.label else escape(b.text) for b in run]
        if kind == "paragraph":
            parts += lines
        elif kind == "bullet":
            parts.append("\n".join(f"- {line}" for line in lines))
        else:
            parts.append("\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=run[0].number)))
    return "\n\n".join(parts)
