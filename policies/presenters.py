"""What the pages of lists of policies and of health plans show, computed beforehand."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import urlsplit

from django.db.models import Count
from django.http import QueryDict
from django.urls import reverse
from django.utils.dateformat import format as date_format
from django.utils.dateparse import parse_date

from policies.filters import PolicyFilter
from policies.models import HealthPlan, Policy
from policies.policy_changes import RevisionChange, recent_changes
from policies.policy_lists import DATE, PolicyRow, find_by_text, read_rows
from procedures.models import MedicalCode

POLICIES_PER_PAGE = 25

PLAN_KINDS = {
    "commercial": "Commercial plans",
    "medicare-contractor": "Medicare contractors",
    "medicare-advantage": "Medicare Advantage plans",
    "medicaid": "Medicaid plans",
    "federal": "Federal programs and agencies",
    "": "Other plans",
}
POLICY_KINDS = {
    "payer-policy": "Payer policies",
    "ncd": "National Coverage Determinations (NCD)",
    "lcd": "Local Coverage Determinations (LCD)",
    "article": "Articles",
}
# In the order in which readers look for them.
STATES = [State.value for State in Policy.State]


@dataclass(slots=True)
class Choice:
    """One value of a filter, and whether it is chosen."""

    value: str
    label: str
    chosen: bool


@dataclass
class PoliciesPage:
    """The list of policies: the rows of one page, chosen filters as removable links, and what could not be read.

    `plans` are those to choose from; `text` and `number` are what was typed and the page from 1; `problems` are
    {"parameter", "message"}.
    """

    parameters: QueryDict
    text: str
    number: int
    plans: list[HealthPlan]
    on: datetime.date
    problems: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self):
        self._found = find_by_text(Policy.objects.all(), self.text)
        self.filter = PolicyFilter(self.parameters, queryset=self._found.policies, plans=self.plans, on=self.on)
        self.problems = [*self.problems, *self.filter.problems]

    @cached_property
    def _found_ids(self) -> list[int]:
        """All that fit, in order: a few thousand at most, and to count them would take as long as to find them."""
        ordered = self.filter.qs.current_first(self.on, *self._found.best_first)
        return list(ordered.values_list("pk", flat=True))

    @property
    def total(self) -> int:
        return len(self._found_ids)

    @property
    def page_count(self) -> int:
        return max(1, -(-self.total // POLICIES_PER_PAGE))

    @cached_property
    def rows(self) -> list[PolicyRow]:
        first = (self.number - 1) * POLICIES_PER_PAGE
        return read_rows(self._found_ids[first : first + POLICIES_PER_PAGE], self.on)

    @property
    def code(self) -> MedicalCode | None:
        """The code that the policies on this page name, where that is what was asked for."""
        return self._found.code or (None if self.text else self.filter.named_code)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.text or self.chosen)

    @property
    def is_past_the_end(self) -> bool:
        return self.number > self.page_count

    @cached_property
    def chosen(self) -> list[dict]:
        """The chosen values, each with the address of the same policies without it."""
        return [
            {"label": self._label(name, value), "url": self._address(leave_out=(name, value))}
            for name in self.filter.filters
            for value in self.filter.chosen(name)
        ]

    def _label(self, name: str, value: str) -> str:
        if name == "plan":
            return self.filter.chosen_plan.name
        if name == "code":
            return f"Names {self.filter.named_code.code}"
        if name == "has_code":
            return "Names codes" if value == "1" else "Names no codes"
        if name == "changed_since":
            return f"Changed since {date_format(parse_date(value), DATE)}"
        return _capitalized(Policy.Kind(value).label if name == "kind" else Policy.State(value).label)

    @property
    def plan_choices(self) -> list[dict]:
        """The plans by kind: {"label", "choices"}."""
        chosen = self.filter.chosen("plan")
        return [
            {"label": label, "choices": [Choice(plan.slug, plan.name, plan.slug in chosen) for plan in plans]}
            for label, plans in plans_by_kind(self.plans)
        ]

    @property
    def facets(self) -> list[dict]:
        """The filters of which several values can be chosen: {"name", "legend", "choices"}."""
        return [
            {
                "name": name,
                "legend": self.filter.form.fields[name].label,
                "choices": [
                    Choice(value, _capitalized(label), value in self.filter.chosen(name)) for value, label in choices
                ],
            }
            for name, choices in (("kind", Policy.Kind.choices), ("status", Policy.State.choices))
        ]

    @property
    def written(self) -> dict[str, str]:
        """What stands in the other boxes of the form."""
        return {name: "".join(self.filter.chosen(name)) for name in ("code", "has_code", "changed_since")}

    @property
    def clear_url(self) -> str:
        return policies_address(q=self.text)

    @property
    def previous_url(self) -> str:
        return self._address(page=min(self.number - 1, self.page_count)) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        return self._address(page=self.number + 1) if self.number < self.page_count else ""

    def _address(self, *, page: int = 1, leave_out: tuple[str, str] | None = None) -> str:
        chosen = {
            name: [value for value in self.filter.chosen(name) if (name, value) != leave_out]
            for name in self.filter.filters
        }
        return policies_address(q=self.text, **chosen, page=str(page) if page > 1 else "")


def policies_address(**parameters: str | list[str]) -> str:
    """The address of the list of policies with these parameters; empty ones are left out."""
    query = QueryDict(mutable=True)
    for name, value in parameters.items():
        query.setlist(name, [value] if isinstance(value, str) and value else value or [])
    return f"{reverse('policies:policies')}?{query.urlencode()}" if query.urlencode() else reverse("policies:policies")


def plans_by_kind(plans: Iterable[HealthPlan]) -> list[tuple[str, list[HealthPlan]]]:
    """The plans under the heading of their kind, kinds without one left out."""
    grouped = defaultdict(list)
    for plan in plans:
        grouped[plan.kind].append(plan)
    return [(label, grouped[kind]) for kind, label in PLAN_KINDS.items() if kind in grouped]


@dataclass(slots=True)
class Organization:
    """The plans of one organization, or one plan by itself, which then has no organization."""

    name: str
    plans: list[HealthPlan]

    @property
    def is_single(self) -> bool:
        """Whether it is one plan whose name says all."""
        return len(self.plans) == 1 and self.plans[0].name == self.name


def by_organization(plans: Iterable[HealthPlan]) -> list[Organization]:
    """The plans under the name of their organization, in the order of these names."""
    grouped: dict[str, Organization] = {}
    for plan in plans:
        grouped.setdefault(plan.short_name, Organization(plan.short_name, [])).plans.append(plan)
    return sorted(grouped.values(), key=lambda organization: organization.name.casefold())


def plan_groups() -> list[dict]:
    """All plans with policies: {"label", "organizations", "count"}, one for each kind of plan."""
    return [
        {"label": label, "organizations": by_organization(plans), "count": len(plans)}
        for label, plans in plans_by_kind(HealthPlan.objects.with_policies())
    ]


def host_of(address: str) -> str:
    """The host that an address names, "" where it cannot be read."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def policy_counts() -> dict[str, int]:
    """How many policies and how many plans with policies there are: {"policies", "plans"}."""
    policies = Policy.objects.count()
    return {"policies": policies, "plans": HealthPlan.objects.with_policies().count() if policies else 0}


