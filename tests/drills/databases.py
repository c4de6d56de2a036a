"""The databases of a drill: a SQLite file and, where a server answers, one on PostgreSQL, each migrated and empty."""

import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
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

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess:
        """Runs Python with these arguments to its end; its output is shown."""
        return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=self.environment(**settings), check=False)


def each_database() -> Iterator[DrillDatabase]:
    """One after the other; each is gone when the next is asked for."""
    with tempfile.TemporaryDirectory(prefix="codesite-drill-") as folder:
        yield _migrated(DrillDatabase("SQLite", f"sqlite:///{folder}/drill.sqlite3", Path(folder)))
    name = f"codesite_drill_{secrets.token_hex(4)}"
    try:
        server = psycopg.connect(POSTGRESQL, connect_timeout=3, autocommit=True)
    except psycopg.OperationalError as error:
        raise SystemExit(f"PostgreSQL does not answer: {error}") from None
    with server, tempfile.TemporaryDirectory(prefix="codesite-drill-") as folder:
        server.execute(f"CREATE DATABASE {name}")
        try:
            url = urlunsplit(urlsplit(POSTGRESQL)._replace(path=f"/{name}"))
            yield _migrated(DrillDatabase("PostgreSQL", url, Path(folder)))
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrated(database: DrillDatabase) -> DrillDatabase:
    if database.run("manage.py", "migrate", "--verbosity=0").returncode:
        raise SystemExit(f"{database.name}: migrations failed")
    return database
