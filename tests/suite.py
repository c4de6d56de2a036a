"""The whole suite, as `make test` runs it: `python -m tests.suite [arguments for pytest]`.

Each part is a pytest process of its own: on SQLite, on PostgreSQL where a server answers at TEST_DATABASE_URL, and in
the browser where a Chromium is found. The last lines say which parts ran, why the others did not, and the totals. The
exit code is 1 when a test failed, when a part broke down, or when a part named in CODESITE_REQUIRE (comma-separated:
sqlite, postgresql, browser) could not run; each of these counts as at least one failure in the totals.
"""

import os
import re
import secrets
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from tests.browser.chromium import find_chromium

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("SQLite", "PostgreSQL", "Browser")
# In order, not by stealing: pytest-django puts the tests of transactions, which empty the tables, last for each worker.
ON_ALL_CORES = ("--numprocesses", "auto")
# Read by tests/conftest.py.
ONLY_DATABASE_TESTS = "CODESITE_ONLY_DATABASE_TESTS"
DEFAULT_TEST_DATABASE_URL = "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass(frozen=True)
class Outcome:
    """What became of one part; `note` says why it did not run, broke down, or where it ran."""

    part: str
    ran: bool
    note: str = ""
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def required(self) -> "Outcome":
        """This outcome for a part that had to run: one failure if it did not."""
        return self if self.ran else Outcome(self.part, False, f"{self.note} (required)", failed=1)


def names_of_settings(source: str) -> set[str]:
    """The environment variables that the text of a settings module reads through codesite.environment."""
    return set(re.findall(r"""environment\.\w+\(\s*["']([A-Z_]+)["']""", source))


def environment_of_tests(database_url: str) -> dict[str, str]:
    """The environment of a part: every setting at its default but the few that tests need.

    An empty variable means its default and hides the line of a developer's .env, so nothing of that reaches a test.
    """
    settings = names_of_settings((ROOT / "codesite" / "settings.py").read_text(encoding="utf-8"))
    return {
        **os.environ,
        **dict.fromkeys(settings - {"RELEASES_DIR"}, ""),
        "DJANGO_SETTINGS_MODULE": "codesite.settings",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "DEBUG": "0",
        "HTTPS_ONLY": "0",
        # For the processes that tests start; pytest itself has `filterwarnings` in pyproject.toml.
        "PYTHONWARNINGS": "error",
    }


def count_tests(report: Path) -> tuple[int, int, int]:
    """(passed, failed, skipped) of a JUnit XML report; an error in a fixture or in collection is a failure."""
    passed = failed = skipped = 0
    for case in ET.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed += 1
        elif "skipped" in kinds:
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def outcome_of_run(part: str, exit_code: int, report: Path, note: str, partial: bool) -> Outcome:
    """The outcome of a finished pytest process.

    `partial`: the caller chose among the tests, so that a part may have none. Otherwise a part without tests, and
    any exit code that the report does not account for, is a failure.
    """
    if exit_code == pytest.ExitCode.NO_TESTS_COLLECTED:
        return Outcome(part, True, "no test was found", failed=0 if partial else 1)
    if not report.exists():
        return Outcome(part, True, f"pytest stopped with exit code {exit_code} and left no report", failed=1)
    passed, failed, skipped = count_tests(report)
    if exit_code != pytest.ExitCode.OK and not failed:
        return Outcome(part, True, f"pytest ended with exit code {exit_code}", passed, 1, skipped)
    return Outcome(part, True, note, passed, failed, skipped)


def run_pytest(part: str, note: str, marker: str, database_url: str, arguments: list[str], **variables: str) -> Outcome:
    """Runs the tests that `marker` selects against one database, with pytest's output shown as it comes.

    `variables` are more of the environment.
    """
    print(f"\n== {part}: {note}", flush=True)
    with tempfile.TemporaryDirectory(prefix="codesite-tests-") as folder:
        report = Path(folder) / "report.xml"
        process = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                *ON_ALL_CORES,
                "-m",
                marker,
                "--create-db",
                f"--junitxml={report}",
                *arguments,
            ],
            cwd=ROOT,
            env={**environment_of_tests(database_url), **variables},
        )
        return outcome_of_run(part, process.returncode, report, note, partial=bool(arguments))


def run_sqlite(arguments: list[str]) -> Outcome:
    """Runs in memory."""
    return run_pytest("SQLite", "in memory", "not browser", "sqlite://:memory:", arguments)


