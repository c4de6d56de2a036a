"""What pages of other apps show of policies: their views know nothing of them."""

from django import template

from policies.presenters import policy_counts as count_policies
from procedures.freshness import remembered

register = template.Library()


@register.simple_tag(takes_context=True)
def policy_counts(context) -> dict[str, int]:
    """How many policies and how many plans with policies there are: {"policies", "plans"}."""
    return remembered(context["request"], "policy-counts", count_policies)
