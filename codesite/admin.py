"""Accounts, the log of the desk (who did what, when and to what), and the logins that are locked for a while."""

from axes.admin import AccessAttemptAdmin, IsLockedOutFilter
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.utils.html import format_html
from django.utils.text import capfirst

ACTIONS = {ADDITION: "Added", CHANGE: "Changed", DELETION: "Deleted"}


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(UserAdmin):
    """Accounts are switched off, not deleted: with an account its entries in the log would go."""

    def has_delete_permission(self, request, obj=None):
        return False


class ActionFilter(admin.SimpleListFilter):
    """Log entries by what was done."""

    title = "action"
    parameter_name = "action"

    def lookups(self, request, model_admin):
        return [(str(flag), word) for flag, word in ACTIONS.items()]

    def queryset(self, request, queryset):
        flags = {str(flag): flag for flag in ACTIONS}
        return queryset.filter(action_flag=flags[self.value()]) if self.value() in flags else queryset


@admin.register(LogEntry)
class LogEntryAdmin(admin.ModelAdmin):
    """Written by the admin itself; everyone with the permission `view_logentry` reads it, nobody changes it."""

    list_display = ["action_time", "user", "action", "kind_of_object", "changed_object", "changes"]
    list_display_links = ["action_time"]
    list_filter = [
        ActionFilter,
        ("user", admin.RelatedOnlyFieldListFilter),
        ("content_type", admin.RelatedOnlyFieldListFilter),
    ]
    list_select_related = ["user", "content_type"]
    date_hierarchy = "action_time"
    search_fields = ["object_repr", "user__username"]
    search_help_text = "The name of what was changed, or of the user."
    show_full_result_count = False
    sortable_by = ["action_time"]
    fields = ["action_time", "user", "action", "kind_of_object", "changed_object", "changes"]
    actions = None

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="action")
    def action(self, entry):
        return ACTIONS.get(entry.action_flag, "")

    @admin.display(description="type")
    def kind_of_object(self, entry):
        return capfirst(entry.content_type.name) if entry.content_type else "No longer there"

    @admin.display(description="object")
    def changed_object(self, entry):
        url = None if entry.is_deletion() else entry.get_admin_url()
        return format_html('<a href="{}">{}</a>', url, entry.object_repr) if url else entry.object_repr

    @admin.display(description="what changed")
    def changes(self, entry):
        return entry.get_change_message()


@admin.register(AccessAttempt)
class FailedLoginAdmin(AccessAttemptAdmin):
    """Who mistyped a password within the last hour or so. Deleting a row unlocks that name at that address."""

    list_display = ["attempt_time", "username", "ip_address", "failures_since_start", "status"]
    list_filter = [IsLockedOutFilter]
    search_fields = ["username", "ip_address"]
    date_hierarchy = None
    fieldsets = None
    fields = ["attempt_time", "username", "ip_address", "user_agent", "failures_since_start"]
    readonly_fields = fields
    actions = []

    def has_change_permission(self, request, obj=None):
        return False
