"""The desk's side of meetings: the list, what is known of each, and the steps that the team can take."""

import uuid

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode

from contact.admin.booking_filters import WhenFilter
from contact.admin.booking_steps import CHANGED_MEANWHILE, STEPS, StepRefused, open_steps
from contact.admin.export import CsvExport
from contact.links import booking_address
from contact.meeting_times import times
from contact.models import Booking
from contact.slots import next_free_slots
from contact.time_zones import day_in_words, time_in_words
from procedures.admin.columns import ReadOnlyAdmin

LIST = "admin:contact_booking_changelist"
CHANGE = "admin:contact_booking_change"
SUGGESTIONS = 5


@admin.register(Booking)
class BookingAdmin(CsvExport, ReadOnlyAdmin):
    """Facts that nobody types: what the team changes of a meeting goes through contact.actions, step by step."""

    list_display = ["when", "status", "meeting_type", "host", "visitor", "about"]
    list_display_links = ["when"]
    list_filter = [WhenFilter, "status", "host", "meeting_type", "looks_like_spam"]
    list_select_related = ["host", "meeting_type", "code__system"]
    list_per_page = 50
    show_full_result_count = False
    sortable_by = []
    date_hierarchy = "starts_at"
    search_fields = ["name", "email", "uuid"]
    search_help_text = "The visitor's name or e-mail address, or the id of the meeting."
    change_form_template = "admin/contact/booking/change_form.html"
    fieldsets = [
        ("Meeting", {"fields": ["when", "when_for_visitor", "meeting_type", "host", "status"]}),
        ("Visitor", {"fields": ["visitor", "address", "organization", "notes", "about", "page", "spam"]}),
        ("Record", {"fields": ["id_of_meeting", "booked_at", "link"]}),
    ]
    readonly_fields = [
        *["when", "when_for_visitor", "visitor", "address", "about", "spam", "id_of_meeting", "booked_at", "link"]
    ]

    csv_name = "meetings"
    csv_columns = {
        "start (UTC)": lambda booking: booking.starts_at,
        "end (UTC)": lambda booking: booking.ends_at,
        "time of the host": lambda booking: times(booking, booking.host.time_zone),
        "type": lambda booking: booking.meeting_type.title,
        "host": lambda booking: booking.host.name,
        "status": lambda booking: booking.get_status_display(),
        "name": lambda booking: booking.name,
        "e-mail": lambda booking: booking.email,
        "organization": lambda booking: booking.organization,
        "what it is about": lambda booking: booking.notes,
        "code": lambda booking: booking.code.code if booking.code else booking.code_text,
        "page": lambda booking: booking.page,
        "time zone of the visitor": lambda booking: booking.time_zone,
        "looks like spam": lambda booking: "yes" if booking.looks_like_spam else "",
        "booked (UTC)": lambda booking: booking.created_at,
        "id": lambda booking: str(booking.uuid),
    }

    def csv_rows(self, request, queryset):
        return queryset.select_related("host", "meeting_type", "code")

    class Media:
        css = {"all": ["css/meetings-desk.css"]}

    # The list

    def get_ordering(self, request):
        """What comes next stands first; of the past, what was last."""
        return ["starts_at", "pk"] if WhenFilter.parameter_name not in request.GET else ["-starts_at", "-pk"]

    def get_search_results(self, request, queryset, search_term):
        term = search_term.replace("\0", "").strip()
        try:
            # With or without hyphens: as text, PostgreSQL knows it with them alone.
            return queryset.filter(uuid=uuid.UUID(term)), False
        except ValueError:
            return super().get_search_results(request, queryset, term)

    @admin.display(description="when, on the clock of the host")
    def when(self, booking):
        return times(booking, booking.host.time_zone)

    @admin.display(description="on the visitor's clock")
    def when_for_visitor(self, booking):
        return times(booking, booking.time_zone)

    @admin.display(description="visitor")
    def visitor(self, booking):
        if booking.forgotten_at:
            return f"forgotten on {booking.forgotten_at:%Y-%m-%d}"
        return format_html("<bdi>{}</bdi>", booking.name)

    @admin.display(description="e-mail")
    def address(self, booking):
        if not booking.email:
            return "-"
        return format_html('<a href="mailto:{}">{}</a>', booking.email, booking.email)

    @admin.display(description="code")
    def about(self, booking):
        if booking.code:
            return format_html('<a href="{}">{}</a>', booking.code.get_absolute_url(), booking.code.code)
        return booking.code_text or "-"

    @admin.display(description="looks like spam")
    def spam(self, booking):
        # Django's red cross for what is false would blame it.
        return "yes" if booking.looks_like_spam else "no"

    @admin.display(description="id")
    def id_of_meeting(self, booking):
        return booking.uuid

    @admin.display(description="booked")
    def booked_at(self, booking):
        return f"{booking.created_at:%Y-%m-%d %H:%M} UTC"

    @admin.display(description="link for the visitor")
    def link(self, booking):
        if booking.ends_at <= timezone.now() or booking.forgotten_at:
            return "It has ended with the meeting."
        address = booking_address(booking)
        mail = urlencode({"subject": "Your meeting", "body": address})
        return format_html(
            '<span class="visitor-link">{}</span> <a href="mailto:{}?{}">Write to the visitor</a>',
            address,
            booking.email,
            mail.replace("+", "%20"),
        )

    # One meeting

    def has_step_permission(self, request) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("contact.change_booking")

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("host", "meeting_type", "code__system")

    def get_fieldsets(self, request, obj=None):
        if self.has_step_permission(request):
            return self.fieldsets
        # Whoever has the link can cancel the meeting.
        *others, (title, record) = self.fieldsets
        return [*others, (title, {"fields": [name for name in record["fields"] if name != "link"]})]

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            context |= {
                "title": "Meeting",
                "steps": open_steps(obj) if self.has_step_permission(request) else [],
                "changes": _history(obj),
                "mails": obj.mails.order_by("wanted_at", "pk").defer("text", "calendar"),
                "may_read_mails": request.user.has_perm("contact.view_outgoingmail"),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # The steps

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:object_id>/step/<slug:name>/", view(self.step_view), name="contact_booking_step"),
            *super().get_urls(),
        ]

    def step_view(self, request, object_id, name):
        """Asks before a step, and takes it."""
        if not self.has_step_permission(request):
            raise PermissionDenied
        step = STEPS.get(name)
        if step is None:
            raise Http404("There is no such step.")
        booking = self.get_queryset(request).filter(pk=object_id).first()
        if booking is None:
            self.message_user(request, "There is no such meeting.", messages.WARNING)
            return HttpResponseRedirect(reverse(LIST))
        if not step.is_open(booking):
            self.message_user(request, f"“{step.label}” is not possible: {_state(booking)}", messages.WARNING)
            return HttpResponseRedirect(reverse(CHANGE, args=[booking.pk]))
        form = step.form_class(request.POST if request.method == "POST" else None, booking=booking)
        if form.is_bound and form.is_valid() and self._take(request, step, booking, form):
            return HttpResponseRedirect(reverse(CHANGE, args=[booking.pk]))
        return TemplateResponse(request, "admin/contact/booking/step.html", self._context(request, step, booking, form))

    def _take(self, request, step, booking, form) -> bool:
        """Whether the step was taken, or was needless; else the form says why not."""
        if form.cleaned_data["sequence"] != booking.sequence:
            form.add_error(None, CHANGED_MEANWHILE)
            form.show_again()
            return False
        try:
            has_changed = step.take(booking, request.user, form)
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
            return False
        if has_changed:
            self.log_change(request, booking, step.done)
            self.message_user(request, step.done, messages.SUCCESS)
        else:
            self.message_user(request, step.needless, messages.INFO)
        return True

    def _context(self, request, step, booking, form) -> dict:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": step.label,
            "step": step,
            "booking": booking,
            "form": form,
            "when": self.when(booking),
            "when_for_visitor": self.when_for_visitor(booking),
        }
        if step.name == "move":
            # One more, for that at which it is now.
            free = next_free_slots(booking.meeting_type, after=timezone.now(), count=SUGGESTIONS + 1, moving=booking)
            starts = [slot.start for slot in free if slot.start != booking.starts_at][:SUGGESTIONS]
            zone = booking.host.time_zone
            context["suggestions"] = [f"{day_in_words(at, zone)}, {time_in_words(at, zone)}" for at in starts]
        return context


def _state(booking: Booking) -> str:
    if booking.forgotten_at:
        return "nothing is known of the visitor any more."
    if booking.status == Booking.Status.CANCELLED:
        return "the meeting is cancelled."
    if booking.status == Booking.Status.NO_SHOW:
        return "the visitor did not come."
    if booking.ends_at <= timezone.now():
        return "the meeting has ended."
    return "it is confirmed and has not begun." if booking.starts_at > timezone.now() else "it has begun."


def _history(booking: Booking) -> list[dict]:
    """The steps of its life: {"what", "at", "by", "when"}, the time that it had since then on the host's clock."""
    return [
        {
            "what": change.get_kind_display(),
            "at": change.at,
            "by": change.by or "the visitor",
            "host": change.host,
            "when": f"{day_in_words(change.starts_at, change.host.time_zone)}, "
            f"{time_in_words(change.starts_at, change.host.time_zone)}",
        }
        for change in booking.changes.select_related("by", "host")
    ]
