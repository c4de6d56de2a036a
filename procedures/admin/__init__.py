"""The editors' side. Each module registers the admin of one subject."""

from procedures.admin import codes, content_health, demand, guide_drafts, guides, names, releases, successions

__all__ = ["codes", "content_health", "demand", "guide_drafts", "guides", "names", "releases", "successions"]
