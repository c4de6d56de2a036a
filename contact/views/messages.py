"""Writing a message to the team, and the page that says it has arrived."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from codesite.client_address import client_network
from contact.actions import send_message
from contact.forms import MessageForm
from contact.models import Message
from contact.origin import Origin, read_origin
from contact.private_pages import private_page
from contact.rate_limits import TooManyRequests, take_message, take_receipt
from procedures.freshness import public_page


@private_page
@require_http_methods(["GET", "HEAD", "POST"])
def message(request: HttpRequest) -> HttpResponse:
    """The form of a message; a valid one is saved with its mails before anything else, and leads to the thanks.

    Answers 422 to a form with errors, 429 where too many were sent, and 409 where the form was sent before with other
    words; each shows the form with all that was typed.
    """
    origin = read_origin(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return _form_page(request, MessageForm(initial={"code": origin.code_as_written}), origin)
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _form_page(request, form, origin, status=422)
    # A form that comes twice, by a second click or a reload, counts once.
    saved = Message.objects.filter(request_key=form.request_key).first()
    if saved is None:
        try:
            saved = _save(request, form, origin)
        except TooManyRequests as refusal:
            return _too_many(request, form, origin, refusal)
    if not form.says_the_same_as(saved):
        form.renew()
        return _form_page(request, form, origin, status=409, earlier=saved)
    query = Origin(saved.code, saved.page).query
    return HttpResponseRedirect(reverse("contact:message_sent") + (f"?{query}" if query else ""))


@public_page
def message_sent(request: HttpRequest) -> HttpResponse:
    """The thanks. The address says nothing of the visitor: at most the code that the message was about."""
    return render(request, "contact/message_sent.html", {"origin": read_origin(request.GET)})


def _save(request: HttpRequest, form: MessageForm, origin: Origin) -> Message:
    """The message that is saved now, or was in this moment with the same key; raises TooManyRequests."""
    now = timezone.now()
    message = form.as_message(origin, now=now)
    take_message(client_network(request), message.email, now=now)
    wants_receipt = message.status != Message.Status.SPAM
    with_receipt = wants_receipt and take_receipt(message.email, now=now)
    saved, _ = send_message(message, now=now, with_receipt=with_receipt)
    return saved


def _too_many(request: HttpRequest, form: MessageForm, origin: Origin, refusal: TooManyRequests) -> HttpResponse:
    form.add_error(
        None,
        "Several messages came from your network or your e-mail address in a short time, so this one was not sent. "
        f"Nothing is lost: please send it again in {refusal.wait_in_words}.",
    )
    response = _form_page(request, form, origin, status=429)
    response["Retry-After"] = str(refusal.retry_after)
    return response


def _form_page(
    request: HttpRequest, form: MessageForm, origin: Origin, *, status: int = 200, earlier: Message | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "origin": origin,
        "earlier": earlier,
        "retention_days": settings.CONTACT_RETENTION_DAYS,
    }
    return render(request, "contact/message.html", context, status=status)
