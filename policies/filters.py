"""The filters of the list of policies, read from the address by django-filter."""

import datetime
from collections.abc import Iterable

import django_filters
from django.http import QueryDict

from policies.models import HealthPlan, Policy
from policies.models.policies import PolicyQuerySet
from procedures.code_parameters import find_codes
from procedures.filters import LenientMultipleChoiceFilter, YesNoFilter
from procedures.models import MedicalCode

LONGEST_SHOWN = 40

UNREADABLE = {
    "plan": "“{}” is no health plan with policies on this site; it was ignored.",
    "kind": "“{}” is no kind of policy; it was ignored.",
    "status": "“{}” is no status of a policy; it was ignored.",
    "code": "“{}” is no code on this site; it was ignored.",
    "has_code": "“{}” is not known here: write 1 or 0. It was ignored.",
    "changed_since": "“{}” is no date: write it as year-month-day, such as 2026-06-30. It was ignored.",
}


class PolicyFilter(django_filters.FilterSet):
    """Narrows policies; what it cannot read is ignored and named in `problems`. `plans` are those to choose from."""

    plan = django_filters.CharFilter(label="Health plan", method="filter_plan")
    kind = LenientMultipleChoiceFilter(label="Kind", choices=Policy.Kind.choices, method="filter_kind")
    status = LenientMultipleChoiceFilter(label="Status", choices=Policy.State.choices, method="filter_status")
    code = django_filters.CharFilter(label="Names the code", method="filter_code")
    has_code = YesNoFilter(label="Names codes", method="filter_has_code")
    changed_since = django_filters.DateFilter(
        label="Changed since", method="filter_changed_since", input_formats=["%Y-%m-%d"]
    )

    class Meta:
        model = Policy
        fields = []

    def __init__(self, data: QueryDict, *, queryset: PolicyQuerySet, plans: Iterable[HealthPlan], on: datetime.date):
        self.plans = {plan.slug.lower(): plan for plan in plans}
        self.on = on
        super().__init__(data, queryset=queryset)
        self.form.is_valid()
        written = self.form.cleaned_data.get("code")
        # The code that the address names, or None.
        self.named_code: MedicalCode | None = find_codes([written])[written] if written else None
        self.chosen_plan: HealthPlan | None = self.plans.get((self.form.cleaned_data.get("plan") or "").lower())

    @property
    def problems(self) -> list[dict[str, str]]:
        """What could not be read: {"parameter", "message"}."""
        unknown = {name: getattr(field, "unknown", []) for name, field in self.form.fields.items()}
        unknown |= {name: [self.data.get(name, "")] for name in self.form.errors}
        if self.form.cleaned_data.get("plan") and not self.chosen_plan:
            unknown["plan"] = [self.form.cleaned_data["plan"]]
        if self.form.cleaned_data.get("code") and not self.named_code:
            unknown["code"] = [self.form.cleaned_data["code"]]
        return [
            {"parameter": name, "message": UNREADABLE[name].format(value.replace("\0", "")[:LONGEST_SHOWN])}
            for name, values in unknown.items()
            for value in values
        ]

    def chosen(self, name: str) -> list[str]:
        """The values of a filter that were read, as the address has them."""
        value = self.form.cleaned_data.get(name)
        if name == "plan":
            return [self.chosen_plan.slug] if self.chosen_plan else []
        if name == "code":
            return [self.form.cleaned_data["code"]] if self.named_code else []
        if name == "has_code":
            return [] if value in ("", None) else ["1" if value else "0"]
        if name == "changed_since":
            return [value.isoformat()] if value else []
        return list(value or ())

    def filter_plan(self, policies, name, value):
        return policies.for_plan(self.chosen_plan) if self.chosen_plan else policies

    def filter_kind(self, policies, name, values):
        return policies.filter(kind__in=values) if values else policies

    def filter_status(self, policies, name, values):
        return policies.with_state(self.on).filter(state_now__in=values) if values else policies

    def filter_code(self, policies, name, value):
        return policies.for_code(self.named_code) if self.named_code else policies

    def filter_has_code(self, policies, name, value):
        return policies.naming_codes() if value else policies.without_codes()

    def filter_changed_since(self, policies, name, value):
        return policies.changed_since(value)
