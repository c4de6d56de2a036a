"""Exact facet counts, from an inverted index in memory: slow to make, independent of both engines."""

from bisect import bisect_left
from collections import Counter, defaultdict

from django.utils import timezone

from procedures.models import CodeSystem, MedicalCode, SearchEntry
from procedures.search.plan import CAP


class ExactCounts:
    """Counts by (facet, value, code system) of the entries that hold words, all entries read once."""

    def __init__(self):
        self.entries_of = defaultdict(set)
        self.facts: dict[int, list[tuple[str, str, str]]] = {}
        slugs = dict(CodeSystem.objects.values_list("pk", "slug"))
        today = timezone.localdate()
        codes = MedicalCode.objects.select_related(None).in_bulk()
        guided = set(MedicalCode.objects.with_guide().values_list("pk", flat=True))
        for entry in SearchEntry.objects.iterator(chunk_size=5000):
            code = codes[entry.code_id]
            system = slugs[code.system_id]
            self.facts[entry.pk] = [("system", system, system), ("status", str(code.status_on(today)), system)]
            if code.pk in guided:
                self.facts[entry.pk].append(("has_guide", "1", system))
            if code.has_policy:
                self.facts[entry.pk].append(("has_policy", "1", system))
            for column in (entry.title, entry.short, entry.names, entry.guide):
                for word in column.split():
                    self.entries_of[word].add(entry.pk)
        self.words = sorted(self.entries_of)

    def facets(self, words: tuple[str, ...], last_is_prefix: bool) -> dict[tuple[str, str], tuple[int, bool]]:
        """{(facet, value): (count, capped)} as the results page promises them: up to the cap for each code system."""
        found = set.intersection(*(self._holding(word, last_is_prefix and word == words[-1]) for word in words))
        by_system = Counter(fact for entry in found for fact in self.facts[entry])
        counts: dict[tuple[str, str], tuple[int, bool]] = {}
        for (facet, value, _), count in by_system.items():
            so_far, capped = counts.get((facet, value), (0, False))
            counts[facet, value] = (so_far + min(count, CAP), capped or count > CAP)
        return counts

    def _holding(self, word: str, is_prefix: bool) -> set[int]:
        if not is_prefix:
            return self.entries_of.get(word, set())
        found = set()
        for other in self.words[bisect_left(self.words, word) :]:
            if not other.startswith(word):
                break
            found |= self.entries_of[other]
        return found
