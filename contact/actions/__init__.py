"""What visitors and the team do: book, move, cancel, restore, mark, write. Whoever does it, it goes through here.

Each act is one short transaction, without a call to another machine: the locks of the hosts first, in the order of
their keys; then what stands in the database now; the rules; the row, one step of its history, and the mails that tell
of it. So either all of it is there or nothing. What the locks cannot see, a write past these functions, the constraint
against overlaps refuses.

Visitors book. Who changes a meeting after that is `by`: None is the visitor, who gets what is offered. Somebody of the
team may move it beyond windows, notice, horizon and caps, but never where the host has another one, nor into the past.
"""

from contact.actions.booking_changes import cancel, mark_no_show, move, restore, take_back_no_show
from contact.actions.bookings import Visitor, book
from contact.actions.messages import send_message
from contact.actions.refusals import (
    ChangedMeanwhile,
    Forgotten,
    NotConfirmed,
    Refused,
    TooEarly,
    TooLate,
    TooManyMeetings,
)

__all__ = [
    "ChangedMeanwhile",
    "Forgotten",
    "NotConfirmed",
    "Refused",
    "TooEarly",
    "TooLate",
    "TooManyMeetings",
    "Visitor",
    "book",
    "cancel",
    "mark_no_show",
    "move",
    "restore",
    "send_message",
    "take_back_no_show",
]
