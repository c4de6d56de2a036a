"""The pages on which a meeting is booked: kind and time zone, day and time, details, each at an address of its own."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.http import conditional_page, require_http_methods

from codesite.client_address import client_network
from contact.actions import TooManyMeetings, Visitor, book
from contact.links import booking_path
from contact.meeting_forms import BookingForm, MeetingAddress
from contact.meeting_pages import MeetingDetailsPage, MeetingStartPage, MeetingTimesPage
from contact.models import Booking, MeetingType
from contact.origin import read_origin
from contact.rate_limits import BOOKINGS, BOOKINGS_OF_EMAIL, TooManyRequests, take_booking
from contact.slots import Reason, Unavailable

REFUSALS = {
    Reason.TAKEN: "That time has just gone. Choose another one; everything you typed is still here.",
    Reason.DAY_FULL: "That day is full now. Choose another time; everything you typed is still here.",
    Reason.NOT_OFFERED: "That time is not offered. Choose another one; everything you typed is still here.",
}
TOO_MANY_BOOKINGS = (
    "Many meetings were booked from your network in a short time. Nothing is lost: please send the form again in {}, "
    "or write us a message."
)
TOO_MANY_OF_EMAIL = (
    "Many meetings were booked with this address today. Nothing is lost: please send the form again in {}, or write us "
    "a message."
)
TOO_MANY_OF_ALL = (
    "Many people are booking meetings just now. Nothing is lost: please send the form again in {}, or write us a "
    "message."
)
TOO_MANY_MEETINGS = (
    "With this address there are as many meetings ahead as one person can have. To change one of them, open the link "
    "in its mail."
)


@require_http_methods(["GET", "HEAD", "POST"])
def meeting(request):
    """The step that the address asks for; a POST books."""
    types = list(MeetingType.objects.bookable())
    if request.method == "POST":
        response = _book(request, types)
        patch_cache_control(response, private=True, no_store=True)
        return response
    asked = MeetingAddress(request.GET)
    meeting_type = _asked_type(asked, types)
    if meeting_type and asked.asks_for_details:
        origin = read_origin(request.GET)
        page = MeetingDetailsPage(
            asked,
            origin,
            meeting_type,
            is_only=len(types) == 1,
            now=timezone.now(),
            form=BookingForm(initial={"code": origin.code_as_written}),
        )
        response = _details(request, page)
        # A browser may keep it to go back to, with what was typed since; nobody else may.
        patch_cache_control(response, private=True, no_store=True)
        return response
    return _choices(request, asked, meeting_type, types)


@conditional_page
def _choices(request, asked: MeetingAddress, meeting_type: MeetingType | None, types: list[MeetingType]):
    """Kind and zone, or day and time: the same for everybody, and always asked for anew."""
    origin, now = read_origin(request.GET), timezone.now()
    if meeting_type is None:
        page = MeetingStartPage(asked, origin, types, is_type_gone=bool(request.GET.get("type")), now=now)
        response = render(request, "contact/meeting.html", {"page": page, "is_narrowed": bool(request.GET)})
    else:
        page = MeetingTimesPage(asked, origin, meeting_type, is_only=len(types) == 1, now=now)
        response = render(request, "contact/meeting_times.html", {"page": page})
    patch_cache_control(response, no_cache=True)
    return response


def _details(request, page: MeetingDetailsPage, status: int = 200) -> HttpResponse:
    return render(request, "contact/meeting_details.html", {"page": page, "form": page.form}, status=status)


def _book(request, types: list[MeetingType]):
    asked, origin, now = MeetingAddress(request.POST), read_origin(request.POST), timezone.now()
    meeting_type = _asked_type(asked, types)
    if meeting_type is None:
        return _no_such_type(request, asked, origin, types, now)
    form = BookingForm(request.POST)
    page = MeetingDetailsPage(asked, origin, meeting_type, is_only=len(types) == 1, now=now, form=form)
    if not form.is_valid():
        return _details(request, page, status=422)
    start = form.cleaned_data["start"]
    booking = Booking.objects.filter(request_key=form.request_key).first()
    try:
        if booking is None:
            visitor = form.as_visitor(origin, time_zone=page.zone_name)
            booking = _book_within_limits(request, meeting_type, start, visitor, form.request_key, now)
    except TooManyRequests as refusal:
        return _too_many(request, page, refusal)
    except TooManyMeetings:
        form.add_error("email", TOO_MANY_MEETINGS)
        return _details(request, page, status=422)
    except Unavailable as refusal:
        form.add_error("start", REFUSALS[refusal.reason])
        return _details(request, page, status=409)
    if not form.says_the_same_as(booking, meeting_type):
        form.renew()
        page.booked_before = booking
        return _details(request, page, status=409)
    return redirect(f"{booking_path(booking)}?done=booked")


def _book_within_limits(request, meeting_type: MeetingType, start, visitor: Visitor, request_key, now) -> Booking:
    """The booking that is made now, or was with this key; only one that is made counts. Raises TooManyRequests."""
    taken = take_booking(client_network(request), visitor.email, now=now)
    is_new = False
    try:
        booking, is_new = book(meeting_type, start, visitor, request_key=request_key, now=now)
    finally:
        if not is_new:
            taken.give_back()
    return booking


def _too_many(request, page: MeetingDetailsPage, refusal: TooManyRequests) -> HttpResponse:
    texts = {BOOKINGS_OF_EMAIL: TOO_MANY_OF_EMAIL, BOOKINGS: TOO_MANY_OF_ALL}
    page.form.add_error(None, texts.get(refusal.limit, TOO_MANY_BOOKINGS).format(refusal.wait_in_words))
    response = _details(request, page, status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return response


def _asked_type(asked: MeetingAddress, types: list[MeetingType]) -> MeetingType | None:
    return next((each for each in types if each.slug == asked.meeting_type), None)


def _no_such_type(request, asked, origin, types, now) -> HttpResponse:
    """The kinds that there are, in place of one that is not offered, with what was typed, to be copied."""
    context = {
        "page": MeetingStartPage(asked, origin, types, is_type_gone=True, now=now),
        "is_narrowed": True,
        "typed": [field for field in BookingForm(request.POST) if field.value() and not field.is_hidden],
    }
    return render(request, "contact/meeting.html", context, status=404)
