"""Code systems and their releases, medical codes, guides, and what search reads."""

from procedures.models.codes import CodeName, MedicalCode, Succession
from procedures.models.guides import Guide
from procedures.models.releases import CodeChange, Release
from procedures.models.search_entries import ContentVersion, Misspelling, SearchEntry, Word
from procedures.models.systems import CodeSystem

__all__ = [
    "CodeChange",
    "CodeName",
    "CodeSystem",
    "ContentVersion",
    "Guide",
    "MedicalCode",
    "Misspelling",
    "Release",
    "SearchEntry",
    "Succession",
    "Word",
]
