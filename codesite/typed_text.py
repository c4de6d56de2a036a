"""Forms that arrive when their sender is no longer logged in, or with a token of an earlier session.

Such a form is refused, and what was typed into it is shown for copying: a long lunch must not cost a long text.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

# Shorter values of the desk's forms are choices, codes and numbers, which take no effort to give again. The forms of
# visitors are short, and all that is typed into them is shown.
FEWEST_CHARACTERS = 20
SECRETS = ("password", "token")
# Fields of the visitors' forms that are chosen or carried along, and the box that people do not see.
NOT_TYPED = frozenset(
    {"action", "change", "day", "page", "reference", "sequence", "show", "start", "type", "week", "zone"}
)


def typed_texts(request: HttpRequest) -> list[dict[str, str]]:
    """The longer texts of a form of the desk, or all of a public one, as {"name", "text"}; no passwords or tokens."""
    is_desk = request.path.startswith(f"/{settings.ADMIN_PATH}")
    fewest, left_out = (FEWEST_CHARACTERS, ()) if is_desk else (1, NOT_TYPED)
    return [
        {"name": name.replace("_", " ").replace("-", " ").capitalize(), "text": text}
        for name, texts in request.POST.lists()
        for text in texts
        if len(text) >= fewest and name not in left_out and not any(secret in name.lower() for secret in SECRETS)
    ]


def page_for_the_logged_out(request: HttpRequest) -> HttpResponse:
    """What the desk answers to a form of somebody who is not logged in any more (403)."""
    return _page(request, "You are no longer logged in, so the form was not saved.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The view of settings.CSRF_FAILURE_VIEW; `reason` is Django's, for developers."""
    return _page(
        request,
        "The page with the form was opened too long ago, or you have logged in or out since, or your browser refuses "
        "the cookie that protects forms. Nothing was changed.",
    )


def _page(request: HttpRequest, reason: str) -> HttpResponse:
    response = render(request, "403_csrf.html", {"reason": reason, "texts": typed_texts(request)}, status=403)
    response["Cache-Control"] = "private, no-store"
    return response
