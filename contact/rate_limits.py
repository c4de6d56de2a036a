"""How often one network, one e-mail address, or everybody together may do a thing; counted in the database.

A limit counts by fixed periods (the hour from 14:00 to 15:00 UTC), so that around a border twice as much can pass:
that is enough against floods, and one row a period is all it takes.
"""

import datetime
import math
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


class TooManyRequests(Exception):
    """The limit is reached; `retry_after` is in seconds, at least 1."""

    def __init__(self, retry_after: int):
        super().__init__(f"A limit is reached for {retry_after} more seconds.")
        self.retry_after = retry_after

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
    start = math.floor(now.timestamp()) // limit.seconds * limit.seconds
    bucket = {"key": _digest(limit, key), "starts_at": datetime.datetime.fromtimestamp(start, datetime.UTC)}
    below = RateBucket.objects.filter(count__lt=limit.count, **bucket)
    if below.update(count=F("count") + 1):
        return
    ends_at = bucket["starts_at"] + datetime.timedelta(seconds=limit.seconds)
    try:
        with transaction.atomic():
            RateBucket.objects.create(ends_at=ends_at, **bucket)
    except IntegrityError:
        # It is there: full, or made by another request in this moment.
        if not below.update(count=F("count") + 1):
            raise TooManyRequests(max(1, math.ceil((ends_at - now).total_seconds()))) from None


def take_message(network: str, email: str, *, now: datetime.datetime | None = None) -> None:
    """Counts a message of a network (codesite.client_address) and an e-mail address; raises TooManyRequests."""
    for limit in MESSAGES_OF_NETWORK:
        take(limit, network, now=now)
    take(MESSAGES_OF_EMAIL, email, now=now)


def take_receipt(email: str, *, now: datetime.datetime | None = None) -> bool:
    """Whether this address may be sent one more receipt now; if so, it is counted."""
    try:
        take(RECEIPTS_OF_EMAIL, email, now=now)
        take(RECEIPTS, EVERYBODY, now=now)
    except TooManyRequests:
        return False
    return True


def _digest(limit: Limit, key: str) -> str:
    """Of whom it is, unreadable without the site's key; an e-mail address counts the same however it is capitalized."""
    return salted_hmac(f"contact.rate_limits.{limit.scope}", key.casefold(), algorithm="sha256").hexdigest()
