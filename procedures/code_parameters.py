"""Codes in the address of a page: ?code=hcpcs:J9302, or as people write them."""

from collections.abc import Iterable

from procedures.models import MedicalCode
from procedures.models.codes import normalize

LONGEST = 40


def code_parameter(code: MedicalCode) -> str:
    """How an address names a code: hcpcs:J9302. The system has to be at hand."""
    return f"{code.system.slug}:{code.code}"


def find_codes(texts: Iterable[str]) -> dict[str, MedicalCode | None]:
    """The code that each text names, with its system, in one query; None where there is none.

    Without a system ("J9302", "e11 9") it is the one of the first code system that has it.
    """
    wanted = {text: _read(text) for text in texts}
    names = {spelling for _, spelling in wanted.values() if spelling}
    found: dict[tuple[str, str], MedicalCode] = {}
    if names:
        codes = MedicalCode.objects.shown().filter(normalized__in=names).select_related("system")
        for code in codes.order_by("system__position"):
            found[code.system.slug, code.normalized] = code
            found.setdefault(("", code.normalized), code)
    return {text: found.get(name) for text, name in wanted.items()}


def _read(text: str) -> tuple[str, str]:
    """Code system ("" for any) and normalized code; ("", "") for what cannot be a code."""
    if "\0" in text or len(text) > LONGEST:
        return "", ""
    system, colon, code = text.partition(":")
    return (system.strip().lower(), normalize(code)) if colon else ("", normalize(text))
