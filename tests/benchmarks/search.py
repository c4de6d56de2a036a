"""Search at 100k and 1M rows in turn, and against `icontains`; suggestions; facets against exact counts."""

import json
import os
import statistics
import subprocess
import sys

from tests.benchmarks.figures import p95, record
from tests.benchmarks.run import LARGE, QUICK, SMALL, address_of, environment_for, fail, say

ROUNDS = 1 if QUICK else 5
# Queries of each kind that `icontains` is asked at 1M, where one takes seconds.
SCANNED = 1 if QUICK else 3
# Queries of each kind that are typed letter by letter.
TYPED = 1 if QUICK else 5
SHOWN = 5


class Searcher:
    """A process with one of the databases open; see searcher.py."""

    def __init__(self, size: str):
        command = [sys.executable, "-m", "tests.benchmarks.searcher"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, env=environment_for(address_of(size)), **pipes)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        self._process.wait()

    def ask(self, name: str, *arguments):
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline() or fail(f"the searcher ended at {name} {arguments}"))


def main() -> None:
    with Searcher(SMALL) as small, Searcher(LARGE) as large:
        say(f"{SMALL}: {small.ask('describe')}")
        say(f"{LARGE}: {large.ask('describe')}")
        kinds = small.ask("make_queries")
        queries = [query for texts in kinds.values() for query in texts]
        say(f"{len(queries)} queries, each: 20 rows, total, facets; median of {ROUNDS}, both sizes in turn")
        at_small, at_large = time_searches(small, large, queries)
        compare_sizes(kinds, at_small, at_large)
        few = [query for texts in kinds.values() for query in texts[:SCANNED]]
        compare_with_icontains(small, SMALL, few if QUICK else queries, at_small)
        compare_with_icontains(large, LARGE, few, at_large)
        time_suggestions(large, [query for texts in kinds.values() for query in texts[:TYPED]])
        checked, wrong = small.ask("check_facets", queries)
        for each in wrong[:SHOWN]:
            say(f"  facets of {each}")
        record(f"word queries whose facets were counted, {SMALL}", checked)
        record("of these with facets that are not the exact counts up to the cap", len(wrong), goal=0, at_most=True)


def time_searches(small: Searcher, large: Searcher, queries: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    """Seconds by query, at both sizes: the median of rounds in which the two take turns, after one round unmeasured."""
    times: dict[str, tuple[list[float], list[float]]] = {query: ([], []) for query in queries}
    for number in range(ROUNDS + 1):
        for query, found in times.items():
            for searcher, seconds in zip((small, large), found, strict=True):
                took = searcher.ask("time_search", query)
                if number:
                    seconds.append(took)
    medians = [{query: statistics.median(found[size]) for query, found in times.items()} for size in (0, 1)]
    return medians[0], medians[1]


def compare_sizes(kinds: dict[str, list[str]], at_small: dict[str, float], at_large: dict[str, float]) -> None:
    for size, times in ((SMALL, at_small), (LARGE, at_large)):
        record(f"search, p50, {size}", statistics.median(times.values()) * 1000, " ms")
        record(f"search, p95, {size}", p95(list(times.values())) * 1000, " ms")
        record(f"search, mean, {size}", statistics.mean(times.values()) * 1000, " ms")
    ratio = p95(list(at_large.values())) / p95(list(at_small.values()))
    record(f"search, p95, {LARGE} over {SMALL}", ratio, goal=2.0, at_most=True)
    say(f"  by kind, mean in ms at {SMALL} and {LARGE}, and the slowest at {LARGE}:")
    for kind, texts in kinds.items():
        small, large = (statistics.mean(times[text] for text in texts) * 1000 for times in (at_small, at_large))
        slowest = max(texts, key=at_large.get)
        say(f"    {small:7.2f} {large:7.2f}  {kind}; {at_large[slowest] * 1000:.1f} ms: {slowest!r}")


def compare_with_icontains(searcher: Searcher, size: str, queries: list[str], times: dict[str, float]) -> None:
    ours = [times[query] for query in queries]
    theirs = [searcher.ask("time_icontains", query) for query in queries]
    say(f"icontains at {size} on {len(queries)} queries: mean {statistics.mean(theirs) * 1000:,.0f} ms")
    on_postgresql = os.environ.get("BENCH_ENGINE") == "PostgreSQL"
    goal = None if on_postgresql else 1000 if size == LARGE else 150
    record(f"icontains over search, mean, {size}", statistics.mean(theirs) / statistics.mean(ours), goal=goal)
    goal = 75 if on_postgresql and size == SMALL else None
    record(f"icontains over search, p95, {size}", p95(theirs) / p95(ours), goal=goal)


def time_suggestions(searcher: Searcher, queries: list[str]) -> None:
    """Each beginning of the queries, as a visitor types them."""
    texts = typed_texts(queries)
    rounds = [[searcher.ask("time_suggest", text) for text in texts] for _ in range(1 if QUICK else 4)]
    if None in rounds[0]:
        say("suggestions: not measured, search has none")
        return
    times = {text: statistics.median(found) * 1000 for text, *found in zip(texts, *rounds[-3:], strict=True)}
    slowest = max(times, key=times.get)
    say(f"{len(texts)} beginnings of {len(queries)} queries at {LARGE}; the slowest is {slowest!r}")
    record(f"suggestions, p95, {LARGE}", p95(list(times.values())), " ms", goal=5, at_most=True)
    record(f"suggestions, slowest, {LARGE}", times[slowest], " ms", goal=5, at_most=True)


def typed_texts(queries: list[str]) -> list[str]:
    """What the search box asks for while these are typed: every beginning from 2 characters to 20."""
    texts = [query.strip() for query in queries]
    return list(dict.fromkeys(text[:end] for text in texts for end in range(2, min(len(text), 20) + 1)))


main()
