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
    """The page of one policy. Its id decides; any other spelling of its address, and its number, answer 301 to it."""
    spelled = _SPELLING.fullmatch(spelling)
    found = spelled and Policy.objects.select_related("issuer").filter(public_id=spelled[1].lower()).first()
    found = found or _by_number(issuer, spelling)
    if not found:
        raise Http404("There is no such policy.")
    canonical = found.get_absolute_url()
    if request.path != canonical:
        query = request.META.get("QUERY_STRING", "")
        return HttpResponsePermanentRedirect(f"{canonical}?{query}" if query else canonical)
    return render(request, "policies/policy.html", {"page": PolicyPage(found, timezone.localdate(), request.GET)})


def _by_number(issuer: str, number: str) -> Policy | None:
    """The one policy that its issuer gave this number, in any case; None where there is none or several."""
    if "\0" in number:
        return None
    numbered = Policy.objects.select_related("issuer").filter(issuer__slug=issuer.lower(), number__iexact=number)
    found = list(numbered.exclude(number="")[:2])
    return found[0] if len(found) == 1 else None
