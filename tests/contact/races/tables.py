"""What has to hold of the tables after a race, whoever won it."""

from collections import Counter, defaultdict
from itertools import combinations, pairwise

from django.conf import settings
from django.contrib.auth.models import User

from contact.models import Booking, BookingChange, Host, MeetingType, Message, OutgoingMail

Kind = BookingChange.Kind

# The mail that tells of a change, and its method (RFC 5546, 3.2).
TOLD = {
    Kind.BOOKED: ("booked", "REQUEST"),
    Kind.MOVED: ("moved", "REQUEST"),
    Kind.CANCELLED: ("cancelled", "CANCEL"),
    Kind.RESTORED: ("booked", "REQUEST"),
}


def empty_tables() -> None:
    for model in (OutgoingMail, BookingChange, Booking, Message, MeetingType, Host, User):
        model.objects.all().delete()


def faults_of_tables(*, written_past_the_actions: bool = False) -> dict[str, int]:
    """How many faults of each kind there are; past the actions, nothing holds but the constraint of the database."""
    faults = {"overlapping pairs": overlapping_pairs(), "unfitting mails": 0, "broken histories": 0}
    if not written_past_the_actions:
        faults |= {"unfitting mails": unfitting_mails(), "broken histories": broken_histories()}
    return faults


def overlapping_pairs() -> int:
    """Pairs of a host's confirmed meetings that overlap, with what is kept free around them."""
    by_host = defaultdict(list)
    for booking in Booking.objects.confirmed():
        by_host[booking.host_id].append(booking)
    return sum(
        first.blocked_from < second.blocked_until and second.blocked_from < first.blocked_until
        for bookings in by_host.values()
        for first, second in combinations(bookings, 2)
    )


def unfitting_mails() -> int:
    """Mails that are missing for what the histories of bookings and the messages say, and those that are too many.

    For scenarios, in which reminders are due after the race and addresses of hosts differ.
    """
    there = Counter()
    columns = ("booking_id", "message_id", "sequence", "kind", "calendar_method", "to", "state")
    for *row, calendar in OutgoingMail.objects.values_list(*columns, "calendar"):
        there[*row, bool(calendar)] += 1
    wanted = Counter()
    for booking in Booking.objects.all():
        wanted.update(_mails_of(booking))
    for message in Message.objects.all():
        wanted[None, message.pk, None, "message-receipt", "", message.email, "queued", False] += 1
        if settings.CONTACT_INBOX:
            wanted[None, message.pk, None, "message-notice", "", settings.CONTACT_INBOX, "queued", False] += 1
    return (there - wanted).total() + (wanted - there).total()


def _mails_of(booking: Booking):
    changes = list(booking.changes.select_related("host").order_by("pk"))
    for former, change in zip([None, *changes], changes, strict=False):
        kind, method = TOLD[change.kind]
        for to in (booking.email, change.host.email):
            yield booking.pk, None, change.sequence, kind, method, to, "queued", True
        if former and former.host != change.host:
            yield booking.pk, None, change.sequence, "cancelled", "CANCEL", former.host.email, "queued", True
        if change.kind != Kind.CANCELLED:
            state = "queued" if change == changes[-1] else "cancelled"
            yield booking.pk, None, change.sequence, "reminder", "", booking.email, state, False


def broken_histories() -> int:
    """Bookings that are not where their changes, each with the next sequence number, brought them."""
    broken = 0
    for booking in Booking.objects.all():
        changes = list(booking.changes.order_by("pk"))
        broken += not (
            changes
            and [change.sequence for change in changes] == list(range(len(changes)))
            and [change.kind for change in changes if change.kind == Kind.BOOKED] == [changes[0].kind]
            and (booking.host_id, booking.starts_at, booking.sequence)
            == (changes[-1].host_id, changes[-1].starts_at, changes[-1].sequence)
            and booking.is_confirmed == (changes[-1].kind != Kind.CANCELLED)
            and all(
                (first.host_id, first.starts_at) == (second.host_id, second.starts_at)
                for first, second in pairwise(changes)
                if second.kind != Kind.MOVED
            )
        )
    return broken
