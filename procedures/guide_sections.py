"""The fourteen sections of a guide, and the labels that texts in the wild use inside them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from procedures.markdown import Block

# Characters. PostgreSQL indexes up to 1 MB of a guide's words.
LONGEST_SECTION = 50_000


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a guide.

    `field` is the name of the model field and the key in `GuideDocument.sections`; `heading` is what the page shows;
    `labels` are lower-case labels ("Label: text") that tell the section of a text whose heading is missing.
    """

    field: str
    heading: str
    labels: tuple[str, ...]


SECTIONS: tuple[Section, ...] = (
    Section(
        field="procedure_name",
        heading="Name of the Procedure",
        labels=(
            *("common name(s)", "common name", "technical/medical term", "technical/medical term(s)"),
            *("technical or medical term", "technical or medical term(s)"),
            *("technical term", "medical term", "technical name", "medical name", "procedure name", "also known as"),
        ),
    ),
    Section(
        field="summary",
        heading="Summary",
        labels=("overview", "brief summary", "plain-language summary"),
    ),
    Section(
        field="purpose",
        heading="Purpose",
        labels=(
            *("medical conditions", "medical condition", "medical condition(s)", "medical conditions treated"),
            *("conditions treated", "goals", "goal", "goals of the procedure"),
        ),
    ),
    Section(
        field="indications",
        heading="Indications",
        labels=(
            *("symptoms/conditions", "symptoms and conditions", "symptoms or conditions", "symptoms"),
            *("patient criteria", "criteria", "patient selection", "eligibility", "eligibility criteria"),
        ),
    ),
    Section(
        field="preparation",
        heading="Preparation",
        labels=(
            *("pre-procedure instructions", "pre-procedure care", "pre-procedure preparation"),
            *("preparation instructions", "before the procedure"),
        ),
    ),
    Section(
        field="procedure_description",
        heading="Procedure Description",
        labels=(
            *("steps", "steps involved", "procedure steps", "step-by-step description", "step-by-step process"),
            *("detailed description", "description of the procedure", "tools/equipment", "tools and equipment"),
        ),
    ),
    Section(
        field="duration",
        heading="Duration",
        labels=(
            *("typical time", "typical duration", "procedure time", "time required", "average duration"),
            "estimated time",
        ),
    ),
    Section(
        field="setting",
        heading="Setting",
        labels=("location", "location(s)", "typical location", "care setting"),
    ),
    Section(
        field="personnel",
        heading="Personnel",
        labels=(
            *("healthcare professionals", "healthcare professionals involved", "health care professionals"),
            *("healthcare providers", "healthcare team", "medical personnel", "medical team", "care team"),
        ),
    ),
    Section(
        field="risks_and_complications",
        heading="Risks and Complications",
        labels=(
            *("common risks", "rare risks", "serious risks", "possible risks", "potential risks", "risks"),
            *("common complications", "possible complications", "complications"),
            *("common side effects", "rare side effects", "serious side effects"),
        ),
    ),
    Section(
        field="benefits",
        heading="Benefits",
        labels=(
            *("expected benefits", "expected benefit", "potential benefits", "key benefits"),
            "benefits of the procedure",
        ),
    ),
    Section(
        field="recovery",
        heading="Recovery",
        labels=(
            *("post-procedure care", "post-procedure instructions", "aftercare", "follow-up care"),
            *("restrictions/follow-up", "recovery time", "expected recovery time", "typical recovery time"),
        ),
    ),
    Section(
        field="alternatives",
        heading="Alternatives",
        labels=(
            *("other treatment options", "other treatments", "other options", "alternative treatments"),
            *("alternative options", "alternative procedures", "treatment alternatives", "pros and cons"),
        ),
    ),
    Section(
        field="patient_experience",
        heading="Patient Experience",
        labels=("during the procedure", "during procedure", "what to expect", "what you may feel"),
    ),
)

