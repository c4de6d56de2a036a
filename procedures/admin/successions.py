"""The editors' side of successions: which code took the place of which."""

from django.contrib import admin
from django.db import transaction
from django.db.models import Q

from procedures.admin.code_search import code_ids_beginning
from procedures.admin.code_select import CodeChoice
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.admin.sheets import SheetAdmin
from procedures.admin.succession_sheet import SuccessionResource
from procedures.models import Succession
from procedures.search import reindex


@admin.register(Succession)
class SuccessionAdmin(CodeChoice, SheetAdmin, HistoryAdmin):
    """Successions are added and deleted, never changed: a changed one would still name the release as its source."""

    resource_classes = [SuccessionResource]
    list_display = ["old_code", "old_title", "new_code", "new_title", "source"]
    list_filter = ["source"]
    list_select_related = ["predecessor__system", "successor__system"]
    # Newest first: no index has them in the order of their codes.
    ordering = ["-pk"]
    sortable_by = []
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    search_fields = ["predecessor__normalized"]
    search_help_text = "An old or a new code, or the beginning of one."
    autocomplete_fields = ["predecessor", "successor"]
    fields = ["predecessor", "successor", "source"]
    readonly_fields = ["source"]

    def has_change_permission(self, request, obj=None):
        return False

    def get_search_results(self, request, queryset, search_term):
        """Successions from or to the codes that begin with the term."""
        if not search_term:
            return queryset, False
        codes = code_ids_beginning(search_term)
        return queryset.filter(Q(predecessor__in=codes) | Q(successor__in=codes)), False

    @admin.display(description="code")
    def old_code(self, succession):
        return succession.predecessor.code

    @admin.display(description="title")
    def old_title(self, succession):
        return succession.predecessor.title

    @admin.display(description="successor")
    def new_code(self, succession):
        return succession.successor.code

    @admin.display(description="title of the successor")
    def new_title(self, succession):
        return succession.successor.title

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        reindex([obj.predecessor_id, obj.successor_id])

    def delete_model(self, request, obj):
        codes = [obj.predecessor_id, obj.successor_id]
        with transaction.atomic():
            super().delete_model(request, obj)
            reindex(codes)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            codes = {pk for pair in queryset.values_list("predecessor_id", "successor_id") for pk in pair}
            super().delete_queryset(request, queryset)
            reindex(sorted(codes))
