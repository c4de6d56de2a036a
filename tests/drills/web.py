"""Drill: fifty visitors at once over HTTP against gunicorn with several workers, and workers killed meanwhile.

For each database: the scenarios of tests.drills.web_scenarios, the kills of tests.drills.killed, and, on a server with
limits, the scenarios of tests.drills.limited. After each, everybody was told what happened, the tables hold all of each
booking and message, with its history and its mails, or nothing of it; and no error is in the server's log.
"""

import sys

import django

from tests.drills.databases import end_in_order, on_each_database
from tests.drills.server import serve


def main() -> int:
    """The number of databases on which something went wrong."""
    return on_each_database(lambda database: database.run("-m", "tests.drills.web", database.name) != 0)


def run_here(name: str) -> int:
    """Runs everything on the database of this environment; 1 where something went wrong."""
    end_in_order()
    django.setup()
    from django.core.management import call_command

    from tests.drills.killed import KillDrill
    from tests.drills.limited import LIMITED
    from tests.drills.web_scenarios import SCENARIOS

    call_command("collectstatic", interactive=False, verbosity=0)
    drill = WebDrill(name)
    with serve() as server:
        for title, scenario in SCENARIOS.items():
            drill.race(title, scenario, server.port)
        drill.judge("workers killed while visitors book, write, move and cancel", *KillDrill(server).run())
    drill.judge("the server's log", f"{len(server.errors)} errors", server.errors)
    with serve(RATE_LIMITS="1") as server:
        for title, scenario in LIMITED.items():
            drill.race(f"with limits, {title}", scenario, server.port)
    drill.judge("the server's log, with limits", f"{len(server.errors)} errors", server.errors)
    return 1 if drill.failures else 0


class WebDrill:
    def __init__(self, name: str):
        self.name = name
        self.failures = 0

    def judge(self, what: str, told: str, faults: list[str]) -> None:
        self.failures += bool(faults)
        print(f"{'FAIL' if faults else 'PASS'} {self.name}: {what}: {'; '.join([told, *faults])}", flush=True)

    def race(self, title: str, scenario, port: int) -> None:
        """Lets one scenario run, in tables that are empty before."""
        from tests.contact.races.tables import empty_tables, faults_of_tables
        from tests.drills.visitors import all_at_once

        empty_tables()
        race = scenario(port)
        outcomes = all_at_once(race.acts)
        faults = [*race.faults(outcomes), *(f"{count} {what}" for what, count in faults_of_tables().items() if count)]
        self.judge(title, ", ".join(f"{count} {word}" for word, count in sorted(outcomes.items())), faults)


if __name__ == "__main__":
    sys.exit(run_here(sys.argv[1]) if len(sys.argv) > 1 else main())
