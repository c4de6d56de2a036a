import datetime
import io

import pytest
import time_machine
from django.core.management import call_command

from procedures.models import ContentVersion, MedicalCode, SearchEntry
from procedures.search import search
from tests.factories import create_code, create_guide, get_system

pytestmark = pytest.mark.django_db


def rebuild_search(*arguments: str) -> str:
    """What the command says."""
    said = io.StringIO()
    call_command("rebuild_search", *arguments, stdout=said)
    return said.getvalue()


def statuses(text: str) -> dict[str, str]:
    """The status of each code that search finds."""
    return {row["code"]: row["status"] for row in search(text, [get_system()]).rows}


def retired(text: str) -> int:
    """How many results the facet counts as retired."""
    facet = search(text, [get_system()]).facets["status"]
    return next((value.count for value in facet if value.value == "retired"), 0)


def test_rebuild_finds_what_was_written_without_the_index():
    create_guide(create_code("J9302", "Injection, ofatumumab, 10 mg"), summary="A drip into a vein.")
    MedicalCode.objects.update(long_description="Infusion of ofatumumab")
    SearchEntry.objects.all().delete()
    assert statuses("ofatumumab") == {}

    assert rebuild_search() == "1 codes indexed.\n"
    assert statuses("infusion") == {"J9302": "active"}
    assert statuses("drip") == {"J9302": "active"}
    assert statuses("injection") == {}


def test_rebuild_is_quiet_where_nobody_watches(capsys):
    create_code()
    rebuild_search()

    assert capsys.readouterr() == ("", "")


def test_due_brings_codes_up_to_date_whose_last_day_has_passed():
    with time_machine.travel(datetime.datetime(2025, 3, 31, 12, tzinfo=datetime.UTC), tick=False):
        create_code("C9001", "Medicine that ends", terminated=datetime.date(2025, 3, 31))
        create_code("C9002", "Medicine that ends later", terminated=datetime.date(2025, 6, 30))
        create_code("C9003", "Medicine that stays")
        assert rebuild_search("--due") == "0 codes indexed anew.\n"
        assert retired("medicine") == 0

    with time_machine.travel(datetime.datetime(2025, 4, 1, 12, tzinfo=datetime.UTC), tick=False):
        before = ContentVersion.objects.get().number
        assert rebuild_search("--due") == "1 codes indexed anew.\n"
        assert retired("medicine") == 1
        assert statuses("medicine") == {"C9001": "retired", "C9002": "active", "C9003": "active"}
        assert ContentVersion.objects.get().number > before
        assert rebuild_search("--due") == "0 codes indexed anew.\n"

    with time_machine.travel(datetime.datetime(2025, 7, 1, 12, tzinfo=datetime.UTC), tick=False):
        assert rebuild_search("--due") == "1 codes indexed anew.\n"
        assert retired("medicine") == 2
