"""The page of a meeting, for who has its link: GET shows it, POST moves or cancels it."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from contact.actions import ChangedMeanwhile, NotConfirmed, Refused, TooLate, cancel, move
from contact.booking_pages import BookingPage, MovePage
from contact.links import find_booking
from contact.meeting_forms import MeetingAddress, MoveForm
from contact.models import Booking
from contact.private_pages import private_page
from contact.rate_limits import TooManyRequests, take_move
from contact.slots import Reason, Unavailable

REFUSALS = {
    Reason.TAKEN: "That time has just gone. Your meeting stays where it was: choose another time.",
    Reason.DAY_FULL: "That day is full now. Your meeting stays where it was: choose another time.",
    Reason.NOT_OFFERED: "That time is not offered. Your meeting stays where it was: choose another time.",
}
CHANGED_MEANWHILE = "The meeting was changed meanwhile. This is how it stands now; what you asked for was not done."
TOO_LATE = "It is too late to change the meeting here. Nothing was changed."
TOO_MANY_MOVES = (
    "This meeting was moved many times today. It stays where it was: please send the form again in {}, or write us a "
    "message."
)
NOT_CONFIRMED = "The meeting is not booked any more, so it cannot be changed. Nothing was changed."
NOT_DONE: dict[type[Refused], str] = {
    ChangedMeanwhile: CHANGED_MEANWHILE,
    TooLate: TOO_LATE,
    NotConfirmed: NOT_CONFIRMED,
}
NO_SUCH_ACTION = "What the form asked for is not known here. Nothing was changed."


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def booking(request, token):
    """The meeting as it stands, or with ?change=time or ?change=cancel what a visitor needs to change it."""
    now = timezone.now()
    try:
        found = find_booking(token, now=now)
    except Booking.DoesNotExist:
        raise Http404("There is no such meeting.") from None
    if request.method == "POST":
        return _change(request, found, now)
    asked, change = MeetingAddress(request.GET), request.GET.get("change")
    page = BookingPage(found, asked, done=request.GET.get("done", ""), now=now)
    if change == "time" and page.may_change:
        return _times(request, MovePage(found, asked, now=now), MoveForm())
    if change == "cancel" and page.may_change:
        return render(request, "contact/booking_cancel.html", {"page": page})
    return _state(request, page)


def _change(request, found: Booking, now) -> HttpResponse:
    asked = MeetingAddress(request.POST)
    page = BookingPage(found, asked, now=now)
    try:
        match request.POST.get("action"):
            case "move":
                return _move(request, found, asked, now)
            case "cancel":
                done = "cancelled" if cancel(found, now=now) else "cancelled-before"
                return redirect(page.address(done=done))
    except tuple(NOT_DONE) as refusal:
        # It may have been changed since it was read.
        found.refresh_from_db()
        page.problem = NOT_DONE[type(refusal)]
        return _state(request, page, status=409)
    page.problem = NO_SUCH_ACTION
    return _state(request, page, status=400)


def _move(request, found: Booking, asked: MeetingAddress, now) -> HttpResponse:
    form = MoveForm(request.POST)
    is_valid = form.is_valid()
    start = form.cleaned_data.get("start")
    # What is sent twice has been done by the first.
    if found.is_confirmed and start == found.starts_at:
        return redirect(BookingPage(found, asked, now=now).address(done="moved"))
    if form.cleaned_data.get("sequence") != found.sequence:
        page = BookingPage(found, asked, now=now)
        page.problem = CHANGED_MEANWHILE
        return _state(request, page, status=409)
    if not is_valid:
        return _times(request, MovePage(found, asked, now=now), form, status=422)
    try:
        moved = _move_within_limits(found, start, now)
    except TooManyRequests as refusal:
        form.add_error(None, TOO_MANY_MOVES.format(refusal.wait_in_words))
        response = _times(request, MovePage(found, asked, now=now), form, status=429)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    except Unavailable as refusal:
        form.add_error("start", REFUSALS[refusal.reason])
        return _times(request, MovePage(found, asked, refused=start, now=now), form, status=409)
    return redirect(BookingPage(moved, asked, now=now).address(done="moved"))


def _move_within_limits(found: Booking, start, now) -> Booking:
    """The booking at its new start; only a move that is made counts. Raises TooManyRequests and what `move` raises."""
    taken = take_move(found.uuid, now=now)
    try:
        return move(found, start, now=now, seen=found.sequence)
    except Exception:
        taken.give_back()
        raise


def _times(request, page: MovePage, form: MoveForm, status: int = 200) -> HttpResponse:
    return render(request, "contact/booking_move.html", {"page": page, "form": form}, status=status)


def _state(request, page: BookingPage, status: int = 200) -> HttpResponse:
    return render(request, "contact/booking.html", {"page": page}, status=status)
