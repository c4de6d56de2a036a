"""`make bench`: measures search, the editors’ desk and policies on about 100,000 codes, both engines in one run.

Needs nothing but the project: the rows are the releases of RELEASES_DIR (HCPCS of January 2025 and ICD-10-CM of fiscal
year 2025) or, without it, those of load_demo. PostgreSQL is measured where TEST_DATABASE_URL answers, requests where
`wrk` is installed. Figures of search are ratios of two things measured in turn in the same run, because machines
differ; those of the desk and of policies are milliseconds.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent.parent
POSTGRESQL = os.environ.get("TEST_DATABASE_URL") or "postgresql://postgres@127.0.0.1:5432/postgres"
DATABASE = "codesite_bench"


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory(prefix="codesite-bench-") as folder:
        failed += _measure("SQLite", f"sqlite:///{folder}/bench.sqlite3")
    try:
        with psycopg.connect(POSTGRESQL, connect_timeout=3, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {DATABASE}")
            try:
                failed += _measure("PostgreSQL", urlunsplit(urlsplit(POSTGRESQL)._replace(path=f"/{DATABASE}")))
            finally:
                server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
    except psycopg.OperationalError as error:
        print(f"PostgreSQL was not measured: {error}")
    return 1 if failed else 0


def _measure(name: str, address: str) -> int:
    """Fills a database and measures on it, in processes of their own; 1 where a step failed."""
    print(f"\n{name}", flush=True)
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "DEBUG": "0",
        "HTTPS_ONLY": "0",
        "SECRET_KEY": "only-for-the-benchmark",
        "DJANGO_SETTINGS_MODULE": "codesite.settings",
    }
    # The desk and the policies come last: they add 7,000 guides and 500,000 codes of policies, which the figures of
    # search were never measured with.
    parts = [["-m", f"tests.benchmarks.{part}"] for part in ("search", "requests", "desk", "policies")]
    for arguments in [*_filling(), *parts]:
        if subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, check=False).returncode:
            print(f"{name}: {' '.join(arguments)} failed")
            return 1
    return 0


def _filling() -> list[list[str]]:
    releases = os.environ.get("RELEASES_DIR")
    manage = ["manage.py"]
    steps = [[*manage, "migrate", "--verbosity", "0"], [*manage, "collectstatic", "--no-input", "--verbosity", "0"]]
    if not releases:
        return [*steps, [*manage, "load_demo"]]
    return [
        *steps,
        [*manage, "import_codes", "hcpcs", f"{releases}/hcpcs/january-2025-alpha-numeric-hcpcs-file.zip"],
        [*manage, "import_codes", "icd10cm", f"{releases}/icd10/icd10cm_order_2025.txt.gz"],
        [*manage, "import_guides", "--publish", "procedures/demonstration/guides"],
    ]


sys.exit(main())
