"""Filters that show what the content health page counts: each by the QuerySet method of its count."""

from django.contrib import admin

from procedures.content_health import LONG_IN_WORK, VIEWS_COUNTED, twins
from procedures.models import DailyViews


class ViewedFilter(admin.SimpleListFilter):
    """Codes by whether people opened their pages lately."""

    title = "views"
    parameter_name = "viewed"

    def lookups(self, request, model_admin):
        return [("lately", f"Viewed in the last {VIEWS_COUNTED} days")]

    def queryset(self, request, queryset):
        if self.value() != "lately":
            return queryset
        return queryset.filter(pk__in=DailyViews.objects.of_last(VIEWS_COUNTED).order_by().values("code"))


class GuideHealthFilter(admin.SimpleListFilter):
    """Public guides by what is to be done about them."""

    title = "what is to be done"
    parameter_name = "health"

    def lookups(self, request, model_admin):
        return [
            ("overdue", "Review overdue"),
            ("unreviewed", "Never reviewed by a clinician"),
            ("empty", "With empty sections"),
            ("retired", "Retired code, not mentioned"),
            ("unfinished", "With unfinished marks"),
            ("duplicate", "Nearly the same as another"),
            ("hard", "Hard to read"),
        ]

    def queryset(self, request, queryset):
        match self.value():
            case "overdue":
                return queryset.review_overdue()
            case "unreviewed":
                return queryset.never_reviewed()
            case "empty":
                return queryset.with_empty_sections()
            case "retired":
                return queryset.silent_on_retirement()
            case "unfinished":
                return queryset.unfinished()
            case "duplicate":
                return queryset.filter(pk__in=twins().guides)
            case "hard":
                return queryset.hard_to_read()
        return queryset


class DraftAgeFilter(admin.SimpleListFilter):
    """Guides in work by how long they have been."""

    title = "age"
    parameter_name = "age"

    def lookups(self, request, model_admin):
        return [("old", f"Begun more than {LONG_IN_WORK} days ago")]

    def queryset(self, request, queryset):
        return queryset.older_than(LONG_IN_WORK) if self.value() == "old" else queryset


class DraftDueFilter(admin.SimpleListFilter):
    """Approved guides whose time has passed without publication."""

    title = "publication"
    parameter_name = "due"

    def lookups(self, request, model_admin):
        return [("late", "Late")]

    def queryset(self, request, queryset):
        return queryset.late() if self.value() == "late" else queryset
