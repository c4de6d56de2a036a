"""Headers of pages that are for one person alone: those behind a signed link or a secret, and answers to forms."""

from functools import wraps

from django.http import Http404
from django.views.defaults import page_not_found

HEADERS = {
    "Cache-Control": "private, no-store",
    "X-Robots-Tag": "noindex, nofollow",
    # Tells other sites, and other pages of this one, no path and so no token. Under no-referrer a browser would send
    # "Origin: null" with a form, which Django's check against forged requests refuses.
    "Referrer-Policy": "strict-origin",
}


def private_page(view):
    """A view whose every answer, "not found" too, is kept by nobody, is in no index and does not tell its address."""

    @wraps(view)
    def with_headers(request, *args, **kwargs):
        try:
            response = view(request, *args, **kwargs)
        except Http404 as error:
            response = page_not_found(request, error)
        for name, value in HEADERS.items():
            response[name] = value
        return response

    return with_headers
