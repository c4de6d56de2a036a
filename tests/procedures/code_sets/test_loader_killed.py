"""A real kill in the middle of an import, of a process of its own on a database of its own."""

import signal
import subprocess
import sys

import pytest

from tests.own_database import ROOT, OwnDatabase, make_own_database

pytestmark = pytest.mark.django_db

IMPORT = ("-m", "tests.procedures.code_sets.interrupted_import")


@pytest.fixture
def own_database(tmp_path):
    with make_own_database(tmp_path) as own:
        yield own


def kill_import(own: OwnDatabase, *arguments: str) -> None:
    """Starts an import, and kills it when it says that it has stopped."""
    process = subprocess.Popen(
        [sys.executable, *IMPORT, *arguments], cwd=ROOT, env=own.environment, stdout=subprocess.PIPE, text=True
    )
    with process:
        said = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert said == "stopped\n"
    assert process.returncode == -signal.SIGKILL


# Two batches of two codes are written, or four entries of the index.
@pytest.mark.parametrize(("step", "items"), [("Adding", "2"), ("Changing", "1"), ("Indexing", "4")])
def test_import_that_is_killed_leaves_the_old_data_and_lets_a_later_one_work(own_database, step, items):
    own_database.run(*IMPORT, "2023-10", "4", check=True)
    before = own_database.every_row()

    kill_import(own_database, "2024-10", "9", step, items)
    assert own_database.every_row() == before

    own_database.run(*IMPORT, "2024-10", "9", check=True)
    after = own_database.every_row()
    assert len(after["procedures_medicalcode"]) == len(after["procedures_searchentry"]) == 9
    assert len(after["procedures_release"]) == 2
    assert all("2024" in row for row in after["procedures_searchentry"])
