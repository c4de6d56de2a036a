"""What a page of results says when it has none."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from django.utils import timezone

from procedures.bill_lines import FoundCode, read_bill
from procedures.code_shapes import (
    HCPCS,
    ICD10CM,
    ICD10PCS,
    LICENSED,
    MODIFIER,
    OTHER_KINDS,
    SHAPES,
    CodeShape,
    as_on_a_bill,
    looks_like,
)
from procedures.decoded_bill import DecodedCode, decode_bill
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import normalize

MOST_NEAREST = 6
FEWEST_NEAREST = 3
# Fewer characters in common say nothing: J9302 and J0120.
FEWEST_IN_COMMON = 3
_COLUMNS = ("system", "code", "normalized", "title", "slug")


@dataclass(frozen=True, slots=True)
class NearestCode:
    """A code that is written nearly as what was typed."""

    code: str
    title: str
    url: str
    label: str


@dataclass(frozen=True, slots=True)
class NoResultsHelp:
    """Help for a search that found nothing.

    `hints` are sentences on what the text looks like. `code_list` is the text where it holds several codes, which the
    page for bills answers one by one, else "": such a search is no subject that visitors miss here. `decoded` is the
    answer to a code that stands with modifiers or behind a word like "modifier". `nearest` are at most six codes with
    the longest common beginning, in order.
    """

    hints: list[str] = field(default_factory=list)
    code_list: str = ""
    decoded: DecodedCode | None = None
    nearest: list[NearestCode] = field(default_factory=list)

    @property
    def names_known_codes(self) -> bool:
        """Whether the text names codes that the site has: then it is no subject that visitors miss."""
        return bool(self.code_list or (self.decoded and self.decoded.url))

    @property
    def is_about_codes(self) -> bool:
        return bool(self.hints or self.code_list or self.decoded)


def help_for(text: str, systems: Sequence[CodeSystem]) -> NoResultsHelp:
    """Help for any text that was searched in these code systems without result.

    Two indexed queries for each code system whose codes have the shape of the text, five more for a code with other
    characters around it, none for a text of words.
    """
    text = text.replace("\0", " ").strip()
    if shapes := _most_likely(looks_like(text)):
        decoded = _decode(text, shapes[0])
        if decoded and decoded.url:
            return NoResultsHelp(decoded=decoded)
        # A1C and B12 are words as well.
        is_sure = len(shapes) == 1 and (shapes[0].kind != ICD10CM or len(text) > 3)
        shown = decoded.typed if decoded else text
        hints = [shape.sentence(shown, is_sure=is_sure) for shape in shapes]
        explained = decoded if decoded and any(each.url or each.title for each in decoded.modifiers) else None
        if shapes[0].kind in LICENSED | OTHER_KINDS:
            return NoResultsHelp(hints, decoded=explained)
        meant = [system for system in systems if system.code_has_dot or "." not in text]
        spelling = _code_of(text)
        nearest = nearest_codes(spelling, meant)
        # Filters may hide a code that is here.
        is_here = any(normalize(each.code) == spelling for each in nearest)
        return NoResultsHelp([] if is_here else hints, decoded=explained, nearest=nearest)
    found = [code for line in read_bill(text, timezone.localdate()) for code in line.codes if _is_code(code)]
    if len(found) > 1:
        return NoResultsHelp(code_list=text)
    if not found:
        return NoResultsHelp()
    # One code among words, all of which nothing holds: the code alone may be what was meant.
    [code] = found
    is_elsewhere = code.kind in LICENSED | OTHER_KINDS
    hints = [SHAPES[code.kind].sentence(code.typed, is_sure=code.is_sure)] if is_elsewhere else []
    meant = {reading.system: reading.spelling for reading in code.readings}
    systems = [system for system in systems if system.slug in meant]
    return NoResultsHelp(hints, nearest=nearest_codes(code.readings[0].spelling, systems) if systems else [])


def _decode(text: str, shape: CodeShape) -> DecodedCode | None:
    """The answer to the one code of a text with other characters around it, such as "e0601 rr" or "modifier RT"."""
    today = timezone.localdate()
    written = as_on_a_bill(text)
    found = [code for line in read_bill(written, today) for code in line.codes]
    if len(found) != 1 or shape.kind in OTHER_KINDS:
        return None
    has_modifiers = any(reading.modifiers for reading in found[0].readings)
    is_all = normalize(text) in [normalize(found[0].typed), *(reading.spelling for reading in found[0].readings)]
    # Modifiers are not among the nearest codes.
    if is_all and not has_modifiers and shape.kind != MODIFIER:
        return None
    return next(decode_bill(written, None, today).codes, None)


def nearest_codes(spelling: str, systems: Sequence[CodeSystem]) -> list[NearestCode]:
    """At most six codes of these systems with the longest common beginning with a normalized spelling, in order.

    Codes with fewer characters in common than the best come along where there are less than three of those; at least
    three characters are the same. A code of that very spelling comes alone.
    """
    candidates: list[tuple[int, int, MedicalCode]] = []
    for system in systems:
        if not _may_be_of(system, spelling):
            continue
        codes = system.codes.exclude(kind=MedicalCode.Kind.MODIFIER).only(*_COLUMNS)
        after = list(codes.filter(normalized__gte=spelling).order_by("normalized")[:MOST_NEAREST])
        before = list(codes.filter(normalized__lt=spelling).order_by("-normalized")[:MOST_NEAREST])
        for found in (after, before):
            for distance, code in enumerate(found):
                code.system = system
                candidates.append((_in_common(code.normalized, spelling), distance, code))
    candidates.sort(key=lambda each: (-each[0], each[1], each[2].system.position, each[2].normalized))
    chosen: list[MedicalCode] = []
    enough = 1 if any(code.normalized == spelling for *_, code in candidates) else FEWEST_NEAREST
    for in_common, same in groupby(candidates, key=lambda each: each[0]):
        if in_common < FEWEST_IN_COMMON or len(chosen) >= enough:
            break
        chosen += [code for *_, code in same]
    chosen = [code for code in chosen if enough > 1 or code.normalized == spelling][:MOST_NEAREST]
    chosen.sort(key=lambda code: (code.system.position, code.normalized))
    return [NearestCode(code.code, code.title, code.get_absolute_url(), code.system.label) for code in chosen]


def _may_be_of(system: CodeSystem, spelling: str) -> bool:
    if not system.may_hold_texts:
        return False
    if system.slug == ICD10PCS:
        return len(spelling) >= 5
    return spelling[:1].isalpha() and (system.slug not in (HCPCS, ICD10CM) or spelling[1:2].isdigit())


def _in_common(code: str, spelling: str) -> int:
    count = 0
    for one, other in zip(code, spelling, strict=False):
        if one != other:
            break
        count += 1
    return count


def _code_of(text: str) -> str:
    """The normalized code of a text that looks like one; without the label and the modifiers that stand with it."""
    found = [code for line in read_bill(text, timezone.localdate()) for code in line.codes if code.readings]
    spelling = found[0].readings[0].spelling if len(found) == 1 else normalize(text)
    return spelling if spelling.isascii() and spelling.isalnum() and len(spelling) <= 8 else ""


def _most_likely(shapes: list[CodeShape]) -> list[CodeShape]:
    """The first shape, and those of others that need a license: of other lists here, one sentence is enough."""
    if not shapes or shapes[0].kind in LICENSED | OTHER_KINDS:
        return shapes[:1]
    return [shapes[0], *(shape for shape in shapes[1:] if shape.kind in LICENSED)]


def _is_code(code: FoundCode) -> bool:
    """Whether the text is one by its shape or place, or may be one on a list: a code without its dot, as I10.

    T2DM and A1C, with a single digit, are mostly words.
    """
    return bool(code.kind) or sum(character.isdigit() for character in code.typed) >= 2
