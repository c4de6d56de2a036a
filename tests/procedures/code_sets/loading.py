"""How the tests of the loader load releases and look at what is stored: by code and version, never by primary key."""

from procedures.code_sets.loader import LoadSummary, load_release
from procedures.code_sets.readers import ReadRelease
from procedures.models import CodeChange, MedicalCode, Succession
from tests.factories import get_system


def load(system: str, *releases: ReadRelease, **options) -> LoadSummary:
    """Loads releases one after the other; the summary is that of the last."""
    for release in releases:
        summary = load_release(get_system(system), release, **options)
    return summary


def facts(system: str) -> dict[str, dict]:
    """What is stored of each code, releases by their version, the heading above by its code."""
    columns = {
        "kind": "kind",
        "short": "short_description",
        "long": "long_description",
        "title": "title",
        "added": "added",
        "effective": "effective",
        "terminated": "terminated",
        "indicators": "indicators",
        "listed_in": "listed_in__version",
        "first_listed_in": "first_listed_in__version",
        "missing_from": "missing_from__version",
        "parent": "parent__code",
        "is_noc": "is_noc",
    }
    rows = MedicalCode.objects.filter(system__slug=system).values_list("code", *columns.values())
    return {code: dict(zip(columns, values, strict=True)) for code, *values in rows}


def changes(*kinds: str) -> list[tuple[str, str, str]]:
    """Code, kind and version of each change, of these kinds or of all."""
    rows = CodeChange.objects.values_list("code__code", "kind", "release__version")
    return sorted(row for row in rows if not kinds or row[1] in kinds)


def successions() -> list[tuple[str, str]]:
    return sorted(Succession.objects.values_list("predecessor__code", "successor__code"))
