"""Many who book, move, cancel and restore meetings at once. `python -m tests.contact.races` lets them race."""
