"""What the database itself refuses, whoever writes: every constraint is violated here."""

import datetime
import uuid

import pytest
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from contact.models import (
    AvailabilityException,
    Booking,
    BookingChange,
    HostShare,
    MailWorker,
    MeetingType,
    MessageNote,
    RateBucket,
)
from tests.constraints import assert_all_constraints, assert_refused, create_twice, update
from tests.factories import (
    create_booking,
    create_code,
    create_host,
    create_mail,
    create_meeting_type,
    create_message,
    create_window,
)

pytestmark = pytest.mark.django_db

NOON = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)
TODAY = NOON.date()
NINE, FIVE = datetime.time(9), datetime.time(17)


def booked(start=NOON, *, host=None, **fields) -> Booking:
    host = host or create_host(hours=None)
    meeting_type = MeetingType.objects.first() or create_meeting_type(hosts=[host])
    return create_booking(meeting_type, host, start, **fields)


def booked_twice(second=NOON, **fields) -> None:
    host = create_host(hours=None)
    booked(host=host)
    booked(second, host=host, **fields)


def restored() -> None:
    host = create_host(hours=None)
    booked(host=host)
    update(booked(host=host, status="cancelled"), status="confirmed")


def moved_together() -> None:
    host = create_host(hours=None)
    booked(host=host)
    other = booked(NOON + DAY, host=host)
    update(other, starts_at=NOON, ends_at=NOON + MINUTE, blocked_from=NOON, blocked_until=NOON + MINUTE)


def given_to_another_host() -> None:
    first, second = create_host("Alex", hours=None), create_host("Sam", hours=None)
    booked(host=first)
    update(booked(host=second), host=first)


def create_exception(**fields) -> AvailabilityException:
    return AvailabilityException.objects.create(**{"first_day": TODAY, "last_day": TODAY, **fields})


def create_change(**fields) -> BookingChange:
    booking = booked()
    return BookingChange.objects.create(
        **{"booking": booking, "kind": "booked", "host": booking.host, "starts_at": NOON, "sequence": 0, **fields}
    )


def create_share(**fields) -> HostShare:
    return HostShare.objects.create(host=create_host(hours=None), meeting_type=create_meeting_type(), **fields)


def create_bucket(**fields) -> RateBucket:
    return RateBucket.objects.create(**{"key": "k", "starts_at": NOON, "ends_at": NOON + DAY, **fields})


def create_window_of(**fields):
    return create_window(create_host(hours=None), **{"weekday": 0, "start": NINE, "end": FIVE, **fields})


FORGOTTEN = {"forgotten_at": NOON, "name": "", "email": ""}

# Numbers that a meeting type may not have, by field.
OUT_OF_RANGE = {
    "length_min": (0, 485),
    "step_min": (0, 485),
    "notice_min": (86_401,),
    "horizon_days": (0, 366),
    "buffer_before_min": (245,),
    "buffer_after_min": (245,),
    "cancel_cutoff_min": (86_401,),
    "daily_cap": (0, 101),
    "reminder_min": (9, 20_161),
}

