"""What the search box offers for a text that is half typed."""

from collections.abc import Sequence

from procedures.models import CodeSystem
from procedures.results_page import MATCH
from procedures.search import suggest

MOST_SUGGESTIONS = 8
SHORTEST_TEXT = 2


def suggestions_as_json(text: str, systems: Sequence[CodeSystem]) -> dict:
    """{"query", "suggestions"} as the page for developers documents them; none for less than two characters."""
    rows = suggest(text, systems, limit=MOST_SUGGESTIONS) if len(text) >= SHORTEST_TEXT else []
    return {"query": text, "suggestions": [_suggestion(row) for row in rows]}


def _suggestion(row: dict) -> dict:
    return {
        "system": row["system"],
        "label": row["system_label"],
        "code": row["code"],
        "title": row["title"],
        "url": row["url"],
        "status": row["status"],
        "match": {name: row["match"][name] for name in MATCH},
    }
