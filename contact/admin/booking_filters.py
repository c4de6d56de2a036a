"""Filters of the list of meetings."""

from django.contrib import admin
from django.utils import timezone


class WhenFilter(admin.SimpleListFilter):
    """Meetings by whether they have ended, whatever became of them; without a choice those that have not."""

    title = "time"
    parameter_name = "when"

    def lookups(self, request, model_admin):
        return [("past", "Past"), ("all", "All")]

    def choices(self, changelist):
        # Django calls the choice of nothing "All".
        first, *others = super().choices(changelist)
        return [{**first, "display": "Upcoming"}, *others]

    def queryset(self, request, queryset):
        if self.value() == "all":
            return queryset
        now = timezone.now()
        return queryset.filter(ends_at__lte=now) if self.value() == "past" else queryset.filter(ends_at__gt=now)
