"""Meetings by day: a week of all hosts, each day as the calendar of its host has it."""

import datetime

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from contact.admin.exception_form import YEARS
from contact.models import Booking, Host
from contact.time_zones import time_in_words, zone_in_words
from contact.wall_time import day_of

PERMISSION = "contact.view_booking"
ADDRESS = "admin:meetings_by_day"
DAY = datetime.timedelta(days=1)
WEEK = datetime.timedelta(days=7)


@never_cache
@require_safe
def meetings_by_day_page(request):
    """The week that `?week=2026-11-24` is in, else the present one; three queries, however many meetings there are."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    today = _today(request.user)
    monday = today - today.weekday() * DAY
    if text := request.GET.get("week", ""):
        if day := read_day(text):
            monday = day - day.weekday() * DAY
        else:
            messages.warning(request, "There is no such week: this is the present one.")
    context = {
        **admin.site.each_context(request),
        "title": "Meetings by day",
        "week": f"{date_format(monday, 'F j, Y')} to {date_format(monday + 6 * DAY, 'F j, Y')}",
        "days": days_of_week(monday),
        "today": today,
        "this_week": reverse(ADDRESS),
        "earlier": _address(monday - WEEK),
        "later": _address(monday + WEEK),
    }
    return TemplateResponse(request, "admin/contact/booking/by_day.html", context)


def read_day(text: str) -> datetime.date | None:
    """A day as addresses name it, of a year for which people plan; None for anything else."""
    try:
        day = datetime.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return None
    # The weeks before and after it have to have addresses too.
    return day if day.year in YEARS else None


def days_of_week(monday: datetime.date) -> list[dict]:
    """Seven days: {"date", "hosts"}; the hosts who have a meeting on it: {"host", "zone", "meetings"}.

    A meeting, {"booking", "hours"}, stands on the day on which it begins for its host. Cancelled ones are left out.
    """
    # The day begins up to 14 hours earlier or later elsewhere.
    first = datetime.datetime.combine(monday - DAY, datetime.time.min, tzinfo=datetime.UTC)
    bookings = (
        Booking.objects.exclude(status=Booking.Status.CANCELLED)
        .filter(starts_at__gte=first, starts_at__lt=first + 9 * DAY)
        .select_related("host", "meeting_type", "code")
        .order_by("host__name", "host_id", "starts_at")
    )
    days = {monday + number * DAY: {} for number in range(7)}
    for booking in bookings:
        host = booking.host
        day = day_of(booking.starts_at, host.zone)
        if day in days:
            days[day].setdefault(host, []).append({"booking": booking, "hours": _hours(booking, host)})
    return [
        {
            "date": day,
            "hosts": [
                {
                    "host": host,
                    "zone": zone_in_words(host.time_zone, meetings[0]["booking"].starts_at),
                    "meetings": meetings,
                }
                for host, meetings in hosts.items()
            ],
        }
        for day, hosts in days.items()
    ]


def _hours(booking: Booking, host: Host) -> str:
    start, end = (time_in_words(at, host.time_zone) for at in (booking.starts_at, booking.ends_at))
    return f"{start} to {end}"


def _today(user) -> datetime.date:
    """Today on the calendar of the user, if the user is a host."""
    host = Host.objects.filter(user=user).first()
    return day_of(timezone.now(), host.zone) if host else timezone.localdate()


def _address(monday: datetime.date) -> str:
    return f"{reverse(ADDRESS)}?week={monday.isoformat()}"


admin.site.register_page(
    ADDRESS,
    "Meetings by day",
    "A week of meetings, by day and host, with the times of each host's clock.",
    PERMISSION,
    route="meetings/",
    view=meetings_by_day_page,
)
