"""Matches a guide document to its code, and stores it as the guide of that code."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from procedures.guide_documents import GuideDocument
from procedures.guide_sections import SECTIONS
from procedures.models import CodeSystem, ContentVersion, Guide, GuideDraft, MedicalCode
from procedures.models.codes import normalize
from procedures.models.guides import DEMONSTRATION, IMPORT


class UnmatchedGuide(Exception):
    """No code, or more than one, could be meant; the message names the candidates."""


class Outcome(StrEnum):
    ADDED = "published"
    CHANGED = "published in place of the former text"
    DRAFTED = "stored as a draft"
    UNCHANGED = "unchanged"
    LEFT_ALONE = "left alone: a person is working on its draft"


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


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """The file that a document was read from, recorded as a source of the guide: its name and SHA-256 in hex."""

    name: str
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> "ImportedFile":
        return cls(name[:255], hashlib.sha256(data).hexdigest())


@transaction.atomic
def store_guide(
    code: MedicalCode, document: GuideDocument, file: ImportedFile, *, publish: bool, publisher: str = IMPORT
) -> Outcome:
    """Stores a document as a draft; with `publish` also publishes it, by the same steps as an editor.

    What a person wrote is never overwritten: a public guide that an editor published gets a draft beside it, and a
    draft that an editor has worked on is left alone.
    """
    if publish:
        ContentVersion.wait_for_other_writers()
    incoming = _draft_of(code, document, file)
    guide = Guide.objects.filter(code=code).first()
    if guide and guide.is_published and guide.says_the_same_as(incoming):
        return Outcome.UNCHANGED
    draft = GuideDraft.objects.select_for_update(of=("self",)).filter(code=code).first()
    if draft and (draft.has_text_of_a_person or not draft.is_editable):
        return Outcome.LEFT_ALONE
    publish = publish and (guide is None or (guide.is_published and guide.publisher in (IMPORT, DEMONSTRATION)))
    if draft is None or not draft.says_the_same_as(incoming):
        draft = draft or GuideDraft(code=code)
        draft.copy_text_from(incoming)
        draft.save_text(by=None)
    elif not publish:
        return Outcome.UNCHANGED
    if not publish:
        return Outcome.DRAFTED
    draft.submit(by=None)
    draft.approve(by=None)
    draft.publish(by=None, publisher=publisher)
    return Outcome.CHANGED if guide else Outcome.ADDED


def _draft_of(code: MedicalCode, document: GuideDocument, file: ImportedFile) -> GuideDraft:
    """The text of a document as an unsaved draft."""
    return GuideDraft(
        code=code,
        **{section.field: document.sections.get(section.field, "") for section in SECTIONS},
        sources="\n".join(f"- {source}" for source in document.sources),
        document_name=file.name,
        document_digest=file.digest,
        document_date=timezone.localdate(),
    )


def _codes_in(file_stem: str) -> list[str]:
    """Parts of a file name that have both letters and digits."""
    parts = re.split(r"[^A-Za-z0-9.]+", file_stem)
    return [part for part in parts if re.search(r"[A-Za-z]", part) and re.search(r"\d", part)]


def _named(codes, spellings: Iterable[str]) -> list[MedicalCode]:
    return list(codes.filter(normalized__in={normalize(spelling) for spelling in spellings}))


def _listed(codes: list[MedicalCode]) -> str:
    return " or ".join(f"{code.code} ({code.system.name})" for code in codes[:10])
