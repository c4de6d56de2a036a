"""Codes side by side."""

from django.shortcuts import render
from django.utils import timezone

from procedures.comparison import Comparison
from procedures.freshness import public_page


@public_page
def compare(request):
    """Two to four codes (?code=hcpcs:J9302&code=hcpcs:J9229) section by section.

    What cannot be read of the address is left out and named; with fewer than two codes the page asks for more.
    """
    return render(request, "procedures/compare.html", {"page": Comparison(request.GET, timezone.localdate())})
