"""Code systems and their releases, medical codes, guides and their drafts, and what search reads."""

from procedures.models.code_notes import CodeNote
from procedures.models.codes import CodeName, MedicalCode, Succession
from procedures.models.demand import DailyViews, SearchWithoutResult
from procedures.models.everyday_words import EverydayWord
from procedures.models.guide_drafts import GuideDraft
from procedures.models.guides import Guide, TransitionRefused
from procedures.models.releases import CodeChange, Release
from procedures.models.search_entries import (
    ContentVersion,
    Misspelling,
    SearchEntry,
    SearchName,
    SearchPhrase,
    Word,
)
from procedures.models.similar_codes import SimilarCodeChoice
from procedures.models.systems import CodeSystem
from procedures.models.uploads import ReleaseUpload, SheetUpload

__all__ = [
    "CodeChange",
    "CodeName",
    "CodeNote",
    "CodeSystem",
    "ContentVersion",
    "DailyViews",
    "EverydayWord",
    "Guide",
    "GuideDraft",
    "MedicalCode",
    "Misspelling",
    "Release",
    "ReleaseUpload",
    "SearchEntry",
    "SearchName",
    "SearchPhrase",
    "SearchWithoutResult",
    "SheetUpload",
    "SimilarCodeChoice",
    "Succession",
    "TransitionRefused",
    "Word",
]
