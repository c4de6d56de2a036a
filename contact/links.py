"""Signed links to meetings: who holds one may see, move and cancel that meeting, until it has ended."""

import datetime
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import timezone

from contact.models import Booking

SALT = "contact.booking"
# A token has 32 digits, a version and a signature.
LONGEST_TOKEN = 200


def site_host() -> str:
    """The host name of this site in ASCII, as stands right of the @ in identifiers: codes.example."""
    name = urlsplit(settings.SITE_URL).hostname or "localhost"
    # The colons of an IPv6 address may not stand in a Message-ID.
    return name.encode("idna").decode() if ":" not in name else "localhost"


def absolute(path: str) -> str:
    """The address of a path of this site, for use outside of it."""
    return settings.SITE_URL + path


def booking_token(booking: Booking) -> str:
    """What names a booking in addresses: the same at each call, until its link is rotated. It fits into a path.

    It bears no time: until when it holds depends on the meeting, which may be moved.
    """
    return Signer(salt=SALT).sign(f"{booking.uuid.hex}.{booking.link_version}")


def booking_path(booking: Booking) -> str:
    return reverse("contact:booking", args=[booking_token(booking)])


def booking_address(booking: Booking) -> str:
    """The link as it is mailed."""
    return absolute(booking_path(booking))


def calendar_address(booking: Booking) -> str:
    """Where the meeting is downloaded as an iCalendar file."""
    return absolute(reverse("contact:booking_calendar", args=[booking_token(booking)]))


def find_booking(token: str, *, now: datetime.datetime | None = None) -> Booking:
    """The booking of a token, with host, type, code and code system at hand.

    Raises Booking.DoesNotExist for whatever is no token, one that was rotated, and for a meeting that has ended or
    whose visitor was forgotten: a page cannot tell them apart.
    """
    if len(token) > LONGEST_TOKEN:
        raise Booking.DoesNotExist
    try:
        # BadSignature is no ValueError; a text that cannot be encoded raises one.
        name, _, version = Signer(salt=SALT).unsign(token).partition(".")
        key, link_version = uuid.UUID(name), int(version)
    except (BadSignature, ValueError):
        raise Booking.DoesNotExist from None
    found = Booking.objects.select_related("host", "meeting_type", "code__system")
    return found.get(uuid=key, link_version=link_version, ends_at__gt=now or timezone.now(), forgotten_at__isnull=True)
