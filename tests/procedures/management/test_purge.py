import datetime

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model

from procedures.models import DailyViews, ReleaseUpload, SearchWithoutResult, SheetUpload
from tests.factories import create_code, create_user, get_system
from tests.procedures.management.running import said_by

NOW = datetime.datetime(2025, 3, 1, 12, tzinfo=datetime.UTC)
TODAY = NOW.date()

pytestmark = [pytest.mark.django_db, pytest.mark.time_machine(NOW, tick=False)]

KINDS = (DailyViews, SearchWithoutResult, ReleaseUpload, SheetUpload, AccessAttempt)


def days(count: int) -> datetime.timedelta:
    return datetime.timedelta(days=count)


def create_views(age: int) -> None:
    DailyViews.objects.create(code=create_code(f"J{age:04}"), day=TODAY - days(age), count=1)


def create_search(age: int) -> None:
    SearchWithoutResult.objects.create(text="flu jab", day=TODAY - days(age), count=1)


def create_upload(model, name: str, *, age: datetime.timedelta, **fields) -> None:
    user, _ = get_user_model().objects.get_or_create(username="dana")
    upload = model.objects.create(name=name, content=b"\0\xff", uploaded_by=user, **fields)
    model.objects.filter(pk=upload.pk).update(uploaded_at=NOW - age)


def create_failed_log_in(name: str, *, age: datetime.timedelta) -> None:
    attempt = AccessAttempt.objects.create(username=name, ip_address="192.0.2.1", failures_since_start=5)
    AccessAttempt.objects.filter(pk=attempt.pk).update(attempt_time=NOW - age)


@pytest.fixture
def rows():
    """Of each kind some that are past their time, and one that is not."""
    for age in (399, 401, 500):
        create_views(age)
    for age in (89, 91):
        create_search(age)
    minute, day, hour = datetime.timedelta(minutes=1), days(1), datetime.timedelta(hours=1)
    create_upload(ReleaseUpload, "kept.zip", age=day - minute, system=get_system())
    create_upload(ReleaseUpload, "old.zip", age=day + minute, system=get_system())
    create_upload(SheetUpload, "kept.csv", age=day - minute, label="procedures.CodeName")
    create_upload(SheetUpload, "old.csv", age=day + minute, label="procedures.CodeName")
    create_failed_log_in("locked", age=hour - minute)
    create_failed_log_in("free again", age=hour + minute)


def counts() -> list[int]:
    return [kind.objects.count() for kind in KINDS]


SAID = """\
Views of codes, after 400 days: 2
Searches without result, after 90 days: 1
Releases that nobody imported within a day: 1
Sheets that nobody imported within a day: 1
Failed log-ins that no longer count: 1
"""


def test_purge_deletes_what_is_past_its_time_and_nothing_else(rows):
    assert said_by("purge") == f"{SAID}6 deleted.\n"

    assert [views.code.code for views in DailyViews.objects.all()] == ["J0399"]
    assert [search.day for search in SearchWithoutResult.objects.all()] == [TODAY - days(89)]
    assert [upload.name for upload in ReleaseUpload.objects.all()] == ["kept.zip"]
    assert [upload.name for upload in SheetUpload.objects.all()] == ["kept.csv"]
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["locked"]


def test_purge_as_a_dry_run_counts_the_same_and_deletes_nothing(rows):
    before = counts()

    assert said_by("purge", "--dry-run") == f"{SAID}6 would be deleted.\n"
    assert counts() == before


def test_purge_may_be_run_again(rows):
    said_by("purge")
    before = counts()

    assert said_by("purge").endswith("\n0 deleted.\n")
    assert counts() == before


def test_purge_leaves_people_and_codes_alone(rows):
    create_user("ann")
    people = list(get_user_model().objects.values_list("username", flat=True))

    said_by("purge")

    assert list(get_user_model().objects.values_list("username", flat=True)) == people
    assert DailyViews.objects.get().code.system == get_system()
