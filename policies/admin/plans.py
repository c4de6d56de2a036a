"""The editors' side of health plans."""

from itertools import count

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.text import slugify

from policies.models import CMS, HealthPlan, Policy
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.models import ContentVersion

LONGEST_INTERVAL = 3_650
LONGEST_SLUG = HealthPlan._meta.get_field("slug").max_length

SLUG_HELP = (
    "The address of a plan is made from its name when it is added. It stays when the name changes: links, feeds, and "
    "imports name the plan by it."
)


class HealthPlanForm(forms.ModelForm):
    def clean_website(self):
        website = self.cleaned_data["website"]
        if website and not website.startswith(("https://", "http://")):
            raise forms.ValidationError("Write an address that begins with https:// or http://.")
        return website

    def clean_contractor_number(self):
        number = self.cleaned_data["contractor_number"]
        if number and HealthPlan.objects.filter(contractor_number=number).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("Another plan has this contractor number.")
        return number

    def clean_verify_every_days(self):
        days = self.cleaned_data["verify_every_days"]
        if not 1 <= days <= LONGEST_INTERVAL:
            raise forms.ValidationError(f"Write a number of days from 1 to {LONGEST_INTERVAL:,}.")
        return days


@admin.register(HealthPlan)
class HealthPlanAdmin(HistoryAdmin):
    form = HealthPlanForm
    list_display = ["name", "kind", "organization", "contractor_number", "region", "policy_count"]
    list_filter = ["kind"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    search_fields = ["name", "organization", "contractor_number"]
    search_help_text = "Words of the name or organization, or a contractor number."
    sortable_by = ["name", "kind", "organization", "contractor_number"]
    readonly_fields = ["slug"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["name", "slug", "kind", "website"], "description": SLUG_HELP}),
        ("Contract and region", {"fields": ["organization", "contractor_number", "region"]}),
        ("Checks of its policies", {"fields": ["verify_every_days"]}),
    ]

    def get_queryset(self, request):
        issued = Policy.objects.order_by().filter(issuer=OuterRef("pk")).values("issuer").annotate(n=Count("pk"))
        applied = Policy.plans.through.objects.filter(healthplan=OuterRef("pk"))
        by_others = applied.exclude(policy__issuer=F("healthplan")).values("healthplan").annotate(n=Count("pk"))
        counted = Coalesce(Subquery(issued.values("n")), 0) + Coalesce(Subquery(by_others.values("n")), 0)
        return super().get_queryset(request).annotate(policies_counted=counted)

    @admin.display(description="policies")
    def policy_count(self, plan):
        return plan.policies_counted

    def get_changeform_initial_data(self, request):
        return {}

    # A plan on which policies hang stays; so does CMS, which importers look for

    def has_delete_permission(self, request, obj=None):
        if not super().has_delete_permission(request, obj):
            return False
        return obj is None or not (obj.slug == CMS or HealthPlan.objects.filter(pk=obj.pk).with_policies().exists())

    def get_actions(self, request):
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    # Saving

    def save_model(self, request, obj, form, change):
        if not obj.slug:
            obj.slug = _free_slug(obj.name)
        super().save_model(request, obj, form, change)
        ContentVersion.advance()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        ContentVersion.advance()

    def revert_disabled(self, request, obj=None):
        """A plan that was deleted is not brought back: its name may be another's by now. It can be added again."""
        is_gone = obj is not None and not HealthPlan.objects.filter(pk=obj.pk).exists()
        return is_gone or super().revert_disabled(request, obj)

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method == "POST" and not HealthPlan.objects.filter(pk=object_id).exists():
            raise PermissionDenied
        return super().history_form_view(request, object_id, version_id, extra_context)


def _free_slug(name: str) -> str:
    """The slug of a new plan with this name, which no other plan has."""
    wanted = slugify(name)[: LONGEST_SLUG - 6].strip("-_") or "plan"
    taken = set(HealthPlan.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return next(slug for number in count(1) if (slug := wanted if number == 1 else f"{wanted}-{number}") not in taken)
