"""The databases of a drill: a SQLite file and, where a server answers, one on PostgreSQL, each migrated and empty."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
POSTGRESQL = os.environ.get("TEST_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres"


@dataclass(frozen=True)
class DrillDatabase:
    """A database and the environment of processes that use it."""

    name: str
    url: str
    folder: Path

    def environment(self, **settings: str) -> dict[str, str]:
        """That of a deployment on this machine, with these settings changed."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "codesite.settings",
            "DATABASE_URL": self.url,
            "SECRET_KEY": "only-for-drills",
            "DEBUG": "0",
            "HTTPS_ONLY": "0",
            "RATE_LIMITS": "0",
            **settings,
        }

    def run(self, *arguments: str, **settings: str) -> int:
        """Runs Python with these arguments to its end, and shows its output; the exit code."""
        with running([sys.executable, *arguments], env=self.environment(**settings)) as process:
            return process.wait()


@contextmanager
def running(command: list[str], **options) -> Iterator[subprocess.Popen]:
    """A process in the root of the project, as by subprocess.Popen; it is told to end where an error leaves the block.

    subprocess.run would kill it at once, and what it started itself would go on.
    """
    with subprocess.Popen(command, cwd=ROOT, **options) as process:
        try:
            yield process
        except BaseException:
            process.terminate()
            process.wait()
            raise


def end_in_order() -> None:
    """Makes SIGTERM an error like any other from here on, so that what has begun is cleaned up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def on_each_database(drill: Callable[[DrillDatabase], int]) -> int:
    """The sum of what the drill gives for one database after the other; each is gone afterwards, whatever happened."""
    end_in_order()
    faults = 0
    for database in (_sqlite, _postgresql):
        with database() as made:
            if made.run("manage.py", "migrate", "--verbosity=0"):
                raise SystemExit(f"{made.name}: migrations failed")
            faults += drill(made)
    return faults


@contextmanager
def _sqlite() -> Iterator[DrillDatabase]:
    with tempfile.TemporaryDirectory(prefix="codesite-drill-") as folder:
        yield DrillDatabase("SQLite", f"sqlite:///{folder}/drill.sqlite3", Path(folder))


@contextmanager
def _postgresql() -> Iterator[DrillDatabase]:
    name = f"codesite_drill_{secrets.token_hex(4)}"
    try:
        server = psycopg.connect(POSTGRESQL, connect_timeout=3, autocommit=True)
    except psycopg.OperationalError as error:
        raise SystemExit(f"PostgreSQL does not answer: {error}") from None
    with server, tempfile.TemporaryDirectory(prefix="codesite-drill-") as folder:
        server.execute(f"CREATE DATABASE {name}")
        try:
            url = urlunsplit(urlsplit(POSTGRESQL)._replace(path=f"/{name}"))
            yield DrillDatabase("PostgreSQL", url, Path(folder))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
