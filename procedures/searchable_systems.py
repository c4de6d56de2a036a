"""The code systems that visitors can search, for the views that search them."""

from procedures.freshness import remembered
from procedures.models import CodeSystem


def searchable_systems(request) -> list[CodeSystem]:
    """Those that hold codes whose texts may be shown, in order."""
    return remembered(request, "systems", lambda: list(CodeSystem.objects.searchable()))
