"""The page that leads to the form of a message and to the booking of a meeting."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from contact.origin import read_origin
from procedures.freshness import public_page


@public_page
def contact(request: HttpRequest) -> HttpResponse:
    """Two ways to reach the team; the code and the page that the address names are carried along."""
    return render(request, "contact/contact.html", {"origin": read_origin(request.GET)})
