"""How often one network, one e-mail address, or everybody together may do a thing; counted in the database.

A limit counts by fixed periods (the hour from 14:00 to 15:00 UTC), so that around a border twice as much can pass:
that is enough against floods, and one row a period is all it takes.
"""

import datetime
import math
import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from contact.models import RateBucket

HOUR = 60 * 60
DAY = 24 * HOUR
EVERYBODY = "everybody"


@dataclass(frozen=True)
class Limit:
    """At most `count` times in `seconds`; `scope` names what is counted, apart from other limits."""

    scope: str
    count: int
    seconds: int


MESSAGES_OF_NETWORK = (Limit("message-network-hour", 5, HOUR), Limit("message-network-day", 20, DAY))
MESSAGES_OF_EMAIL = Limit("message-email-day", 5, DAY)
# A receipt goes to an address that nobody has proved to be theirs: a form must not become a means to flood a mailbox.
RECEIPTS_OF_EMAIL = Limit("receipt-email-day", 3, DAY)
RECEIPTS = Limit("receipt-hour", 200, HOUR)
BOOKINGS_OF_NETWORK = (Limit("booking-network-hour", 5, HOUR), Limit("booking-network-day", 15, DAY))
# Each booking mails an address that nobody has proved to be theirs, and so does each move. They count whatever becomes
# of them: to book and cancel in turn is a flood too.
BOOKINGS_OF_EMAIL = Limit("booking-email-day", 4, DAY)
BOOKINGS = Limit("booking-hour", 200, HOUR)
MOVES_OF_BOOKING = Limit("move-booking-day", 10, DAY)


class TooManyRequests(Exception):
    """A limit is reached; `retry_after` is in seconds, at least 1. `limit` is the one that is reached."""

    def __init__(self, retry_after: int, limit: Limit | None = None):
        super().__init__(f"A limit is reached for {retry_after} more seconds.")
        self.retry_after = retry_after
        self.limit = limit

    @property
    def wait_in_words(self) -> str:
        """How long to wait, rounded up: "1 minute", "25 minutes", "3 hours"."""
        minutes = math.ceil(self.retry_after / 60)
        number, unit = (minutes, "minute") if minutes <= 90 else (math.ceil(minutes / 60), "hour")
        return f"{number} {unit}{'' if number == 1 else 's'}"


def take(limit: Limit, key: str, *, now: datetime.datetime | None = None) -> None:
    """Counts one more for `key`, a network or an e-mail address; raises TooManyRequests where the limit is reached.

    Exact under concurrent requests on both databases: the count is increased only while it is below the limit, in one
    statement, and of two requests that make the row one increases it instead. What is refused is not counted.
    """
    if not settings.RATE_LIMITS:
        return
    now = now or timezone.now()
    bucket = _bucket(limit, key, now)
    ends_at = bucket["starts_at"] + datetime.timedelta(seconds=limit.seconds)
    while not RateBucket.objects.filter(count__lt=limit.count, **bucket).update(count=F("count") + 1):
        try:
            with transaction.atomic():
                RateBucket.objects.create(ends_at=ends_at, **bucket)
            return
        except IntegrityError:
            # It is there: full, or made by another request in this moment, which may even have given it back since.
            if RateBucket.objects.filter(count__gte=limit.count, **bucket).exists():
                raise TooManyRequests(max(1, math.ceil((ends_at - now).total_seconds())), limit) from None


def give_back(limit: Limit, key: str, *, now: datetime.datetime) -> None:
    """Undoes a `take` of that moment, where nothing came of what was counted."""
    counted = RateBucket.objects.filter(**_bucket(limit, key, now))
    # Neither may find it where another request counts between the two.
    while counted.exists():
        if counted.filter(count__gt=1).update(count=F("count") - 1) or counted.filter(count=1).delete()[0]:
            return


@dataclass(frozen=True)
class Taken:
    """What was counted at a moment: each limit with its key."""

    counted: tuple[tuple[Limit, str], ...]
    at: datetime.datetime

    def give_back(self) -> None:
        """Undoes it: nothing came of what was counted."""
        for limit, key in self.counted if settings.RATE_LIMITS else ():
            give_back(limit, key, now=self.at)


def take_all(*wanted: tuple[Limit, str], now: datetime.datetime | None = None) -> Taken:
    """Counts one more by each of these limits, or, where one is reached, by none; raises TooManyRequests then."""
    now = now or timezone.now()
    for number, (limit, key) in enumerate(wanted):
        try:
            take(limit, key, now=now)
        except TooManyRequests:
            Taken(wanted[:number], now).give_back()
            raise
    return Taken(wanted, now)


def take_message(network: str, email: str, *, now: datetime.datetime | None = None) -> Taken:
    """Counts a message of a network (codesite.client_address) and an e-mail address; raises TooManyRequests."""
    return take_all(*((limit, network) for limit in MESSAGES_OF_NETWORK), (MESSAGES_OF_EMAIL, email), now=now)


def take_booking(network: str, email: str, *, now: datetime.datetime | None = None) -> Taken:
    """Counts a meeting that a visitor books, to be given back where it is not booked; raises TooManyRequests."""
    of_network = ((limit, network) for limit in BOOKINGS_OF_NETWORK)
    return take_all(*of_network, (BOOKINGS_OF_EMAIL, email), (BOOKINGS, EVERYBODY), now=now)


def take_move(booking: uuid.UUID, *, now: datetime.datetime | None = None) -> Taken:
    """Counts a move of a meeting by its visitor, to be given back where it is not moved; raises TooManyRequests.

    Nobody is kept from cancelling, which is done once and mails once.
    """
    return take_all((MOVES_OF_BOOKING, booking.hex), now=now)


def take_receipt(email: str, *, now: datetime.datetime | None = None) -> bool:
    """Whether this address may be sent one more receipt now; if so, it is counted."""
    try:
        take(RECEIPTS_OF_EMAIL, email, now=now)
        take(RECEIPTS, EVERYBODY, now=now)
    except TooManyRequests:
        return False
    return True


def _bucket(limit: Limit, key: str, now: datetime.datetime) -> dict:
    """What tells one row from the others: of whom, and since when."""
    start = math.floor(now.timestamp()) // limit.seconds * limit.seconds
    return {"key": _digest(limit, key), "starts_at": datetime.datetime.fromtimestamp(start, datetime.UTC)}


def _digest(limit: Limit, key: str) -> str:
    """Of whom it is, unreadable without the site's key; an e-mail address counts the same however it is capitalized."""
    return salted_hmac(f"contact.rate_limits.{limit.scope}", key.casefold(), algorithm="sha256").hexdigest()
