"""One database of the benchmark, asked over pipes: a question a line as JSON, an answer a line.

The processes of two databases take turns this way, query by query, so that a busy moment of the machine meets both.
"""

import json
import sys
import time

import django

django.setup()

from django.core.cache import cache  # noqa: E402
from django.db.models import Count, Q  # noqa: E402

from procedures import search as package  # noqa: E402
from procedures.models import CodeName, CodeSystem, EverydayWord, Guide, MedicalCode  # noqa: E402
from procedures.search import search  # noqa: E402
from tests.benchmarks.exact_counts import compare_facets  # noqa: E402
from tests.benchmarks.queries import make_queries  # noqa: E402

SYSTEMS = list(CodeSystem.objects.searchable())


def describe() -> str:
    models = (MedicalCode, CodeName, EverydayWord, Guide)
    return ", ".join(f"{model.objects.count():,} {model._meta.verbose_name_plural}" for model in models)


def time_search(text: str) -> float:
    """Seconds of one page: 20 rows with their reasons, total, facets."""
    return seconds(lambda: search(text, SYSTEMS))


def time_suggest(text: str) -> float | None:
    """Seconds of the suggestions for what was typed so far; None where this version has none."""
    suggest = getattr(package, "suggest", None)
    return suggest and seconds(lambda: suggest(text, SYSTEMS))


def time_icontains(text: str) -> float:
    """Seconds of what a site without an index does for the same page: rows, total and counts per code system."""
    return seconds(lambda: _icontains(text))


def _icontains(text: str) -> None:
    codes = MedicalCode.objects.all()
    for word in text.split():
        codes = codes.filter(
            Q(code__icontains=word) | Q(short_description__icontains=word) | Q(long_description__icontains=word)
        )
    list(codes.order_by("system", "normalized").values("system", "code", "title", "slug")[:20])
    codes.count()
    list(codes.order_by().values_list("system").annotate(count=Count("pk")))


def check_facets(texts: list[str]) -> tuple[int, list[str]]:
    return compare_facets(texts, SYSTEMS)


def seconds(run) -> float:
    # Whatever the site keeps between requests would answer a query that comes again.
    cache.clear()
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


ANSWERS = {
    each.__name__: each for each in (describe, make_queries, time_search, time_suggest, time_icontains, check_facets)
}

for line in sys.stdin:
    name, arguments = json.loads(line)
    print(json.dumps(ANSWERS[name](*arguments)), flush=True)
