"""The small Markdown of guide texts: paragraphs, two kinds of lists, strong, emphasis and links; nothing else."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import chain, groupby, product
from typing import Literal

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import isPunctChar, isWhiteSpace

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
    return _escape_block_mark(_INLINE_MARKS.sub(r"\\\g<0>", text))


def _escape_block_mark(line: str) -> str:
    mark = _BLOCK_MARK.match(line)
    if not mark:
        return line
    # A backslash before a digit would show: the dot or parenthesis behind the number takes it.
    position = mark.end() if mark[0][0].isdigit() else 0
    return f"{line[:position]}\\{line[position:]}"


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


# From HTML back to Markdown

_BLOCK_TAGS = {"p", "ul", "ol"}
_EMPHASIS = {"em": 1, "strong": 2}
_SPACE = r"[^\S\x1c-\x1f\x85]"  # what Markdown takes for white space; Python knows some more
_LOST_SPACE = re.compile(
    rf"\A{_SPACE}+|(?:(?<!\\)|(?!\n)){_SPACE}+\Z|\n\Z"  # around a paragraph, but for the line end of a <br>
    r"|^[ \t]+|[ \t]+$"  # around a line
    r"|(?<=\n)\n",  # an empty line
    re.MULTILINE,
)
_EMPTY_PARAGRAPH = "\N{NO-BREAK SPACE}"
# Of more emphases than this in one paragraph not all choices of signs are tried.
_MOST_CHOICES = 10
# Marks in marks in marks: those deeper than this are left out. Lists are at most half as deep.
_DEEPEST = 50


@dataclass(slots=True)
class _Element:
    tag: str
    attributes: dict[str, str]
    children: "list[_Element | str]"


@dataclass(frozen=True, slots=True)
class _Mark:
    """The sign before or behind emphasized words."""

    text: str
    opens: bool


class _TreeBuilder(HTMLParser):
    """Reads well-formed HTML as `render` makes it."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = _Element("", {}, [])
        self._open = [self.root]

    def handle_starttag(self, tag, attrs):
        element = _Element(tag, {name: value or "" for name, value in attrs}, [])
        if tag == "br":
            self._open[-1].children.append(element)
        elif len(self._open) > _DEEPEST:
            self._open.append(self._open[-1])
        else:
            self._open[-1].children.append(element)
            self._open.append(element)

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self._open[-1].children.append(data)


def markdown_of(html: str) -> str:
    """Return a Markdown text that `render` turns into exactly this HTML, which `render` has made; "" gives "".

    It need not be the text that was rendered: an address that `render` refused is lost, and so is the choice of signs.
    Where marks are nested as no Markdown of this module says it, the words stay and the marks are left out.
    """
    blocks, _ = _blocks_of(_tree(html))
    return _blocks_to_markdown(blocks, gap="\n\n")


def _tree(html: str) -> "list[_Element | str]":
    builder = _TreeBuilder()
    builder.feed(html)
    builder.close()
    return builder.root.children


def _blocks_to_markdown(blocks: list[_Element], *, gap: str) -> str:
    parts: list[str] = []
    former, is_other = "", False
    for block in blocks:
        # Neighboring lists of one kind are told apart by their signs.
        is_other = block.tag == former and not is_other
        former = block.tag
        parts.append(_paragraph(block) if block.tag == "p" else _list(block, is_other=is_other))
    return gap.join(parts)


def _list(element: _Element, *, is_other: bool) -> str:
    items = [_blocks_of(child.children) for child in element.children if isinstance(child, _Element)]
    # A list with blank lines has its texts in paragraphs.
    gap = "\n\n" if any(has_paragraphs for _, has_paragraphs in items) else "\n"
    lines = []
    for number, (blocks, _) in enumerate(items, start=int(element.attributes.get("start", 1))):
        sign = "+" if is_other else "-"
        if element.tag == "ol":
            # A number has at most nine digits; only that of the first item counts.
            sign = f"{min(number, 999_999_999)}{')' if is_other else '.'}"
        text = _blocks_to_markdown(blocks, gap=gap)
        lines.append(f"{sign} {text}".rstrip(" ").replace("\n", "\n" + " " * (len(sign) + 1)))
    return re.sub(r"(?m)^ +$", "", gap.join(lines))


def _blocks_of(content: "list[_Element | str]") -> tuple[list[_Element], bool]:
    """The blocks of a list item, text that stands in it by itself as a paragraph, and whether it has real ones."""
    blocks: list[_Element] = []
    count = 0
    for is_block, run in groupby(content, key=lambda c: isinstance(c, _Element) and c.tag in _BLOCK_TAGS):
        children = list(run)
        follows_block = bool(count)
        count += len(children)
        if is_block:
            blocks += children
            continue
        # The renderer ends a line behind each block, and before one.
        if follows_block and isinstance(children[0], str):
            children[0] = children[0].removeprefix("\n")
        if count < len(content) and isinstance(children[-1], str):
            children[-1] = children[-1].removesuffix("\n")
        if children := [child for child in children if child]:
            blocks.append(_Element("text", {}, children))
    has_paragraphs = any(block.tag == "p" for block in blocks)
    for block in blocks:
        block.tag = "p" if block.tag == "text" else block.tag
    return blocks, has_paragraphs


