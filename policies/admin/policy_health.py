"""The page that says which policies want an editor's work, and where."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from policies.models import Policy, WithheldUpdate
from procedures.admin.content_health import Finding, read_groups

PERMISSION = "policies.view_policy"

GROUPS = {
    "What the sources say": [
        Finding(
            "Updates that wait",
            "A source says something else than an editor wrote. Somebody has to decide which of them readers see.",
            "withheldupdate",
            "",
            lambda: WithheldUpdate.objects.count(),
            app="policies",
        ),
        Finding(
            "Missing from the newest export",
            "Their source no longer lists them. They may have been retired: look, and set status and date.",
            "policy",
            "health=missing",
            lambda: Policy.objects.missing().count(),
            app="policies",
        ),
        Finding(
            "Stale",
            "Not compared with the original document within the interval of their issuer. Readers see that mark.",
            "policy",
            "health=stale",
            lambda: Policy.objects.stale().count(),
            app="policies",
        ),
    ],
    "What readers miss": [
        Finding(
            "Dead link",
            "The original document is not where it was: readers cannot check what this site says.",
            "policy",
            "health=dead",
            lambda: Policy.objects.with_dead_link().count(),
            app="policies",
        ),
        Finding(
            "Without address",
            "No address of the original document is given, so no table can cite them.",
            "policy",
            "health=no-address",
            lambda: Policy.objects.without_address().count(),
            app="policies",
        ),
        Finding(
            "Without code",
            "They name no code, so no page of a code leads to them.",
            "policy",
            "health=no-code",
            lambda: Policy.objects.without_codes().count(),
            app="policies",
        ),
    ],
}


@never_cache
@require_safe
def policy_health_page(request):
    """Every finding whose list the user may see, in groups; a fixed number of queries."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Policy health",
        "groups": read_groups(GROUPS, request.user),
    }
    return TemplateResponse(request, "admin/procedures/content_health.html", context)


admin.site.register_page(
    "admin:policy_health",
    "Policy health",
    "Policies that want work: updates that wait, stale facts, dead links, no address, no codes.",
    PERMISSION,
    route="policy-health/",
    view=policy_health_page,
)
