"""What a racer does, as a function that gives its outcome in a word or two; and the hosts and types that it needs."""

import datetime
import itertools
import uuid
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError

from contact import actions
from contact.actions.transactions import violates
from contact.models import Booking, Host, MeetingType, Message
from contact.slots import Reason, Unavailable
from tests.factories import create_host, create_meeting_type, create_window

NOW = datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC)
DAY = datetime.datetime(2027, 3, 15, tzinfo=datetime.UTC)
MIDNIGHT = datetime.time(0)
WORDS = {Reason.TAKEN: "taken", Reason.DAY_FULL: "day full", Reason.NOT_OFFERED: "not offered"}

Act = Callable[[], str]
_numbers = itertools.count(1)


def word_of(act: Act) -> str:
    """The outcome of an act; an error that is no refusal is raised."""
    try:
        return act()
    except Unavailable as refusal:
        return WORDS[refusal.reason]
    except actions.TooManyMeetings:
        return "too many"
    except actions.NotConfirmed:
        return "not confirmed"
    except actions.ChangedMeanwhile:
        return "changed meanwhile"


def at(hour: int, minute: int = 0) -> datetime.datetime:
    return DAY + datetime.timedelta(hours=hour, minutes=minute)


def open_host(**fields) -> Host:
    """A host who can be met at any time of DAY."""
    host = create_host(f"Host {next(_numbers)}", time_zone="UTC", hours=None, **fields)
    create_window(host, DAY.weekday(), MIDNIGHT, MIDNIGHT)
    return host


def open_type(slug: str = "introduction", *, hosts: list[Host] | None = None, **fields) -> MeetingType:
    return create_meeting_type(slug, hosts=hosts or [open_host()], **fields)


def staff() -> User:
    return User.objects.create(username="ann", is_staff=True)


def book(meeting_type: MeetingType, start: datetime.datetime, *, key=None, email=""):
    """What contact.actions.book gives, for a visitor whom nobody else is."""
    visitor = actions.Visitor(name="Kim Lee", email=email or f"visitor-{next(_numbers)}@visitor.example")
    return actions.book(meeting_type, start, visitor, request_key=key or uuid.uuid4(), now=NOW)


def booked(meeting_type: MeetingType, start: datetime.datetime, **options) -> Booking:
    return book(meeting_type, start, **options)[0]


def books(meeting_type: MeetingType, start: datetime.datetime, **options) -> Act:
    options = {"email": f"visitor-{next(_numbers)}@visitor.example", **options}

    def act():
        return "booked" if book(meeting_type, start, **options)[1] else "same"

    return act


def moves(booking: Booking, start: datetime.datetime, **options) -> Act:
    def act():
        actions.move(booking, start, now=NOW, **options)
        return "moved"

    return act


def cancels(booking: Booking) -> Act:
    def act():
        return "cancelled" if actions.cancel(booking, now=NOW) else "was cancelled"

    return act


def restores(booking: Booking, by: User) -> Act:
    def act():
        actions.restore(booking, by=by, now=NOW)
        return "restored"

    return act


def confirms_past_the_actions(booking: Booking) -> Act:
    def act():
        try:
            Booking.objects.filter(pk=booking.pk).update(status=Booking.Status.CONFIRMED)
        except IntegrityError as error:
            if not violates(error, "no_overlap"):
                raise
            return "refused"
        except OperationalError as error:
            # Those who wait for each other's rows PostgreSQL may end as deadlocked.
            if getattr(error.__cause__, "sqlstate", None) != "40P01":
                raise
            return "refused"
        return "confirmed"

    return act


def sends_message(key: uuid.UUID) -> Act:
    def act():
        message = Message(name="Kim Lee", email="kim@visitor.example", text="Is it covered?", request_key=key)
        return "sent" if actions.send_message(message)[1] else "same"

    return act
