"""What the results page shows, computed beforehand: its template only asks for attributes and loops."""

from dataclasses import dataclass, field
from functools import cached_property

from django.http import QueryDict
from django.urls import reverse

from procedures.models import CodeSystem
from procedures.no_results import help_for
from procedures.result_rows import render_rows
from procedures.search import FACETS, FacetValue, Filters, Results


@dataclass(slots=True)
class Choice:
    """One value of a facet as a checkbox: its label, count, and whether it is chosen."""

    value: str
    label: str
    count: int
    capped: bool
    chosen: bool

    @property
    def text(self) -> str:
        return f"{self.label} ({'more than ' if self.capped else ''}{self.count:,})"


@dataclass(slots=True)
class Facet:
    """A filter of the results page with its values."""

    name: str
    legend: str
    choices: list[Choice]


LEGENDS = {"system": "Code system", "status": "Status", "has_guide": "Guide", "has_policy": "Policy"}
WITHOUT = {"has_guide": "Without a guide", "has_policy": "Without a policy"}
LABELS = {
    "status": {"active": "In use", "retired": "Retired", "header": "Headings"},
    "has_guide": {"1": "Has a guide"},
    "has_policy": {"1": "Has a policy"},
}


@dataclass
class ResultsPage:
    """The results page: facets with counts, chosen filters as removable links, and the links to other pages."""

    parameters: QueryDict
    results: Results
    filters: Filters
    systems: list[CodeSystem]
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def rows(self) -> str:
        """The results as HTML; with nothing searched, without why they are there."""
        return render_rows(self.results.rows, with_reasons=bool(self.results.query.text))

    @cached_property
    def facets(self) -> list[Facet]:
        labels = {**LABELS, "system": {system.slug: system.label for system in self.systems}}
        facets = []
        for name in FACETS:
            chosen = self._chosen(name)
            found = {value.value: value for value in self.results.facets[name]}
            choices = [
                Choice(value, label, found.get(value, NOTHING).count, found.get(value, NOTHING).capped, value in chosen)
                for value, label in labels[name].items()
                if value in found or value in chosen
            ]
            if getattr(self.filters, name, None) is False:
                choices.append(Choice("0", WITHOUT[name], self.results.total, self.results.total_is_capped, True))
            if choices:
                facets.append(Facet(name, LEGENDS[name], choices))
        return facets

    def _chosen(self, name: str) -> set[str]:
        if name in ("system", "status"):
            return set(self.filters.systems if name == "system" else self.filters.status)
        return {"1"} if getattr(self.filters, name) else set()

    @cached_property
    def chosen(self) -> list[dict]:
        """The chosen values, each with the address of the same results without it."""
        return [
            {"label": choice.label, "url": self._address(without=(facet.name, choice.value))}
            for facet in self.facets
            for choice in facet.choices
            if choice.chosen
        ]

    @property
    def clear_url(self) -> str:
        return self._address(keep=("q",))

    @property
    def is_filtered(self) -> bool:
        return self.filters != Filters()

    @property
    def text_without_result(self) -> str | None:
        """What was searched in vain, for the editors; None where something was found or filters hid it."""
        is_in_vain = not self.results.total and self.results.page == 1 and not self.is_filtered
        return self.results.query.text if is_in_vain and not self.help.names_known_codes else None

    @cached_property
    def help(self):
        """What to try after a search that found nothing."""
        return help_for(self.results.query.text, self.systems)

    @property
    def is_past_the_end(self) -> bool:
        return self.results.total > 0 and not self.results.rows

    @property
    def previous_url(self) -> str:
        if self.results.page == 1:
            return ""
        return self._address(page=min(self.results.page - 1, self.results.page_count))

    @property
    def next_url(self) -> str:
        return self._address(page=self.results.page + 1) if self.results.page < self.results.page_count else ""

    @property
    def total_in_words(self) -> str:
        """12 results; More than 1,000 results; No results."""
        results = self.results
        number = f"{results.total:,}" if results.total else "No"
        return f"{'More than ' if results.total_is_capped else ''}{number} result{'' if results.total == 1 else 's'}"

    @property
    def searched(self) -> str:
        """The words whose results these are."""
        return self.results.corrected or self.results.query.text

    @property
    def did_you_mean_url(self) -> str:
        return f"{reverse('procedures:codes')}?{_encode({'q': self.results.did_you_mean})}"

    @property
    def corrected_url(self) -> str:
        return f"{reverse('procedures:codes')}?{_encode({'q': self.results.corrected})}"

    @property
    def verbatim_url(self) -> str:
        return f"{reverse('procedures:codes')}?{_encode({'q': self.results.query.text, 'verbatim': '1'})}"

    def _address(self, *, page: int = 1, without: tuple[str, str] | None = None, keep: tuple[str, ...] = ()) -> str:
        parameters = self.parameters.copy()
        for name in list(parameters):
            if name in ("page", "format") or (keep and name not in keep):
                del parameters[name]
        if without:
            name, value = without
            parameters.setlist(name, [each for each in parameters.getlist(name) if each != value])
            if name.startswith("has_"):
                parameters.pop(name)
        if page > 1:
            parameters["page"] = page
        query = parameters.urlencode()
        return f"{reverse('procedures:codes')}?{query}" if query else reverse("procedures:codes")

    def as_json(self) -> dict:
        """The results as documented in docs/search.md."""
        shown = ("system", "code", "title", "url", "status")
        return {
            "query": self.results.query.text,
            "total": self.results.total,
            "total_is_capped": self.results.total_is_capped,
            "corrected": self.results.corrected,
            "results": [
                {**{name: row[name] for name in shown}, "match": {name: row["match"][name] for name in MATCH}}
                for row in self.results.rows
            ],
            "facets": {
                name: [{"value": v.value, "count": v.count, "capped": v.capped} for v in values]
                for name, values in self.results.facets.items()
            },
            "did_you_mean": self.results.did_you_mean,
            "errors": self.problems,
        }


# What the JSON answer tells of why a result is there.
MATCH = ("kind", "label", "text")

NOTHING = FacetValue("")


def _encode(parameters: dict) -> str:
    query = QueryDict(mutable=True)
    query.update(parameters)
    return query.urlencode()
