"""Health plans, policies, which codes they name and how, and what changed; their public pages, importers and feeds."""
