"""The page that documents the JSON answers of the site."""

from django.conf import settings
from django.shortcuts import render

from procedures.decode_form import LONGEST_TEXT
from procedures.decoded_bill import MOST_CODES, MOST_LINES
from procedures.example_answers import example_of_decoding, example_of_search, example_of_suggestions
from procedures.forms import LONGEST_QUERY
from procedures.freshness import ASK_EACH_TIME, KEEP_FIVE_MINUTES, public_page, remembered
from procedures.models import CodeSystem, MedicalCode, Release
from procedures.search import CAP, PAGE_SIZE
from procedures.searchable_systems import searchable_systems
from procedures.suggestions import MOST_SUGGESTIONS, SHORTEST_TEXT


@public_page
def developers(request):
    """How search, suggestions and the lines of a bill are read as JSON, with live examples, limits and sources."""
    systems = searchable_systems(request)
    context = {
        "site_url": settings.SITE_URL,
        "search_example": remembered(request, "developers-search", lambda: example_of_search(systems)),
        "suggest_example": remembered(request, "developers-suggest", lambda: example_of_suggestions(systems)),
        "decode_example": remembered(request, "developers-decode", lambda: example_of_decoding(systems)),
        "systems": systems,
        "statuses": MedicalCode.Status.choices,
        "sources": remembered(request, "developers-sources", _sources),
        "longest_query": LONGEST_QUERY,
        "page_size": PAGE_SIZE,
        "cap": CAP,
        "most_suggestions": MOST_SUGGESTIONS,
        "shortest_text": SHORTEST_TEXT,
        "longest_text": LONGEST_TEXT,
        "most_codes": MOST_CODES,
        "most_lines": MOST_LINES,
        "seconds_shared": ASK_EACH_TIME["s_maxage"],
        "minutes_kept": KEEP_FIVE_MINUTES["max_age"] // 60,
    }
    return render(request, "procedures/developers.html", context)


def _sources() -> list[dict]:
    """Each code system with the newest release that was read, or None."""
    newest: dict[int, Release] = {}
    for release in Release.objects.newest_first().select_related("system"):
        newest.setdefault(release.system_id, release)
    return [{"system": system, "release": newest.get(system.pk)} for system in CodeSystem.objects.all()]
