"""Meetings as calendars take them: iCalendar objects (RFC 5545, sent by RFC 5546 and 6047), and links to web calendars.

All times are in UTC, so that no object needs a VTIMEZONE, which clients read differently.
"""

import datetime
from collections.abc import Iterable
from email.utils import parseaddr
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from icalendar import Calendar, Event, vCalAddress, vDuration, vText, vUri

from contact.links import absolute, booking_address, site_host
from contact.models import Booking, Host, Message
from contact.plain_text import one_line, paragraphs

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]

PRODID = "-//Codesite//Meetings//EN"
ORGANIZER_NAME = "Codesite"
# How often a calendar should look for changes of a feed.
REFRESH_INTERVAL = datetime.timedelta(hours=1)
# What an entry says that somebody made by one of the links.
_ELSEWHERE = "The link to move or cancel this meeting is in the mail that came with it."
# Besides letters, digits and -._~ (RFC 6068, 2).
_SAFE_IN_MAILTO = "!$'*+"


def make_uid(key: UUID) -> str:
    """The UID of a new booking of this UUID; it keeps it for life (RFC 5545, 3.8.4.7)."""
    return f"{key}@{site_host()}"


def from_address() -> str:
    """The bare address that mails of this site come from."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def invitation(
    booking: Booking, *, method: Method, attendee: str, for_host: bool = False, now: datetime.datetime | None = None
) -> bytes:
    """The meeting as an iCalendar object with one event, as it stands now.

    `attendee` is the address of the person whom it is sent to. Nobody else is named, so that visitor and host do not
    learn each other's address from it; PUBLISH names nobody at all (RFC 5546, 3.2.1).
    """
    event = _event(booking, is_cancelled=method == "CANCEL", for_host=for_host, now=now or timezone.now())
    if method != "PUBLISH":
        event.add("attendee", vCalAddress(mailto(attendee)), {"PARTSTAT": "ACCEPTED", "RSVP": "FALSE"})
    calendar = _calendar(method)
    calendar.add_component(event)
    return calendar.to_ical()


def host_calendar(host: Host, bookings: Iterable[Booking], *, now: datetime.datetime | None = None) -> bytes:
    """These meetings of a host as a calendar to subscribe to; types, codes and their systems should be at hand.

    Without a meeting it has no event in it, which RFC 5545 (3.6) does not foresee and calendars take.
    """
    now = now or timezone.now()
    calendar = _calendar("PUBLISH")
    name = vText(f"Codesite meetings of {one_line(host.name)}")
    calendar.add("name", name)
    # What calendars read that do not know RFC 7986.
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", vDuration(REFRESH_INTERVAL), {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH_INTERVAL))
    for booking in bookings:
        calendar.add_component(_event(booking, for_host=True, now=now))
    return calendar.to_ical()


def with_other_link(calendar: bytes, former: str, current: str) -> bytes:
    """The object with one link in place of another, whose lines are folded anew (RFC 5545, 3.1)."""
    unfolded = calendar.decode().replace("\r\n ", "")
    return Calendar.from_ical(unfolded.replace(former, current)).to_ical()


def google_link(booking: Booking) -> str:
    """The address at which Google Calendar offers to take the meeting over.

    Like outlook_link it has nothing in it that the visitor wrote, and no link by which to change the meeting: both
    would stand in the logs of others.
    """
    parameters = {
        "action": "TEMPLATE",
        "text": summary_for_visitor(booking),
        "dates": f"{_utc(booking.starts_at):%Y%m%dT%H%M%SZ}/{_utc(booking.ends_at):%Y%m%dT%H%M%SZ}",
        "location": one_line(booking.meeting_type.location),
        "details": _ELSEWHERE,
    }
    return f"https://calendar.google.com/calendar/render?{urlencode(parameters, quote_via=quote)}"


def outlook_link(booking: Booking) -> str:
    """The address at which Outlook on the web offers to take the meeting over."""
    parameters = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": summary_for_visitor(booking),
        "startdt": f"{_utc(booking.starts_at):%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{_utc(booking.ends_at):%Y-%m-%dT%H:%M:%SZ}",
        "location": one_line(booking.meeting_type.location),
        "body": _ELSEWHERE,
    }
    return f"https://outlook.office.com/calendar/0/deeplink/compose?{urlencode(parameters, quote_via=quote)}"


def summary_for_visitor(booking: Booking) -> str:
    return f"{one_line(booking.meeting_type.title)} with {one_line(booking.host.name)}"


def summary_for_host(booking: Booking) -> str:
    return f"{one_line(booking.meeting_type.title)}: {one_line(booking.name) or 'a visitor'}"


def code_in_words(about: Booking | Message) -> str:
    """The code that a meeting or message is about, with its page on a second line; empty without one.

    A title is shown only of systems whose texts may be shown. What was written and is no known code stands as written.
    """
    code = about.code
    if code is None:
        return one_line(about.code_text)
    if not code.system.may_hold_texts:
        return f"{code.system.label} {code.code}"
    return f"{code.system.label} {code.code}: {one_line(code.title)}\n{absolute(code.get_absolute_url())}"


def admin_address(row: Booking | Message) -> str:
    """The page of a row on the editors' desk."""
    return absolute(reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk]))


