"""Makes the search index afresh."""

import sys

from django.core.management.base import BaseCommand
from tqdm import tqdm

from procedures.search import rebuild, reindex, stale_code_ids


class Command(BaseCommand):
    help = "Makes the search index afresh; with --due only for codes whose status a date has changed (run it daily)."

    def add_arguments(self, parser):
        parser.add_argument("--due", action="store_true", help="only codes that ended since they were indexed")

    def handle(self, *, due, **options):
        if due:
            stale = stale_code_ids()
            if stale:
                reindex(stale)
            self.stdout.write(f"{len(stale):,} codes indexed anew.")
            return
        count = rebuild(progress=lambda entries: tqdm(entries, desc="Indexing", file=sys.stderr, disable=None))
        self.stdout.write(f"{count:,} codes indexed.")
