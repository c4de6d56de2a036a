"""What the templates show, computed beforehand: templates only ask for attributes and loop."""

import datetime
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlencode

from django.db.models import Count
from django.db.models.functions import Left
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateformat import format as date_format

from procedures.code_parameters import code_parameter
from procedures.code_sets.cms_indicators import Indicator, decode
from procedures.code_sets.ranges import RANGES
from procedures.guide_changes import changes_address
from procedures.models import CodeName, CodeSystem, Guide, MedicalCode
from procedures.models.codes import Validity
from procedures.search import FACETS, FacetValue, Filters, Results


def system_cards() -> list[dict]:
    """Each code system with its number of codes (modifiers included, headers not), for the home page."""
    counts = dict(
        MedicalCode.objects.exclude(kind=MedicalCode.Kind.HEADER)
        .order_by()
        .values_list("system")
        .annotate(count=Count("pk"))
    )
    return [
        {
            "name": system.name,
            "description": system.description,
            "url": system.get_absolute_url(),
            "count": counts.get(system.pk, 0),
            "may_hold_texts": system.may_hold_texts,
        }
        for system in CodeSystem.objects.all()
    ]


def browse_ranges(system: CodeSystem) -> list[dict]:
    """The ranges of a system that hold codes, and its modifiers: slug, first to last, title, count without headers."""
    ranges = RANGES.get(system.slug, ())
    counts: dict[str, int] = {}
    for length in {len(each.first) for each in ranges}:
        rows = system.codes.exclude(kind=MedicalCode.Kind.HEADER).exclude(kind=MedicalCode.Kind.MODIFIER)
        counts |= dict(rows.order_by().values_list(Left("normalized", length)).annotate(count=Count("pk")))
    found = []
    for each in ranges:
        count = sum(n for start, n in counts.items() if len(start) == len(each.first) and each.contains(start))
        if count:
            span = each.first if each.first == each.last else f"{each.first} to {each.last}"
            found.append({"slug": each.slug, "span": span, "title": each.title, "count": count})
    modifiers = system.codes.modifiers().count()
    if modifiers:
        found.append({"slug": MODIFIERS, "span": "", "title": "Modifiers", "count": modifiers})
    return found


def guide_links(count: int) -> list[dict]:
    """The guides published last: code, label of its system, title, and address."""
    newest = Guide.objects.published().newest(count).values_list("code_id", flat=True)
    codes = MedicalCode.objects.select_related("system").in_bulk(list(newest))
    return [
        {"code": code.code, "label": code.system.label, "title": code.title, "url": code.get_absolute_url()}
        for code in (codes[pk] for pk in newest)
    ]


@dataclass(slots=True)
class Choice:
    """One value of a facet as a checkbox: its label, count, and whether it is chosen."""

    value: str
    label: str
    count: int
    capped: bool
    chosen: bool


@dataclass(slots=True)
class Facet:
    """A filter of the results page with its values."""

    name: str
    legend: str
    choices: list[Choice]


# The range of a browse page that holds the modifiers of a system.
MODIFIERS = "modifiers"

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

    @cached_property
    def rows(self) -> list[dict]:
        """The results, each with what is to be said of its status (`note`) and why it is here (`reason`), or ""."""
        return [{**row, "note": _note(row), "reason": _reason(row["match"])} for row in self.results.rows]

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
    def did_you_mean_url(self) -> str:
        return f"{reverse('procedures:codes')}?{_encode({'q': self.results.did_you_mean})}"

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
        shown = ("system", "code", "title", "url", "status", "match")
        return {
            "query": self.results.query.text,
            "total": self.results.total,
            "total_is_capped": self.results.total_is_capped,
            "results": [{name: row[name] for name in shown} for row in self.results.rows],
            "facets": {
                name: [{"value": v.value, "count": v.count, "capped": v.capped} for v in values]
                for name, values in self.results.facets.items()
            },
            "did_you_mean": self.results.did_you_mean,
            "errors": self.problems,
        }


def _note(row: dict) -> str:
    if row["status"] == "header":
        return "Heading: choose a more specific code"
    if row["status"] == "retired":
        ended = row["terminated"]
        return f"Retired, last day {date_format(ended, 'j F Y')}" if ended else "Retired: no longer listed"
    return ""


def _reason(match: dict[str, str]) -> str:
    """A match by code or description shows by itself."""
    said = {"name": "Also called: ", "guide": "In the guide: "}.get(match["kind"])
    return said + match["text"] if said else ""


NOTHING = FacetValue("")


def _encode(parameters: dict) -> str:
    query = QueryDict(mutable=True)
    query.update(parameters)
    return query.urlencode()


@dataclass
class CodePage:
    """The page of one code, on one day; `as_of` is the date of service asked for, or None."""

    code: MedicalCode
    as_of: datetime.date | None
    today: datetime.date

    @cached_property
    def status(self) -> str:
        return self.code.status_on(self.today).value

    @cached_property
    def guide(self):
        """The published guide, or None."""
        guide = getattr(self.code, "guide", None)
        return guide if guide is not None and guide.is_published else None

    @property
    def withdrawn_guide(self):
        """The guide that was taken off the page, or None."""
        return None if self.guide else getattr(self.code, "guide", None)

    @property
    def review_is_overdue(self) -> bool:
        return self.guide.is_overdue(self.today)

    @property
    def changes_url(self) -> str:
        return changes_address(self.code)

    @property
    def contact_query(self) -> str:
        """What the addresses of contact pages carry along: code=hcpcs:J9302."""
        return urlencode({"code": code_parameter(self.code)}, safe=":")

    @property
    def description_is_cut(self) -> bool:
        """Whether the title is only the beginning of the official description."""
        return self.code.title != self.code.long_description

    @cached_property
    def names(self) -> list[dict]:
        """Other names by kind: {"label", "names"}."""
        grouped: dict[str, list] = {}
        for name in self.known_names():
            grouped.setdefault(name.get_kind_display(), []).append(name)
        return [{"label": label, "names": names} for label, names in grouped.items()]

    def known_names(self) -> list[CodeName]:
        return list(self.code.names.all())

    @cached_property
    def indicators(self) -> list[Indicator]:
        return decode(self.code.indicators)

    @cached_property
    def successors(self) -> list[MedicalCode]:
        return [each.successor for each in self.code.successions.all()]

    @cached_property
    def predecessors(self) -> list[MedicalCode]:
        return [each.predecessor for each in self.code.precessions.all()]

    @cached_property
    def ancestors(self) -> list[MedicalCode]:
        return self.code.ancestors()

    @cached_property
    def children(self) -> list[MedicalCode]:
        return list(self.code.children_in_order())

    @property
    def changes(self) -> list:
        return list(self.code.changes.all())

    @cached_property
    def answer(self) -> Validity | None:
        """Whether the code was valid on the date of service."""
        return self.code.validity(self.as_of) if self.as_of else None

    @cached_property
    def codes_for_date(self) -> list[MedicalCode]:
        """Successors or predecessors that were valid on the date of service when the code itself was not."""
        if self.answer is None or self.answer.state == Validity.State.VALID:
            return []
        related = [*self.successors, *self.predecessors]
        return [code for code in related if code.validity(self.as_of).state == Validity.State.VALID]
