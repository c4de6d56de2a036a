"""How the tests of search ask: the three code systems that hold codes, and answers in short."""

from procedures.models import CodeSystem
from procedures.search import Filters, Results, search

OFATUMUMAB = "Injection, ofatumumab, 10 mg"


def find(text: str, filters: Filters | None = None, page: int = 1) -> Results:
    return search(text, list(CodeSystem.objects.filter(position__lte=3)), filters or Filters(), page)


def codes(text: str, **filters) -> list[str]:
    """The codes of the first page, in order."""
    return [row["code"] for row in find(text, Filters(**filters)).rows]


def facet(results: Results, name: str) -> dict[str, int]:
    """The counts of a facet by value."""
    return {value.value: value.count for value in results.facets[name]}
