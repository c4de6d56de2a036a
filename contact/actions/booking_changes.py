"""What can become of a meeting that was booked: it is moved, cancelled, restored, or its visitor did not come."""

import copy
import datetime

from django.contrib.auth.models import User
from django.utils import timezone

from contact.actions.booking_rules import (
    bookings_at_hand,
    overlap_as_taken,
    record,
    require_ahead,
)
from contact.actions.refusals import ChangedMeanwhile, Forgotten, NotConfirmed, TooEarly, TooLate
from contact.actions.transactions import BeginAgain, in_one_transaction
from contact.models import Booking, BookingChange, Host, OutgoingMail
from contact.slots import Reason, Unavailable, require_offered

Kind = BookingChange.Kind
Status = Booking.Status


@in_one_transaction
def move(
    booking: Booking,
    start: datetime.datetime,
    *,
    now: datetime.datetime | None = None,
    by: User | None = None,
    host: Host | None = None,
    seen: int | None = None,
) -> Booking:
    """The booking at its new start, and with its new host if one is named; where it stands already, nothing happens.

    It keeps its length and what is free around it. `seen` is its sequence as whoever asks has seen it, if that matters.
    Raises slots.Unavailable, NotConfirmed, TooLate and ChangedMeanwhile.
    """
    before = _locked(booking, host)
    now = now or timezone.now()
    _require_confirmed(before)
    if (start, host or before.host) == (before.starts_at, before.host):
        return before
    if seen not in (None, before.sequence):
        raise ChangedMeanwhile
    _require_in_time(before, by=by, now=now)
    require_ahead(start, now)
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
    require_ahead(booking.starts_at, now)
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


def _locked(booking: Booking, further_host: Host | None = None) -> Booking:
    """The booking as it stands now; its host and a further one are locked, and so are all its changes."""
    host_id = Booking.objects.values_list("host_id", flat=True).get(pk=booking.pk)
    Host.objects.lock(host_id, *([further_host.pk] if further_host else []))
    current = bookings_at_hand().get(pk=booking.pk)
    if current.host_id != host_id:
        raise BeginAgain
    return current


def _require_available(booking: Booking, *, by, now, moving: Booking | None = None) -> None:
    """Raises slots.Unavailable if a booking cannot be where it is placed; `moving` is the same one, as it is stored.

    A visitor gets what is offered, the team what is free.
    """
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
    with overlap_as_taken():
        booking.save(update_fields=["host", *times, "status", "sequence"])
    record(booking, kind, by=by, now=now, former=former)
    return booking
