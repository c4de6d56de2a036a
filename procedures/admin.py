"""The editors' side of codes and guides.

Official facts come from releases and are read-only here; names, successions and guides are the editors' own. Every
change brings the search index up to date in the same transaction, which the admin opens around each form.
"""

from django.contrib import admin, messages
from django.db import transaction

from procedures.guide_sections import SECTIONS
from procedures.models import CodeChange, CodeName, CodeSystem, ContentVersion, Guide, MedicalCode, Release, Succession
from procedures.models.codes import normalize
from procedures.search import reindex


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
    list_display = ["code", "kind", "release"]
    list_filter = ["kind", "release__system"]
    list_select_related = ["code", "release__system"]
    show_full_result_count = False


class CodeNameInline(admin.TabularInline):
    model = CodeName
    extra = 0


class SuccessionInline(admin.TabularInline):
    model = Succession
    fk_name = "predecessor"
    autocomplete_fields = ["successor"]
    extra = 0
    verbose_name_plural = "successors: the codes that took the place of this one"


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
    list_filter = ["system", "kind", ("guide", admin.EmptyFieldListFilter)]
    list_select_related = ["system"]
    search_fields = ["normalized", "title"]
    search_help_text = "A code or the beginning of one, or words of the title."
    show_full_result_count = False
    fields = OFFICIAL
    readonly_fields = OFFICIAL
    inlines = [CodeNameInline, SuccessionInline]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    def get_search_results(self, request, queryset, search_term):
        """Codes by their beginning where the term begins one: an index look-up instead of a scan of every title."""
        code = normalize(search_term)
        if code and len(code) <= 8:
            by_code = queryset.filter(normalized__startswith=code)
            if by_code.exists():
                return by_code, False
        return super().get_search_results(request, queryset, search_term)

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        reindex([form.instance.pk])


@admin.register(Guide)
class GuideAdmin(admin.ModelAdmin):
    """A saved text is public once it is published: by the action, or at once where the guide was public before."""

    list_display = ["code", "is_public", "updated_at"]
    list_filter = [("published_at", admin.EmptyFieldListFilter)]
    list_select_related = ["code__system"]
    search_fields = ["code__normalized", "code__title", "summary"]
    autocomplete_fields = ["code"]
    actions = ["publish"]
    save_on_top = True
    fieldsets = [
        (None, {"fields": ["code"]}),
        *[(section.heading, {"fields": [section.field]}) for section in SECTIONS],
        ("Sources", {"fields": ["sources"]}),
    ]

    @admin.display(boolean=True, description="public", ordering="published_at")
    def is_public(self, guide):
        return guide.is_published

    @admin.action(description="Publish the selected guides", permissions=["change"])
    def publish(self, request, queryset):
        with transaction.atomic():
            guides = list(queryset.select_related("code"))
            for guide in guides:
                guide.publish()
            reindex([guide.code_id for guide in guides])
        self.message_user(request, f"{len(guides)} published.", messages.SUCCESS)

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
