"""What the mails of messages and meetings say: plain text, made by the templates in templates/emails.

What goes to a visitor holds nothing that was typed into a form: else anybody could have us send any text to any
address.
"""

import datetime

from django.conf import settings
from django.template import Engine
from django.urls import reverse

from contact.calendar_objects import admin_address, code_in_words, google_link, outlook_link
from contact.links import absolute, booking_address, calendar_address, site_host
from contact.meeting_times import both_times, short_time, times
from contact.models import Booking, BookingChange, Message
from contact.plain_text import one_line, paragraphs

Change = BookingChange.Kind

VISITOR_SUBJECTS = {
    Change.BOOKED: "Your meeting on {when}",
    Change.MOVED: "Moved: your meeting is now on {when}",
    Change.CANCELLED: "Cancelled: your meeting on {when}",
    Change.RESTORED: "Back in the calendar: your meeting on {when}",
}
HOST_SUBJECTS = {
    Change.BOOKED: "New meeting with {name} on {when}",
    Change.MOVED: "Moved: meeting with {name}, now on {when}",
    Change.CANCELLED: "Cancelled: meeting with {name} on {when}",
    Change.RESTORED: "Back in the calendar: meeting with {name} on {when}",
}
# Of its own, because these texts are no HTML: nothing is escaped in them.
_templates = Engine(dirs=[settings.BASE_DIR / "templates" / "emails"], autoescape=False)


def message_notice(message: Message) -> str:
    """What the team reads of a message: all of it."""
    return _render(
        "message_notice.txt",
        sender=one_line(f"{message.name} <{message.email}>"),
        organization=one_line(message.organization),
        code=code_in_words(message),
        page=one_line(message.page),
        text=paragraphs(message.text),
        thread=message.public_id,
        desk=admin_address(message),
    )


def message_receipt(message: Message) -> str:
    return _render("message_receipt.txt", thread=message.public_id, site=site_host())


def visitor_subject(booking: Booking, change: Change) -> str:
    return VISITOR_SUBJECTS[change].format(when=short_time(booking.starts_at, booking.time_zone))


def visitor_text(booking: Booking, change: Change, *, former: Booking | None, now: datetime.datetime) -> str:
    """`former` is the booking as it was before it was moved."""
    return _render(f"visitor_{change}.txt", **_visitor_words(booking, former, now))


def reminder_subject(booking: Booking) -> str:
    return f"Reminder: your meeting on {short_time(booking.starts_at, booking.time_zone)}"


def reminder_text(booking: Booking, *, due: datetime.datetime) -> str:
    """As it holds when the reminder is due."""
    return _render("visitor_reminder.txt", **_visitor_words(booking, None, due))


def host_subject(booking: Booking, change: Change) -> str:
    name = one_line(booking.name) or "a visitor"
    return HOST_SUBJECTS[change].format(name=name, when=short_time(booking.starts_at, booking.host.time_zone))


def host_text(booking: Booking, change: Change, *, former: Booking | None, is_anothers: bool = False) -> str:
    """`former` as in visitor_text. `is_anothers`: it is cancelled for this host only, as another one has it now."""
    host = booking.host
    return _render(
        f"host_{change}.txt",
        title=one_line(booking.meeting_type.title),
        times=both_times(booking, first=host.time_zone, second=booking.time_zone),
        location=one_line(booking.meeting_type.location),
        former_time=_former_time(booking, former, host.time_zone),
        former_host=_former_host(booking, former),
        is_anothers=is_anothers,
        name=one_line(booking.name),
        email=one_line(booking.email),
        organization=one_line(booking.organization),
        notes=paragraphs(booking.notes),
        code=code_in_words(booking),
        looks_like_spam=booking.looks_like_spam,
        desk=admin_address(booking),
    )


def _visitor_words(booking: Booking, former: Booking | None, now: datetime.datetime) -> dict:
    host, meeting_type = booking.host, booking.meeting_type
    last_change = booking.starts_at - datetime.timedelta(minutes=meeting_type.cancel_cutoff_min)
    return {
        "title": one_line(meeting_type.title),
        "host": one_line(host.name),
        "times": both_times(booking, first=booking.time_zone, second=host.time_zone),
        "location": one_line(meeting_type.location),
        "former_time": _former_time(booking, former, booking.time_zone),
        "former_host": _former_host(booking, former),
        "page": booking_address(booking),
        "may_change": booking.visitor_may_change(now),
        "until": short_time(last_change, booking.time_zone),
        "google": google_link(booking),
        "outlook": outlook_link(booking),
        "download": calendar_address(booking),
        "contact": absolute(reverse("contact:contact")),
        "book": absolute(reverse("contact:meeting")),
        "site": site_host(),
    }


def _former_time(booking: Booking, former: Booking | None, zone_name: str) -> str:
    return times(former, zone_name) if former and former.starts_at != booking.starts_at else ""


def _former_host(booking: Booking, former: Booking | None) -> str:
    return one_line(former.host.name) if former and former.host != booking.host else ""


def _render(template: str, **words) -> str:
    return _templates.render_to_string(template, words).strip() + "\n"
