"""What holds of every act on a booking: when it may be at all, and what is written of it."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from contact import mails
from contact.actions.transactions import violates
from contact.models import Booking, BookingChange, OutgoingMail
from contact.slots import Reason, Unavailable

Kind = BookingChange.Kind

# No meeting begins later than that, whoever books it: the year was mistyped, or cannot be computed with.
FARTHEST = datetime.timedelta(days=5 * 365)


def bookings_at_hand() -> QuerySet[Booking]:
    """All bookings, with what mails and pages say of one at hand."""
    return Booking.objects.select_related("host", "meeting_type", "code__system")


def require_ahead(start: datetime.datetime, now: datetime.datetime) -> None:
    """Raises slots.Unavailable for a time that has passed, and for one beyond FARTHEST."""
    if not now <= start <= now + FARTHEST:
        raise Unavailable(Reason.NOT_OFFERED)


def record(
    booking: Booking, kind: Kind, *, by: User | None, now: datetime.datetime, former: Booking | None = None
) -> None:
    """Writes one step of its history, and the mails that tell of it, if any do; `former` as it was before a move."""
    state = {"host": booking.host, "starts_at": booking.starts_at, "sequence": booking.sequence}
    BookingChange.objects.create(booking=booking, kind=kind, at=now, by=by, **state)
    was = {"former_start": former.starts_at, "former_host": former.host} if former else {}
    OutgoingMail.objects.bulk_create(mails.of_booking(booking, kind, now=now, **was))


@contextmanager
def overlap_as_taken() -> Iterator[None]:
    """Turns the database's refusal of an overlap into slots.Unavailable; the transaction goes on."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if not violates(error, "no_overlap"):
            raise
        raise Unavailable(Reason.TAKEN) from None
