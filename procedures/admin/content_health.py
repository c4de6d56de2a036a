"""The page that says what wants an editor's work, and where."""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from procedures import content_health
from procedures.content_health import LONG_IN_WORK, VIEWS_COUNTED
from procedures.models import Guide, GuideDraft
from procedures.models.demand import SEARCHES_KEPT, SHOWN_FROM

PERMISSION = "procedures.view_guide"


@dataclass(frozen=True)
class Finding:
    """A kind of work: how much there is, why it matters, and the list that shows it, to those who may see that list.

    `app`, `model` and `query` name the list. Either `count` gives the number, or `details` the number and rows of this
    `kind`.
    """

    title: str
    why: str
    model: str
    query: str
    count: Callable[[], int] | None = None
    details: Callable[[], tuple[int, list]] | None = None
    kind: str = ""
    link: str = "Show the list"
    permissions: list[str] = field(default_factory=list)
    app: str = "procedures"

    def is_open_to(self, user) -> bool:
        return user.has_perms([f"{self.app}.view_{self.model}", *self.permissions])

    def read(self) -> dict:
        """The finding as the template shows it; asks the database."""
        count, rows = self.details() if self.details else (self.count(), [])
        address = reverse(f"admin:{self.app}_{self.model}_changelist")
        return {
            "title": self.title,
            "why": self.why,
            "count": count,
            "url": f"{address}?{self.query}" if self.query else address,
            "rows": rows,
            "kind": self.kind,
            "link": self.link,
        }


GROUPS = {
    "Guides in work": [
        Finding(
            "Waiting for review",
            "An author has finished and waits for a reviewer.",
            "guidedraft",
            "state=in-review",
            lambda: GuideDraft.objects.in_review().count(),
        ),
        Finding(
            "Approved, but late",
            "Their time has passed and they are not public: publish_due does not run. Tell whoever runs this site.",
            "guidedraft",
            "due=late",
            lambda: GuideDraft.objects.late().count(),
        ),
        Finding(
            f"In work for more than {LONG_IN_WORK} days",
            "Facts grow old while a text waits, and nobody else can begin one for the same code. Finish or delete it.",
            "guidedraft",
            "age=old",
            lambda: GuideDraft.objects.older_than(LONG_IN_WORK).count(),
        ),
    ],
    "Public guides": [
        Finding(
            "Review overdue",
            "A clinician was to check them again by now.",
            "guide",
            "health=overdue",
            lambda: Guide.objects.review_overdue().count(),
        ),
        Finding(
            "Retired code, not mentioned",
            "The code may no longer be used, and the guide does not say so.",
            "guide",
            "health=retired",
            lambda: Guide.objects.silent_on_retirement().count(),
        ),
        Finding(
            "With unfinished marks",
            "Readers see a note to ourselves, such as TODO or an open bracket.",
            "guide",
            "health=unfinished",
            lambda: Guide.objects.unfinished().count(),
        ),
        Finding(
            "With empty sections",
            "A question that readers bring, such as how to prepare, stays without an answer.",
            "guide",
            "health=empty",
            lambda: Guide.objects.with_empty_sections().count(),
        ),
        Finding(
            "Hard to read",
            "The reading grade is above 9: many adults do not follow. Shorter sentences and plainer words help most.",
            "guide",
            "health=hard",
            lambda: Guide.objects.hard_to_read().count(),
        ),
        Finding(
            "Never reviewed by a clinician",
            "Their pages tell readers so, and readers trust them less.",
            "guide",
            "health=unreviewed",
            lambda: Guide.objects.never_reviewed().count(),
        ),
        Finding(
            "Nearly the same as another",
            "Two guides share 90 percent of their words or more: one may have been copied and never been adapted.",
            "guide",
            "health=duplicate",
            details=content_health.guides_with_twins,
            kind="twins",
        ),
    ],
    "What people look for": [
        Finding(
            "Viewed, but without a guide",
            f"People opened these codes in the last {VIEWS_COUNTED} days and found the official description only.",
            "medicalcode",
            "guide=none&viewed=lately",
            details=content_health.codes_viewed_without_guide,
            kind="codes",
            permissions=["procedures.view_dailyviews"],
        ),
        Finding(
            "Searched for, but not found",
            f"Queries that found nothing {SHOWN_FROM} times or more in {SEARCHES_KEPT} days: often a name we lack.",
            "searchwithoutresult",
            "",
            details=content_health.searches_without_result,
            kind="searches",
        ),
    ],
}


def read_groups(groups: dict[str, list[Finding]], user) -> dict[str, list[dict]]:
    """The findings that the user may see, read, by the names of their groups; groups without any are left out."""
    read = {
        name: [finding.read() for finding in findings if finding.is_open_to(user)] for name, findings in groups.items()
    }
    return {name: findings for name, findings in read.items() if findings}


@never_cache
@require_safe
def content_health_page(request):
    """Every finding whose list the user may see, in groups; a fixed number of queries."""
    user = request.user
    if not user.has_perm(PERMISSION):
        raise PermissionDenied
    context = {
        **admin.site.each_context(request),
        "title": "Content health",
        "groups": read_groups(GROUPS, user),
        "may_write": user.has_perm("procedures.add_guidedraft"),
        "may_read_drafts": user.has_perm("procedures.view_guidedraft"),
        "may_name": user.has_perm("procedures.add_codename"),
    }
    return TemplateResponse(request, "admin/procedures/content_health.html", context)


admin.site.register_page(
    "admin:content_health",
    "Content health",
    "What wants work: reviews that are due, unfinished texts, and what visitors look for in vain.",
    PERMISSION,
    route="content-health/",
    view=content_health_page,
)
