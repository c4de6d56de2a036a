"""The medical codes as `modelsearch` reads them."""

from functools import cache

from django.db import models
from modelsearch import index
from modelsearch.queryset import SearchableQuerySetMixin

from procedures.models import CodeName, Guide, MedicalCode
from procedures.models.guides import sections_in_order
from procedures.search.text import text_of_html


class SearchedCodeQuerySet(SearchableQuerySetMixin, models.QuerySet):
    pass


class SearchedCode(index.Indexed, models.Model):
    """A row of MedicalCode: what the site searches of it is indexed once, the description as its title."""

    system = models.ForeignKey("procedures.CodeSystem", models.DO_NOTHING, related_name="+")
    code = models.CharField(max_length=12)
    normalized = models.CharField(max_length=12)
    short_description = models.CharField(max_length=120)
    long_description = models.TextField()

    objects = SearchedCodeQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = MedicalCode._meta.db_table

    search_fields = [
        index.SearchField("code"),
        index.SearchField("normalized"),
        index.SearchField("title"),
        index.SearchField("short_description"),
        index.SearchField("names_text"),
        index.SearchField("guide_text"),
        index.FilterField("system"),
    ]

    def __str__(self):
        return self.code

    @property
    def title(self) -> str:
        return self.long_description

    @property
    def names_text(self) -> str:
        return _names().get(self.pk, "")

    @property
    def guide_text(self) -> str:
        return _guides().get(self.pk, "")


# Read at once: a query a code would be most of the time that its index takes.
@cache
def _names() -> dict[int, str]:
    found: dict[int, list[str]] = {}
    for pk, text in CodeName.objects.values_list("code_id", "text"):
        found.setdefault(pk, []).append(text)
    return {pk: " ".join(texts) for pk, texts in found.items()}


@cache
def _guides() -> dict[int, str]:
    guides = Guide.objects.published().values_list("code_id", "html")
    return {pk: text_of_html(" ".join(sections_in_order(html))) for pk, html in guides}
