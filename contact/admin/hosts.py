"""The desk's side of hosts: who can be met and when, what the next days look like, and the feed of their calendar."""

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from contact.admin.host_forms import FIELDS, ExceptionsInline, HostForm, WindowsInline
from contact.admin.kept_rows import KeptWhileBooked
from contact.admin.left_outside import LeftOutside, count_upcoming, warn_of
from contact.admin.next_days import NextDays
from contact.admin.plain_boxes import PlainBoxes
from contact.models import Booking, BookingChange, Host
from contact.private_pages import private_page

STAY = (
    "{} is no longer offered, and still has {} to come. Nothing was cancelled: "
    '<a href="{}">move or cancel</a> what cannot take place.'
)


@admin.register(Host)
class HostAdmin(KeptWhileBooked, PlainBoxes, admin.ModelAdmin):
    form = HostForm
    inlines = [WindowsInline, ExceptionsInline]
    list_display = ["name", "time_zone", "active", "daily_cap", "has_feed"]
    list_filter = ["active"]
    ordering = ["name", "pk"]
    search_fields = ["name", "email"]
    search_help_text = "The name or the e-mail address."
    fieldsets = [(None, {"fields": FIELDS})]
    change_form_template = "admin/contact/host/change_form.html"

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    @admin.display(description="calendar feed", boolean=True)
    def has_feed(self, host):
        return bool(host.feed_digest)

    def has_meetings(self, row):
        # The history of a meeting that was moved to somebody else names the former host.
        return Booking.objects.filter(host=row).exists() or BookingChange.objects.filter(host=row).exists()

    # The form

    def get_changeform_initial_data(self, request):
        # Django would hand any text to the database as a key.
        return {}

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj is not None:
            stored = Host.objects.filter(pk=obj.pk).first()
            context["next_days"] = NextDays(stored) if stored else None
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Saving

    def save_model(self, request, obj, form, change):
        if not change:
            form.changed_hours = None
            obj.save()
            return
        form.changed_hours = LeftOutside(hosts=[obj])
        # The digest of the feed stays what it is by now.
        obj.save(update_fields=[name for name in FIELDS if name in form.changed_data])
        upcoming = count_upcoming(host=obj)
        if "active" in form.changed_data and not obj.active and upcoming:
            address = f"{reverse('admin:contact_booking_changelist')}?host__id__exact={obj.pk}"
            noun = "1 meeting" if upcoming == 1 else f"{upcoming} meetings"
            self.message_user(request, format_html(STAY, obj, noun, address), messages.WARNING)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if form.changed_hours:
            warn_of(request, form.changed_hours.find())

    # The feed of the calendar

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:object_id>/calendar/", view(self.calendar_view), name="contact_host_calendar"),
            *super().get_urls(),
        ]

    def calendar_view(self, request, object_id):
        """The secret address of a host's calendar: says whether there is one, makes a new one, ends it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        host = Host.objects.filter(pk=object_id).first()
        if host is None:
            raise Http404("There is no such host.")
        address = ""
        if request.method == "POST" and "make" in request.POST:
            address = settings.SITE_URL + reverse("contact:host_calendar", args=[host.make_feed_secret()])
            self.log_change(request, host, "Made a new address of the calendar.")
        elif request.method == "POST" and "revoke" in request.POST:
            host.revoke_feed()
            self.log_change(request, host, "Revoked the address of the calendar.")
            self.message_user(request, "No address opens this calendar any more.", messages.SUCCESS)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Calendar feed of {host}",
            "host": host,
            "address": address,
        }
        return _shown_once(request, context)


@private_page
def _shown_once(request, context: dict) -> TemplateResponse:
    return TemplateResponse(request, "admin/contact/host/calendar.html", context)