VIOLATIONS = [
    ("host_complete", lambda: create_host("")),
    ("host_complete", lambda: create_host(email="")),
    ("host_complete", lambda: create_host(time_zone="")),
    ("host_cap_range", lambda: create_host(daily_cap=0)),
    ("host_cap_range", lambda: create_host(daily_cap=101)),
    ("host_feed_once", lambda: [create_host(name, feed_digest="0a") for name in ("Alex", "Sam")]),
    ("meetingtype_complete", lambda: create_meeting_type("")),
    ("meetingtype_complete", lambda: create_meeting_type(title="")),
    ("meetingtype_complete", lambda: create_meeting_type(location="")),
    *(
        (f"meetingtype_{field}_range", lambda field=field, value=value: create_meeting_type(**{field: value}))
        for field, values in OUT_OF_RANGE.items()
        for value in values
    ),
    *(
        (f"meetingtype_{field}_grid", lambda field=field: create_meeting_type(**{field: 17}))
        for field in ("length_min", "step_min", "buffer_before_min", "buffer_after_min")
    ),
    ("hostshare_once", lambda: create_twice(create_share)),
    ("hostshare_weight_range", lambda: create_share(weight=0)),
    ("hostshare_weight_range", lambda: create_share(weight=11)),
    ("availabilitywindow_weekday_known", lambda: create_window_of(weekday=7)),
    (
        "availabilitywindow_valid_in_order",
        lambda: create_window_of(valid_from=TODAY, valid_until=TODAY - DAY),
    ),
    ("availabilityexception_kind_known", lambda: create_exception(kind="half")),
    ("availabilityexception_days_in_order", lambda: create_exception(last_day=TODAY - DAY)),
    ("availabilityexception_hours_in_pairs", lambda: create_exception(start=NINE)),
    ("availabilityexception_hours_in_pairs", lambda: create_exception(end=FIVE)),
    ("availabilityexception_open_has_hours", lambda: create_exception(kind="open")),
    ("message_status_known", lambda: create_message(status="lost")),
    ("message_complete", lambda: create_message("")),
    ("message_complete", lambda: create_message(name="")),
    ("message_complete", lambda: create_message(email="")),
    ("message_complete", lambda: create_message(public_id="")),
    ("message_closed_at", lambda: create_message(closed_at=NOON)),
    ("message_closed_at", lambda: update(create_message(status="done"), closed_at=None)),
    ("message_closed_at", lambda: update(create_message(), status="spam")),
    ("messagenote_has_text", lambda: MessageNote.objects.create(message=create_message(), text="")),
    ("booking_status_known", lambda: booked(status="maybe")),
    ("booking_times_in_order", lambda: update(booked(), blocked_from=NOON + MINUTE)),
    ("booking_times_in_order", lambda: update(booked(), ends_at=NOON, blocked_until=NOON)),
    ("booking_times_in_order", lambda: update(booked(), blocked_until=NOON)),
    ("booking_visitor_or_forgotten", lambda: booked(name="")),
    ("booking_visitor_or_forgotten", lambda: booked(email="")),
    ("booking_visitor_or_forgotten", lambda: booked(**{**FORGOTTEN, "email": "kim@visitor.example"})),
    ("booking_visitor_or_forgotten", lambda: booked(**FORGOTTEN, notes="Asked about her mother.")),
    ("booking_visitor_or_forgotten", lambda: booked(**FORGOTTEN, organization="A clinic")),
    ("booking_visitor_or_forgotten", lambda: booked(**FORGOTTEN, code_text="J9302")),
    ("booking_visitor_or_forgotten", lambda: booked(**FORGOTTEN, page="/code/hcpcs/J9302")),
    ("booking_complete", lambda: update(booked(), uid="")),
    ("booking_complete", lambda: update(booked(), time_zone="")),
    ("booking_no_overlap", booked_twice),
    ("booking_no_overlap", lambda: booked_twice(NOON + 29 * MINUTE)),
    ("booking_no_overlap", lambda: booked_twice(NOON - 29 * MINUTE)),
    ("booking_no_overlap", restored),
    ("booking_no_overlap", moved_together),
    ("booking_no_overlap", given_to_another_host),
    ("bookingchange_kind_known", lambda: create_change(kind="lost")),
    ("outgoingmail_state_known", lambda: create_mail(state="lost")),
    ("outgoingmail_kind_known", lambda: create_mail(kind="advertisement")),
    ("outgoingmail_lease_while_sending", lambda: create_mail(state="sending")),
    ("outgoingmail_lease_while_sending", lambda: create_mail(lease_until=NOON)),
    ("outgoingmail_sent_at", lambda: create_mail(state="sent")),
    ("outgoingmail_sent_at", lambda: create_mail(sent_at=NOON)),
    ("outgoingmail_method_known", lambda: create_mail(calendar_method="REPLY")),
    ("outgoingmail_complete", lambda: create_mail(to="")),
    ("outgoingmail_complete", lambda: create_mail(subject="")),
    ("outgoingmail_complete", lambda: create_mail(internet_message_id="")),
    ("outgoingmail_complete", lambda: create_mail(dedupe_key="")),
    ("mailworker_one_row", lambda: MailWorker.objects.create(pk=2, seen_at=NOON)),
    ("ratebucket_once", lambda: create_twice(create_bucket)),
    ("ratebucket_counts", lambda: create_bucket(count=0)),
    ("ratebucket_has_key", lambda: create_bucket(key="")),
    ("ratebucket_times_in_order", lambda: create_bucket(ends_at=NOON)),
]


