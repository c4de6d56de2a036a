"""Code systems and their releases, medical codes, guides and their drafts, and what search reads."""

from procedures.models.codes import CodeName, MedicalCode, Succession
from procedures.models.demand import DailyViews, SearchWithoutResult
from procedures.models.guide_drafts import GuideDraft
from procedures.models.guides import Guide, TransitionRefused
from procedures.models.releases import CodeChange, Release
from procedures.models.search_entries import ContentVersion, Misspelling, SearchEntry, Word
from procedures.models.systems import CodeSystem
from procedures.models.uploads import ReleaseUpload, SheetUpload

__all__ = [
    "CodeChange",
    "CodeName",
    "CodeSystem",
    "ContentVersion",
    "DailyViews",
    "Guide",
    "GuideDraft",
    "MedicalCode",
    "Misspelling",
    "Release",
    "ReleaseUpload",
    "SearchEntry",
    "SearchWithoutResult",
    "SheetUpload",
    "Succession",
    "TransitionRefused",
    "Word",
]
