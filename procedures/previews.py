"""Previews: the page of a code as it would be with a text that is not published."""

from dataclasses import dataclass
from functools import cached_property

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from procedures.forms import DateOfServiceForm
from procedures.guide_names import names_of
from procedures.models import CodeName, Guide, GuideDraft, MedicalCode
from procedures.models.codes import GUIDE_SOURCE
from procedures.models.guide_drafts import PREVIEW_DAYS
from procedures.presenters import CodePage

# Neither a search engine nor a cache on the way may keep a text that was never public, and no address that holds a
# token may be told to other pages.
PRIVATE_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
}


@dataclass
class PreviewPage(CodePage):
    """The page of a code with the text of a draft, as if it had been published today."""

    draft: GuideDraft

    @cached_property
    def guide(self) -> Guide:
        return self.draft.as_guide()

    withdrawn_guide = None
    # The change log knows only what was public.
    changes_url = ""

    def known_names(self) -> list[CodeName]:
        """Those that publication would leave: from the guide's text, and from other sources."""
        others = [name for name in super().known_names() if name.source != GUIDE_SOURCE]
        held = {(name.kind, name.text) for name in others}
        from_guide = [pair for pair in names_of(self.draft.procedure_name) if pair not in held]
        names = [*others, *(CodeName(kind=kind, text=text) for kind, text in from_guide)]
        return sorted(names, key=lambda name: (name.kind, name.text))


@require_safe
def signed_preview(request: HttpRequest, token: str) -> HttpResponse:
    """What a reviewer without an account sees who was sent a link; 410 once the link or its draft has ended."""
    try:
        draft = GuideDraft.objects.with_preview(token)
    except signing.BadSignature:
        raise Http404("No such link was ever given out.") from None
    except GuideDraft.DoesNotExist:
        return _privately(render(request, "410.html", status=410))
    note = f"This link works for {PREVIEW_DAYS} days, unless an editor ends it earlier. Please do not pass it on."
    return preview_page(request, draft, link_note=note)


def preview_page(request: HttpRequest, draft: GuideDraft, *, link_note: str = "", edit_url: str = "") -> HttpResponse:
    """The public page of a code with the draft's text, a banner above it, kept out of caches and search engines.

    `link_note` says in the banner who can open this address; `edit_url` leads an editor back to the form.
    """
    context = {
        "page": _page(draft, MedicalCode.objects.with_page_data().get(pk=draft.code_id)),
        "form": DateOfServiceForm(),
        "is_preview": True,
        "link_note": link_note,
        "edit_url": edit_url,
    }
    return _privately(render(request, "procedures/code.html", context))


def typed_preview(request: HttpRequest, code: MedicalCode, draft: GuideDraft) -> HttpResponse:
    """The guide alone with what is typed in a form, saved or not, for a sandboxed frame beside the form.

    It goes out under the site's policy against framing: the view that answers it names who may frame it.
    """
    draft.code = code
    context = {"page": _page(draft, code)}
    return _privately(render(request, "procedures/typed_preview.html", context))


def _page(draft: GuideDraft, code: MedicalCode) -> PreviewPage:
    return PreviewPage(code, as_of=None, today=timezone.localdate(), draft=draft)


def _privately(response: HttpResponse) -> HttpResponse:
    for name, value in PRIVATE_HEADERS.items():
        response[name] = value
    return response
