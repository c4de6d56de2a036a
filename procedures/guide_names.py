"""The names of a procedure in the section "Name of the Procedure" of its guide, which search finds the code by."""

import re
from collections.abc import Iterable, Iterator

from procedures.guide_sections import LABEL_ORDER, SENTENCE_WORDS, TECHNICAL_NAME_LABELS, normalize_label, split_label
from procedures.markdown import Block, plain_lines

_LETTER = re.compile(r"[^\W_]")
_CODE_IN_PARENTHESES = re.compile(r"\s*\([A-Z]\d[0-9A-Z]{1,3}(?:\.[0-9A-Z]{1,4})?\)")
_IN_MEDICAL_TERMS = r"(?: medically| technically| in (?:medical|technical) (?:terms|language))?"
_ALSO_CALLED = re.compile(
    r"(?P<first>.+?),?(?: (?:which|that))?(?: is| are)?(?P<how>(?: also| commonly| often| sometimes| medically)*"
    rf" (?:(?:referred to|known){_IN_MEDICAL_TERMS} as|called{_IN_MEDICAL_TERMS}))(?: an?| the)? (?P<second>.+)"
)


def names_of(text: str) -> tuple[tuple[str, str], ...]:
    """The names in the Markdown of the section, labeled ("Common name(s): knee scope; ...") or in prose.

    Pairs of kind ("common" or "technical") and name, each once, in the order of the text.
    """
    # In a run of blanks a pattern would look for its beginning at each of them.
    lines = (" ".join(line.split()) for line in plain_lines(text))
    blocks = [Block("paragraph", rest, label=label) for label, rest in map(split_label, lines)]
    return tuple(dict.fromkeys(_names_in(blocks)))


def _names_in(blocks: Iterable[Block]) -> Iterator[tuple[str, str]]:
    kind = ""
    awaits_value = False
    for block in blocks:
        if block.label:
            name = normalize_label(block.label)
            is_name = LABEL_ORDER.get(name) == 0
            kind = ("technical" if name in TECHNICAL_NAME_LABELS else "common") if is_name else ""
            awaits_value = not block.text
        in_block = ((kind, text) for text in block.text.split(";"))
        for found_kind, text in in_block if block.label or awaits_value else _names_in_prose(block.text):
            clean = _CODE_IN_PARENTHESES.sub("", text).strip(" .,")
            if found_kind and _LETTER.search(clean) and clean.casefold() not in ("n/a", "none", "not applicable"):
                yield found_kind, clean


def _names_in_prose(text: str) -> Iterator[tuple[str, str]]:
    sentence = re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]
    match = _ALSO_CALLED.fullmatch(sentence) if len(sentence) < 400 else None
    if not match:
        if len(sentence.split()) <= 8 and not _is_statement(sentence):
            yield "common", sentence
        return
    kinds = ("common", "common")
    if "medical" in match["how"] or "technical" in match["how"]:
        kinds = ("common", "technical")
    elif "commonly" in match["how"]:
        kinds = ("technical", "common")
    if not _is_statement(match["first"]):
        yield kinds[0], match["first"]
    yield kinds[1], match["second"]


def _is_statement(text: str) -> bool:
    words = text.casefold().split()
    begins_so = words[:1] in (["this"], ["it"], ["these"]) or words[:2] == ["the", "procedure"]
    return begins_so or bool(SENTENCE_WORDS & set(words))
