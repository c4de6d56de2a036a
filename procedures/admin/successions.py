"""The editors' side of successions: which code took the place of which."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from procedures.admin.code_search import code_ids_beginning
from procedures.admin.code_select import CodeChoice
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.admin.sheets import SheetAdmin
from procedures.admin.succession_sheet import SuccessionResource
from procedures.models import ContentVersion, Succession
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
    object_history_form_template = "admin/procedures/succession/version.html"

    def get_readonly_fields(self, request, obj=None):
        return self.fields if obj else ["source"]

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
        super().delete_model(request, obj)
        reindex(codes)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            codes = {pk for pair in queryset.values_list("predecessor_id", "successor_id") for pk in pair}
            super().delete_queryset(request, queryset)
            reindex(sorted(codes))

    # A deleted succession can be added again

    def revert_disabled(self, request, obj=None):
        """Whether a version cannot be added again: one of a succession that is there is no use."""
        return not self.has_add_permission(request) or Succession.objects.filter(pk=obj.pk).exists()

    def history_view_title(self, request, obj):
        return f"History: {obj}"

    def history_form_view_title(self, request, obj):
        return f"{'View' if self.revert_disabled(request, obj) else 'Add again'}: {obj}"

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method != "POST":
            return super().history_form_view(request, object_id, version_id, extra_context)
        version = get_object_or_404(Succession.history, id=object_id, history_id=version_id).instance
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            if self.revert_disabled(request, version):
                raise PermissionDenied
            self._add_again(request, version)
        return HttpResponseRedirect(reverse("admin:procedures_succession_changelist"))

    def _add_again(self, request, version: Succession) -> None:
        again = Succession(**{field.attname: getattr(version, field.attname) for field in self.opts.concrete_fields})
        deletion = Succession.history.filter(id=version.pk, history_type="-").first()
        if deletion is None or deletion.history_user_id is None:
            # An import deleted it, and would do so again if it were still that of an import.
            again.source = Succession.Source.EDITOR
        try:
            again.full_clean()
        except ValidationError as refusal:
            messages.error(request, f"It was not added again. {' '.join(refusal.messages)}")
            return
        self.save_model(request, again, None, change=False)
        self.log_addition(request, again, [{"added": {}}])
        messages.success(request, f"{again} was added again.")
