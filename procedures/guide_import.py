"""Matches a guide document to its code, and stores it as the guide of that code."""

import re
from collections.abc import Iterable
from enum import StrEnum

from django.db import transaction
from django.db.models import Q

from procedures.guide_documents import GuideDocument
from procedures.guide_sections import SECTIONS
from procedures.markdown import render
from procedures.models import CodeName, CodeSystem, Guide, MedicalCode
from procedures.models.codes import normalize
from procedures.search import reindex

NAME_SOURCE = "Guide"
NAME_LENGTH = 300


class UnmatchedGuide(Exception):
    """No code, or more than one, could be meant; the message names the candidates."""


class Outcome(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def find_code(document: GuideDocument, file_stem: str) -> MedicalCode:
    """The code that a document describes: by a code in its file name, by its title, or by a code in its text.

    A title that several codes share (C9028 and J9229) is resolved by the code that the text names. Raises
    UnmatchedGuide with the candidates where the code is not certain.
    """
    codes = MedicalCode.objects.select_related("system").order_by("system", "normalized")
    system = CodeSystem.objects.filter(label__iexact=document.system_label).first() if document.system_label else None
    if system:
        codes = codes.filter(system=system)
    titled = list(codes.filter(Q(long_description__iexact=document.title) | Q(title__iexact=document.title)))
    in_file_name = _named(codes, _codes_in(file_stem))
    if len(in_file_name) == 1:
        if titled and in_file_name[0] not in titled:
            raise UnmatchedGuide(
                f"the file name says {in_file_name[0].code}, but the title is that of {_listed(titled)}."
            )
        return in_file_name[0]
    if len(titled) == 1:
        return titled[0]
    in_text = _named(codes, document.codes)
    candidates = [code for code in titled if code in in_text] if titled else in_text
    if len(candidates) == 1:
        return candidates[0]
    if not titled and not candidates:
        raise UnmatchedGuide(f"no code has the title “{document.title}”, and the text names none that is known.")
    raise UnmatchedGuide(
        f"it could be the guide of {_listed(candidates or titled)}: name the code in the text or in the file name."
    )


@transaction.atomic
def store_guide(code: MedicalCode, document: GuideDocument, *, publish: bool) -> Outcome:
    """Stores the texts of a document; with `publish` they and its names become public at once."""
    guide = Guide.objects.filter(code=code).first()
    outcome = Outcome.CHANGED if guide else Outcome.ADDED
    guide = guide or Guide(code=code)
    texts = {section.field: document.sections.get(section.field, "") for section in SECTIONS}
    texts["sources"] = "\n".join(f"- {source}" for source in document.sources)
    same_texts = guide.pk is not None and all(getattr(guide, field) == text for field, text in texts.items())
    if same_texts and (not publish or (_shows(guide, texts) and not _names_differ(code, document))):
        return Outcome.UNCHANGED
    for field, text in texts.items():
        setattr(guide, field, text)
    if publish:
        guide.publish()
        _store_names(code, document)
    else:
        guide.save()
    reindex([code.pk])
    return outcome


def _shows(guide: Guide, texts: dict[str, str]) -> bool:
    """Whether these texts are the public ones: an earlier import may have stored them without publishing."""
    return guide.is_published and guide.html == {field: html for field, text in texts.items() if (html := render(text))}


def _names(code: MedicalCode, document: GuideDocument) -> set[tuple[str, str]]:
    """Kind and text of each name of the document that no other source has given already."""
    others = set(code.names.exclude(source=NAME_SOURCE).values_list("kind", "text"))
    return {(kind, text[:NAME_LENGTH]) for kind, text in document.names} - others


def _names_differ(code: MedicalCode, document: GuideDocument) -> bool:
    return set(code.names.filter(source=NAME_SOURCE).values_list("kind", "text")) != _names(code, document)


def _store_names(code: MedicalCode, document: GuideDocument) -> None:
    code.names.filter(source=NAME_SOURCE).delete()
    CodeName.objects.bulk_create(
        CodeName(code=code, kind=kind, text=text, source=NAME_SOURCE) for kind, text in sorted(_names(code, document))
    )


def _codes_in(file_stem: str) -> list[str]:
    """Parts of a file name that have both letters and digits."""
    parts = re.split(r"[^A-Za-z0-9.]+", file_stem)
    return [part for part in parts if re.search(r"[A-Za-z]", part) and re.search(r"\d", part)]


def _named(codes, spellings: Iterable[str]) -> list[MedicalCode]:
    return list(codes.filter(normalized__in={normalize(spelling) for spelling in spellings}))


def _listed(codes: list[MedicalCode]) -> str:
    return " or ".join(f"{code.code} ({code.system.name})" for code in codes[:10])
