"""What is held of a visitor, and how it is deleted: on request, and when its time is over."""

import datetime
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contact.models import Booking, Host, Message, OutgoingMail
from procedures.batches import batches


@dataclass(frozen=True)
class Held:
    """What is held of the visitor with an e-mail address, by its keys, and what has to end before it can be deleted.

    `meetings` have ended or are cancelled; `upcoming` are confirmed ones that have not ended. `cancellations` are
    unsent mails that take a meeting out of somebody's calendar.
    """

    email: str
    messages: list[int]
    meetings: list[int]
    mails: list[int]
    upcoming: list[Booking] = field(default_factory=list)
    cancellations: list[OutgoingMail] = field(default_factory=list)

    @property
    def is_nothing(self) -> bool:
        return not (self.messages or self.meetings or self.mails or self.upcoming)

    @property
    def is_needed(self) -> bool:
        """Whether some of it is still needed, so that nothing can be deleted yet."""
        return bool(self.upcoming or self.cancellations)

    @property
    def version(self) -> str:
        """What a form keeps: by the time it is sent, the address may be another, or something else be held of it."""
        keys = repr((self.email.lower(), self.messages, self.meetings, self.mails))
        return hashlib.sha256(keys.encode()).hexdigest()


class NotForgotten(Exception):
    """The visitor's data were not deleted: some are still needed, or they are others than were shown."""


def held_of(email: str, *, now: datetime.datetime | None = None) -> Held:
    """What is held of the visitor with this address, in whatever case it is given."""
    now = now or timezone.now()
    meetings, mails = Booking.objects.of_visitor(email), OutgoingMail.objects.of_person(email)
    return Held(
        email=email,
        messages=_keys(Message.objects.of_sender(email)),
        meetings=_keys(meetings.over(now)),
        mails=_keys(mails),
        upcoming=list(meetings.upcoming(now).select_related("host", "meeting_type")),
        cancellations=list(mails.unsent().filter(calendar_method="CANCEL", booking__ends_at__gt=now)),
    )


def forget_visitor(email: str, *, seen: str, now: datetime.datetime | None = None) -> Held:
    """Deletes the visitor's messages, notes on them and mails, and empties past meetings; what it was.

    `seen` is the `version` of what was shown before: this is deleted, and nothing that came since. Raises
    NotForgotten, and then changes nothing.
    """
    now = now or timezone.now()
    with transaction.atomic():
        meetings = Booking.objects.of_visitor(email)
        # Meetings are written under the lock of their hosts, and messages under their own: none is changed meanwhile,
        # and none gets a mail. New ones may come, which nobody has seen.
        hosts = Host.objects.lock(*_hosts_of(meetings))
        Message.objects.lock(Message.objects.of_sender(email).order_by().values("pk"))
        held = held_of(email, now=now)
        has_other_host = not _hosts_of(meetings) <= hosts.keys()
        if has_other_host or held.is_needed or held.version != seen:
            raise NotForgotten
        _delete_mails(held.mails)
        _delete_messages(held.messages)
        _forget_bookings(held.meetings, now=now)
    return held


def delete_messages(messages: QuerySet[Message]) -> int:
    """Deletes these messages with the notes on them and the mails that quote them; the number of messages."""
    with transaction.atomic():
        keys = [message.pk for message in Message.objects.lock(messages.order_by().values("pk"))]
        _delete_messages(keys)
    return len(keys)


def forget_bookings(bookings: QuerySet[Booking], *, now: datetime.datetime | None = None) -> int:
    """Empties what these meetings say of their visitors and deletes their mails; the number of meetings."""
    with transaction.atomic():
        keys = _keys(bookings)
        _forget_bookings(keys, now=now)
    return len(keys)


def _delete_messages(keys: Iterable[int]) -> None:
    for some in batches(keys):
        OutgoingMail.objects.filter(message__in=some).delete()
        Message.objects.filter(pk__in=some).delete()


def _forget_bookings(keys: Iterable[int], *, now: datetime.datetime | None) -> None:
    for some in batches(keys):
        OutgoingMail.objects.filter(booking__in=some).delete()
        Booking.objects.filter(pk__in=some).forget(now)


def _delete_mails(keys: Iterable[int]) -> None:
    for some in batches(keys):
        OutgoingMail.objects.filter(pk__in=some).delete()


def _keys(rows: QuerySet) -> list[int]:
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _hosts_of(meetings: QuerySet[Booking]) -> set[int]:
    return set(meetings.order_by().values_list("host", flat=True).distinct())
