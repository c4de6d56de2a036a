"""The public pages of codes: home, results, browse, and a code's own page."""

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone

from procedures import demand
from procedures.code_sets.ranges import find_range
from procedures.filters import BrowseFilter, read_filters
from procedures.forms import DateOfServiceForm, SearchForm
from procedures.freshness import public_page, remembered, remembered_page
from procedures.guide_changes import GuideChangesPage, changes_address
from procedures.models import CodeSystem, MedicalCode
from procedures.models.codes import MedicalCodeQuerySet, normalize
from procedures.presenters import MODIFIERS, CodePage, browse_ranges, guide_links, system_cards
from procedures.results_page import ResultsPage
from procedures.search import search
from procedures.searchable_systems import searchable_systems

CODES_PER_PAGE = 100
GUIDES_ON_HOME = 12


@public_page
def home(request):
    """The search box, the code systems with their counts, and some guides to begin with."""
    context = {
        "systems": remembered(request, "home-systems", system_cards),
        "guides": remembered(request, "home-guides", lambda: guide_links(GUIDES_ON_HOME)),
    }
    return render(request, "procedures/home.html", context)


@public_page
def codes(request):
    """Results as a page, or with format=json as JSON. What cannot be read of the address is ignored and named."""
    if request.GET.get("format") == "json":
        return JsonResponse(_results_page(request).as_json())

    def make() -> tuple[bytes, str | None]:
        page = _results_page(request)
        html = render_to_string("procedures/codes.html", {"page": page, "query": page.results.query.text})
        return html.encode(), page.text_without_result

    html, text_without_result = remembered_page(request, make)
    if text_without_result:
        demand.count_search_without_result(request, text_without_result)
    return HttpResponse(html)


def _results_page(request) -> ResultsPage:
    systems = searchable_systems(request)
    form = SearchForm(request.GET)
    text, page = form.read()
    filters, problems = read_filters(request.GET, systems)
    results = search(text, systems, filters, page, verbatim=request.GET.get("verbatim") == "1")
    return ResultsPage(request.GET, results, filters, systems, form.problems + problems)


@public_page
def system(request, system):
    """A code system by its ranges; ?range= shows the codes of one of them."""
    code_system = get_object_or_404(CodeSystem, slug=system.lower())
    if system != code_system.slug:
        return HttpResponsePermanentRedirect(code_system.get_absolute_url())
    ranges = remembered(request, f"ranges-{system}", lambda: browse_ranges(code_system))
    slug = request.GET.get("range", "")
    chosen = next((each for each in ranges if each["slug"] == slug), None)
    if slug and chosen is None:
        raise Http404(f"{code_system.name} has no such range.")
    context = {
        "system": code_system,
        "release": code_system.releases.newest_first().first(),
        "ranges": ranges,
        "chosen": chosen,
    }
    if chosen:
        listed = _codes_of_range(code_system, slug).order_by("normalized").select_related("system")
        context["filter"] = BrowseFilter(request.GET, queryset=listed)
        context["codes"] = Paginator(context["filter"].qs, CODES_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "procedures/system.html", context)


def _codes_of_range(system: CodeSystem, slug: str):
    if slug == MODIFIERS:
        return system.codes.modifiers()
    found = find_range(system.slug, slug)
    return system.codes.in_range(found.first, found.last)


@public_page
def code(request, system, spelling):
    """The page of one code. Any other spelling of its address answers 301 to it: case, dots, blanks, slug, slash."""
    medical_code = _find_code(MedicalCode.objects.with_page_data(), system, spelling)
    canonical = medical_code.get_absolute_url()
    if request.path != canonical:
        return _redirect_with_query(request, canonical)
    form = DateOfServiceForm(request.GET if "as_of" in request.GET else None)
    as_of = form.cleaned_data["as_of"] if form.is_bound and form.is_valid() else None
    page = CodePage(medical_code, as_of, timezone.localdate())
    response = render(request, "procedures/code.html", {"page": page, "form": form})
    # With a date it is the same page, seen again.
    if not form.is_bound:
        demand.count_view(request, medical_code)
    return response


@public_page
def changes(request, system, spelling):
    """What changed on the page of a code's public guide, and the difference that one change (?change=) made."""
    medical_code = _find_code(MedicalCode.objects.select_related("system", "guide"), system, spelling)
    guide = getattr(medical_code, "guide", None)
    if guide is None or not guide.is_published:
        raise Http404("This code has no public guide.")
    canonical = changes_address(medical_code)
    if request.path != canonical:
        return _redirect_with_query(request, canonical)
    page = GuideChangesPage(guide, medical_code, request.GET.get("change", ""), request.GET.get("page", ""))
    # Two long texts with little in common take a second or more.
    differences = remembered(request, f"differences-{page.chosen.version}", page.differences) if page.chosen else []
    return render(request, "procedures/changes.html", {"page": page, "differences": differences})


def _redirect_with_query(request, address: str) -> HttpResponsePermanentRedirect:
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{query}" if query else address)


def _find_code(codes: MedicalCodeQuerySet, system: str, spelling: str) -> MedicalCode:
    """The one of `codes` that `CODE-slug`, `CODE` or another way to write it names; raises Http404."""
    if "\0" in spelling:
        raise Http404("There is no such code.")
    parts = spelling.split("-")
    candidates = [normalize(text) for text in (parts[0], "".join(parts[:2]), spelling)]
    spelled_so = codes.shown().filter(system__slug=system.lower(), normalized__in=candidates)
    found = {code.normalized: code for code in spelled_so}
    for candidate in candidates:
        if candidate in found:
            return found[candidate]
    raise Http404("There is no such code.")
