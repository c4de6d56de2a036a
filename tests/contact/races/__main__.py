"""Races for meetings: `python -m tests.contact.races [--workers processes] [--racers 50] [--rounds 3] [scenario ...]`.

Runs on the database of its environment, which has to be migrated; it is emptied of meetings and messages. Each racer
has a connection of its own, and all start at once. Prints a JSON object a line for each scenario:

    {"name", "outcomes": how many racers met which outcome, by its word, "overlapping pairs", "unfitting mails",
     "broken histories", "faults": what is not as it has to be, in sentences}

The exit code is 1 where there are faults.
"""

import argparse
import json
import multiprocessing
import os
import queue
import random
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable

import django
from django.db import connection, connections

LONGEST_WAIT = 180  # seconds, for a race that hangs


def main() -> int:
    # Models cannot be imported before Django is set up.
    from tests.contact.races.scenarios import SCENARIOS
    from tests.contact.races.tables import empty_tables, faults_of_tables

    parser = argparse.ArgumentParser(description="Races for meetings on the database of the environment.")
    parser.add_argument("names", nargs="*", metavar="scenario", help="without any, all of them")
    parser.add_argument("--workers", choices=["threads", "processes"], default="threads")
    parser.add_argument("--racers", type=int, default=50, metavar="N")
    parser.add_argument("--rounds", type=int, default=1, metavar="N")
    options = parser.parse_args()

    # From a pool, no more would race than it has connections.
    connections.settings["default"].get("OPTIONS", {}).pop("pool", None)
    failed = False
    for name in (options.names or list(SCENARIOS)) * options.rounds:
        empty_tables()
        race = SCENARIOS[name](options.racers)
        outcomes = run_race(race.acts, workers=options.workers)
        tables = faults_of_tables(written_past_the_actions=race.written_past_the_actions)
        faults = [*race.faults(outcomes), *(f"{count} {what}" for what, count in tables.items() if count)]
        failed = failed or bool(faults)
        print(json.dumps({"name": name, "outcomes": outcomes, **tables, "faults": faults}), flush=True)  # noqa: T201
    return int(failed)


def run_race(acts: list[Callable[[], str]], *, workers: str) -> Counter:
    """Lets all acts run at once, each in a thread or process of its own; how many met which outcome."""
    if workers == "threads":
        outcomes, barrier, racer = queue.Queue(), threading.Barrier(len(acts)), threading.Thread
    else:
        # A forked process must not share the connection of this one.
        connections.close_all()
        context = multiprocessing.get_context("fork")
        outcomes, barrier, racer = context.Queue(), context.Barrier(len(acts)), context.Process
    racers = [
        racer(target=_run_racer, args=(number, act, barrier, outcomes), daemon=True) for number, act in enumerate(acts)
    ]
    for each in racers:
        each.start()
    met = Counter(outcomes.get(timeout=LONGEST_WAIT) for _ in racers)
    for each in racers:
        each.join(LONGEST_WAIT)
    return met


def _run_racer(number: int, act: Callable[[], str], barrier, outcomes) -> None:
    from tests.contact.races.acts import word_of

    try:
        connection.ensure_connection()
        barrier.wait(LONGEST_WAIT)
        if number % 5 and connection.vendor == "sqlite":
            # Whoever waits for a lock asks for it every tenth of a second. If all asked at the same instants, one would
            # get it each time, and the others would wait for the next; so most come in between.
            time.sleep(random.random() / 10)
        outcome = word_of(act)
    except Exception as error:
        traceback.print_exc()
        outcome = f"{type(error).__name__}: {str(error).splitlines()[:1]}"
    finally:
        connections.close_all()
    outcomes.put(outcome)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codesite.settings")
    django.setup()
    sys.exit(main())
