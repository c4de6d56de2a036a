"""What the editors' desk shows of outgoing mail."""

import datetime
from dataclasses import dataclass

from django import template

from contact.outbox import state

register = template.Library()

# A mail, or a worker, that is away for longer is a matter for somebody.
LONGEST = datetime.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class OutboxWarning:
    """What is wrong with the outbox; `waited` and `worker_away` are periods in words, empty where all is well.

    `worker_away` is "ever" where no worker was seen at all.
    """

    waited: str
    worker_away: str
    failed: int


@register.simple_tag(takes_context=True)
def outbox_warning(context) -> OutboxWarning | None:
    """What is wrong with the outbox, for those who may see outgoing mail; None where nothing is."""
    if not context["request"].user.has_perm("contact.view_outgoingmail"):
        return None
    found = state()
    is_late = found.oldest_unsent is not None and found.oldest_unsent > LONGEST
    is_away = found.worker_seen is None or found.worker_seen > LONGEST
    if not (is_late or is_away or found.failed):
        return None
    return OutboxWarning(
        waited=period_in_words(found.oldest_unsent) if is_late else "",
        worker_away=("ever" if found.worker_seen is None else period_in_words(found.worker_seen)) if is_away else "",
        failed=found.failed,
    )


def period_in_words(period: datetime.timedelta) -> str:
    """A period of a minute or more in its largest unit: "7 minutes", "1 hour", "3 days"."""
    minutes = int(period.total_seconds() // 60)
    unit, length = next(each for each in (("day", 24 * 60), ("hour", 60), ("minute", 1)) if minutes >= each[1])
    count = minutes // length
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
