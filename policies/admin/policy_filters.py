"""Filters of the list of policies: what wants an editor's work, each by the QuerySet method that counts it."""

from django.contrib import admin

from policies.models import HealthPlan


class PolicyHealthFilter(admin.SimpleListFilter):
    """Policies by what is to be done about them."""

    title = "what is to be done"
    parameter_name = "health"

    def lookups(self, request, model_admin):
        return [
            ("stale", "Stale: to be verified"),
            ("dead", "Dead link"),
            ("no-address", "Without address"),
            ("no-code", "Without code"),
            ("missing", "Missing from the newest export"),
        ]

    def queryset(self, request, queryset):
        match self.value():
            case "stale":
                return queryset.stale()
            case "dead":
                return queryset.with_dead_link()
            case "no-address":
                return queryset.without_address()
            case "no-code":
                return queryset.without_codes()
            case "missing":
                return queryset.missing()
        return queryset


class IssuerFilter(admin.RelatedFieldListFilter):
    """Policies by issuer; the choices are plans that issued one."""

    def field_choices(self, field, request, model_admin):
        return list(HealthPlan.objects.issuers().values_list("pk", "name"))


class PlanKindFilter(admin.SimpleListFilter):
    """Policies by the kind of the plans that they apply to."""

    title = "kind of plan"
    parameter_name = "plan_kind"

    def lookups(self, request, model_admin):
        return HealthPlan.Kind.choices

    def queryset(self, request, queryset):
        return queryset.for_kind_of_plan(self.value()) if self.value() in HealthPlan.Kind.values else queryset
