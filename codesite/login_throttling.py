"""Our part of log-in throttling; django-axes counts the wrong passwords (AXES_... in the settings)."""

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

# The column in which django-axes keeps a name; names of users are shorter.
LONGEST_NAME = 255


def attempted_name(request: HttpRequest, credentials: dict | None) -> str | None:
    """The name that somebody tries to log in with, cut to what can be kept: the log-in form lets any length through."""
    name = (credentials or request.POST).get("username")
    return name and name[:LONGEST_NAME]


def too_many_attempts(request: HttpRequest, original_response: HttpResponse, credentials: dict | None) -> HttpResponse:
    """The page with status 429; the same whether or not there is such a user."""
    context = {**admin.site.each_context(request), "title": "Too many attempts"}
    response = render(request, "admin/too_many_attempts.html", context, status=429)
    response["Retry-After"] = int(settings.AXES_COOLOFF_TIME.total_seconds())
    add_never_cache_headers(response)
    return response
