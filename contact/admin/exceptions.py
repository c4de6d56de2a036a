"""The desk's side of exceptions: holidays of everyone, days off and extra hours of one host."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone

from contact.admin.exception_form import LoneExceptionForm
from contact.admin.holiday_form import HolidaysForm
from contact.admin.left_outside import LeftOutside, warn_of
from contact.admin.plain_boxes import PlainBoxes
from contact.models import AvailabilityException

LIST = "admin:contact_availabilityexception_changelist"


class WhenFilter(admin.SimpleListFilter):
    """Exceptions by whether their last day has passed."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request, model_admin):
        return [("coming", "To come or under way"), ("past", "Past")]

    def queryset(self, request, queryset):
        today = timezone.localdate()
        if self.value() == "coming":
            return queryset.filter(last_day__gte=today)
        return queryset.filter(last_day__lt=today) if self.value() == "past" else queryset


class WhoseFilter(admin.SimpleListFilter):
    """Exceptions by whether they are for everyone."""

    title = "scope"
    parameter_name = "for"

    def lookups(self, request, model_admin):
        return [("everyone", "Everyone"), ("one", "One host")]

    def queryset(self, request, queryset):
        if self.value() in ("everyone", "one"):
            return queryset.filter(host__isnull=self.value() == "everyone")
        return queryset


@admin.register(AvailabilityException)
class AvailabilityExceptionAdmin(PlainBoxes, admin.ModelAdmin):
    """Changing hours cancels nothing: whoever closes a day is told which meetings stand on it."""

    form = LoneExceptionForm
    list_display = ["days", "whose", "kind", "hours", "reason"]
    list_filter = [WhenFilter, WhoseFilter, "kind", ("host", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["host"]
    list_per_page = 50
    show_full_result_count = False
    date_hierarchy = "first_day"
    ordering = ["-first_day", "start", "pk"]
    sortable_by = ["days", "whose", "kind"]
    search_fields = ["reason", "host__name"]
    search_help_text = "Words of the reason, or the name of a host."
    change_list_template = "admin/contact/availabilityexception/change_list.html"
    fieldsets = [
        (None, {"fields": ["host", "kind", "reason"]}),
        ("Days and hours", {"fields": ["first_day", "last_day", "start", "end"]}),
    ]

    class Media:
        css = {"all": ["css/meetings-desk.css"]}

    def get_search_results(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, search_term.replace("\0", ""))

    # Columns

    @admin.display(description="days", ordering="first_day")
    def days(self, exception):
        if exception.first_day == exception.last_day:
            return f"{exception.first_day}"
        return f"{exception.first_day} to {exception.last_day}"

    @admin.display(description="for", ordering="host__name")
    def whose(self, exception):
        return exception.host or "everyone"

    @admin.display(description="hours")
    def hours(self, exception):
        if exception.start is None:
            return "whole day"
        return f"{exception.start:%H:%M} to {exception.end:%H:%M}"

    # Saving

    def get_changeform_initial_data(self, request):
        # Django would hand any text to the database as a key.
        return {}

    def save_model(self, request, obj, form, change):
        stored = AvailabilityException.objects.filter(pk=obj.pk).first() if change else None
        touched = [each for each in (stored, obj) if each]
        changed = _watch(touched)
        super().save_model(request, obj, form, change)
        warn_of(request, changed.find())

    def delete_model(self, request, obj):
        changed = _watch([obj])
        super().delete_model(request, obj)
        warn_of(request, changed.find())

    def delete_queryset(self, request, queryset):
        rows = list(queryset)
        with transaction.atomic():
            changed = _watch(rows) if rows else None
            super().delete_queryset(request, queryset)
            if changed:
                warn_of(request, changed.find())

    # Holidays

    def get_urls(self):
        view = self.admin_site.admin_view(self.holidays_view)
        return [
            path("holidays/", view, name="contact_availabilityexception_holidays"),
            *super().get_urls(),
        ]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"may_add": self.has_add_permission(request), **(extra_context or {})})

    def holidays_view(self, request):
        """Closes a list of days for everyone; those that are closed for everyone already are left as they are."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = HolidaysForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            with transaction.atomic():
                changed = _watch(form.exceptions())
                added = form.save()
                for exception in added:
                    self.log_addition(request, exception, "Added with a list of holidays.")
                hit = changed.find()
            self._tell(request, added, kept=len(form.days) - len(added))
            warn_of(request, hit)
            return HttpResponseRedirect(reverse(LIST))
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Add holidays", "form": form}
        return TemplateResponse(request, "admin/contact/availabilityexception/holidays.html", context)

    def _tell(self, request, added: list[AvailabilityException], *, kept: int) -> None:
        if added:
            noun = "day is" if len(added) == 1 else "days are"
            self.message_user(request, f"{len(added)} {noun} closed for everyone.", messages.SUCCESS)
        if kept:
            noun = "day was" if kept == 1 else "days were"
            self.message_user(
                request, f"{kept} {noun} closed for everyone before, and left as they are.", messages.INFO
            )


def _watch(exceptions: list[AvailabilityException]) -> LeftOutside:
    """The meetings whose hours these exceptions, as they were or will be, may touch."""
    hosts = [each.host_id for each in exceptions]
    return LeftOutside(
        hosts=None if None in hosts else hosts,
        first=min(each.first_day for each in exceptions),
        last=max(each.last_day for each in exceptions),
    )
