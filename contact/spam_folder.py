"""Messages that look like spam: kept on the desk without any mail until somebody there says that they are none."""

import datetime

from django.utils import timezone

from contact import mails
from contact.models import Message, OutgoingMail
from contact.models.outgoing_mail import MAILS_KEPT


def take_out(messages: list[Message], *, now: datetime.datetime | None = None) -> int:
    """Writes the mails that were held back for these messages, whose status is none of spam by now; how many mails.

    Never twice for a message: not where it has mails, nor where it is so old that `purge` may have deleted them (and a
    receipt would surprise). To be called in the transaction that changes and locks them.
    """
    oldest = (now or timezone.now()) - MAILS_KEPT
    with_mails = set(OutgoingMail.objects.filter(message__in=messages).values_list("message", flat=True))
    held_back = [each for each in messages if each.pk not in with_mails and each.created_at > oldest]
    written = [mail for message in held_back for mail in mails.of_message(message, now=now)]
    OutgoingMail.objects.bulk_create(written)
    return len(written)
