"""Search against PyPI’s `modelsearch` on the same 100k rows, query by query in turn.

Both make a page of 20, the total and the counts by code system. A query of theirs that takes more than 3 seconds is
stopped and counted as 3 seconds.
"""

import importlib.metadata
import statistics
import time

import django
from django.conf import settings

# For this process alone: the site knows nothing of it.
BESIDE_IT = ["django.contrib.postgres"] if settings.DATABASES["default"]["ENGINE"].endswith("postgresql") else []
settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, *BESIDE_IT, "modelsearch", "tests.benchmarks.searched_codes"]
django.setup()

from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import OperationalError, connection  # noqa: E402

from procedures.models import CodeSystem  # noqa: E402
from procedures.search import search  # noqa: E402
from tests.benchmarks.figures import p95, record  # noqa: E402
from tests.benchmarks.queries import make_queries  # noqa: E402
from tests.benchmarks.run import QUICK, SMALL, say  # noqa: E402
from tests.benchmarks.searched_codes.models import SearchedCode  # noqa: E402

LONGEST = 3.0
ROUNDS = 3


def main() -> None:
    make_index()
    systems = list(CodeSystem.objects.searchable())
    queries = [query for texts in make_queries().values() for query in texts[: 1 if QUICK else None]]
    for query in queries:
        search(query, systems)
    ours, theirs, stopped = [], [], 0
    for query in queries:
        took = time_theirs(query)
        stopped += took >= LONGEST
        theirs.append(min(took, LONGEST))
        ours.append(statistics.median(time_ours(query, systems) for _ in range(ROUNDS)))
    say(
        f"{len(queries)} queries; modelsearch: median {statistics.median(theirs) * 1000:,.1f} ms, "
        f"p95 {p95(theirs) * 1000:,.0f} ms, mean {statistics.mean(theirs) * 1000:,.0f} ms, "
        f"{stopped} stopped after {LONGEST:g} s; search: p95 {p95(ours) * 1000:.2f} ms"
    )
    record(f"modelsearch over search, p95, {SMALL}", p95(theirs) / p95(ours), goal=50)


def make_index() -> None:
    """Its tables and its index, unless an earlier run left them; with statistics, which its own command leaves out."""
    call_command("migrate", "modelsearch", verbosity=0)
    from modelsearch.models import IndexEntry

    count = SearchedCode.objects.count()
    if IndexEntry.objects.count() != count:
        began = time.perf_counter()
        call_command("rebuild_modelsearch_index", verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        version = importlib.metadata.version("modelsearch")
        say(f"modelsearch {version} indexed {count:,} codes in {time.perf_counter() - began:.0f} s")


def time_ours(text: str, systems: list[CodeSystem]) -> float:
    cache.clear()
    began = time.perf_counter()
    search(text, systems)
    return time.perf_counter() - began


def time_theirs(text: str) -> float:
    began = time.perf_counter()
    stop_at(began + LONGEST)
    try:
        found = SearchedCode.objects.search(text, operator="and")
        list(found[:20])
        found.count()
        found.facet("system_id")
    except OperationalError:
        if time.perf_counter() - began < LONGEST:
            raise
    finally:
        took = time.perf_counter() - began
        stop_at(None)
    return took


def stop_at(moment: float | None) -> None:
    """Makes the database stop what it does at that moment of perf_counter; on PostgreSQL, each statement after 3 s."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false)", [str(int(LONGEST * 1000) * bool(moment))]
            )
        return
    is_late = moment and (lambda: time.perf_counter() > moment)
    connection.connection.set_progress_handler(is_late, 10_000)


main()
