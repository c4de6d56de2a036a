"""Fifty processes that book, move, cancel and restore meetings at once, on both engines, in several rounds."""

import json
import subprocess
import sys

from tests.drills.databases import DrillDatabase, on_each_database, running

ROUNDS = 3
RACERS = 50


def main() -> int:
    """Prints PASS or FAIL for each scenario of each round; the exit code, 0 if all passed."""
    return int(bool(on_each_database(_race)))


def _race(database: DrillDatabase) -> int:
    """How many races had a wrong end; a program that broke down is one."""
    # The caps of an e-mail address are a scenario.
    environment = database.environment(RATE_LIMITS="1", PYTHONWARNINGS="error")
    options = ["--workers", "processes", "--racers", str(RACERS), "--rounds", str(ROUNDS)]
    command = [sys.executable, "-m", "tests.contact.races", *options]
    failed = 0
    with running(command, env=environment, stdout=subprocess.PIPE, text=True) as races:
        for line in races.stdout:
            end = json.loads(line)
            failed += bool(end["faults"])
            outcomes = ", ".join(f"{count} {word}" for word, count in sorted(end["outcomes"].items()))
            told = "; ".join([outcomes, *end["faults"]])
            print(f"{'FAIL' if end['faults'] else 'PASS'} {database.name}: {end['name']}: {told}", flush=True)
    if races.returncode and not failed:
        print(f"FAIL {database.name}: the races ended with exit code {races.returncode}")
        failed += 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
