"""From what a visitor typed and chose to one page of results with honest counts."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import code_address, status_of
from procedures.search.engine import read_codes
from procedures.search.engines import engine
from procedures.search.entry_ids import GROUP_OF_STATUS, code_id, has_guide, has_policy, system_of
from procedures.search.matches import find_matches
from procedures.search.plan import CAP, Hits, Plan
from procedures.search.query import MOST_WORDS, Query, parse_query
from procedures.search.spelling import correct, join_known
from procedures.search.text import key_of, tokenize
from procedures.search.vocabulary import Vocabulary, heads_of, phrases_of, rarest_of, read_vocabulary, terms_of

PAGE_SIZE = 20

SUGGESTIONS = 8
# Suggestions are the best of so many candidates in each code system.
SUGGESTED_FROM = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What a visitor narrowed the results to. Empty or None means all."""

    systems: frozenset[str] = frozenset()
    status: frozenset[str] = frozenset()
    has_guide: bool | None = None
    has_policy: bool | None = None


NO_FILTERS = Filters()


@dataclass(slots=True)
class FacetValue:
    """How many results a filter value has or would have, all other filters kept.

    The count is exact up to 1,000 results a code system; `capped` tells that at least one system has more.
    """

    value: str
    count: int = 0
    capped: bool = False

    def add(self, hits: int) -> None:
        """Adds the hits of one code system."""
        self.count += min(hits, CAP)
        self.capped |= hits > CAP


