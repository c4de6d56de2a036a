"""Messages; hosts, what can be booked of them and when; meetings; and the mail that tells of all this."""

from contact.models.availability import AvailabilityException, AvailabilityWindow
from contact.models.bookings import Booking, BookingChange
from contact.models.hosts import Host
from contact.models.meeting_types import HostShare, MeetingType
from contact.models.messages import Message, MessageNote
from contact.models.outgoing_mail import MailWorker, OutgoingMail
from contact.models.rate_buckets import RateBucket

__all__ = [
    "AvailabilityException",
    "AvailabilityWindow",
    "Booking",
    "BookingChange",
    "Host",
    "HostShare",
    "MailWorker",
    "MeetingType",
    "Message",
    "MessageNote",
    "OutgoingMail",
    "RateBucket",
]