@dataclass
class PlanPage:
    """The page of one health plan on one day."""

    plan: HealthPlan
    on: datetime.date

    @property
    def kind_label(self) -> str:
        return _capitalized(self.plan.get_kind_display())

    @property
    def website_host(self) -> str:
        """What the link to its website says."""
        return host_of(self.plan.website) or self.plan.website

    @cached_property
    def kinds(self) -> list[dict]:
        """How many policies of each kind it has, by state: {"label", "count", "url", "states"}."""
        policies = Policy.objects.for_plan(self.plan).order_by().with_state(self.on)
        counts = defaultdict(dict)
        for kind, state, count in policies.values_list("kind", "state_now").annotate(count=Count("pk")):
            counts[kind][state] = count
        return [
            {
                "label": label,
                "count": sum(counts[kind].values()),
                "url": policies_address(plan=self.plan.slug, kind=kind),
                "states": [
                    {
                        "label": Policy.State(state).label,
                        "count": counts[kind][state],
                        "url": policies_address(plan=self.plan.slug, kind=kind, status=state),
                    }
                    for state in STATES
                    if state in counts[kind]
                ],
            }
            for kind, label in POLICY_KINDS.items()
            if kind in counts
        ]

    @property
    def total(self) -> int:
        return sum(kind["count"] for kind in self.kinds)

    @property
    def policies_url(self) -> str:
        return policies_address(plan=self.plan.slug)

    @cached_property
    def rows(self) -> list[PolicyRow]:
        """Its first policies that apply today, as far as is known."""
        current = Policy.objects.for_plan(self.plan).current(self.on).order_by("title", "pk")
        return read_rows(list(current.values_list("pk", flat=True)[:POLICIES_PER_PAGE]), self.on)

    @cached_property
    def changes(self) -> list[RevisionChange]:
        """What changed last in its policies."""
        return recent_changes(self.plan)

    @property
    def changes_url(self) -> str:
        query = QueryDict(mutable=True)
        query["plan"] = self.plan.slug
        return f"{reverse('policies:changes')}?{query.urlencode()}"


def _capitalized(label: str) -> str:
    return label[:1].upper() + label[1:]
