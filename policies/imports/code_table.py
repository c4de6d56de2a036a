"""The codes that lists of policies can name: all of them for a file of many lists, or those of one text."""

import re
from bisect import bisect_left, bisect_right
from itertools import islice

from procedures.batches import batches
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import normalize

MOST_IN_RANGE = 1_000

# Sorts behind every character of a code.
_END = "\x7f"
_WORD = re.compile(r"[^\W_]+(?:\.[^\W_]+)?")


class CodeTable:
    """Which normalized codes each code system has; modifiers and systems without a license are left out.

    `systems` are the slugs of all code systems, the ones without codes or license too.
    """

    def __init__(self, codes: dict[str, set[str]], *, is_whole: bool):
        self.systems = frozenset(CodeSystem.objects.values_list("slug", flat=True))
        self._held = frozenset(CodeSystem.objects.searchable().values_list("slug", flat=True))
        self._codes = codes
        self._sorted = {system: sorted(names) for system, names in codes.items()} if is_whole else None

    @classmethod
    def whole(cls) -> "CodeTable":
        """All codes, for a file with many lists: about 20 MB for 180,000 codes."""
        return cls(_by_system(_usable()), is_whole=True)

    @classmethod
    def for_text(cls, text: str) -> "CodeTable":
        """The codes that one text names; ranges ask the database. For the list that a person types."""
        names = sorted({normalize(word) for word in _WORD.findall(text) if 3 <= len(word) <= 12})
        codes: dict[str, set[str]] = {}
        for batch in batches(names):
            for system, found in _by_system(_usable().filter(normalized__in=batch)).items():
                codes.setdefault(system, set()).update(found)
        return cls(codes, is_whole=False)

    def holds(self, system: str) -> bool:
        """Whether codes of the system are loaded and may be named."""
        return system in self._held

    def has(self, system: str, normalized: str) -> bool:
        return normalized in self._codes.get(system, ())

    def in_range(self, system: str, first: str, last: str) -> list[str]:
        """The normalized codes from `first` to `last`, both with what is below them, at most 1,001.

        As MedicalCodeQuerySet.in_range, which compares on one length: the two ends may have different lengths here.
        """
        if self._sorted is None:
            length = min(len(first), len(last))
            codes = _usable().filter(system__slug=system).in_range(first[:length], last[:length])
            names = codes.order_by("normalized").values_list("normalized", flat=True)
            return list(islice((name for name in names if first <= name <= last + _END), MOST_IN_RANGE + 1))
        names = self._sorted.get(system, [])
        start = bisect_left(names, first)
        return names[start : min(bisect_right(names, last + _END), start + MOST_IN_RANGE + 1)]


def _usable():
    return MedicalCode.objects.filter(system__in=CodeSystem.objects.searchable()).exclude(
        pk__in=MedicalCode.objects.modifiers().values("pk")
    )


def _by_system(codes) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for system, normalized in codes.order_by().values_list("system__slug", "normalized").iterator(chunk_size=10_000):
        found.setdefault(system, set()).add(normalized)
    return found
