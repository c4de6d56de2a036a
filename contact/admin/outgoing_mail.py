"""The outbox on the desk: what was sent, what waits, and what failed and wants a hand."""

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import transaction
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.text import Truncator

from contact.models import OutgoingMail
from procedures.admin.columns import ReadOnlyAdmin
from procedures.admin.large_lists import KeyPaginator

MOST_AT_ONCE = 500
State = OutgoingMail.State


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """Mails are read, sent again, or kept from being sent; their texts stay as they were written."""

    list_display = ["kind_in_words", "standing", "to", "subject", "created", "due", "trouble"]
    list_filter = ["state", "kind"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    sortable_by = ["to", "created", "due", "trouble"]
    search_fields = ["to", "subject", "internet_message_id"]
    search_help_text = "An e-mail address, words of the subject, or a Message-ID."
    actions = ["send_again", "cancel"]
    change_form_template = "admin/contact/outgoingmail/change_form.html"
    change_list_template = "admin/contact/outgoingmail/change_list.html"
    fieldsets = [
        (None, {"fields": ["kind", "standing", "last_error", "message", "booking"]}),
        ("What is sent", {"fields": ["to", "reply_to", "subject", "text_as_sent", "calendar_as_sent"]}),
        ("When", {"fields": ["created_at", "wanted_at", "due_at", "attempts", "sent_at"]}),
        ("For mail programs", {"fields": ["internet_message_id", "references"]}),
    ]

    def has_send_permission(self, request) -> bool:
        return request.user.has_perm("contact.change_outgoingmail")

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Outgoing mail", **(extra_context or {})})

    def get_queryset(self, request):
        mails = super().get_queryset(request)
        is_form = "object_id" in request.resolver_match.kwargs
        return mails.select_related("message", "booking__meeting_type") if is_form else mails.defer("text", "calendar")

    # Columns and fields

    @admin.display(description="kind", ordering="kind")
    def kind_in_words(self, mail):
        return mail.get_kind_display()

    @admin.display(description="state", ordering="state")
    def standing(self, mail):
        if mail.state == State.FAILED:
            return format_html('<strong class="mail-failed">{}</strong>', mail.get_state_display())
        return mail.get_state_display()

    # Django's own columns of moments do not wrap, which takes the room of the others.

    @admin.display(description="created", ordering="created_at")
    def created(self, mail):
        return _moment(mail.created_at)

    @admin.display(description="due", ordering="due_at")
    def due(self, mail):
        return _moment(mail.due_at) if mail.state in (State.QUEUED, State.SENDING) else ""

    @admin.display(description="last error", ordering="attempts")
    def trouble(self, mail):
        if not mail.last_error:
            return ""
        number = "1 attempt" if mail.attempts == 1 else f"{mail.attempts} attempts"
        return f"{number}: {Truncator(mail.last_error).chars(60)}"

    @admin.display(description="text")
    def text_as_sent(self, mail):
        return format_html('<pre class="mail-text" dir="auto">{}</pre>', mail.text)

    @admin.display(description="calendar object")
    def calendar_as_sent(self, mail):
        if not mail.calendar:
            return "None"
        # PostgreSQL gives a memoryview.
        text = bytes(mail.calendar).decode(errors="replace").replace("\r\n", "\n")
        return format_html('<pre class="mail-text calendar-text">{}</pre>', text)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {
            "title": obj.subject,
            "subtitle": None,
            "may_send": self.has_send_permission(request),
            "can_be_sent_again": obj.can_be_sent_again(),
            "can_be_cancelled": obj.state == State.QUEUED,
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Acts on one mail or several

    @admin.action(description="Send again", permissions=["send"])
    def send_again(self, request, queryset):
        if self._are_too_many(request, queryset):
            return
        with transaction.atomic():
            mails = list(queryset)
            again = [mail for mail in mails if mail.send_again()]
            LogEntry.objects.log_actions(request.user.pk, again, CHANGE, "Sent again.") if again else None
        if again:
            # Not "in a moment": a reminder that was cancelled goes out when it is due.
            noun = "1 mail" if len(again) == 1 else f"{len(again)} mails"
            self.message_user(request, f"{noun} will be sent again.", messages.SUCCESS)
        if left := len(mails) - len(again):
            why = "they wait for their first attempt, are being sent, or say what is no longer so"
            self.message_user(request, f"Not sent again: {left}, because {why}.", messages.WARNING)

    @admin.action(description="Cancel: do not send what waits", permissions=["send"])
    def cancel(self, request, queryset):
        if self._are_too_many(request, queryset):
            return
        with transaction.atomic():
            mails = list(queryset)
            cancelled = [mail for mail in mails if OutgoingMail.objects.filter(pk=mail.pk).cancel()]
            LogEntry.objects.log_actions(request.user.pk, cancelled, CHANGE, "Cancelled.") if cancelled else None
        if cancelled:
            noun = "1 mail is" if len(cancelled) == 1 else f"{len(cancelled)} mails are"
            self.message_user(request, f"{noun} not sent any more.", messages.SUCCESS)
        if left := len(mails) - len(cancelled):
            self.message_user(request, f"Not cancelled, because they do not wait: {left}.", messages.WARNING)

    def _are_too_many(self, request, queryset) -> bool:
        if queryset.count() <= MOST_AT_ONCE:
            return False
        self.message_user(request, f"Choose at most {MOST_AT_ONCE} mails at once.", messages.WARNING)
        return True


def _moment(moment) -> str:
    """Such as 5 Mar 2026, 14:30; it wraps before the time only."""
    local = timezone.localtime(moment)
    day = date_format(local, "j M Y").replace(" ", "\N{NO-BREAK SPACE}")
    return f"{day}, {date_format(local, 'H:i')}"
