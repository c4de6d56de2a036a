"""The editors' side of codes and guides.

Official facts come from releases and are read-only here; names, successions and guides are the editors' own. Every
change brings the search index up to date in the same transaction, which the admin opens around each form.
"""

from django import forms
from django.contrib import admin, messages
from django.db import models, transaction

from procedures.guide_sections import SECTIONS
from procedures.models import CodeChange, CodeName, CodeSystem, ContentVersion, Guide, MedicalCode, Release, Succession
from procedures.models.codes import normalize
from procedures.search import reindex, tokenize


# The admin never wraps the column of a foreign key: a code with its title would push the others out of sight.
@admin.display(description="code", ordering="code")
def code_of(row):
    return row.code.code


@admin.display(description="title")
def title_of(row):
    return row.code.title


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only importers write."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(CodeSystem)
class CodeSystemAdmin(admin.ModelAdmin):
    list_display = ["name", "label", "publisher", "licence", "position"]
    readonly_fields = ["slug", "position", "code_has_dot", "fhir_uri"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        ContentVersion.advance()

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(Release)
class ReleaseAdmin(ReadOnlyAdmin):
    list_display = ["system", "version", "source_name", "imported_at"]
    list_filter = ["system"]
    list_select_related = ["system"]


@admin.register(CodeChange)
class CodeChangeAdmin(ReadOnlyAdmin):
    list_display = [code_of, title_of, "kind", "release"]
    list_filter = ["kind", "release__system"]
    list_select_related = ["code", "release__system"]
    show_full_result_count = False


class CodeNameInline(admin.TabularInline):
    model = CodeName
    extra = 0
    verbose_name = "name"
    verbose_name_plural = "other names, by which search finds the code"


class SuccessionForm(forms.ModelForm):
    def clean_successor(self):
        # The form has no field for the predecessor, so the constraint that forbids this is not checked before saving.
        successor = self.cleaned_data["successor"]
        if successor.pk == self.instance.predecessor_id:
            raise forms.ValidationError("A code cannot take its own place.")
        return successor


class SuccessionInline(admin.TabularInline):
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


class CodeGuideFilter(admin.SimpleListFilter):
    """Codes by their guide."""

    title = "guide"
    parameter_name = "guide"

    def lookups(self, request, model_admin):
        return [("public", "Public"), ("draft", "Draft"), ("none", "None")]

    def queryset(self, request, queryset):
        if self.value() == "public":
            return queryset.with_guide()
        if self.value() == "draft":
            return queryset.filter(guide__isnull=False, guide__published_at__isnull=True)
        return queryset.filter(guide__isnull=True) if self.value() == "none" else queryset


class GuideStateFilter(admin.SimpleListFilter):
    """Guides by whether the public can read them."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return [("public", "Public"), ("draft", "Draft")]

    def queryset(self, request, queryset):
        if self.value() == "public":
            return queryset.published()
        return queryset.filter(published_at__isnull=True) if self.value() == "draft" else queryset


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


@admin.register(MedicalCode)
class MedicalCodeAdmin(admin.ModelAdmin):
    """Codes are added and ended by releases; editors keep their names and successors."""

    list_display = ["code", "title", "system", "kind", "terminated"]
    list_filter = ["system", "kind", CodeGuideFilter]
    list_select_related = ["system"]
    # Sorting every code by its kind or title has no index, and would tell nothing.
    sortable_by = ["code", "system", "terminated"]
    # Lower case and without accents already: a plain comparison takes PostgreSQL a third of the time of `icontains`.
    search_fields = ["search_entry__title__contains", "search_entry__names__contains"]
    search_help_text = "A code or the beginning of one, or words of the description or of another name."
    show_full_result_count = False
    fields = OFFICIAL
    readonly_fields = OFFICIAL
    inlines = [CodeNameInline, SuccessionInline]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_search_results(self, request, queryset, search_term):
        """Codes by their beginning where the term begins one, else codes that hold all of its words."""
        code = normalize(search_term)
        if code.isalnum() and len(code) <= 8:
            by_code = queryset.filter(normalized__startswith=code)
            if by_code.exists():
                return by_code, False
        return super().get_search_results(request, queryset, " ".join(tokenize(search_term)))

    def save_model(self, request, obj, form, change):
        """Nothing of the code itself can be edited here; writing it back could undo an import that ran meanwhile."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        reindex([form.instance.pk])


@admin.register(Guide)
class GuideAdmin(admin.ModelAdmin):
    """A saved text is public once it is published: by the action, or at once where the guide was public before."""

    list_display = [code_of, title_of, "is_public", "updated_at"]
    list_filter = [GuideStateFilter]
    list_select_related = ["code__system"]
    search_fields = ["code__code", "code__normalized", "code__title", "summary"]
    search_help_text = "A code, or words of its title or of the summary."
    autocomplete_fields = ["code"]
    readonly_fields = ["state"]
    actions = ["publish"]
    save_on_top = True
    fieldsets = [
        (None, {"fields": ["code", "state"]}),
        *[(section.heading, {"fields": [section.field]}) for section in SECTIONS],
        ("Sources", {"fields": ["sources"]}),
    ]

    def get_readonly_fields(self, request, obj=None):
        # A guide stays with its code: its address, its names and its place in the search index hang on that.
        return [*self.readonly_fields, "code"] if obj else self.readonly_fields

    @admin.display(boolean=True, description="public", ordering="published_at")
    def is_public(self, guide):
        return guide.is_published

    @admin.display(description="state")
    def state(self, guide):
        if guide.is_published:
            return "Public. What you save here is public at once."
        return "Draft. It becomes public by the action “Publish the selected guides” in the list of guides."

    @admin.action(description="Publish the selected guides", permissions=["change"])
    def publish(self, request, queryset):
        with transaction.atomic():
            guides = list(queryset.select_related("code"))
            for guide in guides:
                guide.publish()
            reindex([guide.code_id for guide in guides])
        noun = "guide" if len(guides) == 1 else "guides"
        self.message_user(request, f"{len(guides)} {noun} published.", messages.SUCCESS)

    def save_model(self, request, obj, form, change):
        if obj.is_published:
            obj.publish()
        else:
            super().save_model(request, obj, form, change)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        reindex([form.instance.code_id])

    def delete_model(self, request, obj):
        with transaction.atomic():
            super().delete_model(request, obj)
            reindex([obj.code_id])

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            codes = list(queryset.values_list("code_id", flat=True))
            super().delete_queryset(request, queryset)
            reindex(codes)
