"""The desk's side of what can be booked: kinds of meetings, their rules, and who takes them."""

from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Count, Q
from django.forms.models import BaseInlineFormSet
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html

from contact.admin.kept_rows import KeptWhileBooked
from contact.admin.left_outside import count_upcoming
from contact.admin.meeting_type_form import READ, RULES, HostShareForm, MeetingTypeForm
from contact.admin.plain_boxes import PlainBoxes
from contact.models import Booking, Host, HostShare, MeetingType

OF_TEXTS = "What visitors read when they choose, and what invitations say."
OF_RULES = (
    "Meetings that are booked keep the length and the free time around them that they were booked with. What is kept "
    "free after one meeting and before the next adds up."
)
NOBODY = "Nobody takes meetings of this type who can be met, so visitors do not see it. Choose a host below."
STAY = '{} is no longer offered, and {} to come stay. Nothing was cancelled: <a href="{}">look at them</a>.'


class SharesFormSet(BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "host" in form.fields:
            # Else each row would ask the database for the same choices.
            form.fields["host"].choices = self._hosts

    @cached_property
    def _hosts(self) -> list[tuple]:
        hosts = Host.objects.all()
        return [("", "---------"), *((host.pk, f"{host}{'' if host.active else ' (not active)'}") for host in hosts)]


class SharesInline(PlainBoxes, admin.TabularInline):
    model = HostShare
    form = HostShareForm
    formset = SharesFormSet
    extra = 1
    max_num = 50
    verbose_name = "host"
    verbose_name_plural = "Hosts"


@admin.register(MeetingType)
class MeetingTypeAdmin(KeptWhileBooked, admin.ModelAdmin):
    form = MeetingTypeForm
    inlines = [SharesInline]
    list_display = ["title", "length", "host_count", "active", "is_offered", "position"]
    list_filter = ["active"]
    ordering = ["position", "title", "pk"]
    sortable_by = ["title", "active", "position"]
    search_fields = ["title", "slug"]
    search_help_text = "Words of the title, or the name in addresses."
    fieldsets = [
        ("What visitors read", {"fields": READ, "description": OF_TEXTS}),
        ("Length and rules", {"fields": RULES, "description": OF_RULES}),
    ]

    def get_queryset(self, request):
        active = Count("shares", filter=Q(shares__host__active=True))
        return super().get_queryset(request).annotate(hosts_counted=active)

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    @admin.display(description="length", ordering="length_min")
    def length(self, meeting_type):
        return f"{meeting_type.length_min} minutes"

    @admin.display(description="active hosts")
    def host_count(self, meeting_type):
        return meeting_type.hosts_counted

    @admin.display(description="can be booked", boolean=True)
    def is_offered(self, meeting_type):
        return meeting_type.active and meeting_type.hosts_counted > 0

    def has_meetings(self, row):
        return Booking.objects.filter(meeting_type=row).exists()

    # The form

    def get_readonly_fields(self, request, obj=None):
        # Addresses that were given out name it.
        return ["slug"] if obj else []

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else {"slug": ["title"]}

    def get_changeform_initial_data(self, request):
        # Django would hand any text to the database as a key.
        return {}

    def view_on_site(self, obj):
        return f"{reverse('contact:meeting')}?{urlencode({'type': obj.slug})}"

    # Saving

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        meeting_type = form.instance
        if meeting_type.active and not MeetingType.objects.bookable().filter(pk=meeting_type.pk).exists():
            self.message_user(request, NOBODY, messages.WARNING)
        upcoming = count_upcoming(meeting_type=meeting_type)
        if change and "active" in form.changed_data and not meeting_type.active and upcoming:
            address = f"{reverse('admin:contact_booking_changelist')}?meeting_type__id__exact={meeting_type.pk}"
            noun = "1 meeting" if upcoming == 1 else f"{upcoming} meetings"
            self.message_user(request, format_html(STAY, meeting_type, noun, address), messages.WARNING)
