"""Accounts, the log of the desk (who did what, when and to what), and the logins that are locked for a while."""

from axes.admin import AccessAttemptAdmin, IsLockedOutFilter
from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Q
from django.utils.html import format_html
from django.utils.text import capfirst

from procedures.admin.large_lists import MOST_FOUND, KeyPaginator, newest_keys

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


class EditorFilter(admin.RelatedFieldListFilter):
    """Log entries by who made them: the choices are all who may log in, whom no query of the log has to find."""

    def field_choices(self, field, request, model_admin):
        return [(user.pk, user.get_username()) for user in User.objects.filter(is_staff=True).order_by("username")]


class KindFilter(admin.RelatedFieldListFilter):
    """Log entries by what they are about: the choices are the lists of the desk, which no query has to find."""

    def field_choices(self, field, request, model_admin):
        kinds = [(kind, kind.model_class()) for kind in ContentType.objects.all()]
        is_listed = model_admin.admin_site.is_registered
        return sorted(
            ((kind.pk, capfirst(kind.name)) for kind, model in kinds if model and is_listed(model)),
            key=lambda choice: choice[1],
        )


@admin.register(LogEntry)
class LogEntryAdmin(admin.ModelAdmin):
    """Written by the admin itself; everyone with the permission `view_logentry` reads it, nobody changes it.

    It grows without end, so a page must not ask for more of it than it shows: entries are in the order of their keys,
    which is that of time, and no filter looks for its choices in it.
    """

    list_display = ["time", "user", "action", "kind_of_object", "changed_object", "changes"]
    list_display_links = ["time"]
    list_filter = [
        ActionFilter,
        ("action_time", admin.DateFieldListFilter),
        ("user", EditorFilter),
        ("content_type", KindFilter),
    ]
    list_select_related = ["user", "content_type"]
    ordering = ["-pk"]
    paginator = KeyPaginator
    search_fields = ["object_repr", "user__username"]
    search_help_text = f"The name of what was changed, or of the user. The newest {MOST_FOUND:,} entries are found."
    show_full_result_count = False
    sortable_by = ["time"]
    fields = ["action_time", "user", "action", "kind_of_object", "changed_object", "changes"]
    actions = None

    def get_search_results(self, request, queryset, search_term):
        words = search_term.split()
        if not words:
            return queryset, False
        found = queryset
        for word in words:
            # The users first: to compare the name of the user of each entry takes longer than all the rest.
            users = list(User.objects.filter(username__icontains=word).values_list("pk", flat=True))
            found = found.filter(Q(object_repr__icontains=word) | Q(user__in=users))
        return queryset.filter(pk__in=newest_keys(found)), False

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="action time", ordering="pk")
    def time(self, entry):
        return entry.action_time

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
