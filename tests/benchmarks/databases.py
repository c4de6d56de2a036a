"""The databases of one engine, made once a run: 100k (real rows), 1M (those and their replicas), and copies.

With the environment variable BENCH_KEEP, a folder, they stay for the next run, on PostgreSQL as databases of the
server. They are made anew when what fills them has changed, and only their index when search has.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.benchmarks.run import LARGE, QUICK, SMALL, environment_for, say

ROOT = Path(__file__).resolve().parent.parent.parent

RELEASES = "RELEASES_DIR"
# System or source, and the file within RELEASES_DIR.
CODES = {
    "hcpcs": "hcpcs/january-2025-alpha-numeric-hcpcs-file.zip",
    "icd10cm": "icd10/icd10cm_order_2025.txt.gz",
}
NAMES = {
    "asp": "drugs/asp_ndc_hcpcs_2026-01.level2.csv",
    "table_of_drugs": "drugs/table_of_drugs_2019.csv",
    "icd10cm_tabular": "icd10/icd10cm-tabular-April-2026.xml.gz",
}


class SQLiteFiles:
    """Databases that are files of a folder."""

    name = "SQLite"

    def __init__(self, folder: Path):
        self._folder = folder

    def url(self, size: str) -> str:
        return f"sqlite:///{self._file(size)}"

    def exists(self, size: str) -> bool:
        return self._file(size).exists()

    def make(self, size: str) -> None:
        for file in self._folder.glob(f"{size}.sqlite3*"):
            file.unlink()

    def copy(self, size: str, new: str) -> None:
        self.make(new)
        shutil.copyfile(self._file(size), self._file(new))

    def drop(self, size: str) -> None:
        self.make(size)

    def _file(self, size: str) -> Path:
        return self._folder / f"{size}.sqlite3"


class PostgreSQLDatabases:
    """Databases of a server: codesite_bench_100k and so on."""

    name = "PostgreSQL"

    def __init__(self, address: str):
        self._address = address
        with self._server():
            pass

    def url(self, size: str) -> str:
        return urlunsplit(urlsplit(self._address)._replace(path=f"/{self._name(size)}"))

    def exists(self, size: str) -> bool:
        with self._server() as server:
            found = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self._name(size)])
            return found.fetchone() is not None

    def make(self, size: str) -> None:
        self.drop(size)
        self._do("CREATE DATABASE {}", size)

    def copy(self, size: str, new: str) -> None:
        self.drop(new)
        self._do("CREATE DATABASE {} TEMPLATE {}", new, size)

    def drop(self, size: str) -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", size)

    def _do(self, statement: str, *sizes: str) -> None:
        with self._server() as server:
            server.execute(sql.SQL(statement).format(*(sql.Identifier(self._name(size)) for size in sizes)))

    def _server(self) -> psycopg.Connection:
        return psycopg.connect(self._address, connect_timeout=3, autocommit=True)

    def _name(self, size: str) -> str:
        return f"codesite_bench_{size.lower()}"


def prepare(databases, size: str, notes: Path) -> None:
    """Makes the database of a size unless it is there already; `notes` is a folder for what is known of it.

    Raises CalledProcessError where a step of it fails.
    """
    note = notes / f"{databases.name.lower()}-{size}.json"
    known = json.loads(note.read_text()) if note.exists() and databases.exists(size) else {}
    wanted = {"rows": _digest_of_rows(size), "index": _digest("procedures/search/*.py")}
    if known == wanted:
        say(f"{databases.name}, {size}: as it was left by an earlier run")
        return
    note.unlink(missing_ok=True)
    if known.get("rows") != wanted["rows"]:
        if size == LARGE:
            prepare(databases, SMALL, notes)
            databases.copy(SMALL, LARGE)
            _step(databases, size, "replicas", "-m", "tests.benchmarks.rows", "replicas")
        else:
            databases.make(size)
            _fill(databases, size)
    _step(databases, size, "index", "manage.py", "rebuild_search", "--verbosity", "0")
    _step(databases, size, "statistics", "-m", "tests.benchmarks.rows", "settle")
    note.write_text(json.dumps(wanted))


def _fill(databases, size: str) -> None:
    def manage(name: str, *arguments: str) -> None:
        _step(databases, size, name, "manage.py", *arguments, "--verbosity", "0")

    manage("tables", "migrate")
    if releases := os.environ.get(RELEASES):
        for system, file in CODES.items():
            manage(f"codes of {system}", "import_codes", system, f"{releases}/{file}")
        for source, file in NAMES.items():
            manage(f"names of {source}", "import_names", source, f"{releases}/{file}")
        manage("guides", "import_guides", "--publish", "procedures/demonstration/guides")
    else:
        manage("demonstration", "load_demo")
    _step(databases, size, "policies", "-m", "tests.benchmarks.rows", "policies")


def _step(databases, size: str, name: str, *command: str) -> None:
    """Runs one step of filling in a process of its own and says how long it took."""
    began = time.perf_counter()
    environment = environment_for(databases.url(size))
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    say(f"{databases.name}, {size}: {name} in {time.perf_counter() - began:.1f} s")


def _digest_of_rows(size: str) -> str:
    made_by = ["*/migrations/*", "procedures/code_sets/*.py", "procedures/name_sources/*.py"]
    made_by += ["procedures/demonstration/**/*", "tests/benchmarks/rows.py"]
    return f"{_digest(*made_by)} {os.environ.get(RELEASES, '')} {QUICK and size == LARGE}"


def _digest(*patterns: str) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted({file for pattern in patterns for file in ROOT.glob(pattern) if file.is_file()}):
        if file.suffix != ".pyc":
            digest.update(file.read_bytes())
    return digest.hexdigest()
