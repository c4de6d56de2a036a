"""The matrix of plans by codes."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from policies.matrix import MatrixPage
from policies.matrix_csv import write_csv
from procedures.freshness import public_page


@public_page
def matrix(request):
    """What sourced policies say of codes, plan by plan, as a page, or with format=csv as CSV.

    What cannot be read of the address is ignored and named.
    """
    page = MatrixPage(request.GET, timezone.localdate())
    if request.GET.get("format") == "csv":
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="policy-matrix-{page.on:%Y-%m-%d}.csv"'
        write_csv(response, page)
        return response
    return render(request, "policies/matrix.html", {"page": page, "is_narrowed": bool(request.GET)})
