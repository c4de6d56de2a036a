"""Requests a second of the results page over those of an empty view, under gunicorn with 1 worker and 2 threads.

Each round starts a server of its own, whose caches are empty, and asks in turn for pages that it was never asked for,
for the empty view, and for twenty pages again and again. Then the memory of the worker.
"""

import http.client
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import django

django.setup()

from django.db import connection  # noqa: E402

from tests.benchmarks.figures import record  # noqa: E402
from tests.benchmarks.queries import SEED, make_queries  # noqa: E402
from tests.benchmarks.run import LARGE, QUICK, SMALL, address_of, environment_for, fail, say  # noqa: E402

ROUNDS = 1 if QUICK else 5
SECONDS = 1 if QUICK else 3
CONNECTIONS = 10
# Of each kind of query: more different pages than a server answers in one round.
EACH = 1_500
WARM_UP = 300
REPEATED = 20
# Seconds of further new pages before the memory is read.
BEFORE_MEMORY = 1 if QUICK else 15
EMPTY = "/livez"


def main() -> None:
    if not shutil.which("wrk"):
        say("requests: not measured, wrk is not installed")
        return
    on_postgresql = connection.vendor == "postgresql"
    addresses = make_addresses()
    connection.close()
    say(
        f"gunicorn, 1 worker, 2 threads, {CONNECTIONS} connections; {len(addresses):,} different pages of results: "
        "no server is asked for one twice, but for those measured from the cache"
    )
    for size in (SMALL, LARGE):
        rounds = []
        for number in range(ROUNDS):
            with serving(size) as server:
                rounds.append(server.measure(addresses))
                if number == ROUNDS - 1:
                    memory = server.memory_after(addresses)
        new, empty, repeated = (statistics.median(each) for each in zip(*rounds, strict=True))
        say(f"{size}: {new:,.0f} new, {repeated:,.0f} repeated and {empty:,.0f} empty pages a second")
        ratio = statistics.median(new / empty for new, empty, _ in rounds)
        record(f"new page over empty view, {size}", ratio, goal=0.20 if on_postgresql else 0.28)
        ratio = statistics.median(repeated / empty for _, empty, repeated in rounds)
        record(f"page from the cache over empty view, {size}", ratio, goal=0.75)
        goal = 150 if size == LARGE else None
        record(f"memory of the web worker (RSS), {size}", memory["Rss"], " MB", goal=goal, at_most=True)
        record(f"its own share of that (PSS), {size}", memory["Pss"], " MB")
        record(f"of that not read from files, {size}", memory["Anonymous"], " MB")


def make_addresses() -> list[str]:
    """Different addresses of results in a fixed random order, of all kinds of queries alike.

    Where a kind has fewer queries than asked for, the next pages of their results follow the first.
    """
    addresses = []
    for queries in make_queries(EACH).values():
        pages = [{"q": query} for query in queries]
        page = 2
        while len(pages) < EACH:
            pages += [{"q": query, "page": page} for query in queries[: EACH - len(pages)]]
            page += 1
        addresses += [f"/codes/?{urlencode(parameters)}" for parameters in pages]
    addresses = list(dict.fromkeys(addresses))
    random.Random(SEED).shuffle(addresses)
    return addresses


@dataclass(frozen=True)
class Server:
    """A running gunicorn; `folder` is for the files of wrk."""

    port: int
    process: subprocess.Popen
    folder: Path

    def measure(self, addresses: list[str]) -> tuple[float, float, float]:
        """Requests a second of new pages, of the empty view, and of twenty pages from the cache."""
        warm_up, new, repeated = addresses[:WARM_UP], addresses[WARM_UP:], addresses[:REPEATED]
        self._load([EMPTY, *warm_up], 1)
        new_rate = self._load(new, SECONDS, once=True)
        empty_rate = self._load([EMPTY], SECONDS)
        for address in repeated:
            self._get(address)
        return new_rate, empty_rate, self._load(repeated, SECONDS)

    def memory_after(self, addresses: list[str]) -> dict[str, float]:
        """MB of the worker by kind (Rss, Pss, Anonymous), after so many pages that its caches are full."""
        self._load(addresses[::-1], BEFORE_MEMORY)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if len(children) != 1:
            fail(f"gunicorn has the workers {children}")
        lines = Path(f"/proc/{children[0]}/smaps_rollup").read_text().splitlines()[1:]
        return {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines}

    def _load(self, addresses: list[str], seconds: int, *, once: bool = False) -> float:
        """Requests a second of wrk, which asks for the addresses in turn; with `once`, for none of them twice."""
        listed, script = self.folder / "addresses", self.folder / "script.lua"
        listed.write_text("\n".join(addresses))
        script.write_text(
            f"local addresses = {{}}\nfor line in io.lines('{listed}') do addresses[#addresses + 1] = line end\n"
            "local at = 0\nrequest = function()\n  at = at % #addresses + 1\n"
            "  return wrk.format('GET', addresses[at])\nend\n"
        )
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
        command.append(f"http://127.0.0.1:{self.port}")
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in printed or "Socket errors" in printed:
            fail(f"some answers were not 200:\n{printed}")
        asked = int(re.search(r"(\d+) requests in", printed)[1])
        if once and asked > len(addresses):
            fail(f"{asked} requests for {len(addresses)} pages: some were asked for twice")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1])

    def _get(self, address: str) -> int:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        client.request("GET", address)
        return client.getresponse().status

    def wait(self) -> None:
        for _ in range(100):
            try:
                if self._get(EMPTY) == 200:
                    return
            except OSError:
                time.sleep(0.1)
        fail(f"the server did not start (process {os.getpid()})")


@contextmanager
def serving(size: str) -> Iterator[Server]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "codesite.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "2", "--log-level", "error", "--no-control-socket"]
    with (
        tempfile.TemporaryDirectory(prefix="codesite-bench-") as folder,
        subprocess.Popen(command, env=environment_for(address_of(size))) as process,
    ):
        try:
            server = Server(port, process, Path(folder))
            server.wait()
            yield server
        finally:
            process.terminate()


main()
