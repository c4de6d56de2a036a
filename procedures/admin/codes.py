"""The editors' side of code systems, codes, their names and their successions.

Official facts come from releases and are read-only here; names, successions and remarks are the editors' own. Every
change brings the search index up to date in the same transaction, which the admin opens around each form.
"""

from django import forms
from django.contrib import admin
from django.db import models

from procedures.admin.code_search import code_ids_beginning, code_ids_with_words
from procedures.admin.code_select import CodeChoice
from procedures.admin.content_health_filters import ViewedFilter
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.admin.similar_codes import SimilarCodeInline, similar_codes_now
from procedures.models import CodeName, CodeSystem, ContentVersion, Guide, GuideDraft, MedicalCode, Succession
from procedures.models.codes import GUIDE_SOURCE
from procedures.search import reindex


@admin.register(CodeSystem)
class CodeSystemAdmin(admin.ModelAdmin):
    list_display = ["name", "label", "publisher", "licence", "position"]
    readonly_fields = ["slug", "position", "code_has_dot", "fhir_uri"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def save_model(self, request, obj, form, change):
        ContentVersion.wait_for_other_writers()
        super().save_model(request, obj, form, change)
        # Codes are found by the names of those that they replaced, as long as these may be shown.
        successors = Succession.objects.filter(predecessor__system=obj).exclude(successor__system=obj)
        reindex(sorted(set(successors.values_list("successor_id", flat=True))))

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class RowOfCode(forms.ModelForm):
    """A row on the page of its code. Django would check it without the code, and fail (500) where it is held already.

    The page shows not all that is held: names of the guide are left out, and a row may have come since it was opened.
    """

    def validate_unique(self):
        super().validate_unique()
        try:
            self.instance.validate_constraints(exclude=self._get_validation_exclusions())
        except forms.ValidationError as refusal:
            self._update_errors(refusal)


class CodeNameInline(admin.TabularInline):
    """The names that editors keep; those that the public guide brought are edited there."""

    model = CodeName
    form = RowOfCode
    extra = 0
    verbose_name = "name"
    verbose_name_plural = "other names, by which search finds the code (those of its guide are not listed)"

    def get_queryset(self, request):
        return super().get_queryset(request).exclude(source=GUIDE_SOURCE)


class SuccessionForm(RowOfCode):
    def clean_successor(self):
        # The form has no field for the predecessor, so the constraint that forbids this is not checked before saving.
        successor = self.cleaned_data["successor"]
        if successor.pk == self.instance.predecessor_id:
            raise forms.ValidationError("A code cannot take its own place.")
        return successor


class SuccessionInline(CodeChoice, admin.TabularInline):
    """Successions are added and deleted, never changed: a changed one would still name the release as its source."""

    model = Succession
    form = SuccessionForm
    fk_name = "predecessor"
    autocomplete_fields = ["successor"]
    readonly_fields = ["source"]
    extra = 0
    verbose_name = "successor"
    verbose_name_plural = "successors: the codes that took the place of this one"

    def has_change_permission(self, request, obj=None):
        return False


class CodeKindFilter(admin.SimpleListFilter):
    """Codes, modifiers or headings. Django's own filter fails on PostgreSQL for what is no text (%00)."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request, model_admin):
        return MedicalCode.Kind.choices

    def queryset(self, request, queryset):
        return queryset.filter(kind=self.value()) if self.value() in MedicalCode.Kind.values else queryset


class CodeGuideFilter(admin.SimpleListFilter):
    """Codes by their guide."""

    title = "guide"
    parameter_name = "guide"

    def lookups(self, request, model_admin):
        return [
            ("public", "Public"),
            ("work", "In work"),
            ("none", "Without a public guide"),
            ("retired", "Retired, with a public guide"),
        ]

    def queryset(self, request, queryset):
        if self.value() == "public":
            return queryset.with_guide()
        if self.value() == "work":
            return queryset.filter(guide_draft__isnull=False)
        if self.value() == "retired":
            return queryset.retired().with_guide()
        return queryset.without_guide() if self.value() == "none" else queryset


OFFICIAL = [
    "system",
    "kind",
    "code",
    "short_description",
    "long_description",
    "added",
    "effective",
    "terminated",
    "indicators",
    "parent",
    "listed_in",
    "missing_from",
]
REMARK = ["remark", "remark_source"]
SIMILAR_HINT = "Found by the site, unless you pin or hide codes below."


@admin.register(MedicalCode)
class MedicalCodeAdmin(HistoryAdmin):
    """Codes are added and ended by releases; editors keep their names, their successors and a remark."""

    list_display = ["code", "title", "system", "kind", "terminated"]
    list_filter = ["system", CodeKindFilter, CodeGuideFilter, ViewedFilter]
    list_select_related = ["system"]
    # The order of an index. Sorting every code by its kind or title has none, and would tell nothing.
    ordering = ["system_id", "normalized"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    sortable_by = ["code", "system", "terminated"]
    # Words are left to the site's own search: comparing them with each of 100,000 descriptions takes too long.
    search_fields = ["normalized"]
    search_help_text = "A code or the beginning of one, or words (up to 1,000 codes, the most relevant)."
    fieldsets = [
        ("From the releases", {"fields": OFFICIAL}),
        ("Remark of the editors", {"fields": REMARK}),
        ("Similar codes", {"fields": ["similar_now"], "description": SIMILAR_HINT}),
    ]
    readonly_fields = [*OFFICIAL, "similar_now"]
    inlines = [CodeNameInline, SuccessionInline, SimilarCodeInline]
    change_form_template = "admin/procedures/medicalcode/change_form.html"

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_search_results(self, request, queryset, search_term):
        """Codes that the term names or begins, else the most relevant of those that hold all of its words."""
        if not search_term.strip():
            return queryset, False
        return queryset.filter(pk__in=code_ids_beginning(search_term) or code_ids_with_words(search_term)), False

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {
            "guide": Guide.objects.filter(code=obj).first(),
            "draft": GuideDraft.objects.filter(code=obj).first(),
            "may_edit": request.user.has_perm("procedures.add_guidedraft"),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @admin.display(description="shown today")
    def similar_now(self, code):
        return similar_codes_now(code)

    def save_model(self, request, obj, form, change):
        """Only the remark is the editors': writing back the rest could undo an import that ran meanwhile."""
        # Not `form.changed_data`: the form of a former version compares with that version.
        stored = MedicalCode.objects.values(*REMARK).get(pk=obj.pk)
        changed = [name for name in REMARK if getattr(obj, name) != stored[name]]
        if changed:
            obj._history_user = request.user
            obj.save(update_fields=changed)
            ContentVersion.advance()

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        reindex([form.instance.pk])
