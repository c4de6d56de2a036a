"""Policies: the list with its filters, and the page of one."""

import re

from django.http import Http404, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.utils import timezone

from policies.models import HealthPlan, Policy
from policies.policy_page import PolicyPage
from policies.presenters import PoliciesPage
from procedures.forms import SearchForm
from procedures.freshness import public_page, remembered

_SPELLING = re.compile(r"([0-9a-f]{8})(?:-.*)?", re.IGNORECASE | re.ASCII | re.DOTALL)


@public_page
def policies(request):
    """Policies that fit what was typed and chosen. What cannot be read of the address is ignored and named."""
    form = SearchForm(request.GET)
    text, number = form.read()
    plans = remembered(request, "plans-with-policies", lambda: list(HealthPlan.objects.with_policies()))
    page = PoliciesPage(request.GET, text, number, plans, timezone.localdate(), form.problems)
    return render(request, "policies/policies.html", {"page": page})


@public_page
def policy(request, issuer, spelling):
    """The page of one policy. Its id decides; any other spelling of its address answers 301 to it."""
    spelled = _SPELLING.fullmatch(spelling)
    found = spelled and Policy.objects.select_related("issuer").filter(public_id=spelled[1].lower()).first()
    if not found:
        raise Http404("There is no such policy.")
    canonical = found.get_absolute_url()
    if request.path != canonical:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{canonical}?{query}" if query else canonical)
    return render(request, "policies/policy.html", {"page": PolicyPage(found, timezone.localdate(), request.GET)})
