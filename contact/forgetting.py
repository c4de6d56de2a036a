"""What is held of a visitor, and how it is deleted: on request, and when its time is over."""

import datetime
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from contact.models import Booking, Host, Message, OutgoingMail
from procedures.batches import batches


@dataclass(frozen=True)
class Held:
    """How much is held of the visitor with an e-mail address, and what has to end before it can be deleted.

    `upcoming` are confirmed meetings that have not ended; `cancellations` are unsent mails that take a meeting out of
    somebody's calendar.
    """

    email: str
    messages: int
    meetings: int
    mails: int
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
        """What a form keeps: by the time it is sent, the address may be another, or more or less be held of it."""
        return f"{self.email.lower()} {self.messages}-{self.meetings}-{self.mails}"


class NotForgotten(Exception):
    """The visitor's data were not deleted: some are still needed, or they are others than were shown."""


def held_of(email: str, *, now: datetime.datetime | None = None) -> Held:
    """What is held of the visitor with this address, in whatever case it was typed."""
    now = now or timezone.now()
    meetings, mails = Booking.objects.of_visitor(email), OutgoingMail.objects.of_person(email)
    return Held(
        email=email,
        messages=Message.objects.of_sender(email).count(),
        meetings=meetings.over(now).count(),
        mails=mails.count(),
        upcoming=list(meetings.upcoming(now).select_related("host", "meeting_type")),
        cancellations=list(mails.unsent().filter(calendar_method="CANCEL", booking__ends_at__gt=now)),
    )


def forget_visitor(email: str, *, seen: str, now: datetime.datetime | None = None) -> Held:
    """Deletes the visitor's messages, notes on them and mails, and empties past meetings; what it was.

    `seen` is the `version` of what was shown before. Raises NotForgotten, and then changes nothing.
    """
    now = now or timezone.now()
    with transaction.atomic():
        meetings = Booking.objects.of_visitor(email)
        # Meetings are written under the lock of their hosts: none is moved or brought back meanwhile.
        Host.objects.lock(*meetings.order_by().values_list("host", flat=True).distinct())
        held = held_of(email, now=now)
        if held.is_needed or held.version != seen:
            raise NotForgotten
        OutgoingMail.objects.of_person(email).delete()
        delete_messages(Message.objects.of_sender(email))
        forget_bookings(meetings.over(now), now=now)
    return held


def delete_messages(messages: QuerySet[Message]) -> int:
    """Deletes these messages with the notes on them and the mails that quote them; the number of messages."""
    with transaction.atomic():
        keys = [message.pk for message in Message.objects.lock(messages.order_by().values("pk"))]
        for some in batches(keys):
            OutgoingMail.objects.filter(message__in=some).delete()
            Message.objects.filter(pk__in=some).delete()
    return len(keys)


def forget_bookings(bookings: QuerySet[Booking], *, now: datetime.datetime | None = None) -> int:
    """Empties what these meetings say of their visitors and deletes their mails; the number of meetings."""
    with transaction.atomic():
        keys = list(bookings.order_by().values_list("pk", flat=True))
        for some in batches(keys):
            OutgoingMail.objects.filter(booking__in=some).delete()
            Booking.objects.filter(pk__in=some).forget(now)
    return len(keys)
