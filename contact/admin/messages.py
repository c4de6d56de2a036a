"""The inbox: what visitors wrote, who answers it, and what came of it."""

import re

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import Truncator
from django.utils.timesince import timesince

from contact.admin.export import CsvExport
from contact.admin.message_filters import EVERYTHING, AssigneeFilter, CodeSystemFilter, SenderFilter, StatusFilter
from contact.admin.message_form import MessageForm, NoteForm, name_of
from contact.admin.message_steps import StepsOfMessages
from contact.admin.replies import reply_link
from contact.forgetting import delete_messages
from contact.models import Message, MessageNote, OutgoingMail
from contact.models.messages import SPAM_KEPT
from contact.spam import THRESHOLD
from contact.spam_folder import take_out
from procedures.admin.large_lists import KeyPaginator

LIST = "admin:contact_message_changelist"
CHANGE_PAGE = "admin:contact_message_change"
_THREAD = re.compile(r"\[?#([0-9a-f]{8})\]?")


class NoteInline(admin.StackedInline):
    """Notes are added, never changed: they say who knew what when."""

    model = MessageNote
    form = NoteForm
    template = "admin/contact/message/notes.html"
    extra = 1
    can_delete = False
    verbose_name = "note"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("author")

    def has_change_permission(self, request, obj=None):
        return False


