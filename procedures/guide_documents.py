"""Reads a guide document, one page of plain text about one medical code, into Markdown sections.

Documents come from page captures: headings may be missing, bullets are typographic signs, and labels may be run into
the list item before them. A document is read in steps: lines, sections, blocks, Markdown. No word is lost on the way:
what stands in no section is either refused or listed in `GuideDocument.left_out`.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from procedures.guide_sections import (
    HEADING_ORDER,
    KNOWN_LABELS,
    LABEL_ORDER,
    LONGEST_SECTION,
    SECTIONS,
    SHARED_LABELS,
    normalize_label,
    separate_labels,
    split_label,
)
from procedures.markdown import Block, compose


class GuideDocumentError(ValueError):
    """The text is no guide document; says in which file and on which line (counted from 1) that shows, and why."""

    def __init__(self, file: str, line: int, message: str):
        super().__init__(f"{file}, line {line}: {message}")
        self.file = file
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class GuideDocument:
    """What a guide document says.

    `system_label` is the line under the title ("HCPCS code") without the code, or "". `codes` are the codes named
    before the sources and the closing part, as written, each once: HCPCS Level II, ICD with a dot, and the one beside
    the label. `sections` maps `Section.field` to Markdown, in the order of SECTIONS, without empty ones. `sources` are
    the items of a closing "Sources" section. `left_out` are the lines of the page's frame: the link above the title,
    and the closing part (policies, similar codes, contact).
    """

    title: str
    system_label: str
    codes: tuple[str, ...]
    sections: dict[str, str]
    sources: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    mark: str  # "" for plain text, "•" for any bullet, "3." or "3)" for a numbered item
    text: str  # what follows the mark
    gap: int  # blank lines before it
    indent: int
    emphasized: bool = False  # a heading or label written with # or **


@dataclass(frozen=True, slots=True, order=True)
class _Opening:
    at: int  # index of the line with which the section begins
    order: int  # place of the section in SECTIONS


_LONGEST_TEXT = 200_000
_FIRST_LINE = "search all medical codes"
_CLOSING_LINES = frozenset(
    {"related policies from health plans", "similar codes", "contact us to learn more", "choose your own adventure"}
)
_POLICIES_LINE = "Medical Policies and Guidelines for "
_SOURCES_LINES = frozenset({"sources", "references"})

_SYSTEM_LABEL = re.compile(
    r"((?:HCPCS(?: Level II)?|ICD-\d{1,2}(?:-(?:CM|PCS))?|CPT|CDT|SNOMED CT|LOINC|MS-DRG)(?: procedure| diagnosis)?"
    r" codes?):?\s*((?=\S*\d)[A-Z0-9][A-Z0-9.]{2,11})?",
    re.IGNORECASE,
)
_CODE = r"(?<![\w.])(?:[A-CE-V]\d{4}|[A-Z](?:\d[0-9A-Z]|[A-Z]\d)\.[0-9A-Z]{1,4})(?!\w)"
_NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufffd\ud800-\udfff]")
_RULE = re.compile(r"([-*_=])(?: ?\1){2,}")
_MARK = re.compile(r"(?:([•●○◦▪‣·\uf0b7]|[-*+–—](?=\s|$))|(\d{1,2}[.)])(?=\s+\S))\s*")
_BOLD_LABEL = re.compile(r"\A(?:\*\*|__)(?=\S)([^*_:]+)(?::(?:\*\*|__)|(?:\*\*|__):)(?=\s|$)")


def parse_guide(text: str, *, file: str) -> GuideDocument:
    """Read the text of one guide document; `file` is its name, for messages.

    Raises GuideDocumentError for a text that is no guide: empty or binary, without title or sections, with text
    before the first section that belongs nowhere, or with one heading twice.
    """
    lines, sources, left_out = _divide(_read_lines(text, file), file)
    openings = _find_openings(lines, file)
    first = openings[0].at
    title, system_label, codes = _read_front(lines[:first], file, first_section=lines[first].number)
    blocks = _blocks_by_section(lines, openings)
    if not any(blocks):
        raise GuideDocumentError(file, lines[first].number, "there are headings, but no text under them")
    sections = {section.field: compose(blocks[i]) for i, section in enumerate(SECTIONS) if blocks[i]}
    for section in SECTIONS:
        if len(sections.get(section.field, "")) > LONGEST_SECTION:
            message = f"the section “{section.heading}” has more than {LONGEST_SECTION:,} characters"
            raise GuideDocumentError(file, lines[first].number, message)
    codes += (code for line in lines[first:] for code in re.findall(_CODE, line.text))
    return GuideDocument(
        title=title,
        system_label=system_label,
        codes=tuple(dict.fromkeys(codes)),
        sections=sections,
        sources=tuple(_items(sources)),
        left_out=tuple(line.text for line in left_out),
    )


# From text to lines


def _read_lines(text: str, file: str) -> list[_Line]:
    if len(text) > _LONGEST_TEXT:
        raise GuideDocumentError(file, 1, f"a guide has at most {_LONGEST_TEXT:,} characters, this is {len(text):,}")
    lines: list[_Line] = []
    gap = 0
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")), start=1):
        if unreadable := _NOT_TEXT.search(raw):
            raise GuideDocumentError(file, number, f"not plain text: it holds U+{ord(unreadable[0]):04X}")
        content = " ".join(raw.split())
        if not content or _RULE.fullmatch(content):
            gap += 1
        else:
            lines.append(_read_line(content, number, gap, indent=len(raw) - len(raw.lstrip())))
            gap = 0
    if not lines:
        raise GuideDocumentError(file, 1, "the file is empty")
    return lines


def _read_line(content: str, number: int, gap: int, indent: int) -> _Line:
    if mark := _MARK.match(content):
        text = _BOLD_LABEL.sub(r"\1:", content[mark.end() :], count=1)
        return _Line(number, mark[2] or "•", text, gap, indent)
    name = normalize_label(content)
    if name in LABEL_ORDER or name in KNOWN_LABELS or name in _CLOSING_LINES or name in _SOURCES_LINES:
        text = content.strip("#*_ ").replace("**", "").replace("__", "")
        if name in KNOWN_LABELS and not text.endswith(":"):
            text += ":"
        return _Line(number, "", text, gap, indent, emphasized=content[0] in "#*_")
    return _Line(number, "", _BOLD_LABEL.sub(r"\1:", content, count=1), gap, indent)


def _is_dense(lines: Sequence[_Line]) -> bool:
    # A capture without blank lines (below the title and its label) holds one paragraph per line.
    return not any(line.gap for line in lines[3:])


# From lines to sections


def _divide(lines: list[_Line], file: str) -> tuple[list[_Line], list[_Line], list[_Line]]:
    """Divide the document into guide, sources, and the lines that are left out."""
    guide: list[_Line] = []
    sources: list[_Line] = []
    left_out: list[_Line] = []
    part = guide
    for line in lines:
        name = "" if line.mark else normalize_label(line.text)
        if not guide and not left_out and name == _FIRST_LINE:
            left_out.append(line)
            continue
        if name in _SOURCES_LINES:
            part = sources
            continue
        if name in HEADING_ORDER and part is left_out:
            raise GuideDocumentError(file, line.number, f"the heading “{line.text}” comes after the end of the guide")
        if name in HEADING_ORDER:
            part = guide
        elif name in _CLOSING_LINES or _is_policies_line(line, guide[:2]):
            part = left_out
        part.append(line)
    return guide, sources, left_out


def _is_policies_line(line: _Line, front: Sequence[_Line]) -> bool:
    # A sentence may begin with the same words; a heading repeats the title, or has capitals and no full stop.
    text = line.text.lstrip("# ")
    if line.mark or not text.casefold().startswith(_POLICIES_LINE.casefold()):
        return False
    subject = text[len(_POLICIES_LINE) :].casefold()
    is_title = any(subject == other.text.lstrip("# ").casefold() for other in front)
    return is_title or (text.startswith(_POLICIES_LINE) and not text.endswith("."))


def _read_front(lines: Sequence[_Line], file: str, *, first_section: int) -> tuple[str, str, list[str]]:
    """Read title, system label and codes from the lines before the first section."""
    title = system_label = ""
    codes: list[str] = []
    for line in lines:
        text = line.text if line.mark in ("", "•") else f"{line.mark} {line.text}"
        label = _SYSTEM_LABEL.fullmatch(text)
        if label and not system_label:
            system_label = label[1]
            codes += filter(None, [label[2]])
        elif re.fullmatch(_CODE, text):
            codes.append(text)
        elif not title:
            title = re.sub(r"^#+\s+", "", text).strip("*").removesuffix(":")
            codes += re.findall(_CODE, title)
        else:
            raise GuideDocumentError(file, line.number, "this text stands before the first section and belongs nowhere")
    if not title:
        raise GuideDocumentError(file, first_section, "the guide has no title above its first section")
    return title, system_label, codes


def _find_openings(lines: Sequence[_Line], file: str) -> list[_Opening]:
    """Find where each section begins: by its heading, or by a label where its heading is missing."""
    headings: dict[int, _Opening] = {}
    labels: list[_Opening] = []
    dense = _is_dense(lines)
    for at, line in enumerate(lines):
        if _is_heading(line) and (line.emphasized or not line.text.endswith(":")):
            opening = _Opening(at, HEADING_ORDER[normalize_label(line.text)])
            if earlier := headings.get(opening.order):
                message = f"the heading “{line.text}” stands on line {lines[earlier.at].number} already"
                raise GuideDocumentError(file, line.number, message)
            headings[opening.order] = opening
        elif (order := _section_told_by(line, lines[at - 1], begins_block=dense or line.gap > 0)) is not None:
            labels.append(_Opening(at, order))
    labels = [opening for opening in labels if opening.order not in headings]
    for order in {opening.order for opening in labels}:
        # "Benefits:" on a line of its own may be a label within another section, unless nothing else opens Benefits.
        openings = [opening for opening in labels if opening.order == order]
        if [opening for opening in openings if _is_heading(lines[opening.at])] == openings[:1]:
            headings[order] = openings[0]
    found = sorted(headings.values())
    for opening, following in pairwise([_Opening(-1, -1), *found, _Opening(len(lines), len(SECTIONS))]):
        end = following.order if following.order > opening.order else len(SECTIONS)
        between = (o for o in labels if opening.at < o.at < following.at and opening.order < o.order < end)
        found += _longest_rising([o for o in between if o.order not in headings])
    if len(found) < 2 and not headings:
        raise GuideDocumentError(file, 1, "no section was found, neither by a heading such as “Summary” nor by labels")
    return sorted(found)


def _is_heading(line: _Line) -> bool:
    return not line.mark and normalize_label(line.text) in HEADING_ORDER


def _section_told_by(line: _Line, before: _Line, *, begins_block: bool) -> int | None:
    """Return the place of the section that the line may open although it is no plain heading, or None."""
    if _is_heading(line):
        return HEADING_ORDER[normalize_label(line.text)]
    if line.mark[:1].isdigit():
        # Steps that stand alone, with the space of a lost heading above them.
        is_first_step = line.mark[:-1] == "1" and line.gap > 1 and not before.text.endswith(":")
        return HEADING_ORDER["procedure description"] if is_first_step else None
    name = normalize_label(split_label(line.text)[0])
    needs_block = name in SHARED_LABELS or (name in HEADING_ORDER and bool(line.mark))
    return LABEL_ORDER.get(name) if begins_block or not needs_block else None


def _longest_rising(openings: Sequence[_Opening]) -> Sequence[_Opening]:
    """Choose the openings that give the most sections in the order of SECTIONS; of equal choices the earliest.

    A label that points far ahead ("During the Procedure:" within the description) is passed over in this way when
    the sections between are still to come.
    """
    best: dict[int, list[_Opening]] = {}
    for opening in reversed(openings):
        longer = [chain for order, chain in best.items() if order > opening.order]
        chain = [opening, *max(longer, key=lambda chain: (len(chain), -chain[0].at), default=[])]
        if len(chain) >= len(best.get(opening.order, [])):
            best[opening.order] = chain
    return max(best.values(), key=lambda chain: (len(chain), -chain[0].at), default=[])


def _blocks_by_section(lines: Sequence[_Line], openings: Sequence[_Opening]) -> list[list[Block]]:
    """Read the blocks of each section, in the order of SECTIONS; a section that is missing has none."""
    dense = _is_dense(lines)
    blocks: list[list[Block]] = [[] for _ in SECTIONS]
    for opening, following in pairwise([*openings, _Opening(len(lines), len(SECTIONS))]):
        part = list(lines[opening.at : following.at])
        label, rest = split_label(part[0].text)
        if _is_heading(part[0]):
            del part[0]
        elif not part[0].mark and normalize_label(label) in HEADING_ORDER:
            part[0] = replace(part[0], text=rest)
        blocks[opening.order] += separate_labels(_read_blocks(part, dense))
    if not any(SECTIONS[opening.order].field == "summary" for opening in openings):
        blocks[0], blocks[1] = _part_summary(blocks[0])
    return blocks


def _part_summary(blocks: list[Block]) -> tuple[list[Block], list[Block]]:
    # The paragraph that follows the names without a label of its own is the summary.
    for at, (before, block) in enumerate(pairwise(blocks), start=1):
        leads = before.text.endswith(":") or (before.label and not before.text)
        if block.kind == "paragraph" and not block.label and not leads:
            return blocks[:at], blocks[at:]
    return blocks, []


# From lines to blocks


def _read_blocks(lines: Iterable[_Line], dense: bool) -> list[Block]:
    """Join the lines that belong together into paragraphs and list items."""
    blocks: list[Block] = []
    indent = 0
    for line in lines:
        last = blocks[-1] if blocks else None
        if last and line.mark[:1].isdigit() and not (dense or line.gap) and _wraps_before_number(last, line, blocks):
            line = replace(line, mark="", text=f"{line.mark} {line.text}")
        if last and not line.mark and _continues(last, line, dense=dense, indent=indent):
            blocks[-1] = replace(last, text=f"{last.text} {line.text}".strip())
            continue
        indent = line.indent
        if line.mark[:1].isdigit():
            blocks.append(Block("number", line.text, number=int(line.mark[:-1])))
        else:
            blocks.append(Block("bullet" if line.mark else "paragraph", line.text))
    return [block for block in blocks if block.text]


def _wraps_before_number(last: Block, line: _Line, blocks: Sequence[Block]) -> bool:
    # A list may begin below a paragraph only with 1, as in CommonMark; or it goes on after a paragraph in between.
    following = next((block.number + 1 for block in reversed(blocks) if block.kind == "number"), 1)
    return last.kind == "paragraph" and not last.text.endswith(":") and int(line.mark[:-1]) not in (1, following)


def _continues(block: Block, line: _Line, *, dense: bool, indent: int) -> bool:
    if not block.text:
        return True
    if line.gap or split_label(line.text)[0]:
        return False
    if line.text[0].islower():
        return True
    if block.kind != "paragraph":
        return line.indent > indent
    return not (dense or split_label(block.text)[0] or block.text.endswith(":"))


def _items(lines: Iterable[_Line]) -> list[str]:
    """Read the items of a list: those with a mark, or else each line."""
    items: list[str] = []
    has_marks = False
    for line in lines:
        has_marks = has_marks or bool(line.mark)
        if items and has_marks and not line.mark:
            items[-1] = f"{items[-1]} {line.text}".strip()
        else:
            items.append(line.text)
    return [item for item in items if item]
