"""Search in lists of codes and of what belongs to a code."""

from procedures.models.codes import normalize
from procedures.search import tokenize


class CodeSearch:
    """A ModelAdmin whose search takes a code, or its beginning, by an index before it looks for words.

    `code_lookup` leads from the row to its code ("code__"; "" for a code itself). `search_fields` name columns that
    hold words in lower case and without accents, as procedures.search makes them.
    """

    code_lookup = "code__"
    search_fields = ["code__search_entry__title__contains", "code__search_entry__names__contains"]
    search_help_text = "A code or the beginning of one, or words of its description or of another name."
    show_full_result_count = False

    def get_search_results(self, request, queryset, search_term):
        """Rows of codes by their beginning where the term begins one, else rows that hold all of its words."""
        if not search_term.strip():
            return queryset, False
        code = normalize(search_term)
        if code.isascii() and code.isalnum() and len(code) <= 8:
            by_code = queryset.filter(**{f"{self.code_lookup}normalized__startswith": code})
            if by_code.exists():
                return by_code, False
        return self.search_by_words(request, queryset, search_term)

    def search_by_words(self, request, queryset, search_term):
        return super().get_search_results(request, queryset, " ".join(tokenize(search_term)))
