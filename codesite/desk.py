"""The editors' desk: the admin of this site, its pages grouped by what editors do.

Codes, guides and the like register with `django.contrib.admin.site`, which is an EditorsDesk; so do pages of their own
(`admin.site.register_page`). No app needs to import this module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.text import slugify

from codesite.list_addresses import SEARCHES, can_be_asked
from codesite.typed_text import page_for_the_logged_out, typed_texts

# What editors do, and the models that it takes, in the order of the index page. A model that is not registered (or
# not there at all) is passed over; one that is not named here stands in a group of its app, after these.
GROUPS = {
    "Guides": ["procedures.GuideDraft", "procedures.Guide"],
    "Codes": [
        "procedures.MedicalCode",
        "procedures.CodeName",
        "procedures.Succession",
        "procedures.SimilarCodeChoice",
        "procedures.CodeSystem",
        "procedures.Release",
        "procedures.CodeChange",
    ],
    "Policies": [
        "policies.Policy",
        "policies.PolicyCode",
        "policies.HealthPlan",
        "policies.WithheldUpdate",
        "policies.PolicyRevision",
        "policies.PolicyImport",
    ],
    "Messages and meetings": [
        "contact.Message",
        "contact.Booking",
        "contact.OutgoingMail",
        "contact.Host",
        "contact.MeetingType",
        "contact.AvailabilityException",
    ],
    "What people look for": ["procedures.DailyViews", "procedures.SearchWithoutResult", "procedures.EverydayWord"],
    "People and log": ["auth.User", "auth.Group", "admin.LogEntry", "axes.AccessAttempt"],
}


@dataclass(frozen=True)
class DeskPage:
    """A page of the desk that is no list of a model; `permission` None opens it to everyone who may log in here."""

    url_name: str
    title: str
    description: str
    permission: str | None = None
    route: str | None = None
    view: Callable[[HttpRequest], HttpResponse] | None = None

    def is_open_to(self, user) -> bool:
        return self.permission is None or user.has_perm(self.permission)


class EditorsDesk(admin.AdminSite):
    site_header = "Codesite"
    site_title = "Codesite"
    index_title = "Editors' desk"

    def __init__(self, name: str = "admin"):
        super().__init__(name)
        self.pages: dict[str, DeskPage] = {}

    def register_page(
        self,
        url_name: str,
        title: str,
        description: str,
        permission: str | None = None,
        *,
        route: str | None = None,
        view: Callable[[HttpRequest], HttpResponse] | None = None,
    ):
        """Names a page on the index page, to those who have `permission` ("procedures.view_guide").

        `url_name` is that of an address without arguments ("admin:content_health"). With `route` ("content-health/")
        that address is made here, below the admin's, for `view`, and asks for a login; else it is there already. The
        view itself must ask for the permission: this only hides the link. Naming a page again replaces it.
        """
        self.pages[url_name] = DeskPage(url_name, title, description, permission, route, view)

    def get_urls(self):
        made = [page for page in self.pages.values() if page.route and page.view]
        return [
            *(path(page.route, self.admin_view(page.view), name=page.url_name.removeprefix("admin:")) for page in made),
            *super().get_urls(),
        ]

    def admin_view(self, view, cacheable=False):
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def with_work_kept(request, *args, **kwargs):
            if request.method == "POST":
                if self.has_permission(request):
                    # The session lasts from the last form on. SESSION_SAVE_EVERY_REQUEST would do it for public pages
                    # too, whose answers are cached and must not set a cookie.
                    request.session.modified = True
                elif typed_texts(request):
                    return page_for_the_logged_out(request)
            drop_nuls_of_searches(request)
            if any("\0" in text for name, texts in request.GET.lists() for text in [name, *texts]):
                raise BadRequest("PostgreSQL takes no text with a NUL.")
            if not can_be_asked(request):
                raise BadRequest("No database takes this filter.")
            numbers = [each for name, each in kwargs.items() if name in ("object_id", "id") or isinstance(each, int)]
            if not names_rows(request, [*args, *numbers]):
                raise Http404("There is no such row.")
            return inner(request, *args, **kwargs)

        return with_work_kept

    def desk_pages(self, request: HttpRequest) -> list[dict[str, str]]:
        """The registered pages that are open to the user, as {"title", "url", "description"}, in order of naming."""
        return [
            {"title": page.title, "url": reverse(page.url_name), "description": page.description}
            for page in self.pages.values()
            if page.is_open_to(request.user)
        ]

    def each_context(self, request):
        return {**super().each_context(request), "environment_name": settings.ENVIRONMENT_NAME}

    def index(self, request, extra_context=None):
        return super().index(request, {"desk_pages": self.desk_pages(request), **(extra_context or {})})

    def get_app_list(self, request, app_label=None):
        """The groups that hold something for the user; with `app_label` that app alone, as Django gives it.

        A group is a dict like that of an app; `app_url` is None, since a group has no page of its own.
        """
        app_list = super().get_app_list(request, app_label)
        return app_list if app_label else grouped(app_list)


def drop_nuls_of_searches(request: HttpRequest) -> None:
    """Takes NULs out of what is searched for, in lists and in boxes that offer rows: PostgreSQL takes none."""
    searched = {name: request.GET.getlist(name) for name in SEARCHES if "\0" in "".join(request.GET.getlist(name))}
    if searched:
        request.GET = request.GET.copy()
        for name, texts in searched.items():
            request.GET.setlist(name, [text.replace("\0", "") for text in texts])


def names_rows(request: HttpRequest, arguments: list) -> bool:
    """Whether the keys of rows, in the address (its arguments) and in a choice of rows, can be keys.

    Django hands them to the database as they are, which fails for what is no number or too large a one.
    """
    keys = [*arguments, *request.POST.getlist("_selected_action")]
    return all(is_key(str(key)) for key in keys)


def is_key(text: str) -> bool:
    """Whether the text can be the key of a row: a number that both databases take."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def grouped(app_list: list[dict]) -> list[dict]:
    """Django's list of apps as the list of GROUPS and, after them, what is left of the apps."""
    entries = {entry["model"]._meta.label: entry for app in app_list for entry in app["models"]}
    groups = [
        {
            "name": name,
            "app_label": slugify(name),
            "app_url": None,
            "has_module_perms": True,
            "models": [entries.pop(label) for label in labels if label in entries],
        }
        for name, labels in GROUPS.items()
    ]
    others = [
        {**app, "models": [entry for entry in app["models"] if entry["model"]._meta.label in entries]}
        for app in app_list
    ]
    return [group for group in [*groups, *others] if group["models"]]
