"""The page that lists what changed in policies, with its filters and feeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import django_filters
from django.core.paginator import Page, Paginator
from django.http import QueryDict
from django.urls import reverse

from policies.filters import LONGEST_SHOWN, UNREADABLE
from policies.models import HealthPlan, PolicyRevision
from policies.policy_changes import KIND_WORDS, RevisionChange, describe, read_newest, revisions_of
from procedures.code_parameters import code_parameter, find_codes
from procedures.filters import LenientMultipleChoiceFilter
from procedures.models import MedicalCode

CHANGES_PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class FeedLink:
    """An Atom feed: what it tells of, and its address."""

    label: str
    url: str


class ChangesFilter(django_filters.FilterSet):
    """The filters of the page; what it cannot read is ignored and named in `problems`. They narrow no queryset."""

    plan = django_filters.CharFilter(label="Health plan")
    code = django_filters.CharFilter(label="Code")
    kind = LenientMultipleChoiceFilter(label="What happened", choices=list(KIND_WORDS.items()))

    class Meta:
        model = PolicyRevision
        fields = []

    def __init__(self, data: QueryDict, plans: Iterable[HealthPlan]):
        super().__init__(data, queryset=PolicyRevision.objects.none())
        self.form.is_valid()
        read = self.form.cleaned_data
        self.chosen_plan = _find_plan((read.get("plan") or "").lower(), plans)
        written = read.get("code") or ""
        self.chosen_code: MedicalCode | None = find_codes([written])[written] if written else None
        self.chosen_kinds: list[str] = read.get("kind") or []

    @property
    def problems(self) -> list[str]:
        """What could not be read, as sentences."""
        unread = {name: [self.data.get(name, "")] for name in self.form.errors}
        read = self.form.cleaned_data
        if read.get("plan") and not self.chosen_plan:
            unread["plan"] = [read["plan"]]
        if read.get("code") and not self.chosen_code:
            unread["code"] = [read["code"]]
        messages = {**UNREADABLE, "kind": "“{}” is no kind of change; it was ignored."}
        unread["kind"] = getattr(self.form.fields["kind"], "unknown", [])
        return [
            messages[name].format(value.replace("\0", "")[:LONGEST_SHOWN])
            for name, values in unread.items()
            for value in values
        ]


def _find_plan(slug: str, plans: Iterable[HealthPlan]) -> HealthPlan | None:
    """The plan, which may have no policies any more."""
    found = next((plan for plan in plans if plan.slug == slug), None)
    return found or (HealthPlan.objects.filter(slug=slug, revisions__isnull=False).first() if slug else None)


class ChangesPage:
    """The newest changes of policies, or of those that the parameters of the address name: plan, code, kind, page.

    `plans` are those that can be chosen, besides one that is. At most nine queries besides those for the plans.
    """

    def __init__(self, parameters: QueryDict, plans: Sequence[HealthPlan]):
        self._filter = ChangesFilter(parameters, plans)
        self.plan, self.code = self._filter.chosen_plan, self._filter.chosen_code
        self.plans = plans if not self.plan or self.plan in plans else [*plans, self.plan]
        self.problems = self._filter.problems
        revisions = revisions_of(self.plan, self.code, self._filter.chosen_kinds)
        self.listed: Page = Paginator(revisions.newest_first(), CHANGES_PER_PAGE).get_page(parameters.get("page"))
        start = self.listed.start_index() - 1 if self.total else 0
        self.changes: list[RevisionChange] = describe(read_newest(revisions, start, start + CHANGES_PER_PAGE))

    @property
    def total(self) -> int:
        return self.listed.paginator.count

    @property
    def kinds(self) -> list[dict]:
        """The kinds of changes as checkboxes: {"value", "label", "is_chosen"}."""
        chosen = self._filter.chosen_kinds
        return [{"value": kind, "label": words, "is_chosen": kind in chosen} for kind, words in KIND_WORDS.items()]

    @property
    def code_written(self) -> str:
        """What stands in the box of the code."""
        return code_parameter(self.code) if self.code else ""

    @cached_property
    def chosen(self) -> list[dict]:
        """The chosen filters, each with the address of the page without it: {"label", "url"}."""
        filters = [("plan", self.plan.slug, self.plan.name)] if self.plan else []
        filters += [("code", code_parameter(self.code), f"Code {self.code.code}")] if self.code else []
        filters += [("kind", each["value"], each["label"]) for each in self.kinds if each["is_chosen"]]
        return [
            {"label": label, "url": self._address([f for f in filters if f[:2] != (name, value)])}
            for name, value, label in filters
        ]

    @property
    def is_filtered(self) -> bool:
        return bool(self.chosen)

    @property
    def clear_url(self) -> str:
        return self._address([])

    @property
    def previous_url(self) -> str:
        return self._page_address(self.listed.number - 1) if self.listed.has_previous() else ""

    @property
    def next_url(self) -> str:
        return self._page_address(self.listed.number + 1) if self.listed.has_next() else ""

    @cached_property
    def feeds(self) -> list[FeedLink]:
        """The feeds with what is shown: of the plan, of the code, or of all policies. Feeds hold every kind."""
        feeds = []
        if self.plan:
            feeds.append(FeedLink(self.plan.name, reverse("policies:plan_feed", args=[self.plan.slug])))
        if self.code:
            address = reverse("policies:code_feed", args=[self.code.system.slug, self.code.code])
            feeds.append(FeedLink(f"{self.code.system.label} {self.code.code}", address))
        return feeds or [FeedLink("all policies", reverse("policies:feed"))]

    def _page_address(self, number: int) -> str:
        filters = [("plan", self.plan.slug)] if self.plan else []
        filters += [("code", code_parameter(self.code))] if self.code else []
        filters += [("kind", kind) for kind in self._filter.chosen_kinds]
        return self._address([*filters, *([("page", number)] if number > 1 else [])])

    @staticmethod
    def _address(filters: Iterable[tuple]) -> str:
        query = QueryDict(mutable=True)
        for name, value, *_ in filters:
            query.appendlist(name, value)
        address = reverse("policies:changes")
        return f"{address}?{query.urlencode(safe=':')}" if query else address
