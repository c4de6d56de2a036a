"""The notes of the ICD-10-CM tabular list for the page of a code: its own, and those of the headings above it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby

from procedures.models import CodeNote, MedicalCode
from procedures.models.codes import code_address, normalize

# What each kind of note means to those who code, by the conventions of the tabular list.
EXPLANATIONS = {
    CodeNote.Kind.INCLUDES: "What also belongs here, as examples.",
    CodeNote.Kind.EXCLUDES1: "Never coded together with this: the two cannot occur at once.",
    CodeNote.Kind.EXCLUDES2: "Not part of this: when the patient has both, both codes may be used.",
    CodeNote.Kind.CODE_FIRST: "The underlying condition has a code of its own, which comes before this one.",
    CodeNote.Kind.USE_ADDITIONAL_CODE: "A second code, after this one, completes the picture where it applies.",
    CodeNote.Kind.CODE_ALSO: "Two codes may be needed; which comes first depends on the visit.",
}
LABELS = {
    CodeNote.Kind.INCLUDES: "Includes",
    CodeNote.Kind.EXCLUDES1: "Excludes 1",
    CodeNote.Kind.EXCLUDES2: "Excludes 2",
    CodeNote.Kind.CODE_FIRST: "Code first",
    CodeNote.Kind.USE_ADDITIONAL_CODE: "Use additional code",
    CodeNote.Kind.CODE_ALSO: "Code also",
    CodeNote.Kind.NOTE: "Note",
}

# Codes are named in parentheses: "(I21.-)", "(A80-B09)", "(F10.2-, F11.2-)".
_IN_PARENTHESES = re.compile(r"\([^()]*\)")
_CODE = re.compile(r"(?<![\w.])(?P<code>[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?)(?:\.?-(?!\w)|(?!\w))")
MOST_LINKS = 300


@dataclass(frozen=True, slots=True)
class NotePart:
    """A piece of the text of a note; `url` is the address of the code that it names, or ""."""

    text: str
    url: str = ""


@dataclass(slots=True)
class NoteGroup:
    """The notes of one kind that one code has. `holder` is the heading that has them, or None for the code itself."""

    label: str
    explanation: str
    holder: MedicalCode | None
    source: str
    notes: list[list[NotePart]] = field(default_factory=list)


def notes_of(code: MedicalCode, ancestors: list[MedicalCode]) -> list[NoteGroup]:
    """The notes of a code, then those of its headings (given topmost first), the nearest first; in official order.

    Two queries at most: the notes, and the codes that they name.
    """
    holders = {each.pk: each for each in (code, *reversed(ancestors))}
    held = CodeNote.objects.filter(code_id__in=list(holders)).order_by("position")
    notes = {pk: [] for pk in holders}
    for note in held:
        notes[note.code_id].append(note)
    urls = _addresses(code, [note.text for each in notes.values() for note in each])
    groups = []
    for pk, holder in holders.items():
        for kind, of_kind in groupby(_by_kind(notes[pk]), key=lambda note: note.kind):
            listed = list(of_kind)
            shown = None if pk == code.pk else holder
            group = NoteGroup(LABELS[kind], EXPLANATIONS.get(kind, ""), shown, listed[0].source)
            group.notes = [_parts(note.text, urls) for note in listed]
            groups.append(group)
    return groups


def _by_kind(notes: list[CodeNote]) -> list[CodeNote]:
    """The notes with those of a kind together, kinds in the order of their first notes."""
    order = {kind: place for place, kind in reversed(list(enumerate(note.kind for note in notes)))}
    return sorted(notes, key=lambda note: (order[note.kind], note.position))


def _addresses(code: MedicalCode, texts: list[str]) -> dict[str, str]:
    """The addresses of the codes of the same system that the texts name, by normalized code."""
    named = dict.fromkeys(normalize(match["code"]) for text in texts for match in _matches(text))
    if not named:
        return {}
    rows = MedicalCode.objects.filter(system_id=code.system_id, normalized__in=list(named)[:MOST_LINKS]).order_by()
    return {
        normalized: code_address(code.system.slug, shown, slug)
        for normalized, shown, slug in rows.values_list("normalized", "code", "slug")
    }


def _matches(text: str) -> Iterator[re.Match]:
    """Each code that a text names in parentheses."""
    for inside in _IN_PARENTHESES.finditer(text):
        yield from _CODE.finditer(text, *inside.span())


def _parts(text: str, urls: dict[str, str]) -> list[NotePart]:
    parts: list[NotePart] = []
    done = 0
    for match in _matches(text):
        if url := urls.get(normalize(match["code"])):
            parts += [NotePart(text[done : match.start()]), NotePart(match[0], url)]
            done = match.end()
    parts.append(NotePart(text[done:]))
    return [part for part in parts if part.text]
