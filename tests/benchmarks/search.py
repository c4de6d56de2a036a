"""Search against `icontains` on the same rows, query by query in turn; and the facets against exact counts."""

import statistics
import time

import django

django.setup()

from django.db import connection  # noqa: E402
from django.db.models import Count, Q  # noqa: E402

from procedures.models import CodeSystem, MedicalCode  # noqa: E402
from procedures.search import search  # noqa: E402
from procedures.search.engine import read_frequencies  # noqa: E402
from procedures.search.query import parse_query  # noqa: E402
from procedures.search.results import FREQUENT  # noqa: E402
from tests.benchmarks.exact_counts import ExactCounts  # noqa: E402
from tests.benchmarks.queries import make_queries  # noqa: E402

ROUNDS = 5


def main() -> None:
    systems = list(CodeSystem.objects.searchable())
    queries = make_queries()
    print(f"{MedicalCode.objects.count():,} codes, {len(queries)} queries; each: 20 rows, total, facets")
    _check_facets(queries, systems)
    for query in queries:
        search(query, systems)
    ours, theirs = [], []
    for query in queries:
        theirs.append(_seconds(lambda query=query: _icontains(query)))
        ours.append(statistics.median(_seconds(lambda query=query: search(query, systems)) for _ in range(ROUNDS)))
    goal = "goal 75 by p95" if connection.vendor == "postgresql" else "goal 150 by mean"
    print(
        f"icontains over ours: mean {_ratio(statistics.mean, theirs, ours)}, p95 {_ratio(_p95, theirs, ours)} ({goal})"
    )
    print(
        f"ours: mean {statistics.mean(ours) * 1000:.2f} ms, median {statistics.median(ours) * 1000:.2f} ms, "
        f"p95 {_p95(ours) * 1000:.2f} ms; icontains: mean {statistics.mean(theirs) * 1000:.0f} ms"
    )


def _icontains(query: str) -> None:
    """What a site without an index does for the same page: rows, total and counts per code system."""
    codes = MedicalCode.objects.all()
    for word in query.split():
        codes = codes.filter(
            Q(code__icontains=word) | Q(short_description__icontains=word) | Q(long_description__icontains=word)
        )
    list(codes.order_by("system", "normalized").values("system", "code", "title", "slug")[:20])
    codes.count()
    list(codes.order_by().values_list("system").annotate(count=Count("pk")))


def _check_facets(queries: list[str], systems: list[CodeSystem]) -> None:
    """Every facet count of every word query must equal the exact count up to the cap."""
    exact = ExactCounts()
    checked = 0
    for query in queries:
        parsed = parse_query(query)
        results = search(query, systems)
        found_codes = results.rows and results.rows[0]["match"]["kind"] == "code"
        if found_codes or not parsed.words:
            continue
        last_is_prefix = read_frequencies(parsed.words).get(parsed.words[-1], 0) < FREQUENT
        found = {
            (facet, value.value): (value.count, value.capped)
            for facet, values in results.facets.items()
            for value in values
        }
        expected = exact.facets(parsed.words, last_is_prefix)
        if found != expected:
            raise SystemExit(f"Facets of {query!r} are wrong: {found}, exactly {expected}")
        checked += 1
    print(f"facets: equal to exact counts up to the cap on {checked} of {checked} word queries")


def _seconds(run) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _ratio(of, theirs: list[float], ours: list[float]) -> str:
    return f"{of(theirs) / of(ours):.0f}"


main()
