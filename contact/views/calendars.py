"""Meetings for calendars: one as a file to download, those of a host as a calendar to subscribe to."""

import datetime

from django.http import Http404, HttpResponse, HttpResponseNotFound
from django.utils import timezone
from django.views.decorators.http import require_safe

from contact import calendar_objects
from contact.links import find_booking
from contact.models import Booking, Host
from contact.private_pages import private_page

CONTENT_TYPE = "text/calendar; charset=utf-8"
# How long a subscribed calendar still shows what is over.
PAST = datetime.timedelta(days=30)


@private_page
@require_safe
def booking_calendar(request, token):
    """The meeting of a signed link as a file; a cancelled one says that it is."""
    try:
        booking = find_booking(token)
    except Booking.DoesNotExist:
        raise Http404 from None
    calendar = calendar_objects.invitation(booking, method="PUBLISH", attendee=booking.email)
    return HttpResponse(
        calendar, content_type=CONTENT_TYPE, headers={"Content-Disposition": 'attachment; filename="meeting.ics"'}
    )


@private_page
@require_safe
def host_calendar(request, secret):
    """The confirmed meetings of the host whose calendar this secret opens, whether or not new ones are offered."""
    host = Host.objects.with_feed(secret).first()
    if host is None:
        # For programs: no page in HTML.
        return HttpResponseNotFound("There is no such calendar.\n", content_type="text/plain; charset=utf-8")
    now = timezone.now()
    bookings = host.bookings.confirmed().filter(ends_at__gt=now - PAST)
    bookings = bookings.select_related("meeting_type", "code__system")
    return HttpResponse(calendar_objects.host_calendar(host, bookings, now=now), content_type=CONTENT_TYPE)
