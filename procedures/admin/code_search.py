"""Search in lists of codes and of what belongs to a code, fast at 100,000 rows on both databases."""

from procedures.admin.large_lists import newest_keys
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import normalize
from procedures.search import CAP, NO_FILTERS, Filters, code_ids_by_code, code_ids_by_words, tokenize


def code_ids_beginning(text: str):
    """The keys of the codes that the text names or begins, as a list or a query; [] where it is no code or unknown."""
    found = code_ids_by_code(text, _systems(), CAP)
    if len(found) < CAP:
        return found
    return MedicalCode.objects.filter(normalized__startswith=normalize(text)).order_by().values("pk")


def code_ids_with_words(text: str, filters: Filters = NO_FILTERS) -> list[int]:
    """The keys of the codes that hold all words of the text, at most 1,000, the most relevant."""
    return code_ids_by_words(text, _systems(), CAP, filters)


def _systems() -> list[CodeSystem]:
    return list(CodeSystem.objects.searchable())


class CodeSearch:
    """A ModelAdmin of rows that belong to a code: its search takes a code, or its beginning, before it looks for words.

    `search_fields` name columns that hold words in lower case and without accents, as procedures.search makes them.
    """

    search_fields = ["code__search_entry__title__contains", "code__search_entry__names__contains"]
    search_help_text = "A code or the beginning of one, or words of its description or names (the newest 1,000)."
    show_full_result_count = False

    def get_search_results(self, request, queryset, search_term):
        """Rows of the codes that the term names or begins, else rows of the codes that hold all of its words."""
        if not search_term.strip():
            return queryset, False
        if codes := code_ids_beginning(search_term):
            return queryset.filter(code__in=codes), False
        return self.search_by_words(request, queryset, search_term), False

    def search_by_words(self, request, queryset, search_term):
        """The rows whose codes hold all words of the term in their description or names."""
        found, _ = super().get_search_results(request, queryset, " ".join(tokenize(search_term)))
        return queryset.filter(pk__in=newest_keys(found))
