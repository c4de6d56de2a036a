"""Search over codes, names and guides: one parser, two engines (FTS5, tsvector), one result contract.

Everything outside of this package uses what is named here, and knows nothing of the databases.
"""

from procedures.search.engine import read_content_version
from procedures.search.index import index_is_current, rebuild, reindex, reindex_everyday_words, stale_code_ids
from procedures.search.names import Name, names_for
from procedures.search.plan import CAP
from procedures.search.results import (
    FACETS,
    NO_FILTERS,
    PAGE_SIZE,
    FacetValue,
    Filters,
    Results,
    code_ids_by_code,
    code_ids_by_words,
    search,
    suggest,
)
from procedures.search.text import tokenize

__all__ = [
    "CAP",
    "FACETS",
    "NO_FILTERS",
    "PAGE_SIZE",
    "FacetValue",
    "Filters",
    "Name",
    "Results",
    "code_ids_by_code",
    "code_ids_by_words",
    "index_is_current",
    "names_for",
    "read_content_version",
    "rebuild",
    "reindex",
    "reindex_everyday_words",
    "search",
    "stale_code_ids",
    "suggest",
    "tokenize",
]
