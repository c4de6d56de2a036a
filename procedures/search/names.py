"""The names by which codes are found: their own, and those of the codes that they replaced."""

from collections.abc import Iterable
from dataclasses import dataclass

from procedures.models import CodeName, CodeSystem, Succession


@dataclass(frozen=True, slots=True)
class Name:
    """A name by which a code is found: its own, or one of a code that it replaced (`of` is that code)."""

    text: str
    kind: str
    of: str = ""


def names_for(pks: list[int]) -> dict[int, list[Name]]:
    """The names by which each of these codes is found, its own first, then those of its predecessors."""
    predecessors = _predecessors_of(pks)
    own: dict[int, list[tuple[str, str, str]]] = {}
    wanted = set(pks).union(*predecessors.values())
    rows = CodeName.objects.filter(code_id__in=wanted).order_by("pk")
    # A predecessor may be of a code system whose texts may not be shown.
    rows = rows.exclude(code__system__licence=CodeSystem.Licence.NOT_LICENSED)
    for pk, text, kind, code in rows.values_list("code_id", "text", "kind", "code__code"):
        own.setdefault(pk, []).append((text, kind, code))
    found: dict[int, list[Name]] = {}
    for pk in pks:
        names = [Name(text, kind) for text, kind, _ in own.get(pk, ())]
        for predecessor in sorted(predecessors.get(pk, ())):
            names += [Name(text, kind, code) for text, kind, code in own.get(predecessor, ())]
        if names:
            found[pk] = names
    return found


def _predecessors_of(pks: Iterable[int]) -> dict[int, set[int]]:
    """The codes that each of these replaced, at once or in steps; codes without any are missing."""
    found: dict[int, set[int]] = {}
    reached = {pk: {pk} for pk in pks}
    while reached:
        pairs = Succession.objects.filter(successor_id__in=reached).values_list("predecessor_id", "successor_id")
        following: dict[int, set[int]] = {}
        for predecessor, successor in pairs:
            for pk in reached[successor]:
                if predecessor != pk and predecessor not in found.setdefault(pk, set()):
                    found[pk].add(predecessor)
                    following.setdefault(predecessor, set()).add(pk)
        reached = following
    return found