def run_browser(arguments: list[str]) -> Outcome:
    """Runs on SQLite, against the server that pytest-django starts."""
    path, note = find_chromium()
    if path is None:
        return Outcome("Browser", False, note)
    return run_pytest("Browser", note, "browser", "sqlite://:memory:", arguments)


def run_postgresql(arguments: list[str]) -> Outcome:
    """Runs on a database of its own, so that two runs on one server never meet, and drops it at the end.

    The browser tests marked `both_databases` follow where there is a Chromium, in a process of their own: under the
    event loop of Playwright, Django has other connections, which know nothing of what a test of transactions restores.
    """
    server_url = os.environ.get("TEST_DATABASE_URL") or DEFAULT_TEST_DATABASE_URL
    try:
        with psycopg.connect(server_url, connect_timeout=3) as connection:
            note = f"{connection.info.host}:{connection.info.port}"
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        return Outcome("PostgreSQL", False, f"no server answers at TEST_DATABASE_URL: {reason}")
    markers = ["not browser", *(["both_databases"] if find_chromium()[0] else [])]
    return together([_run_on_server(server_url, note, marker, arguments) for marker in markers])


def _run_on_server(server_url: str, note: str, marker: str, arguments: list[str]) -> Outcome:
    name = f"codesite_{os.getpid()}"
    try:
        database_url = urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        # What asks no database was tested on SQLite, and cannot differ here.
        return run_pytest("PostgreSQL", note, marker, database_url, arguments, **{ONLY_DATABASE_TESTS: "1"})
    finally:
        # Django puts test_ before the name. Nothing is left to drop on a server that went away meanwhile.
        with suppress(psycopg.OperationalError), psycopg.connect(server_url, autocommit=True) as connection:
            # One a worker: test_..., test_..._gw0, test_..._gw1.
            made = connection.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"test_{name}"]
            )
            for (database,) in made.fetchall():
                connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def together(outcomes: list[Outcome]) -> Outcome:
    """The outcome of a part that ran in several processes; the note is that of the first that says of a failure."""
    worst = next((outcome for outcome in outcomes if outcome.failed), outcomes[0])
    counts = (sum(getattr(outcome, kind) for outcome in outcomes) for kind in ("passed", "failed", "skipped"))
    return Outcome(worst.part, worst.ran, worst.note, *counts)


def summary(outcomes: list[Outcome]) -> str:
    """The closing lines: a table of the parts, and the totals in one plain line."""
    rows = [("Part", "Ran", "Passed", "Failed", "Skipped", "")]
    for outcome in outcomes:
        counts = (outcome.passed, outcome.failed, outcome.skipped) if outcome.ran or outcome.failed else "---"
        rows.append((outcome.part, "yes" if outcome.ran else "no", *map(str, counts), outcome.note))
    lines = [f"{part:<12}{ran:<5}{a:>7}{b:>8}{c:>9}  {note}".rstrip() for part, ran, a, b, c, note in rows]
    passed, failed, skipped = (sum(getattr(o, kind) for o in outcomes) for kind in ("passed", "failed", "skipped"))
    return "\n".join([*lines, "", f"{passed} passed, {failed} failed, {skipped} skipped"])


def main(arguments: list[str]) -> int:
    required = {name.strip().lower() for name in os.environ.get("CODESITE_REQUIRE", "").split(",") if name.strip()}
    unknown = required - {part.lower() for part in PARTS}
    if unknown:
        print(f"CODESITE_REQUIRE names {', '.join(sorted(unknown))}: write some of {', '.join(PARTS).lower()}.")
        return 2
    with tempfile.TemporaryDirectory(prefix="codesite-bytecode-") as folder, pytest.MonkeyPatch.context() as patch:
        # What the first part compiles, the others need not compile again, nor each worker by itself.
        patch.setenv("PYTHONPYCACHEPREFIX", folder)
        patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        outcomes = [run_sqlite(arguments), run_postgresql(arguments), run_browser(arguments)]
    outcomes = [outcome.required() if outcome.part.lower() in required else outcome for outcome in outcomes]
    print(f"\n{summary(outcomes)}")
    nothing_ran = not any(outcome.passed + outcome.failed + outcome.skipped for outcome in outcomes)
    return 1 if nothing_ran or any(outcome.failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
