"""Requests a second of the results page over those of an empty view, under gunicorn with 1 worker and 2 threads."""

import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

import django

django.setup()

from django.db import connection  # noqa: E402

from tests.benchmarks.queries import make_queries  # noqa: E402

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 10


def main() -> None:
    if not shutil.which("wrk"):
        print("requests: not measured, wrk is not installed")
        return
    port = _free_port()
    queries = make_queries()
    vendor = connection.vendor
    connection.close()
    command = [sys.executable, "-m", "gunicorn", "codesite.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "2", "--log-level", "error", "--no-control-socket"]
    with tempfile.TemporaryDirectory(prefix="codesite-bench-") as folder, subprocess.Popen(command) as server:
        try:
            _wait_for(port)
            empty = _script(Path(folder) / "empty.lua", ["/livez"])
            results = _script(Path(folder) / "results.lua", [f"/codes/?q={quote(query)}" for query in queries])
            rates = [(_rate(port, results), _rate(port, empty)) for _ in range(ROUNDS)]
        finally:
            server.terminate()
    ratio = statistics.median(page / nothing for page, nothing in rates)
    goal = "0.18" if vendor == "postgresql" else "0.25"
    page, nothing = (statistics.median(each) for each in zip(*rates, strict=True))
    print(
        f"results page over empty view: {ratio:.2f} (goal {goal}); "
        f"{page:.0f} and {nothing:.0f} requests a second, gunicorn 1 worker 2 threads, {CONNECTIONS} connections"
    )


def _script(file: Path, addresses: list[str]) -> Path:
    """A wrk script that asks for the addresses in turn and counts the answers that are not 200."""
    listed = ", ".join(f'"{address}"' for address in addresses)
    file.write_text(
        f"local addresses = {{{listed}}}\nlocal at = 0\n"
        "request = function()\n  at = at % #addresses + 1\n  return wrk.format('GET', addresses[at])\nend\n"
    )
    return file


def _rate(port: int, script: Path) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise SystemExit(f"Some answers were not 200:\n{printed}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _wait_for(port: int) -> None:
    for _ in range(100):
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            client.request("GET", "/livez")
            if client.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"the server did not start (process {os.getpid()})")


main()
