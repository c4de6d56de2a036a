"""A migrated database that belongs to one test, for processes that the test starts: a server or a command."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import dj_database_url
import psycopg
from django.db import connection
from django.db.utils import ConnectionHandler
from psycopg import sql

ROOT = Path(__file__).parent.parent
CLONE = "migrated"  # what the name of the copy ends with, on a server
_migrated: list[bytes] = []  # the copy, where the database is a file


@dataclass(frozen=True)
class OwnDatabase:
    """On the engine that the tests run on; `url` is its DATABASE_URL."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that uses it."""
        settings = {"DATABASE_URL": self.url, "SECRET_KEY": "of a test", "DEBUG": "0", "HTTPS_ONLY": "0"}
        return {**os.environ, **settings, "PYTHONWARNINGS": "error"}

    def run(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """Runs Python with these arguments to its end, in the folder of manage.py."""
        return subprocess.run(
            [sys.executable, *arguments],
            **{"cwd": ROOT, "env": self.environment, "capture_output": True, "text": True, "check": False, **options},
        )

    def every_row(self) -> dict[str, list[str]]:
        """All rows of all tables, as text."""
        own = ConnectionHandler({"default": dj_database_url.parse(self.url)})["default"]
        with closing(own):
            return every_row(own)


def every_row(connection) -> dict[str, list[str]]:
    """All rows of all tables of a database, those of the search index too, as text."""
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            found[table] = sorted(map(repr, cursor.fetchall()))
    return found


@contextmanager
def keep_migrated_database() -> Iterator[None]:
    """Keeps the database of the tests as it is now, just migrated, for make_own_database to copy: to migrate takes
    seconds, to copy does not."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        connection.creation.clone_test_db(CLONE, verbosity=0)
        yield
        connection.creation.destroy_test_db(suffix=CLONE, verbosity=0)
    else:
        _migrated.append(connection.connection.serialize())
        yield
        _migrated.clear()


@contextmanager
def make_own_database(folder: Path) -> Iterator[OwnDatabase]:
    """A database as the migrations leave it: a file in the folder, or one on the server of the tests, then dropped."""
    if connection.vendor == "postgresql":
        with database_on_server() as url:
            yield OwnDatabase(url)
    else:
        file = folder / "own.sqlite3"
        file.write_bytes(_migrated[0])
        yield OwnDatabase(f"sqlite:///{file}")


@contextmanager
def database_on_server() -> Iterator[str]:
    server = connection.settings_dict
    template = connection.creation.get_test_db_clone_settings(CLONE)["NAME"]
    name = f"codesite_own_{secrets.token_hex(6)}"
    login = quote(server["USER"], safe="")
    if server["PASSWORD"]:
        login += f":{quote(server['PASSWORD'], safe='')}"
    address = f"postgresql://{login}@{quote(server['HOST'] or 'localhost', safe='')}:{server['PORT'] or 5432}"
    with psycopg.connect(f"{address}/{server['NAME']}", autocommit=True) as maintenance:
        names = [sql.Identifier(each) for each in (name, template)]
        maintenance.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            # Nothing of it has to survive the server.
            maintenance.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(sql.Identifier(name)))
            yield f"{address}/{name}"
        finally:
            maintenance.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
