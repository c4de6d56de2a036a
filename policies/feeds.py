"""Atom feeds of what changed in policies: of all, of a plan, of one policy, of a code (RFC 4287, pages by RFC 5005)."""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import HttpResponse, HttpResponseNotFound, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from policies.models import HealthPlan, Policy, PolicyRevision
from policies.policy_changes import RevisionChange, describe, read_newest, revisions_of
from procedures.code_parameters import find_codes
from procedures.freshness import public_page
from procedures.models import MedicalCode

ENTRIES_PER_PAGE = 50
LAST_PAGE = 10_000
# The year makes the ids of entries ours for good (RFC 4151): it never changes.
TAG_YEAR = 2026
# What a feed without entries says of its last change.
BEGINNING = datetime(TAG_YEAR, 1, 1, tzinfo=UTC)
# Characters that no XML 1.0 document may hold, not even as references.
_FORBIDDEN_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """The text without the characters that XML forbids."""
    return _FORBIDDEN_IN_XML.sub("", text)


def tag(name: str) -> str:
    """The id of a feed or an entry: the same for ever, whatever becomes of addresses."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},{TAG_YEAR}:{name}"


def absolute(address: str) -> str:
    return settings.SITE_URL + address


class PagedAtom(Atom1Feed):
    """Atom with links to the neighboring pages; `page_links` are addresses by relation."""

    def add_root_elements(self, handler):
        super().add_root_elements(handler)
        for relation, address in self.feed["page_links"].items():
            handler.addQuickElement("link", "", {"rel": relation, "href": address})

    def latest_post_date(self):
        return super().latest_post_date() if self.items else BEGINNING


class PolicyFeed(Feed):
    """One page of a feed; a subject gives its title, its revisions and the page that shows the same."""

    feed_type = PagedAtom
    author_name = "Codesite"
    subtitle = "Times are those at which this site took a change over; the policies state their own dates."

    def __init__(self, *, title: str, path: str, shown_at: str, revisions, page: int = 1):
        self.title = clean(f"Policy changes: {title}")
        self.path, self.shown_at, self.page = path, shown_at, page
        start = (page - 1) * ENTRIES_PER_PAGE
        # One more than is shown tells whether there is a next page.
        found = read_newest(revisions, start, start + ENTRIES_PER_PAGE + 1)
        self.has_next = len(found) > ENTRIES_PER_PAGE
        self.changes = describe(found[:ENTRIES_PER_PAGE])

    def link(self) -> str:
        return absolute(self.shown_at)

    def feed_url(self) -> str:
        return self._address(self.page)

    def feed_guid(self) -> str:
        return tag(self.path.strip("/").removesuffix(".atom"))

    def feed_extra_kwargs(self, subject) -> dict:
        links = {"first": self._address(1)}
        if self.page > 1:
            links["previous"] = self._address(self.page - 1)
        if self.has_next:
            links["next"] = self._address(self.page + 1)
        return {"page_links": links}

    def items(self) -> list[RevisionChange]:
        return self.changes

    def item_title(self, change: RevisionChange) -> str:
        called = f"{change.policy.number} {change.revision.facts['title']}".strip()
        return clean(f"{called}: {change.in_one_line}")

    def item_description(self, change: RevisionChange) -> str:
        return clean(_summary(change))

    def item_link(self, change: RevisionChange) -> str:
        return absolute(change.url)

    def item_guid(self, change: RevisionChange) -> str:
        return tag(f"policy/{change.policy.public_id}/revision/{change.revision.number}")

    def item_pubdate(self, change: RevisionChange) -> datetime:
        return change.revision.at

    def item_updateddate(self, change: RevisionChange) -> datetime:
        return change.revision.at

    def item_author_name(self, change: RevisionChange) -> str:
        return clean(change.policy.issuer.name)

    def item_author_link(self, change: RevisionChange) -> str:
        return absolute(change.policy.issuer.get_absolute_url())

    def item_categories(self, change: RevisionChange) -> list[str]:
        return [change.revision.kind, change.policy.kind]

    def _address(self, page: int) -> str:
        return absolute(self.path if page == 1 else f"{self.path}?page={page}")


def _summary(change: RevisionChange) -> SafeString:
    """What changed, as HTML paragraphs. Of a title and a summary only that they changed: their texts may be long."""
    kind = change.policy.kind_label
    lines = [f"{change.kind_words}: {kind} of {change.policy.issuer.name}. Source: {change.source}."]
    lines += [f"{v.label}: {v.new or 'not given'} (before: {v.old or 'not given'})." for v in change.values]
    for names in change.lists:
        for word, links in (("added", names.added), ("removed", names.removed)):
            if links:
                lines.append(f"{names.label}, {word}: {'; '.join(link.name for link in links)}.")
    lines += [f"{label}: the text changed." for label in change.reworded]
    paragraphs = [format_html("<p>{}</p>", line) for line in lines]
    for codes in change.codes:
        rows = [(absolute(each.code.get_absolute_url()), each.code.code, each.code.title) for each in codes.shown]
        more = f"; and {codes.more:,} more" if codes.more else ""
        listed = format_html_join("; ", '<a href="{}">{}</a> {}', rows)
        paragraphs.append(format_html("<p>{}: {}{}.</p>", codes.label, listed, more))
    return format_html_join("", "{}", ((paragraph,) for paragraph in paragraphs))


@public_page
def all_policies(request):
    """The changes of all policies."""
    return _answer(request, "all policies", reverse("policies:changes"), revisions_of())


@public_page
def plan_policies(request, plan):
    """The changes of the policies that a plan issued or that apply to it."""
    found = HealthPlan.objects.filter(slug=plan.lower()).first()
    if not found:
        return _not_found("There is no such health plan.")
    if plan != found.slug:
        return _moved(request, reverse("policies:plan_feed", args=[found.slug]))
    return _answer(request, found.name, found.get_absolute_url(), revisions_of(plan=found))


@public_page
def one_policy(request, public_id):
    """The changes of one policy."""
    is_id = re.fullmatch(r"[0-9A-Fa-f]{8}", public_id)
    found = is_id and Policy.objects.select_related("issuer").filter(public_id=public_id.lower()).first()
    if not found:
        return _not_found("There is no such policy.")
    if public_id != found.public_id:
        return _moved(request, reverse("policies:policy_feed", args=[found.public_id]))
    revisions = PolicyRevision.objects.filter(policy=found).order_by()
    return _answer(request, str(found), found.get_absolute_url(), revisions)


@public_page
def code_policies(request, system, code):
    """The changes that concern a code. Any other spelling of its address answers 301 to it."""
    spelling = f"{system}:{code}"
    found: MedicalCode | None = find_codes([spelling])[spelling]
    if not found:
        return _not_found("There is no such code.")
    path = reverse("policies:code_feed", args=[found.system.slug, found.code])
    if request.path != path:
        return _moved(request, path)
    title = f"{found.system.label} {found.code} {found.title}"
    return _answer(request, title, found.get_absolute_url(), revisions_of(code=found))


def _answer(request, title: str, shown_at: str, revisions) -> HttpResponse:
    page = _page(request.GET.get("page", ""))
    feed = PolicyFeed(title=title, path=request.path, shown_at=shown_at, revisions=revisions, page=page)
    if page > 1 and not feed.changes:
        return _not_found("The feed has no such page.")
    return feed(request)


def _page(written: str) -> int:
    """The number of the page; 1 for what is none."""
    is_number = written.isascii() and written.isdigit() and len(written) <= len(str(LAST_PAGE))
    return min(max(int(written), 1), LAST_PAGE) if is_number else 1


def _moved(request, path: str) -> HttpResponsePermanentRedirect:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{path}?{query}" if query else path)


def _not_found(sentence: str) -> HttpResponseNotFound:
    """For programs: no page in HTML."""
    return HttpResponseNotFound(f"{sentence}\n", content_type="text/plain; charset=utf-8")
