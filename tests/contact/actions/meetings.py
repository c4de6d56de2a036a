"""What the tests of acts have in common: a Monday at noon, hosts from nine to five in UTC, and acts at that time."""

import datetime
import itertools
import uuid

from contact import actions
from contact.models import Booking, BookingChange, Host, MeetingType, OutgoingMail
from tests.factories import create_host, create_meeting_type

NOW = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
_numbers = itertools.count(1)


def at(hour: int, minute: int = 0, *, day: int = 3) -> datetime.datetime:
    """A time on a day of that March."""
    return datetime.datetime(2027, 3, day, hour, minute, tzinfo=datetime.UTC)


def host_of_nine_to_five(name: str = "Alex Morgan", **fields) -> Host:
    return create_host(name, **{"time_zone": "UTC", **fields})


def type_of(*hosts: Host, slug: str = "introduction", **fields) -> MeetingType:
    return create_meeting_type(slug, hosts=hosts or [host_of_nine_to_five()], **fields)


def visitor(**fields) -> actions.Visitor:
    """Somebody who has no other meeting."""
    return actions.Visitor(**{"name": "Kim Lee", "email": f"kim-{next(_numbers)}@visitor.example", **fields})


def book(meeting_type: MeetingType, start: datetime.datetime, *, now=NOW, **options) -> Booking:
    """A meeting that was booked just now, by contact.actions."""
    options = {"visitor": visitor(), "request_key": uuid.uuid4(), **options}
    booking, created = actions.book(meeting_type, start, options.pop("visitor"), now=now, **options)
    assert created
    return booking


def history(booking: Booking) -> list[tuple]:
    """(kind, sequence, start, who) of each change."""
    changes = booking.changes.order_by("pk")
    return [(each.kind, each.sequence, each.starts_at, each.by and each.by.username) for each in changes]


def told(booking: Booking, *, sequence: int) -> list[tuple]:
    """(kind, method, recipient) of each mail of a change, but for reminders."""
    mails = booking.mails.filter(sequence=sequence).exclude(kind="reminder").order_by("pk")
    return list(mails.values_list("kind", "calendar_method", "to"))


def reminders(booking: Booking) -> list[tuple]:
    """(state, when it is due) of each, the oldest first."""
    return list(booking.mails.filter(kind="reminder").order_by("pk").values_list("state", "due_at"))


def count_rows() -> tuple[int, int, int]:
    return Booking.objects.count(), BookingChange.objects.count(), OutgoingMail.objects.count()