@dataclass(slots=True)
class Results:
    """One page of results.

    `total` counts up to 1,000 results a code system; `total_is_capped` tells that there are more. `rows` are dicts with
    system, system_label, code, title, url, status, has_guide, has_policy and match (see find_matches). `facets` maps
    system, status, has_guide and has_policy to their values. `corrected` is what was searched in place of the query,
    which holds words that nobody knows; `did_you_mean` is the same where the query was to be searched verbatim.
    """

    query: Query
    page: int
    total: int = 0
    total_is_capped: bool = False
    rows: list[dict] = field(default_factory=list)
    facets: dict[str, list[FacetValue]] = field(default_factory=dict)
    corrected: str | None = None
    did_you_mean: str | None = None

    @property
    def page_count(self) -> int:
        return -(-self.total // PAGE_SIZE)


def search(
    text: str,
    systems: Sequence[CodeSystem],
    filters: Filters = NO_FILTERS,
    page: int = 1,
    *,
    verbatim: bool = False,
) -> Results:
    """Searches codes, names and guides of these code systems (all that there are, in order of position).

    `page` counts from 1. Text that is a code or begins one finds codes; any other text finds the entries that hold all
    of its words, or what everyday phrases among them mean. Words that nobody knows are searched as what they are a slip
    of, unless `verbatim`. No text finds everything; text without a letter or digit finds nothing.
    """
    query = parse_query(text)
    results = Results(query=query, page=page, facets={name: [] for name in FACETS})
    if query.text and query.is_empty:
        return results
    offset = (page - 1) * PAGE_SIZE
    window = {"limit": PAGE_SIZE, "offset": min(offset, 10**9)}

    def find(plan: Plan) -> Hits:
        return engine().find(_narrow(plan, systems, filters).with_only(**window))

    everywhere, hits = _code_plan(query, systems), None
    if everywhere.code:
        hits = find(everywhere)
        if not hits.kinds and (filters == NO_FILTERS or not _finds(everywhere)):
            hits = None
    if hits is None:
        everywhere, corrected = _word_plan(query, systems)
        if corrected and _finds(corrected.plan):
            if verbatim:
                results.did_you_mean = corrected.text
            else:
                everywhere, results.corrected = corrected.plan, corrected.text
        hits = find(everywhere)
        is_in_vain = not hits.kinds and (filters == NO_FILTERS or not _finds(everywhere))
        if is_in_vain and not corrected and not verbatim and (other := _other_spelling(query, systems)):
            everywhere, results.corrected = other.plan, other.text
            hits = find(everywhere)
    for system in systems:
        count = hits.system_count(system.position)
        results.total += min(count, CAP)
        results.total_is_capped |= count > CAP
    results.facets = _facets(everywhere, hits, systems, filters)
    if offset < results.total:
        results.rows = _rows(hits.page[: results.total - offset], everywhere, systems)
    return results


def suggest(text: str, systems: Sequence[CodeSystem], limit: int = SUGGESTIONS) -> list[dict]:
    """The first rows of `search` for what is typed so far, at most `limit`; see Results.rows.

    Fewer candidates are looked at, and nothing is counted.
    """
    query = parse_query(text)
    if query.is_empty:
        return []
    plan = _code_plan(query, systems)
    hits = engine().find(plan.with_only(limit=limit, cap=SUGGESTED_FROM)) if plan.code else Hits()
    if not hits.page:
        plan, corrected = _word_plan(query, systems)
        if corrected and _finds(corrected.plan):
            plan = corrected.plan
        hits = engine().find(plan.with_only(limit=limit, cap=SUGGESTED_FROM))
    return _rows(hits.page, plan, systems)


def code_ids_by_code(text: str, systems: Sequence[CodeSystem], limit: int = CAP) -> list[int]:
    """The keys of at most `limit` codes that the text names or begins; none where it has not the shape of a code."""
    plan = _code_plan(parse_query(text), systems)
    return _code_ids(plan, limit) if plan.code else []


def code_ids_by_words(
    text: str, systems: Sequence[CodeSystem], limit: int = CAP, filters: Filters = NO_FILTERS
) -> list[int]:
    """The keys of the codes that `search` finds by the words of the text, the best first, at most `limit`."""
    plan, _ = _word_plan(parse_query(text), systems)
    return _code_ids(_narrow(plan, systems, filters), limit) if plan.terms else []


def _code_ids(plan: Plan, limit: int) -> list[int]:
    return [code_id(entry_id) for entry_id, _ in engine().find(plan.with_only(limit=limit)).page]


def _finds(plan: Plan) -> bool:
    return bool(engine().find(plan.with_only(limit=1, offset=0, cap=1)).page)


@dataclass(frozen=True, slots=True)
class OtherSpelling:
    """What may have been meant: as text, and how it is searched."""

    text: str
    plan: Plan


def _other_spelling(query: Query, systems: Sequence[CodeSystem]) -> OtherSpelling | None:
    """What may have been meant by words that are all known and find nothing together, if that finds anything.

    Two neighbors may have to be written together, a rare word may be a slip of another, and the last one is perhaps
    not the beginning of a word.
    """
    words = tokenize(query.text)[:MOST_WORDS]
    for other in (join_known(words), correct(words, read_vocabulary(query.words), is_doubtful=True)):
        if other is not None and _finds((found := _spelled(other, systems)).plan):
            return found
    return None


def _spelled(words: list[str], systems: Sequence[CodeSystem]) -> OtherSpelling:
    text = " ".join(words)
    query = parse_query(text)
    return OtherSpelling(text, _plan_of(query, read_vocabulary(query.words), systems))


def _code_plan(query: Query, systems: Sequence[CodeSystem]) -> Plan:
    """The codes that the text names or begins; without a code where it has not the shape of one.

    641 HCPCS codes are also ICD-10-CM codes without their dot: such a spelling means both, a dot means ICD-10-CM.
    """
    meant = [system for system in systems if system.code_has_dot or not query.code_has_dot]
    return Plan(code=query.code, positions=tuple(system.position for system in meant))


def _word_plan(query: Query, systems: Sequence[CodeSystem]) -> tuple[Plan, OtherSpelling | None]:
    """How the words of a query are searched, and another spelling where some are unknown."""
    vocabulary = read_vocabulary(query.words)
    corrected = correct(tokenize(query.text)[: 2 * MOST_WORDS], vocabulary)
    return _plan_of(query, vocabulary, systems), _spelled(corrected, systems) if corrected else None


def _plan_of(query: Query, vocabulary: Vocabulary, systems: Sequence[CodeSystem]) -> Plan:
    terms = terms_of(query.words, vocabulary)
    return Plan(
        terms=terms,
        modifier=query.modifier,
        heads=heads_of(query.words),
        phrases=phrases_of(query.words, vocabulary),
        key=key_of(tokenize(query.text)),
        rarest=rarest_of(terms, vocabulary),
        positions=tuple(system.position for system in systems),
    )


def _narrow(plan: Plan, systems: Sequence[CodeSystem], filters: Filters, without: str = "") -> Plan:
    """The plan with all filters but the one named by `without`."""
    positions = plan.positions
    if filters.systems and without != "system":
        chosen = {system.position for system in systems if system.slug in filters.systems}
        positions = tuple(each for each in positions if each in chosen)
    return plan.with_only(
        positions=positions,
        status=filters.status if without != "status" else frozenset(),
        has_guide=filters.has_guide if without != "has_guide" else None,
        has_policy=filters.has_policy if without != "has_policy" else None,
    )


FACETS = ("system", "status", "has_guide", "has_policy")

# The values of the facets that are no code systems, and each as a filter of a plan.
_VALUES = [
    *[("status", str(status), {"status": frozenset([str(status)])}) for status in MedicalCode.Status],
    ("has_guide", "1", {"has_guide": True}),
    ("has_policy", "1", {"has_policy": True}),
]


def _facets(
    everywhere: Plan, hits: Hits, systems: Sequence[CodeSystem], filters: Filters
) -> dict[str, list[FacetValue]]:
    """The counts of each filter's values, the filter itself left out.

    They come from the kinds of the candidates already found; only what may have more than were looked at is counted
    anew.
    """
    narrowed = _narrow(everywhere, systems, filters)
    plans = {name: _narrow(everywhere, systems, filters, without=name) for name in FACETS}
    found = {name: hits if plan == narrowed else engine().find(plan.with_only(limit=0)) for name, plan in plans.items()}
    facets = {name: [] for name in plans}
    for system in systems:
        value = FacetValue(system.slug)
        value.add(found["system"].system_count(system.position))
        facets["system"].append(value)
    recounts: list[tuple[FacetValue, Plan]] = []
    for name, text, chosen in _VALUES:
        value = FacetValue(text)
        for system in systems:
            count, is_exact = _count(found[name], system.position, name, text)
            if is_exact or count > CAP:
                value.add(count)
            else:
                recounts.append((value, plans[name].with_only(positions=(system.position,), **chosen)))
        facets[name].append(value)
    for (value, _), count in zip(recounts, engine().count([plan for _, plan in recounts]), strict=True):
        value.add(count)
    return {name: [value for value in values if value.count] for name, values in facets.items()}


def _count(hits: Hits, position: int, name: str, text: str) -> tuple[int, bool]:
    """How many candidates of a system count for a value, and whether these are all."""
    group = GROUP_OF_STATUS[text] if name == "status" else None
    count = 0
    for (of_system, of_group, guide, policy), number in hits.kinds.items():
        if of_system == position and (guide if name == "has_guide" else policy if group is None else of_group == group):
            count += number
    return count, not any(of_system == position and group in (None, of_group) for of_system, of_group in hits.full)


def _rows(page: list[tuple[int, int]], plan: Plan, systems: Sequence[CodeSystem]) -> list[dict]:
    """The results of a page, in the order of the entries."""
    today = timezone.localdate()
    by_position = {system.position: system for system in systems}
    found = {row[0]: row for row in read_codes([code_id(entry_id) for entry_id, _ in page])}
    hits = [(entry_id, score, row) for entry_id, score in page if (row := found.get(code_id(entry_id)))]
    matches = find_matches(plan, [(row[0], score, row[1], row[2]) for _, score, row in hits])
    rows = []
    for entry_id, _, (pk, code, title, slug, kind, ended, missing_from_id) in hits:
        terminated = datetime.date.fromisoformat(ended) if ended else None
        system = by_position[system_of(entry_id)]
        rows.append(
            {
                "system": system.slug,
                "system_label": system.label,
                "code": code,
                "title": title,
                "url": code_address(system.slug, code, slug),
                "status": status_of(kind, terminated, missing_from_id, today).value,
                "terminated": terminated,
                "has_guide": has_guide(entry_id),
                "has_policy": has_policy(entry_id),
                "match": matches[pk],
            }
        )
    return rows
