"""The filters of the results and browse pages, read from the address by django-filter."""

import django_filters
from django import forms

from procedures.models import CodeSystem, MedicalCode
from procedures.search import FACETS, NO_FILTERS, Filters

YES_NO = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


class LenientMultipleChoiceField(forms.MultipleChoiceField):
    """Keeps the known values; the unknown ones are in `unknown` after `clean`."""

    def clean(self, value):
        known = [one for one in value or [] if self.valid_value(one)]
        self.unknown = [one for one in value or [] if not self.valid_value(one)]
        return super().clean(known)


class LenientMultipleChoiceFilter(django_filters.MultipleChoiceFilter):
    field_class = LenientMultipleChoiceField


class YesNoFilter(django_filters.TypedChoiceFilter):
    """1 or 0; anything else is an error of the form."""

    def __init__(self, **kwargs):
        super().__init__(choices=[(value, value) for value in YES_NO], coerce=YES_NO.get, **kwargs)


class ResultsFilter(django_filters.FilterSet):
    """The filters of the results page. The search engines apply them, not a queryset; see `read_filters`."""

    system = LenientMultipleChoiceFilter(label="Code system")
    status = LenientMultipleChoiceFilter(label="Status", choices=MedicalCode.Status.choices)
    has_guide = YesNoFilter(label="Has a guide")
    has_policy = YesNoFilter(label="Has a policy")

    class Meta:
        model = MedicalCode
        fields = []

    def __init__(self, data, *, systems: list[CodeSystem]):
        super().__init__(data, queryset=MedicalCode.objects.none())
        self.filters["system"].extra["choices"] = [(system.slug, system.label) for system in systems]


def read_filters(data, systems: list[CodeSystem]) -> tuple[Filters, list[dict[str, str]]]:
    """The filters of an address, and what of them could not be read and was ignored: {"parameter", "message"}."""
    if not any(name in data for name in FACETS):
        return NO_FILTERS, []
    form = ResultsFilter(data, systems=systems).form
    form.is_valid()
    values = form.cleaned_data
    chosen = Filters(
        systems=frozenset(values.get("system") or ()),
        status=frozenset(values.get("status") or ()),
        has_guide=_or_none(values.get("has_guide")),
        has_policy=_or_none(values.get("has_policy")),
    )
    problems = []
    for name, field in form.fields.items():
        for value in getattr(field, "unknown", []):
            problems.append({"parameter": name, "message": f"“{value[:40]}” is not a known value; it was ignored."})
        if name in form.errors:
            problems.append({"parameter": name, "message": "This value is not known; write 1 or 0. It was ignored."})
    return chosen, problems


def _or_none(value):
    return None if value in ("", None) else value


class BrowseFilter(django_filters.FilterSet):
    """The filters of a code system's browse page, applied to its codes."""

    status = django_filters.ChoiceFilter(
        label="Status",
        choices=[("active", "In use"), ("retired", "Retired")],
        method="filter_status",
        empty_label="All",
    )
    has_guide = django_filters.ChoiceFilter(
        label="Guide", choices=[("1", "With a guide")], method="filter_guide", empty_label="All"
    )

    class Meta:
        model = MedicalCode
        fields = []

    def filter_queryset(self, queryset):
        """The top of the hierarchy; every code of the range once the visitor filters."""
        narrowed = super().filter_queryset(queryset)
        return narrowed if any(self.form.cleaned_data.values()) else narrowed.topmost()

    def filter_status(self, codes, name, value):
        return codes.retired() if value == "retired" else codes.in_use()

    def filter_guide(self, codes, name, value):
        return codes.with_guide()
