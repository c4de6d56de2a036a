"""Booking a meeting, and everything that can become of it."""

import copy
import datetime
import random
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from contact import mails
from contact.actions.refusals import Forgotten, NotConfirmed, TooEarly, TooLate, TooManyMeetings
from contact.actions.transactions import BeginAgain, in_one_transaction, violates
from contact.calendar_objects import make_uid
from contact.models import Booking, BookingChange, Host, MeetingType, OutgoingMail
from contact.slots import Reason, Unavailable, require_offered
from procedures.models import MedicalCode

Kind = BookingChange.Kind
Status = Booking.Status

# So many meetings ahead of it may an e-mail address have.
MOST_UPCOMING = 2
# Hosts take turns by what they have so long before and after: whoever is new is not given every meeting at first.
FAIR_FOR = datetime.timedelta(days=14)
# No meeting begins later than that, whoever books it: the year was mistyped, or cannot be computed with.
FARTHEST = datetime.timedelta(days=5 * 365)


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
    by: User | None = None,
    host: Host | None = None,
) -> tuple[Booking, bool]:
    """The booking and True, or, where one was made with this `request_key` before, that one and False.

    Without a `host`: of those who take meetings of the type the one with fewest for their weight, by chance among
    equals; the next one where that one is not available. Raises TooManyMeetings, and slots.Unavailable with the
    reason that gives most hope: taken before day full before not offered.
    """
    try:
        return _book(meeting_type, start, visitor, request_key, now=now, by=by, host=host)
    except IntegrityError as error:
        # The same form arrived for other hosts at the same moment, and they have other locks.
        if not violates(error, "request_key"):
            raise
    return _bookings().get(request_key=request_key), False


@in_one_transaction
def _book(meeting_type, start, visitor, request_key, *, now, by, host):
    weights = {host.pk: 1} if host else {share.host_id: share.weight for share in meeting_type.bookable_hosts()}
    hosts = Host.objects.lock(*weights)
    # After the lock, for which it may have waited: what came first is the earlier one in the history as well.
    now = now or timezone.now()
    if existing := _bookings().filter(request_key=request_key).first():
        return existing, False
    if by is None:
        _require_few_meetings(visitor.email, now)
    _require_ahead(start, now)
    refusals = {Reason.NOT_OFFERED}
    for pk in _by_turns(meeting_type, start, {pk: weights[pk] for pk in hosts}):
        booking = _make_booking(meeting_type, hosts[pk], start, visitor, request_key, now)
        try:
            _require_available(booking, by=by, now=now)
            with _overlap_as_taken():
                booking.save(force_insert=True)
        except Unavailable as refusal:
            refusals.add(refusal.reason)
        else:
            _record(booking, Kind.BOOKED, by=by, now=now)
            return booking, True
    raise Unavailable(next(r for r in (Reason.TAKEN, Reason.DAY_FULL, Reason.NOT_OFFERED) if r in refusals))


@in_one_transaction
def move(
    booking: Booking,
    start: datetime.datetime,
    *,
    now: datetime.datetime | None = None,
    by: User | None = None,
    host: Host | None = None,
) -> Booking:
    """The booking at its new start, and with its new host if one is named; where it stands already, nothing happens.

    It keeps its length and what is free around it. Raises slots.Unavailable, NotConfirmed and TooLate.
    """
    before = _locked(booking, host)
    now = now or timezone.now()
    _require_confirmed(before)
    if (start, host or before.host) == (before.starts_at, before.host):
        return before
    _require_in_time(before, by=by, now=now)
    _require_ahead(start, now)
    moved = copy.copy(before)
    moved.host = host or before.host
    moved.place(start, length=before.length, buffers=before.buffers)
    _require_available(moved, by=by, now=now, moving=before)
    _drop_reminders(moved)
    return _write(moved, Kind.MOVED, by=by, now=now, former=before)


@in_one_transaction
def cancel(booking: Booking, *, now: datetime.datetime | None = None, by: User | None = None) -> bool:
    """Whether this call cancelled it: False where it was cancelled before, and then nobody is told again.

    Raises NotConfirmed for a meeting that was missed, and TooLate: to visitors after the cut-off, to the team after
    the end.
    """
    booking = _locked(booking)
    now = now or timezone.now()
    if booking.status == Status.CANCELLED:
        return False
    _require_confirmed(booking)
    _require_in_time(booking, by=by, now=now)
    booking.status = Status.CANCELLED
    _drop_reminders(booking)
    _write(booking, Kind.CANCELLED, by=by, now=now)
    return True