@admin.register(Message)
class MessageAdmin(StepsOfMessages, CsvExport, admin.ModelAdmin):
    """What visitors wrote is never changed; whoever may change a message decides on it and writes notes."""

    form = MessageForm
    inlines = [NoteInline]
    list_display = [
        *["sender", "organization", "code_named", "beginning", "status", "answered_by", "age", "note_count"]
    ]
    list_filter = [StatusFilter, AssigneeFilter, ("code__system", CodeSystemFilter), SenderFilter]
    list_select_related = ["assignee", "code__system"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    sortable_by = ["sender", "organization", "age"]
    search_fields = ["name", "email", "organization", "text", "public_id"]
    search_help_text = "Name, e-mail address, organization, words, or thread. All messages are searched, also spam."
    actions = [*StepsOfMessages.actions, *CsvExport.actions]
    change_form_template = "admin/contact/message/change_form.html"
    written = ["from_whom", "organization", "received", "about", "came_from", "what_was_written"]
    readonly_fields = [*written, "mails", "spam_check"]
    fieldsets = [
        ("What was written", {"fields": written}),
        ("Mails and spam check", {"fields": ["mails", "spam_check"]}),
        ("What is done about it", {"fields": ["status", "assignee"]}),
    ]

    # Who may do what

    def has_add_permission(self, request):
        return False

    # The list

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Messages", **(extra_context or {})})

    def get_queryset(self, request):
        notes = MessageNote.objects.filter(message=OuterRef("pk")).order_by().values("message")
        counted = Subquery(notes.annotate(n=Count("pk")).values("n"))
        return super().get_queryset(request).annotate(notes_counted=Coalesce(counted, 0))

    def get_ordering(self, request):
        # What waits is a queue; among all the others the newest are looked for.
        return ["-created_at", "-pk"] if "status" in request.GET or "q" in request.GET else ["created_at", "pk"]

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, _THREAD.sub(r"\1", search_term))

    @admin.display(description="sender", ordering="name")
    def sender(self, message):
        return format_html("<bdi>{}</bdi>", message.name)

    @admin.display(description="code")
    def code_named(self, message):
        return message.code.code if message.code else message.code_text

    @admin.display(description="first words")
    def beginning(self, message):
        return format_html("<bdi>{}</bdi>", Truncator(" ".join(message.text.split())).chars(80))

    @admin.display(description="who answers")
    def answered_by(self, message):
        return name_of(message.assignee) if message.assignee else "nobody yet"

    @admin.display(description="age", ordering="-created_at")
    def age(self, message):
        now = timezone.now()
        age = timesince(message.created_at, now, depth=1)
        if message.is_overdue(now):
            return format_html('{} <strong class="overdue">overdue</strong>', age)
        return age

    @admin.display(description="notes")
    def note_count(self, message):
        return message.notes_counted or ""

    # The form

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        if request.method != "POST" or object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        with transaction.atomic():
            # What the form compares itself with is what will be written over.
            Message.objects.lock([object_id])
            return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        receipt = obj.mails.filter(kind=OutgoingMail.Kind.MESSAGE_RECEIPT).first()
        context |= {
            "title": f"Message #{obj.public_id}",
            "subtitle": None,
            "age": timesince(obj.created_at, depth=1),
            "is_overdue": obj.is_overdue(),
            "answered_by": self.answered_by(obj),
            "reply_link": reply_link(obj, receipt) if obj.status != Message.Status.SPAM else "",
            "was_held_back": not obj.mails.exists(),
            "others_of_sender": Message.objects.of_sender(obj.email).exclude(pk=obj.pk).count(),
            "spam_kept": SPAM_KEPT.days,
            "list_of_sender": f"{reverse(LIST)}?sender_of={obj.pk}&status={EVERYTHING}",
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="from")
    def from_whom(self, message):
        return format_html("<bdi>{}</bdi> &lt;{}&gt;", message.name, message.email)

    @admin.display(description="received")
    def received(self, message):
        return date_format(timezone.localtime(message.created_at), "DATETIME_FORMAT")

    @admin.display(description="about the code")
    def about(self, message):
        if message.code:
            return format_html('<a href="{}">{}</a>', message.code.get_absolute_url(), message.code)
        return message.code_text or "None"

    @admin.display(description="came from the page")
    def came_from(self, message):
        page = message.page
        # Written by whoever sent the form: a link only where it leads nowhere else.
        if page.startswith("/") and url_has_allowed_host_and_scheme(page, allowed_hosts=None):
            return format_html('<a href="{0}">{0}</a>', page)
        return page or "Not known"

    @admin.display(description="message")
    def what_was_written(self, message):
        return format_html('<div class="message-text" dir="auto">{}</div>', message.text)

    @admin.display(description="mails")
    def mails(self, message):
        rows = (
            (
                reverse("admin:contact_outgoingmail_change", args=[mail.pk]),
                mail.get_kind_display(),
                mail.get_state_display(),
            )
            for mail in message.mails.defer("text", "calendar").order_by("created_at", "pk")
        )
        return format_html_join("", '<p><a href="{}">{}</a>: {}</p>', rows) or "None, or no longer kept"

    @admin.display(description="spam check")
    def spam_check(self, message):
        if not message.spam_score:
            return "Nothing in it looks like spam."
        limit = f"from {THRESHOLD} points on, a message is taken for spam"
        return f"{message.spam_score} points ({limit}): {message.spam_reasons or 'no reason was kept'}."

    # Saving

    def save_model(self, request, obj, form, change):
        was_spam = form.stored["status"] == Message.Status.SPAM
        now = timezone.now()
        obj.set_status(obj.status, now=now)
        obj.save(update_fields=["status", "closed_at", "assignee"])
        if was_spam and obj.status != Message.Status.SPAM:
            self.tell_of_mails(request, take_out([obj], now=now))

    def save_formset(self, request, form, formset, change):
        for note in formset.save(commit=False):
            note.author = request.user
            note.save()

    def construct_change_message(self, request, form, formsets, add=False):
        """What was decided, in words, whichever button said it; nothing of what was written."""
        obj, said = form.instance, []
        if obj.status != form.stored["status"]:
            said.append(f"Status: {obj.get_status_display()}.")
        if str(obj.assignee_id or "") != form.stored["assignee"]:
            said.append(f"Who answers: {obj.assignee or 'nobody'}.")
        notes = sum(len(formset.new_objects) for formset in formsets)
        said += ["Added a note."] if notes == 1 else [f"Added {notes} notes."] if notes else []
        return " ".join(said)

    def response_change(self, request, obj):
        if "_take" in request.POST:
            self.message_user(request, "The message is yours now.", messages.SUCCESS)
            return HttpResponseRedirect(reverse(CHANGE_PAGE, args=[obj.pk]))
        return super().response_change(request, obj)

    # Deletion, for those who have that permission: no group has

    def delete_model(self, request, obj):
        delete_messages(Message.objects.filter(pk=obj.pk))

    def delete_queryset(self, request, queryset):
        delete_messages(queryset)

    # Export

    csv_name = "messages"
    csv_nothing = "Spam is left out of exports. To export it, choose the status “Spam?” first."
    csv_columns = {
        "Thread": lambda message: message.public_id,
        "Received": lambda message: message.created_at,
        "Status": lambda message: message.get_status_display(),
        "Who answers": lambda message: name_of(message.assignee) if message.assignee else "",
        "Name": lambda message: message.name,
        "E-mail": lambda message: message.email,
        "Organization": lambda message: message.organization,
        "Code": lambda message: message.code.code if message.code else message.code_text,
        "Message": lambda message: message.text,
        "Page": lambda message: message.page,
        "Closed": lambda message: message.closed_at,
        "Notes": lambda message: message.notes_counted,
        "Spam points": lambda message: message.spam_score,
    }

    def csv_rows(self, request, queryset):
        """Without spam, unless the list is that of spam."""
        if request.GET.get("status") != Message.Status.SPAM:
            queryset = queryset.exclude(status=Message.Status.SPAM)
        return queryset.select_related("assignee", "code")
