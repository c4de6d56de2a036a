"""Exact facet counts, from an inverted index in memory: slow to make, independent of both engines."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence

from django.utils import timezone

from procedures.models import CodeSystem, MedicalCode, SearchEntry
from procedures.search import CAP, Results, search
from procedures.search.plan import Meaning, Phrase, Term
from procedures.search.query import parse_query
from procedures.search.vocabulary import phrases_of, read_vocabulary, terms_of


class ExactCounts:
    """Counts by (facet, value, code system) of the entries that a word query finds, all entries read once."""

    def __init__(self):
        self._anywhere: dict[str, set[int]] = defaultdict(set)
        self._named: dict[str, set[int]] = defaultdict(set)
        self._codes: dict[int, list[tuple[str, int]]] = defaultdict(list)
        self._facts: dict[int, list[tuple[str, str, str]]] = {}
        slugs = dict(CodeSystem.objects.values_list("pk", "slug"))
        positions = dict(CodeSystem.objects.values_list("pk", "position"))
        today = timezone.localdate()
        codes = MedicalCode.objects.in_bulk()
        guided = set(MedicalCode.objects.with_guide().values_list("pk", flat=True))
        for entry in SearchEntry.objects.iterator(chunk_size=5000):
            code = codes[entry.code_id]
            system = slugs[code.system_id]
            self._codes[positions[code.system_id]].append((code.normalized, entry.pk))
            self._facts[entry.pk] = [("system", system, system), ("status", str(code.status_on(today)), system)]
            if code.pk in guided:
                self._facts[entry.pk].append(("has_guide", "1", system))
            if code.has_policy:
                self._facts[entry.pk].append(("has_policy", "1", system))
            named = {*entry.title.split(), *entry.names.split()}
            for word in named:
                self._named[word].add(entry.pk)
            for word in named.union(entry.short.split(), entry.guide.split()):
                self._anywhere[word].add(entry.pk)
        self._words = sorted(self._anywhere)

    def facets(self, terms: Sequence[Term], phrases: Sequence[Phrase]) -> dict[tuple[str, str], tuple[int, bool]]:
        """{(facet, value): (count, capped)} as the results page promises them: up to the cap for each code system."""
        by_system = Counter(fact for entry in self._found(terms, phrases) for fact in self._facts[entry])
        counts: dict[tuple[str, str], tuple[int, bool]] = {}
        for (facet, value, _), count in by_system.items():
            so_far, capped = counts.get((facet, value), (0, False))
            counts[facet, value] = (so_far + min(count, CAP), capped or count > CAP)
        return counts

    def _found(self, terms: Sequence[Term], phrases: Sequence[Phrase]) -> set[int]:
        """What holds all terms; and what holds, in place of phrases among them, one of the meanings of each."""
        found = self._holding_all(terms)
        if not phrases:
            return found
        in_phrases = {at for phrase in phrases for at in range(phrase.start, phrase.stop)}
        parts = [self._holding(term) for at, term in enumerate(terms) if at not in in_phrases]
        for phrase in phrases:
            meant = set().union(*(self._meant(meaning) for meaning in phrase.meanings))
            parts.append(meant | self._holding_all(terms[phrase.start : phrase.stop]))
        return found | set.intersection(*parts)

    def _holding_all(self, terms: Sequence[Term]) -> set[int]:
        return set.intersection(*(self._holding(term) for term in terms))

    def _holding(self, term: Term) -> set[int]:
        found = _holding_any(self._anywhere, term)
        if term.beginning:
            for word in self._words[bisect_left(self._words, term.beginning) :]:
                if not word.startswith(term.beginning):
                    break
                found |= self._anywhere[word]
        return found

    def _meant(self, meaning: Meaning) -> set[int]:
        if meaning.code:
            return {entry for code, entry in self._codes[meaning.position] if code.startswith(meaning.code)}
        return set.intersection(*(_holding_any(self._named, term) for term in meaning.terms))


def _holding_any(entries_of: dict[str, set[int]], term: Term) -> set[int]:
    return set().union(*(entries_of.get(word, ()) for word in (*term.typed, *term.forms)))


def compare_facets(queries: list[str], systems: list[CodeSystem]) -> tuple[int, list[str]]:
    """How many of the queries were searched by words, and those whose facets are not the exact counts up to the cap."""
    exact = ExactCounts()
    checked, wrong = 0, []
    for text in queries:
        results = search(text, systems)
        query = parse_query(results.corrected or text)
        if not query.words or _found_codes(results):
            continue
        vocabulary = read_vocabulary(query.words)
        expected = exact.facets(terms_of(query.words, vocabulary), phrases_of(query.words, vocabulary))
        found = {
            (facet, value.value): (value.count, value.capped)
            for facet, values in results.facets.items()
            for value in values
        }
        if found != expected:
            wrong.append(f"{text!r}: {found}, exactly {expected}")
        checked += 1
    return checked, wrong


def _found_codes(results: Results) -> bool:
    """Whether the query was a code or began one, so that it was not searched by words."""
    return bool(results.rows) and results.rows[0]["match"]["kind"] == "code"
