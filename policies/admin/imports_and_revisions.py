"""What importers did and what readers were told: nobody edits it."""

from django.contrib import admin
from django.utils.html import format_html_join

from policies.models import PolicyImport, PolicyRevision
from procedures.admin.columns import ReadOnlyAdmin
from procedures.admin.large_lists import KeyPaginator


@admin.register(PolicyRevision)
class PolicyRevisionAdmin(ReadOnlyAdmin):
    list_display = ["policy", "number", "kind", "at", "codes_added", "codes_dropped", "codes_changed", "loaded_from"]
    list_filter = ["kind", ("at", admin.DateFieldListFilter)]
    list_select_related = ["policy", "loaded_from"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    ordering = ["-at", "-pk"]
    sortable_by = []
    search_fields = ["policy__number", "policy__title"]
    search_help_text = "The number of a policy, or words of its title."
    fields = [
        *["policy", "number", "kind", "at", "loaded_from", "facts_then", "codes_added", "codes_dropped"],
        "codes_changed",
    ]

    def get_queryset(self, request):
        return super().get_queryset(request).defer("policy__summary")

    @admin.display(description="facts from then on")
    def facts_then(self, revision):
        facts = [(name.replace("_", " "), _in_words(value)) for name, value in revision.facts.items() if value]
        return format_html_join("", "<p>{}: {}</p>", facts)


@admin.register(PolicyImport)
class PolicyImportAdmin(ReadOnlyAdmin):
    list_display = ["source_name", "kind", "as_of", "imported_at"]
    list_filter = ["kind"]
    show_full_result_count = False
    fields = ["kind", "source_name", "as_of", "imported_at", "numbers"]

    @admin.display(description="counts")
    def numbers(self, policy_import):
        return format_html_join("", "<p>{}: {}</p>", policy_import.counts.items())


def _in_words(value) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
