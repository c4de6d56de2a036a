"""The editors' side of everyday words: what people say, and what the classification says for it."""

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db import transaction

from procedures.admin.demand import tell_what_is_found
from procedures.admin.everyday_word_rules import check, tidy
from procedures.admin.everyday_word_sheet import EverydayWordResource
from procedures.admin.history import HistoryAdmin
from procedures.admin.sheets import SheetAdmin
from procedures.models import CodeSystem, ContentVersion, EverydayWord
from procedures.search import reindex_everyday_words
from procedures.search.meanings import count_meant

FIELDS = ["phrase", "words", "code"]


class EverydayWordForm(forms.ModelForm):
    class Meta:
        model = EverydayWord
        fields = FIELDS
        widgets = dict.fromkeys(FIELDS, AdminTextInputWidget)

    def _post_clean(self):
        # Tidy before the row is compared with those that are there.
        word = EverydayWord(**{name: self.cleaned_data.get(name, "") for name in FIELDS})
        tidy(word, list(CodeSystem.objects.all()))
        self.cleaned_data |= {name: getattr(word, name) for name in FIELDS if name in self.cleaned_data}
        super()._post_clean()
        if not self.errors:
            try:
                check(self.instance, list(CodeSystem.objects.searchable()))
            except forms.ValidationError as refusal:
                self.add_error(None, refusal)


@admin.register(EverydayWord)
class EverydayWordAdmin(SheetAdmin, HistoryAdmin):
    """A phrase with several meanings has a row for each."""

    resource_classes = [EverydayWordResource]
    form = EverydayWordForm
    list_display = FIELDS
    list_per_page = 50
    show_full_result_count = False
    search_fields = FIELDS
    search_help_text = "Words of a phrase or of what it means, or a code."

    def get_fields(self, request, obj=None):
        return [*FIELDS, *["codes_meant"] * (obj is not None)]

    def get_readonly_fields(self, request, obj=None):
        return ["codes_meant"] if obj else []

    @admin.display(description="codes found by it")
    def codes_meant(self, word):
        found = count_meant(word.words, word.code, list(CodeSystem.objects.searchable()))
        return "none" if not found else f"{found:,}" if found <= 1_000 else "more than 1,000"

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        reindex_everyday_words()
        tell_what_is_found(request, obj.phrase, f"“{obj.phrase}” means “{obj.words or obj.code}” now.")

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        reindex_everyday_words()

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            super().delete_queryset(request, queryset)
            reindex_everyday_words()
