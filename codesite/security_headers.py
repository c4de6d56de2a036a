"""Headers that tell browsers what the pages of this site may do.

Django 6 has the first of the two middlewares itself, with the same setting: moving there, delete it here and name
`django.middleware.csp.ContentSecurityPolicyMiddleware` instead; a view that may be framed then takes `csp_override`.
"""

from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.http import HttpRequest, HttpResponse

POLICY_HEADER = "Content-Security-Policy"
# Django's own pages about errors bring their style inside the page; they exist under DEBUG only.
STATUSES_OF_DEBUG_PAGES = {400, 404, 500}


class ContentSecurityPolicyMiddleware:
    """Sends settings.SECURE_CSP with every response that brings no policy of its own.

    A view whose page our own pages may show in a frame says so with Django's decorator `xframe_options_sameorigin`; its
    response then goes with `frame-ancestors 'self'`. The middleware stands outside XFrameOptionsMiddleware, which
    writes the header that it reads.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if POLICY_HEADER in response or (settings.DEBUG and response.status_code in STATUSES_OF_DEBUG_PAGES):
            return response
        policy = settings.SECURE_CSP
        if response.get("X-Frame-Options", "").upper() == "SAMEORIGIN":
            policy = {**policy, "frame-ancestors": ["'self'"]}
        if policy:
            response[POLICY_HEADER] = content_security_policy(policy)
        return response


class PermissionsPolicyMiddleware:
    """Sends settings.PERMISSIONS_POLICY: who may use which feature of the browser ([] is nobody)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", permissions_policy(settings.PERMISSIONS_POLICY))
        return response


def content_security_policy(directives: Mapping[str, Sequence[str]]) -> str:
    """The header's value: {"img-src": ["'self'", "data:"]} is `img-src 'self' data:`."""
    return "; ".join(" ".join([name, *sources]) for name, sources in directives.items())


def permissions_policy(features: Mapping[str, Sequence[str]]) -> str:
    """The header's value: {"camera": []} is `camera=()`."""
    return ", ".join(f"{feature}=({' '.join(allowed)})" for feature, allowed in features.items())
