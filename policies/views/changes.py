"""What changed in policies."""

from django.shortcuts import render

from policies.changes_page import ChangesPage
from policies.models import HealthPlan
from procedures.freshness import public_page, remembered


@public_page
def changes(request):
    """All changes, newest first, narrowed by plan, code and kind. What cannot be read of the address is ignored."""
    plans = remembered(request, "plans-with-policies", lambda: list(HealthPlan.objects.with_policies()))
    return render(request, "policies/changes.html", {"page": ChangesPage(request.GET, plans)})
