"""What a change of hours does to meetings that are booked: they stay, and whoever changed the hours is told of them."""

import datetime

from django.contrib import messages
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from contact.availability import outside_hours
from contact.meeting_times import times
from contact.models import Booking

# A list in a message; the others are counted.
MOST_NAMED = 10


class LeftOutside:
    """The confirmed meetings to come that are outside of the hours since it was made, and were not before.

    Made before hours change, asked afterwards, in one transaction: `hosts` limits it to these, `first` and `last` to
    meetings near these days of any calendar.
    """

    def __init__(
        self,
        *,
        hosts=None,
        first: datetime.date | None = None,
        last: datetime.date | None = None,
        now: datetime.datetime | None = None,
    ):
        self._bookings = Booking.objects.upcoming(now).select_related("host", "meeting_type")
        if hosts is not None:
            self._bookings = self._bookings.filter(host__in=hosts)
        # Two days more: a day begins up to 14 hours earlier or later elsewhere, and its hours may reach into the next.
        if first is not None:
            self._bookings = self._bookings.filter(starts_at__gte=_midnight(first, -2))
        if last is not None:
            self._bookings = self._bookings.filter(starts_at__lt=_midnight(last, 3))
        self._before = {booking.pk for booking in outside_hours(self._bookings)}

    def find(self) -> list[Booking]:
        """These meetings, by their start; reads the hours as they are now."""
        return [booking for booking in outside_hours(self._bookings.all()) if booking.pk not in self._before]


def _midnight(day: datetime.date, shift: int) -> datetime.datetime:
    midnight = datetime.datetime.combine(day, datetime.time.min, tzinfo=datetime.UTC)
    return midnight + datetime.timedelta(days=shift)


def warn_of(request, bookings: list[Booking]) -> None:
    """A message that names these meetings, with links, if there are any."""
    if not bookings:
        return
    named = format_html_join(
        "; ",
        '<a href="{}">{}, {}, {}</a>',
        (
            (
                reverse("admin:contact_booking_change", args=[booking.pk]),
                booking.host,
                booking.meeting_type,
                times(booking, booking.host.time_zone),
            )
            for booking in bookings[:MOST_NAMED]
        ),
    )
    more = len(bookings) - MOST_NAMED
    messages.warning(
        request,
        format_html(
            "{} booked outside of the hours now. Nothing was cancelled: move or cancel what cannot take place. {}{}",
            "1 meeting is" if len(bookings) == 1 else f"{len(bookings)} meetings are",
            named,
            f"; and {more} more." if more > 0 else ".",
        ),
    )


def count_upcoming(**of) -> int:
    """How many confirmed meetings are to come of a host or of a type."""
    return Booking.objects.upcoming(timezone.now()).filter(**of).count()
