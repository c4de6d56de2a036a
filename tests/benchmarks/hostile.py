"""10,000 random and hostile queries through the results page and the suggestions at 100k rows: no error, none slow."""

import heapq
import random
import time
from itertools import islice

import django

django.setup()

from django.core.cache import cache  # noqa: E402
from django.test import Client  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402

from procedures.models import EverydayWord, MedicalCode, Word  # noqa: E402
from tests.benchmarks.figures import record  # noqa: E402
from tests.benchmarks.run import QUICK, SMALL, say  # noqa: E402
from tests.procedures.search.hostile_queries import query_strings  # noqa: E402

QUERIES = 500 if QUICK else 10_000
LONGEST = 200
PAGES = ("/codes/", "/codes/suggest/")
SHOWN = 10
EVERYTHING = list(HealthCheck)


class Visitor:
    """Asks for pages and remembers how long each took, and which failed."""

    def __init__(self):
        self._client = Client(SERVER_NAME="localhost", HTTP_USER_AGENT="benchmark, a headless program")
        self.times: dict[str, float] = {}
        self.failures: list[str] = []

    def ask(self, address: str) -> None:
        took = self._milliseconds(address)
        if took > LONGEST:
            # The machine does other things too: only what is slow twice is slow.
            took = min(took, self._milliseconds(address))
        self.times[address] = took

    def _milliseconds(self, address: str) -> float:
        cache.clear()
        began = time.perf_counter()
        try:
            status = self._client.get(address).status_code
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}: {address}")
        else:
            if status not in (200, 400):
                self.failures.append(f"{status}: {address}")
        return (time.perf_counter() - began) * 1000


def main() -> None:
    visitor = Visitor()
    pages = [page for page in PAGES if Client(SERVER_NAME="localhost").get(f"{page}?q=heart").status_code == 200]
    say(f"{QUERIES:,} queries each at {' and '.join(pages)}, {SMALL} rows")
    asked = 0

    @settings(
        max_examples=QUERIES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=EVERYTHING,
    )
    @given(query_strings(*real_words_and_codes()))
    def ask(query_string):
        nonlocal asked
        asked += 1
        for page in pages:
            visitor.ask(f"{page}?{query_string}")

    ask()
    say(f"{asked:,} queries, {len(visitor.times):,} different addresses; the slowest, in ms:")
    slowest = heapq.nlargest(SHOWN, visitor.times.items(), key=lambda each: each[1])
    for address, took in slowest:
        say(f"  {took:7.1f}  {address[:150]}")
    for failure in islice(visitor.failures, SHOWN):
        say(f"  failed: {failure[:500]}")
    record(f"hostile queries asked, {SMALL}", asked, goal=QUERIES)
    record(f"hostile queries that failed, {SMALL}", len(visitor.failures), goal=0, at_most=True)
    record(f"slowest hostile query, {SMALL}", slowest[0][1], " ms", goal=LONGEST, at_most=True)


def real_words_and_codes() -> tuple[list[str], list[str]]:
    """Words of the index, the most frequent and some others, and everyday phrases; and codes."""
    chance = random.Random(1)
    words = list(Word.objects.order_by("-frequency", "text").values_list("text", flat=True))
    phrases = list(EverydayWord.objects.order_by("pk").values_list("phrase", flat=True))
    codes = list(MedicalCode.objects.order_by("pk").values_list("code", flat=True))
    some = chance.sample(words, min(300, len(words)))
    return [*words[:200], *some, *chance.sample(phrases, min(200, len(phrases)))], chance.sample(codes, 300)


main()
