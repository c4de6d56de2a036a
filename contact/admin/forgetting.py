"""The desk's page on which a person's data are deleted at their request."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import get_text_list
from django.views.decorators.cache import never_cache

from contact.forgetting import Held, NotForgotten, forget_visitor, held_of
from contact.models import Message
from contact.text_fields import AddressField

PERMISSION = "contact.delete_message"
PAGE = "admin:forget_visitor"
TITLE = "Delete a person’s data"
# Of none of the rows: an entry about one would name it.
LOGGED_AS = "A person’s data"


class AddressForm(forms.Form):
    """Whose data: the address is read as the public forms read it, and sent by POST, so that it stands in no log."""

    email = AddressField(
        label="E-mail address",
        widget=forms.EmailInput({"class": "vTextField", "size": 50, "autocomplete": "off"}),
        help_text="As the person wrote it in a message or for a meeting. Capital letters make no difference.",
    )
    seen = forms.CharField(required=False, max_length=300, widget=forms.HiddenInput)


@never_cache
def forget_visitor_page(request):
    """Asks for an address, then says what is held of it, then deletes that: three steps, of which two are POSTs."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    form = AddressForm(request.POST if request.method == "POST" else None)
    held = None
    if form.is_bound and form.is_valid():
        email = form.cleaned_data["email"]
        if "_delete" in request.POST:
            try:
                forgotten = forget_visitor(email, seen=form.cleaned_data["seen"])
            except NotForgotten:
                messages.error(request, "Nothing was deleted: what is held has changed meanwhile. Look again below.")
            else:
                said = f"Deleted at the request of the person: {in_words(forgotten)}."
                _log(request, said)
                messages.success(request, said)
                return HttpResponseRedirect(reverse(PAGE))
        held = held_of(email)
    context = {
        **admin.site.each_context(request),
        "title": TITLE,
        "form": form,
        "held": held,
        "held_in_words": in_words(held) if held else "",
    }
    return TemplateResponse(request, "admin/contact/forget_visitor.html", context)


def in_words(held: Held) -> str:
    """How much is held, but for upcoming meetings."""
    kinds = [(held.messages, "message"), (held.meetings, "past or cancelled meeting"), (held.mails, "mail")]
    return get_text_list([f"{len(keys)} {noun}{'' if len(keys) == 1 else 's'}" for keys, noun in kinds], "and")


def _log(request, said: str) -> None:
    LogEntry.objects.create(
        user=request.user,
        content_type=ContentType.objects.get_for_model(Message),
        action_flag=DELETION,
        object_repr=LOGGED_AS,
        change_message=said,
    )


admin.site.register_page(
    PAGE,
    TITLE,
    "What is held of a visitor who asks to be forgotten: messages, meetings, mails.",
    PERMISSION,
    route="forget-visitor/",
    view=forget_visitor_page,
)
