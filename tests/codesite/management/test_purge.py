import datetime

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import get_user_model

from contact.models import Booking, Message, MessageNote, OutgoingMail, RateBucket
from procedures.models import DailyViews, ReleaseUpload, SearchWithoutResult, SheetUpload
from tests.factories import (
    create_booking,
    create_code,
    create_host,
    create_mail,
    create_meeting_type,
    create_message,
    create_user,
    get_system,
)
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
Mails, 30 days after they were sent, 90 where they failed: 0
Messages, 365 days after they were done, 30 where they were spam: 0
Past meetings, of which the visitor is forgotten after 365 days: 0
Counts of what came from one address, whose period is over: 0
"""


def test_purge_deletes_what_is_past_its_time_and_nothing_else(rows):
    assert said_by("purge") == f"{SAID}6 deleted or forgotten.\n"

    assert [views.code.code for views in DailyViews.objects.all()] == ["J0399"]
    assert [search.day for search in SearchWithoutResult.objects.all()] == [TODAY - days(89)]
    assert [upload.name for upload in ReleaseUpload.objects.all()] == ["kept.zip"]
    assert [upload.name for upload in SheetUpload.objects.all()] == ["kept.csv"]
    assert [attempt.username for attempt in AccessAttempt.objects.all()] == ["locked"]


def test_purge_as_a_dry_run_counts_the_same_and_deletes_nothing(rows):
    before = counts()

    assert said_by("purge", "--dry-run") == f"{SAID}6 would be deleted or forgotten.\n"
    assert counts() == before


def test_purge_may_be_run_again(rows):
    said_by("purge")
    before = counts()

    assert said_by("purge").endswith("\n0 deleted or forgotten.\n")
    assert counts() == before


def test_purge_leaves_people_and_codes_alone(rows):
    create_user("ann")
    people = list(get_user_model().objects.values_list("username", flat=True))

    said_by("purge")

    assert list(get_user_model().objects.values_list("username", flat=True)) == people
    assert DailyViews.objects.get().code.system == get_system()


# Messages, meetings and mails


def closed(age: float, status: str = "done", **fields) -> Message:
    return create_message(status=status, closed_at=NOW - days(age), created_at=NOW - days(age + 1), **fields)


def count_of(said: str, what: str) -> int:
    """The number on the line that begins with these words."""
    return int(next(line for line in said.splitlines() if line.startswith(what)).rpartition(" ")[2])


def test_messages_are_deleted_with_notes_and_mails_when_they_were_closed_long_ago():
    kept = [
        closed(364),
        closed(29, "spam"),
        create_message(created_at=NOW - days(3_000)),
        create_message(created_at=NOW - days(3_000), status="open"),
    ]
    for message in (closed(365), closed(400), closed(30, "spam")):
        MessageNote.objects.create(message=message, text="Called.")
        create_mail(message=message)
    mail = create_mail(message=kept[0])

    said = said_by("purge")

    assert count_of(said, "Messages") == 3
    assert sorted(Message.objects.values_list("pk", flat=True)) == [message.pk for message in kept]
    assert not MessageNote.objects.exists()
    assert OutgoingMail.objects.get() == mail


@pytest.mark.parametrize(("kept_for", "left"), [(10, ["9"]), (0, []), (40, ["9", "29", "39"])])
def test_how_long_messages_and_meetings_are_kept_is_a_setting(settings, kept_for, left):
    settings.CONTACT_RETENTION_DAYS = kept_for
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    for age in (9, 39, 41):
        closed(age, name=str(age))
        create_booking(meeting_type, host, NOW - days(age), name=str(age))
    for age in (29, 31):
        closed(age, "spam", name=str(age))

    said_by("purge")

    assert sorted(Message.objects.values_list("name", flat=True), key=int) == left
    remembered = Booking.objects.exclude(name="").values_list("name", flat=True)
    assert sorted(remembered, key=int) == [age for age in left if age != "29"]


def test_past_meetings_are_forgotten_and_still_count():
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    half_an_hour = datetime.timedelta(minutes=30)
    old = create_booking(meeting_type, host, NOW - days(365) - half_an_hour, notes="What about?")
    cancelled = create_booking(meeting_type, host, NOW - days(400), status="cancelled")
    missed = create_booking(meeting_type, host, NOW - days(401), status="no-show")
    kept = create_booking(meeting_type, host, NOW - days(365))
    coming = create_booking(meeting_type, host, NOW + days(1))
    create_mail(booking=old, kind="booked", state="queued")
    mail = create_mail(booking=kept, kind="booked")

    said = said_by("purge")

    assert count_of(said, "Past meetings") == 3
    for booking in (old, cancelled, missed):
        booking.refresh_from_db()
        assert (booking.name, booking.email, booking.notes, booking.forgotten_at) == ("", "", "", NOW)
    assert Booking.objects.count() == 5
    assert Booking.objects.filter(name="Kim Lee").count() == 2
    assert {booking.status for booking in (old, cancelled, missed)} == {"confirmed", "cancelled", "no-show"}
    assert OutgoingMail.objects.get() == mail
    assert coming.pk in Booking.objects.filter(forgotten_at=None).values_list("pk", flat=True)


def test_mails_are_deleted_when_they_were_settled_long_ago_and_never_unsent():
    def create(name, state, age, **fields):
        times = {"created_at": NOW - days(age + 1), "due_at": NOW - days(age), "wanted_at": NOW - days(age)}
        create_mail(subject=name, state=state, **times, **fields)

    create("sent long ago", "sent", 40, sent_at=NOW - days(30))
    create("sent late", "sent", 40, sent_at=NOW - days(29))
    create("given up long ago", "cancelled", 30)
    create("given up lately", "cancelled", 29)
    create("failed long ago", "failed", 90)
    create("failed lately", "failed", 89)
    create("waits for ever", "queued", 900)
    create("is being sent", "sending", 900, lease_until=NOW)

    said = said_by("purge")

    assert count_of(said, "Mails") == 3
    assert set(OutgoingMail.objects.values_list("subject", flat=True)) == {
        *["sent late", "given up lately", "failed lately", "waits for ever", "is being sent"]
    }


def test_counts_of_addresses_are_deleted_when_their_period_is_over():
    for key, end in (("over", NOW), ("running", NOW + datetime.timedelta(seconds=1))):
        RateBucket.objects.create(key=key, starts_at=NOW - days(1), ends_at=end)

    said = said_by("purge")

    assert count_of(said, "Counts of what came") == 1
    assert RateBucket.objects.get().key == "running"


def test_purge_of_messages_and_meetings_counts_the_same_as_its_dry_run_and_may_be_run_again():
    host = create_host()
    meeting_type = create_meeting_type(hosts=[host])
    booking = create_booking(meeting_type, host, NOW - days(400))
    message = closed(400)
    sent = {"state": "sent", "sent_at": NOW - days(40)}
    for about in ({"message": message}, {"booking": booking, "kind": "booked"}):
        create_mail(**about, **sent)
        create_mail(**about)
    before = list(Booking.objects.values()), list(OutgoingMail.objects.values())

    dry = said_by("purge", "--dry-run")
    assert (list(Booking.objects.values()), list(OutgoingMail.objects.values())) == before
    wet = said_by("purge")
    again = said_by("purge")

    assert dry.replace("would be deleted", "deleted") == wet
    assert wet.endswith("\n4 deleted or forgotten.\n")
    assert again.endswith("\n0 deleted or forgotten.\n")
    assert not OutgoingMail.objects.exists()
    booking.refresh_from_db()
    assert booking.link_version == 2
