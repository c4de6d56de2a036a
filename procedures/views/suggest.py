"""What the search box offers while somebody types."""

from django.http import JsonResponse

from procedures.forms import SearchForm
from procedures.freshness import KEEP_FIVE_MINUTES, public_page
from procedures.searchable_systems import searchable_systems
from procedures.suggestions import suggestions_as_json


@public_page(cache_control=KEEP_FIVE_MINUTES)
def suggest(request):
    """The codes that fit what is typed in `q` so far, the best first, as JSON."""
    text, _ = SearchForm(request.GET).read()
    systems = searchable_systems(request)
    return JsonResponse(suggestions_as_json(text, systems))
