"""Messages, meetings and outgoing mail on the editors' desk. Each module registers the admin of one subject."""

from contact.admin import (
    booking_calendar,
    bookings,
    exceptions,
    forgetting,
    hosts,
    meeting_types,
    messages,
    outgoing_mail,
)

__all__ = [
    "booking_calendar",
    "bookings",
    "exceptions",
    "forgetting",
    "hosts",
    "meeting_types",
    "messages",
    "outgoing_mail",
]
