"""The editors' side of similar codes: which are pinned to the page of a code, which are never shown there.

What is found without them (procedures.similar_codes) stands beside the choices on the page of the code. The search
index knows nothing of similar codes; only the version of the public content counts up.
"""

from django import forms
from django.contrib import admin
from django.db import transaction
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from procedures.admin.code_search import code_ids_beginning
from procedures.admin.code_select import CodeChoice
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.models import ContentVersion, MedicalCode, SimilarCodeChoice
from procedures.similar_codes import find_similar

ITSELF = "A code cannot be similar to itself. Choose another one."
TWICE = "This code was chosen already. Change what stands there."
WITHOUT_USE = "Nobody reads the reason of a hidden code: leave it empty, or pin the code."


class SimilarCodeForm(forms.ModelForm):
    """One choice; `code` may stand outside of the form, on whose page it is made."""

    def clean(self):
        cleaned = super().clean()
        code = cleaned.get("code")
        code_id = code.pk if code else self.instance.code_id
        similar = cleaned.get("similar")
        if similar and similar.pk == code_id:
            self.add_error("similar", ITSELF)
        elif similar and code_id and self._others(code_id).filter(similar=similar).exists():
            self.add_error("similar", TWICE)
        if cleaned.get("choice") == SimilarCodeChoice.Choice.HIDDEN and cleaned.get("reason"):
            self.add_error("reason", WITHOUT_USE)
        return cleaned

    def _others(self, code_id: int):
        return SimilarCodeChoice.objects.filter(code=code_id).exclude(pk=self.instance.pk)


class SimilarCodeInline(CodeChoice, admin.TabularInline):
    """The choices for the page of one code."""

    model = SimilarCodeChoice
    form = SimilarCodeForm
    fk_name = "code"
    autocomplete_fields = ["similar"]
    extra = 0
    verbose_name = "choice"
    verbose_name_plural = "similar codes: pinned to the page of this code, or hidden from it"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("code", "similar")


def similar_codes_now(code: MedicalCode):
    """The similar codes that the page of a code shows today, as a list for the desk."""
    found = find_similar(code, timezone.localdate())
    if not found:
        return "None: the page has no such section."
    rows = ((each.code.code, each.code.title, each.reason) for each in found)
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{} {} ({})</li>", rows))


@admin.register(SimilarCodeChoice)
class SimilarCodeChoiceAdmin(CodeChoice, HistoryAdmin):
    """All choices. One stays with its code: for another code it is another choice."""

    form = SimilarCodeForm
    list_display = ["of_code", "of_title", "similar_code", "similar_title", "choice", "reason"]
    list_filter = ["choice"]
    list_select_related = ["code__system", "similar__system"]
    # Newest first: no index has them in the order of their codes.
    ordering = ["-pk"]
    sortable_by = []
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    search_fields = ["code__normalized"]
    search_help_text = "A code or the beginning of one: the code of the page, or the one that is chosen for it."
    autocomplete_fields = ["code", "similar"]
    fields = ["code", "similar", "choice", "reason"]

    def get_readonly_fields(self, request, obj=None):
        return ["code"] if obj else []

    def get_search_results(self, request, queryset, search_term):
        """Choices for the codes that begin with the term, and those of them."""
        if not search_term.strip():
            return queryset, False
        codes = code_ids_beginning(search_term)
        return queryset.filter(code__in=codes) | queryset.filter(similar__in=codes), False

    @admin.display(description="on the page of")
    def of_code(self, choice):
        return choice.code.code

    @admin.display(description="title")
    def of_title(self, choice):
        return choice.code.title

    @admin.display(description="similar code")
    def similar_code(self, choice):
        return choice.similar.code

    @admin.display(description="title of the similar code")
    def similar_title(self, choice):
        return choice.similar.title

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        ContentVersion.advance()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        ContentVersion.advance()

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            ContentVersion.advance()
