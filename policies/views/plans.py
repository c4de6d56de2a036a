"""Health plans: the list of all, and the page of one."""

from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone

from policies.models import HealthPlan
from policies.presenters import PlanPage, plan_groups
from procedures.freshness import public_page, remembered


@public_page
def plans(request):
    """Every plan that has a policy, by kind."""
    groups = remembered(request, "plan-groups", plan_groups)
    return render(request, "policies/plans.html", {"groups": groups, "count": sum(group["count"] for group in groups)})


@public_page
def plan(request, plan):
    """The page of one plan. Its slug in another case answers 301 to it."""
    found = {each.slug: each for each in HealthPlan.objects.filter(slug__iexact=plan)}
    if not found:
        raise Http404("There is no such health plan.")
    if plan not in found:
        return HttpResponsePermanentRedirect(next(iter(found.values())).get_absolute_url())
    return render(request, "policies/plan.html", {"page": PlanPage(found[plan], timezone.localdate())})
