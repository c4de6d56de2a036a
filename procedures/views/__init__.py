"""The public pages of codes, one module a subject."""
