"""Fifty who act at once, each with a connection of its own, on the engine of the tests."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from contact import actions
from contact.models import Booking, OutgoingMail
from tests.contact.races.acts import NOW, at, booked, moves, open_host, open_type, staff
from tests.contact.races.scenarios import SCENARIOS, Race
from tests.contact.races.tables import broken_histories, faults_of_tables, unfitting_mails
from tests.own_database import make_own_database

RACERS = 50


def run_races(folder, names) -> subprocess.CompletedProcess:
    with make_own_database(folder) as own:
        return own.run("-m", "tests.contact.races", "--racers", str(RACERS), *names)


# In one test, because two workers of the suite would let all of them race twice, or wait for each other.
@pytest.mark.django_db
def test_every_race_of_fifty_has_its_one_right_end(tmp_path_factory):
    # On SQLite, racers wait for locks more than they work, so two databases take half the time of one. A server has
    # not the connections for that.
    databases = 1 if connection.vendor == "postgresql" else 2
    with ThreadPoolExecutor(databases) as pool:
        halves = [list(SCENARIOS)[number::databases] for number in range(databases)]
        folders = [tmp_path_factory.mktemp("own") for _ in halves]
        runs = list(pool.map(run_races, folders, halves))

    ends = {end["name"]: end for run in runs for end in map(json.loads, run.stdout.splitlines())}
    said = "".join(run.stderr for run in runs)
    assert {name: end["faults"] for name, end in ends.items()} == {name: [] for name in SCENARIOS}, said
    assert {sum(end["outcomes"].values()) for end in ends.values()} == {RACERS}
    assert ([run.returncode for run in runs], said) == ([0] * databases, "")


@pytest.fixture
def meeting(db) -> Booking:
    hosts = [open_host(), open_host()]
    meeting = booked(open_type(hosts=hosts), at(10))
    moves(meeting, at(11), by=staff(), host=next(host for host in hosts if host != meeting.host))()
    return Booking.objects.get()


def test_race_with_another_end_is_a_fault():
    race = Race(acts=[], right={"booked": 1, "taken": 2})

    assert race.faults({"booked": 1, "taken": 2}) == []
    assert race.faults({"booked": 2, "taken": 1}) == ["{'booked': 2, 'taken': 1} instead of {'booked': 1, 'taken': 2}"]


def test_tables_after_acts_are_without_fault(meeting):
    actions.cancel(meeting, now=NOW)

    assert faults_of_tables() == {"overlapping pairs": 0, "unfitting mails": 0, "broken histories": 0}


@pytest.mark.parametrize(
    "which",
    [
        {"kind": "booked", "to__startswith": "visitor"},
        {"kind": "moved", "to__startswith": "host"},
        {"kind": "cancelled", "to__startswith": "host"},
        {"kind": "reminder", "state": "queued"},
        {"kind": "reminder", "state": "cancelled"},
    ],
    ids=lambda which: "-".join(which.values()),
)
def test_mail_that_is_missing_is_a_fault(meeting, which):
    OutgoingMail.objects.get(**which).delete()

    assert unfitting_mails() == 1


def test_mail_that_is_surplus_is_a_fault(meeting):
    mail = OutgoingMail.objects.filter(kind="moved").first()
    mail.pk, mail.internet_message_id, mail.dedupe_key = None, "<another@test>", "another"
    mail.save()

    assert unfitting_mails() == 1


@pytest.mark.parametrize(
    "changed",
    [{"sequence": 2}, {"status": "cancelled"}, {"starts_at": at(11, 5)}],
    ids=["sequence", "status", "start"],
)
def test_booking_that_is_not_where_its_history_ends_is_a_fault(meeting, changed):
    Booking.objects.update(**changed)

    assert broken_histories() == 1


def test_booking_without_history_is_a_fault(meeting):
    meeting.changes.all().delete()

    assert broken_histories() == 1