# A step of the description may be called "Location", and the recovery time may stand under Duration: these labels
# tell a section only at the beginning of a block, never from within a list or a paragraph.
_SHARED_LABELS = (
    *("overview", "goal", "goals", "symptoms", "criteria", "eligibility", "before the procedure", "steps", "location"),
    *("tools/equipment", "tools and equipment", "medical team", "care team", "risks", "complications"),
    *("common side effects", "rare side effects", "serious side effects", "follow-up care", "pros and cons"),
    *("recovery time", "expected recovery time", "typical recovery time"),
    *("during the procedure", "during procedure", "what to expect", "what you may feel"),
)
# Labels that are at home in several sections, and so never tell one.
_INNER_LABELS = (
    *("diagnostic tests", "medication adjustments", "fasting", "anesthesia/sedation", "anesthesia", "sedation"),
    *("management", "timeframe", "timeframe for benefits", "restrictions", "follow-up", "pain management"),
    *("comfort measures", "after the procedure", "after procedure"),
)
TECHNICAL_NAME_LABELS = frozenset(
    {"technical/medical term", "technical/medical terms", "technical term", "medical term"}
    | {"technical or medical term", "technical or medical terms"}
    | {"technical name", "medical name"}
)

# A text before a colon that holds one of these words is the lead of a sentence, not a label.
SENTENCE_WORDS = frozenset(
    {"is", "are", "was", "were", "be", "been", "has", "have", "had", "do", "does", "did", "can", "could", "may"}
    | {"might", "will", "would", "should", "must", "include", "includes", "including", "involve", "involves"}
    | {"follow", "follows"}
)
# "Note: …" belongs to what stands before it.
_REMARKS = frozenset({"note", "notes", "please note", "important", "example", "warning", "caution", "tip"})
_SMALL_WORDS = frozenset(
    {"a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "per", "the", "to", "vs", "with"}
)
_ABBREVIATIONS = frozenset({"dr.", "mr.", "mrs.", "ms.", "vs.", "st.", "no.", "e.g.", "i.e.", "approx."})

_LABEL_WORD = r"[^\s:.,;!?*_<>\[\]\"“”]+"
_LABEL = rf"{_LABEL_WORD}(?: {_LABEL_WORD}){{0,5}}"
_LEADING_LABEL = re.compile(rf"({_LABEL}):(?:\s+|$)")
_RUN_IN_LABEL = re.compile(rf"(?<=[.!?)\]”\"’'])\s({_LABEL}):(?=\s|$)")


def normalize_label(text: str) -> str:
    """Return a label or heading in the form in which two spellings of it compare equal.

    Case, marks around it, the closing colon, hyphens and "(s)" do not matter: "**Pre-Procedure  Instructions:**"
    becomes "pre procedure instructions".
    """
    text = text.casefold().strip("#*_: ").replace("(s)", "s").replace("&", " and ")
    text = re.sub(r"\s*/\s*", "/", text)
    return " ".join(re.sub(r"[-‐‑–]", " ", text).split())


HEADING_ORDER: dict[str, int] = {normalize_label(section.heading): order for order, section in enumerate(SECTIONS)}
LABEL_ORDER: dict[str, int] = HEADING_ORDER | {
    normalize_label(label): order for order, section in enumerate(SECTIONS) for label in section.labels
}
SHARED_LABELS = frozenset(normalize_label(label) for label in _SHARED_LABELS)
KNOWN_LABELS = frozenset(normalize_label(label) for label in _INNER_LABELS) | (LABEL_ORDER.keys() - HEADING_ORDER)


def split_label(text: str) -> tuple[str, str]:
    """Split "Label: rest" into label (without its colon) and rest; a text that begins with no label gives ("", text).

    A label begins with a capital, has at most six words, and is not the lead of a sentence ("The steps are:").
    """
    match = _LEADING_LABEL.match(text)
    if not match or not text[0].isupper():
        return "", text
    if SENTENCE_WORDS & set(match[1].casefold().split()) and normalize_label(match[1]) not in KNOWN_LABELS:
        return "", text
    return match[1], text[match.end() :]


def separate_labels(blocks: Sequence[Block]) -> list[Block]:
    """Set the label of each block, and give labels that were run into a block a paragraph or an item of their own.

    "- … and cramps. Rare Risks:" before another item becomes the item, a paragraph "Rare Risks:", and a new list.
    "- … a list. Diagnostic Tests: …" becomes the item and a paragraph, or two items of a list whose items all
    have labels. No word is lost, and the words keep their order.
    """
    separated: list[Block] = []
    for kind, group in groupby(_separate_leads(blocks), key=lambda block: block.kind):
        run = list(group)
        all_labeled = kind == "bullet" and all(split_label(block.text)[0] for block in run)
        earlier = " ".join(block.text for block in run[:-1])
        for block in run:
            is_last = block is run[-1] if kind != "paragraph" else bool(split_label(block.text)[0])
            first, *parts = _split_run_ins(block.text, may_be_new=is_last, earlier=earlier if is_last else "")
            separated.append(replace(block, text=first))
            separated += (Block("bullet" if all_labeled else "paragraph", part) for part in parts)
    return [replace(block, label=label, text=text) for block in separated for label, text in [split_label(block.text)]]


def _separate_leads(blocks: Sequence[Block]) -> Iterator[Block]:
    for block, following in pairwise([*blocks, None]):
        start = _lead_start(block.text) if following and following.kind != "paragraph" else None
        if start:
            yield replace(block, text=block.text[:start].rstrip())
            yield Block("paragraph", block.text[start:])
        elif start == 0 and block.kind == "bullet":
            yield Block("paragraph", block.text)
        else:
            yield block


def _lead_start(text: str) -> int | None:
    """Return where the label begins with which the text ends; None if it ends with none."""
    if not text.endswith(":"):
        return None
    is_label = split_label(text)[1] == ""
    if is_label and (normalize_label(text) in KNOWN_LABELS or _is_title_case(text)):
        return 0
    for start, label in _run_ins(text):
        if start + len(label) + 1 == len(text):
            return start
    # Without a full stop before it, only a label that is well known is told from the sentence.
    words = text.split(" ")
    for count in range(min(6, len(words) - 1), 1, -1):
        label = " ".join(words[-count:])
        if normalize_label(label) in KNOWN_LABELS and _is_title_case(label):
            return len(text) - len(label)
    return 0 if is_label else None


def _run_ins(text: str) -> Iterator[tuple[int, str]]:
    """Yield start and text of what looks like a label after the end of a sentence."""
    for match in _RUN_IN_LABEL.finditer(text):
        before = text[max(0, match.start() - 20) : match.start()].split(" ")[-1]
        ends_sentence = before.rstrip(")]”\"’'").endswith((".", "!", "?")) and before.casefold() not in _ABBREVIATIONS
        if ends_sentence and split_label(f"{match[1]}:")[0] and normalize_label(match[1]) not in _REMARKS:
            yield match.start(1), match[1]


def _split_run_ins(text: str, *, may_be_new: bool, earlier: str) -> list[str]:
    """Split a text before each label that begins a part of its own.

    A label that is not known may as well belong to its item. It begins a part only where `may_be_new` (at the end of
    a list, where captures run the next paragraph in), in title case, and unless an `earlier` item has it too.
    """
    starts = [0]
    for start, label in _run_ins(text):
        is_known = normalize_label(label) in KNOWN_LABELS
        is_new = may_be_new and (is_known or _is_title_case(label)) and f"{label}:" not in earlier
        if is_new or (is_known and len(re.split("[ /]", label)) > 1):
            starts.append(start)
    return [text[start:end].rstrip() for start, end in pairwise([*starts, len(text)])]


def _is_title_case(label: str) -> bool:
    words = label.split()
    return words[0][0].isupper() and all(
        word in _SMALL_WORDS or word.lstrip("(")[:1].isupper() or word[0].isdigit() for word in words
    )