def _paragraph(element: _Element) -> str:
    depths = list(_depths(element))
    attempts = [
        "*" * len(depths),
        "".join("*_"[depth % 2] for depth in depths),
        "".join("*_"[position % 2] for position in range(len(depths))),
    ]
    # Which signs go together depends on their neighbors: `render` decides.
    choices = product("*_", repeat=len(depths)) if len(depths) <= _MOST_CHOICES else ()
    for signs in dict.fromkeys(chain(attempts, map("".join, choices))):
        text = _written(_inline(element.children, iter(signs), has_marks=bool(depths)))
        if _tree(render(text)) == [element]:
            return text
    return _written([_INLINE_MARKS.sub(r"\\\g<0>", _words(element))])


def _depths(element: _Element, depth: int = 0) -> Iterator[int]:
    for child in element.children:
        if isinstance(child, _Element):
            is_emphasis = child.tag in _EMPHASIS
            if is_emphasis:
                yield depth
            yield from _depths(child, depth + is_emphasis)


def _words(element: _Element) -> str:
    return "".join(child if isinstance(child, str) else _words(child) for child in element.children)


def _inline(
    children: "list[_Element | str]", signs: Iterator[str], *, has_marks: bool, in_link: bool = False
) -> "Iterator[str | _Mark]":
    follows_break = False
    for child in children:
        if isinstance(child, str):
            text = _INLINE_MARKS.sub(r"\\\g<0>", child.removeprefix("\n") if follows_break else child)
            if has_marks:
                # Beside a mark a letter may be written as a character reference: a word of which this is no part.
                text = re.sub(r"(?<=[^\W_])_(?=[^\W_])", r"\\_", text)
            if in_link:
                text = text.replace("]", "\\]")
            if text:
                yield text
        elif child.tag == "br":
            yield "\\\n"
        elif child.tag == "a":
            # Without an address: one that `render` refuses.
            address = re.sub(r"[\\()<>]|&(?=#?\w+;)", r"\\\g<0>", child.attributes.get("href", "//"))
            yield "["
            yield from _inline(child.children, signs, has_marks=has_marks, in_link=True)
            yield f"]({address})"
        elif child.tag in _EMPHASIS:
            sign = next(signs) * _EMPHASIS[child.tag]
            yield _Mark(sign, opens=True)
            yield from _inline(child.children, signs, has_marks=has_marks, in_link=in_link)
            yield _Mark(sign, opens=False)
        follows_break = isinstance(child, _Element) and child.tag == "br"


def _written(parts: "Iterable[str | _Mark]") -> str:
    parts = list(parts)
    for position, mark in enumerate(parts):
        if isinstance(mark, _Mark):
            inside, outside = (position + 1, position - 1) if mark.opens else (position - 1, position + 1)
            _make_neighbors_fit(parts, mark, inside, outside)
    text = "".join(part.text if isinstance(part, _Mark) else part for part in parts)
    text = _LOST_SPACE.sub(lambda match: "".join(f"&#{ord(character)};" for character in match[0]), text)
    return "\n".join(map(_escape_block_mark, text.split("\n"))) or _EMPTY_PARAGRAPH


def _make_neighbors_fit(parts: "list[str | _Mark]", mark: _Mark, inside: int, outside: int) -> None:
    """Writes letters and blanks beside a mark as character references where it would be no mark beside them."""
    within = _character(parts, inside, at_end=not mark.opens)
    if isWhiteSpace(ord(within)):
        _refer(parts, inside, at_end=not mark.opens)
        within = "&"
    if not 0 <= outside < len(parts):
        return
    without = _character(parts, outside, at_end=mark.opens)
    is_word = not isWhiteSpace(ord(without)) and not isPunctChar(without)
    if is_word and (isPunctChar(within) or mark.text[0] == "_"):
        _refer(parts, outside, at_end=mark.opens)


def _character(parts: "list[str | _Mark]", position: int, *, at_end: bool) -> str:
    part = parts[position]
    text = part.text if isinstance(part, _Mark) else part
    return text[-1] if at_end else text[0]


def _refer(parts: "list[str | _Mark]", position: int, *, at_end: bool) -> None:
    text = parts[position]
    parts[position] = f"{text[:-1]}&#{ord(text[-1])};" if at_end else f"&#{ord(text[0])};{text[1:]}"
