"""What one run of the benchmark is told by its environment, and what it hands on to the processes of its sections."""

import os
import sys

# A trial of all sections on few rows and queries, to see that they work; its figures say nothing.
QUICK = bool(os.environ.get("BENCH_QUICK"))

SMALL, LARGE = "100k", "1M"


def address_of(size: str) -> str:
    """The DATABASE_URL of the database with 100k or 1M rows."""
    return os.environ["BENCH_URL_" + size.upper()]


def environment_for(url: str, **others: str) -> dict[str, str]:
    """The environment of a process that uses this database, with the settings of a deployment."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DEBUG": "0",
        "HTTPS_ONLY": "0",
        "SECRET_KEY": "only-for-the-benchmark",
        "DJANGO_SETTINGS_MODULE": "codesite.settings",
        **others,
    }


def say(text: str) -> None:
    print(text, flush=True)


def fail(text: str) -> None:
    """Ends a section: what it measures would be wrong."""
    sys.exit(f"stopped: {text}")
