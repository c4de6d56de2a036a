"""Rows for tests: each function makes one, with sensible values for what the test does not care about."""

import hashlib
import itertools

from procedures.models import CodeName, CodeSystem, Guide, MedicalCode, Release
from procedures.models.codes import make_slug, make_title, normalize
from procedures.search import reindex

_numbers = itertools.count(1)


def get_system(slug: str = "hcpcs") -> CodeSystem:
    """One of the code systems that the migrations make."""
    return CodeSystem.objects.get(slug=slug)


def create_release(*, system: str = "hcpcs", version: str = "2025-01", **fields) -> Release:
    number = next(_numbers)
    fields.setdefault("digest", hashlib.sha256(str(number).encode()).hexdigest())
    fields.setdefault("source_name", f"release-{number}.txt")
    return Release.objects.create(system=get_system(system), version=version, **fields)


def create_code(
    code: str = "J9302", long: str = "Injection, ofatumumab, 10 mg", *, system: str = "hcpcs", **fields
) -> MedicalCode:
    """A code that search finds; `fields` are further columns of MedicalCode."""
    title = make_title(long)
    medical_code = MedicalCode.objects.create(
        system=get_system(system),
        code=code,
        normalized=normalize(code),
        long_description=long,
        title=title,
        slug=make_slug(title),
        **fields,
    )
    reindex([medical_code.pk])
    return medical_code


def create_guide(code: MedicalCode, *, published: bool = True, **texts) -> Guide:
    """A guide of one section, unless `texts` (by field) say otherwise; published and found by search."""
    guide = Guide(code=code, **(texts or {"summary": "A medicine that is dripped into a vein."}))
    if published:
        guide.publish()
    else:
        guide.save()
    reindex([code.pk])
    return guide


def create_name(code: MedicalCode, text: str, *, kind: str = "brand", source: str = "Test") -> CodeName:
    name = CodeName.objects.create(code=code, text=text, kind=kind, source=source)
    reindex([code.pk])
    return name
