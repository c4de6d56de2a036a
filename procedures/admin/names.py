"""The editors' side of other names of codes, by which search finds them."""

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction

from procedures.admin.code_search import code_ids_beginning
from procedures.admin.code_select import CodeChoice
from procedures.admin.columns import code_of, title_of
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator, newest_keys
from procedures.admin.name_sheet import CodeNameResource
from procedures.admin.sheets import SheetAdmin
from procedures.models import CodeName, ContentVersion, SearchEntry
from procedures.models.codes import GUIDE_SOURCE
from procedures.search import reindex, tokenize

FROM_GUIDE = (
    "This name was made when the guide of the code was published. To change it, edit the section “Name of the "
    "Procedure” of the guide."
)


class CodeNameForm(forms.ModelForm):
    def _get_validation_exclusions(self):
        # The code of a stored name is not in the form, but whether the name is there twice depends on it.
        return super()._get_validation_exclusions() - {"code"}


class SourceFilter(admin.SimpleListFilter):
    """Names by who keeps them. A list of all sources would be as long as editors make it, and slow to gather."""

    title = "source"
    parameter_name = "from"

    def lookups(self, request, model_admin):
        return [("guides", "Guides"), ("others", "Other sources")]

    def queryset(self, request, queryset):
        if self.value() == "guides":
            return queryset.filter(source=GUIDE_SOURCE)
        return queryset.exclude(source=GUIDE_SOURCE) if self.value() == "others" else queryset


@admin.register(CodeName)
class CodeNameAdmin(CodeChoice, SheetAdmin, HistoryAdmin):
    """Names that editors enter may be changed; those that a published guide brought follow the guide."""

    resource_classes = [CodeNameResource]
    form = CodeNameForm
    list_display = ["text", "kind", code_of, title_of, "source"]
    list_filter = ["kind", SourceFilter]
    list_select_related = ["code__system"]
    # Newest first: no index has the names in the order of their codes.
    ordering = ["-pk"]
    sortable_by = []
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    search_fields = ["text"]
    search_help_text = "A code or the beginning of one, or words of a name (the newest 1,000)."
    autocomplete_fields = ["code"]
    fields = ["code", "kind", "text", "source"]

    def get_search_results(self, request, queryset, search_term):
        """Names of the codes that begin with the term, else those of the codes whose names hold all of its words."""
        if not search_term:
            return queryset, False
        if ids := code_ids_beginning(search_term):
            return queryset.filter(code__in=ids), False
        words = tokenize(search_term)
        entries = SearchEntry.objects.all() if words else SearchEntry.objects.none()
        for word in words:
            # Lower case and without accents already: a plain comparison takes a third of the time of `icontains`.
            entries = entries.filter(names__contains=word)
        return queryset.filter(pk__in=newest_keys(queryset.filter(code__in=entries.values("code")))), False

    def get_readonly_fields(self, request, obj=None):
        # A name stays with its code: a name of another code is another name.
        return ["code"] if obj else []

    def get_fieldsets(self, request, obj=None):
        description = FROM_GUIDE if obj and obj.is_from_guide else None
        return [(None, {"fields": self.fields, "description": description})]

    def has_change_permission(self, request, obj=None):
        return not (obj and obj.is_from_guide) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request, obj=None):
        return not (obj and obj.is_from_guide) and super().has_delete_permission(request, obj)

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        """A former version, which may be brought back unless it, or what there is now, came from a guide."""
        versions = CodeName.history.filter(id=object_id, history_id=version_id).values_list("source", flat=True)
        now = CodeName.objects.filter(pk=object_id).values_list("source", flat=True)
        if request.method == "POST" and GUIDE_SOURCE in [*versions, *now]:
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        reindex([obj.code_id])

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        reindex([obj.code_id])

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            codes = set(queryset.values_list("code_id", flat=True))
            super().delete_queryset(request, queryset)
            reindex(sorted(codes))