def mailto(address: str) -> str:
    """The address as a URI (RFC 6068), in ASCII."""
    name, _, domain = address.rpartition("@")
    try:
        domain = domain.encode("idna").decode()
    except UnicodeError:
        domain = quote(domain)
    return f"mailto:{quote(name, safe=_SAFE_IN_MAILTO)}@{domain}"


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODID)
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _event(booking: Booking, *, is_cancelled: bool = False, for_host: bool, now: datetime.datetime) -> Event:
    is_cancelled = is_cancelled or booking.status == Booking.Status.CANCELLED
    event = Event()
    event.add("uid", booking.uid)
    event.add("sequence", booking.sequence)
    event.add("dtstamp", _utc(now))
    event.add("dtstart", _utc(booking.starts_at))
    event.add("dtend", _utc(booking.ends_at))
    event.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    event.add("organizer", vCalAddress(mailto(from_address())), {"CN": ORGANIZER_NAME})
    if for_host:
        event.add("summary", summary_for_host(booking))
        event.add("description", _description_for_host(booking))
    else:
        event.add("summary", summary_for_visitor(booking))
        event.add("description", _description_for_visitor(booking, is_cancelled=is_cancelled))
    location = one_line(booking.meeting_type.location)
    event.add("location", location)
    if (address := _web_address(location)) and not is_cancelled:
        event.add("url", address)
        event.add("conference", vUri(address), {"VALUE": "URI", "LABEL": "Join the meeting"})
    return event


def _description_for_host(booking: Booking) -> str:
    person = [one_line(f"{booking.name} <{booking.email}>") if booking.email else "", one_line(booking.organization)]
    parts = ["\n".join(filter(None, person)), paragraphs(booking.notes), code_in_words(booking), admin_address(booking)]
    return "\n\n".join(filter(None, parts))


def _description_for_visitor(booking: Booking, *, is_cancelled: bool) -> str:
    # Nothing that was typed: else anybody could have us send any text to any address.
    said = "This meeting was cancelled. Its page:" if is_cancelled else "To move or cancel the meeting, open its page:"
    return f"{said}\n{booking_address(booking)}"


def _web_address(location: str) -> str | None:
    """The location, if it is the address of a web page and nothing else, as a URI (RFC 3986)."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return None
    is_address = parts.scheme in ("http", "https") and parts.netloc and " " not in location
    return iri_to_uri(location) if is_address else None


def _utc(at: datetime.datetime) -> datetime.datetime:
    return at.astimezone(datetime.UTC)