@pytest.mark.parametrize(("constraint", "violate"), VIOLATIONS)
def test_constraint_is_held_by_the_database(constraint, violate):
    assert_refused("contact", constraint, violate)


def test_every_constraint_is_violated_here():
    assert_all_constraints("contact", [name for name, _ in VIOLATIONS])


@pytest.mark.parametrize(
    "violate",
    [
        lambda: [create_meeting_type("walk-through") for _ in range(2)],
        lambda: [create_message(public_id="0123abcd") for _ in range(2)],
        lambda: [create_message(request_key=uuid.UUID(int=1)) for _ in range(2)],
        lambda: [booked(NOON + number * DAY, request_key=uuid.UUID(int=1)) for number in range(2)],
        lambda: [update(booked(NOON + number * DAY), uid="one@test") for number in range(2)],
        lambda: [create_mail(internet_message_id="<one@test>") for _ in range(2)],
        lambda: [create_mail(dedupe_key="one") for _ in range(2)],
    ],
    ids=[
        "slug of a type once",
        "thread of a message once",
        "a form sends one message",
        "a form makes one booking",
        "calendar UID once",
        "Message-ID once",
        "a mail is written once",
    ],
)
def test_field_is_held_by_the_database(violate):
    with pytest.raises(IntegrityError), transaction.atomic():
        violate()


def test_what_looks_like_a_violation_and_is_none_is_stored():
    [create_host(name, feed_digest="") for name in ("Alex", "Sam")]
    create_host("Caped", hours=None, daily_cap=100)
    create_meeting_type("short", length_min=5, step_min=5, daily_cap=None, reminder_min=None)
    create_meeting_type("long", length_min=480, step_min=480, buffer_before_min=240, buffer_after_min=240)
    create_window_of(start=FIVE, end=NINE, valid_from=TODAY, valid_until=TODAY)
    create_exception(start=FIVE, end=NINE, kind="open")
    create_message(status="spam")
    create_mail(state="sending", lease_until=NOON)
    create_mail(state="sent", sent_at=timezone.now())


def test_meetings_may_touch_and_others_may_be_at_the_same_time():
    host, other = create_host("Alex", hours=None), create_host("Sam", hours=None)
    booked(host=host)

    booked(NOON + 30 * MINUTE, host=host)
    booked(NOON - 30 * MINUTE, host=host)
    booked(host=other)
    booked(host=host, status="cancelled")
    booked(host=host, status="no-show")

    assert Booking.objects.count() == 6


def test_meetings_may_not_reach_into_what_is_kept_free_around_another():
    host = create_host(hours=None)
    meeting_type = create_meeting_type(hosts=[host], buffer_before_min=10, buffer_after_min=5)
    create_booking(meeting_type, host, NOON)

    with pytest.raises(IntegrityError), transaction.atomic():
        create_booking(meeting_type, host, NOON + 40 * MINUTE)
    create_booking(meeting_type, host, NOON + 45 * MINUTE)


def test_host_with_meetings_cannot_be_deleted():
    booking = booked()

    with pytest.raises(models.ProtectedError):
        booking.host.delete()
    with pytest.raises(models.ProtectedError):
        booking.meeting_type.delete()


def test_deletion_of_a_code_leaves_messages_and_meetings():
    code = create_code()
    message, booking = create_message(code=code), booked(code=code)

    code.delete()

    for row in (message, booking):
        row.refresh_from_db()
        assert row.code is None


def test_deletion_of_a_message_leaves_its_mails():
    message = create_message()
    mail = create_mail(message=message)

    message.delete()

    mail.refresh_from_db()
    assert mail.message is None
