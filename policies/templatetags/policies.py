"""What pages of other apps show of policies: their views know nothing of them."""

from django import template
from django.utils import timezone

from policies.presenters import policy_counts as count_policies
from policies.related import RelatedPolicies, find_related
from procedures.freshness import remembered
from procedures.models import MedicalCode

register = template.Library()


@register.simple_tag(takes_context=True)
def policy_counts(context) -> dict[str, int]:
    """How many policies and how many plans with policies there are: {"policies", "plans"}."""
    return remembered(context["request"], "policy-counts", count_policies)


@register.simple_tag(takes_context=True)
def related_policies(context, code: MedicalCode) -> RelatedPolicies | None:
    """What the page of a code shows of policies today, None where nothing; looked for once, whatever the blocks.

    The code has to be read by MedicalCodeQuerySet.with_page_data.
    """
    # Shared by the blocks of one template, unlike its variables.
    found = context.render_context.setdefault("related-policies", {})
    if code.pk not in found:
        found[code.pk] = find_related(code, timezone.localdate())
    return found[code.pk]
