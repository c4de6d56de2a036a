"""Sending a message to the team."""

import datetime

from django.db import IntegrityError, transaction

from contact import mails
from contact.actions.transactions import violates
from contact.models import Message, OutgoingMail
from contact.models.messages import make_public_id


def send_message(
    message: Message, *, now: datetime.datetime | None = None, with_receipt: bool = True
) -> tuple[Message, bool]:
    """Saves a new message with its mails: it and True, or the one with the same `request_key` and False.

    Of one that looks like spam nobody is told: it waits on the desk. Without a receipt only the team is told.
    """
    if now:
        message.created_at = now
    while True:
        try:
            with transaction.atomic():
                message.save(force_insert=True)
                if message.status != Message.Status.SPAM:
                    OutgoingMail.objects.bulk_create(mails.of_message(message, with_receipt=with_receipt))
        except IntegrityError as error:
            if violates(error, "request_key"):
                return Message.objects.get(request_key=message.request_key), False
            if not violates(error, "public_id"):
                raise
            # Drawn by chance, and drawn before.
            message.public_id = make_public_id()
        else:
            return message, True
