"""Booking a meeting: of the hosts who can be met then, the one whose turn it is."""

import datetime
import random
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Count
from django.utils import timezone

from contact.actions.booking_rules import (
    bookings_at_hand,
    overlap_as_taken,
    record,
    require_ahead,
)
from contact.actions.refusals import TooManyMeetings
from contact.actions.transactions import in_one_transaction, violates
from contact.calendar_objects import make_uid
from contact.models import Booking, BookingChange, Host, MeetingType
from contact.slots import Reason, Unavailable, require_offered
from procedures.models import MedicalCode

Status = Booking.Status

# So many meetings ahead of it may an e-mail address have.
MOST_UPCOMING = 2
# Hosts take turns by what they have so long before and after: whoever is new is not given every meeting at first.
FAIR_FOR = datetime.timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who books, and what they say of it: fields of Booking."""

    name: str
    email: str
    organization: str = ""
    notes: str = ""
    time_zone: str = "UTC"
    code: MedicalCode | None = None
    code_text: str = ""
    page: str = ""
    looks_like_spam: bool = False


def book(
    meeting_type: MeetingType,
    start: datetime.datetime,
    visitor: Visitor,
    *,
    request_key: uuid.UUID,
    now: datetime.datetime | None = None,
) -> tuple[Booking, bool]:
    """The booking and True, or, where one was made with this `request_key` before, that one and False.

    The host is, of those who take meetings of the type, the one with fewest for their weight, by chance among equals;
    the next one where that one is not available. Raises TooManyMeetings, and slots.Unavailable with the reason that
    gives most hope: taken before day full before not offered.
    """
    try:
        return _book(meeting_type, start, visitor, request_key, now=now)
    except IntegrityError as error:
        # The same form arrived for other hosts at the same moment, and they have other locks.
        if not violates(error, "request_key"):
            raise
    return bookings_at_hand().get(request_key=request_key), False


@in_one_transaction
def _book(meeting_type, start, visitor, request_key, *, now):
    weights = {share.host_id: share.weight for share in meeting_type.bookable_hosts()}
    hosts = Host.objects.lock(*weights)
    # After the lock, for which it may have waited: what came first is the earlier one in the history as well.
    now = now or timezone.now()
    if existing := bookings_at_hand().filter(request_key=request_key).first():
        return existing, False
    _require_few_meetings(visitor.email, now)
    require_ahead(start, now)
    refusals = {Reason.NOT_OFFERED}
    for pk in _by_turns(meeting_type, start, {pk: weights[pk] for pk in hosts}):
        booking = _make_booking(meeting_type, hosts[pk], start, visitor, request_key, now)
        try:
            require_offered(booking.host, meeting_type, start, now=now)
            with overlap_as_taken():
                booking.save(force_insert=True)
        except Unavailable as refusal:
            refusals.add(refusal.reason)
        else:
            record(booking, BookingChange.Kind.BOOKED, by=None, now=now)
            return booking, True
    raise Unavailable(next(r for r in (Reason.TAKEN, Reason.DAY_FULL, Reason.NOT_OFFERED) if r in refusals))


def _by_turns(meeting_type: MeetingType, start: datetime.datetime, weights: dict[int, int]) -> list[int]:
    """The keys of hosts, the one whose turn it is first."""
    meetings = Booking.objects.filter(
        meeting_type=meeting_type,
        host__in=weights,
        status__in=[Status.CONFIRMED, Status.NO_SHOW],
        starts_at__range=(start - FAIR_FOR, start + FAIR_FOR),
    )
    counts = dict(meetings.order_by().values_list("host_id").annotate(Count("pk")))
    by_chance = random.sample(list(weights), len(weights))
    return sorted(by_chance, key=lambda pk: counts.get(pk, 0) / weights[pk])


def _make_booking(meeting_type, host, start, visitor, request_key, now) -> Booking:
    """Saves nothing."""
    key = uuid.uuid4()
    booking = Booking(
        uuid=key,
        uid=make_uid(key),
        meeting_type=meeting_type,
        host=host,
        request_key=request_key,
        created_at=now,
        **vars(visitor),
    )
    booking.place(start, length=meeting_type.length, buffers=meeting_type.buffers)
    return booking


def _require_few_meetings(email: str, now: datetime.datetime) -> None:
    if settings.RATE_LIMITS and Booking.objects.upcoming(now).of_visitor(email).count() >= MOST_UPCOMING:
        raise TooManyMeetings