@in_one_transaction
def restore(booking: Booking, *, by: User, now: datetime.datetime | None = None) -> Booking:
    """The booking, no longer cancelled, at its time with its host; one that is not cancelled is left alone.

    Raises slots.Unavailable where its time was taken or has passed, and Forgotten.
    """
    booking = _locked(booking)
    now = now or timezone.now()
    if booking.status != Status.CANCELLED:
        return booking
    if booking.forgotten_at:
        raise Forgotten
    _require_ahead(booking.starts_at, now)
    _require_available(booking, by=by, now=now)
    booking.status = Status.CONFIRMED
    return _write(booking, Kind.RESTORED, by=by, now=now)


@in_one_transaction
def mark_no_show(booking: Booking, *, by: User, now: datetime.datetime | None = None) -> Booking:
    """The booking with the mark that its visitor did not come. Nobody is told. Raises TooEarly and NotConfirmed."""
    booking = _locked(booking)
    now = now or timezone.now()
    if booking.status == Status.NO_SHOW:
        return booking
    _require_confirmed(booking)
    if now < booking.starts_at:
        raise TooEarly
    booking.status = Status.NO_SHOW
    return _write(booking, Kind.NO_SHOW, by=by, now=now)


@in_one_transaction
def take_back_no_show(booking: Booking, *, by: User, now: datetime.datetime | None = None) -> Booking:
    """The booking without that mark; one that never had it is left alone.

    Raises slots.Unavailable where the host has another meeting at its time by now.
    """
    booking = _locked(booking)
    now = now or timezone.now()
    if booking.status != Status.NO_SHOW:
        return booking
    booking.status = Status.CONFIRMED
    return _write(booking, Kind.CAME, by=by, now=now)


def _bookings():
    """With what mails and pages say of a booking at hand."""
    return Booking.objects.select_related("host", "meeting_type", "code__system")


def _locked(booking: Booking, further_host: Host | None = None) -> Booking:
    """The booking as it stands now; its host and a further one are locked, and so are all its changes."""
    host_id = Booking.objects.values_list("host_id", flat=True).get(pk=booking.pk)
    Host.objects.lock(host_id, *([further_host.pk] if further_host else []))
    current = _bookings().get(pk=booking.pk)
    if current.host_id != host_id:
        raise BeginAgain
    return current


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


def _require_ahead(start: datetime.datetime, now: datetime.datetime) -> None:
    if not now <= start <= now + FARTHEST:
        raise Unavailable(Reason.NOT_OFFERED)


def _require_available(booking: Booking, *, by, now, moving: Booking | None = None) -> None:
    """Raises slots.Unavailable if a booking cannot be where it is placed; `moving` is the same one, as it is stored."""
    if by is None:
        require_offered(booking.host, booking.meeting_type, booking.starts_at, now=now, moving=moving)
        return
    others = Booking.objects.filter(host=booking.host).exclude(pk=booking.pk)
    if others.blocking(booking.blocked_from, booking.blocked_until).exists():
        raise Unavailable(Reason.TAKEN)


def _require_confirmed(booking: Booking) -> None:
    if not booking.is_confirmed:
        raise NotConfirmed


def _require_in_time(booking: Booking, *, by, now) -> None:
    if booking.ends_at <= now or (by is None and not booking.visitor_may_change(now)):
        raise TooLate


def _drop_reminders(booking: Booking) -> None:
    """Of a time that does not hold any more; also one that is being sent, so that a failure is not tried again."""
    reminders = booking.mails.unsent().filter(kind=OutgoingMail.Kind.REMINDER)
    reminders.update(state=OutgoingMail.State.CANCELLED, lease_until=None)


def _write(booking: Booking, kind: Kind, *, by, now, former: Booking | None = None) -> Booking:
    """Saves what became of a booking, and records it; `former` is how it was before it was moved."""
    if kind in (Kind.MOVED, Kind.CANCELLED, Kind.RESTORED):
        booking.sequence += 1
    times = ["starts_at", "ends_at", "blocked_from", "blocked_until"]
    with _overlap_as_taken():
        booking.save(update_fields=["host", *times, "status", "sequence"])
    _record(booking, kind, by=by, now=now, former=former)
    return booking


def _record(booking: Booking, kind: Kind, *, by, now, former: Booking | None = None) -> None:
    """One step of its history, and the mails that tell of it, if any do."""
    state = {"host": booking.host, "starts_at": booking.starts_at, "sequence": booking.sequence}
    BookingChange.objects.create(booking=booking, kind=kind, at=now, by=by, **state)
    was = {"former_start": former.starts_at, "former_host": former.host} if former else {}
    OutgoingMail.objects.bulk_create(mails.of_booking(booking, kind, now=now, **was))


@contextmanager
def _overlap_as_taken() -> Iterator[None]:
    """Turns the database's refusal of an overlap into slots.Unavailable; the transaction goes on."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not violates(error, "no_overlap"):
            raise
        raise Unavailable(Reason.TAKEN) from None
