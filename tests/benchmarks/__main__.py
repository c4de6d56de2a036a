"""`make bench`: measures search, pages of results, the editors’ desk and policies, on both engines in one run.

    make bench                               everything
    make bench ARGS="search requests"        these sections
    make bench ARGS="search sqlite"          on one engine

The rows are the releases of RELEASES_DIR (HCPCS of January 2025, ICD-10-CM of fiscal year 2025, names of three
sources) or, without it, those of load_demo: about 100,000 codes, and about a million with the invented replicas of
rows.py. PostgreSQL is measured where TEST_DATABASE_URL answers, requests where `wrk` is installed. Figures of search
are mostly ratios of two things measured in turn in the same run, because machines differ.

BENCH_KEEP=folder keeps the databases for the next run (databases.py); BENCH_QUICK=1 tries everything on few rows.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.benchmarks.databases import ROOT, PostgreSQLDatabases, SQLiteFiles, prepare
from tests.benchmarks.figures import read_figures, table
from tests.benchmarks.run import LARGE, SMALL, environment_for, say

POSTGRESQL = os.environ.get("TEST_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres"
ENGINES = ("sqlite", "postgresql")

# The sizes that each section needs. The desk and the policies write guides and policies that the figures of search
# were never measured with: they have a copy.
DESK = "desk"
SECTIONS = {
    "search": (SMALL, LARGE),
    "modelsearch": (SMALL,),
    "requests": (SMALL, LARGE),
    "hostile": (SMALL,),
    "desk": (DESK,),
    "policies": (DESK,),
}


def main(arguments: list[str]) -> int:
    if unknown := set(arguments) - {*SECTIONS, *ENGINES}:
        say(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join([*SECTIONS, *ENGINES])}")
        return 2
    sections = [section for section in SECTIONS if section in arguments] or list(SECTIONS)
    engines = [engine for engine in ENGINES if engine in arguments] or list(ENGINES)
    failed = []
    with tempfile.TemporaryDirectory(prefix="codesite-bench-") as folder:
        figures = Path(folder) / "figures"
        kept = Path(os.environ.get("BENCH_KEEP") or folder).absolute()
        kept.mkdir(parents=True, exist_ok=True)
        # Pages name their static files by what they hold.
        collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=environment_for("sqlite://:memory:"), check=True)
        for engine in engines:
            try:
                with _databases(engine, kept) as databases:
                    failed += _measure(databases, sections, kept, figures)
            except psycopg.OperationalError as error:
                say(f"PostgreSQL was not measured: {error}")
            except subprocess.CalledProcessError as error:
                failed.append(f"{engine}, making the rows: {' '.join(error.cmd)}")
        found = read_figures(figures)
    if found:
        say(f"\n{table(found)}")
    for failure in failed:
        say(f"failed: {failure}")
    return 1 if failed else 0


@contextmanager
def _databases(engine: str, kept: Path) -> Iterator[SQLiteFiles | PostgreSQLDatabases]:
    """The databases of an engine, which a run that keeps none of them leaves empty behind."""
    databases = SQLiteFiles(kept) if engine == "sqlite" else PostgreSQLDatabases(POSTGRESQL)
    try:
        yield databases
    finally:
        databases.drop(DESK)
        if not os.environ.get("BENCH_KEEP"):
            databases.drop(SMALL)
            databases.drop(LARGE)


def _measure(databases, sections: list[str], notes: Path, figures: Path) -> list[str]:
    """Makes what the sections need and runs each in a process of its own; returns which failed."""
    say(f"\n{databases.name}")
    sizes = {size for section in sections for size in SECTIONS[section]}
    prepare(databases, SMALL, notes)
    if LARGE in sizes:
        prepare(databases, LARGE, notes)
    if DESK in sizes:
        databases.copy(SMALL, DESK)
        command = [sys.executable, "-m", "tests.benchmarks.rows", "no-policies"]
        subprocess.run(command, cwd=ROOT, env=environment_for(databases.url(DESK)), check=True)
    failed = []
    for section in sections:
        say(f"\n{databases.name}, {section}")
        others = {"BENCH_ENGINE": databases.name, "BENCH_FIGURES": str(figures)}
        others |= {f"BENCH_URL_{size.upper()}": databases.url(size) for size in (SMALL, LARGE)}
        environment = environment_for(databases.url(SECTIONS[section][0]), **others)
        command = [sys.executable, "-m", f"tests.benchmarks.{section}"]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:
            failed.append(f"{databases.name}, {section}")
    return failed


sys.exit(main(sys.argv[1:]))
