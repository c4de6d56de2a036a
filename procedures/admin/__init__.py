"""The editors' side. Each module registers the admin of one subject."""

from procedures.admin import (
    codes,
    content_health,
    demand,
    everyday_words,
    guide_drafts,
    guides,
    names,
    releases,
    similar_codes,
    successions,
)

__all__ = [
    "codes",
    "content_health",
    "demand",
    "everyday_words",
    "guide_drafts",
    "guides",
    "names",
    "releases",
    "similar_codes",
    "successions",
]
