"""manage.py check_links: visits the original documents of policies and keeps what became of their addresses."""

import datetime
import sys
from collections import Counter

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from policies.guarded_fetch import GuardedFetcher
from policies.links import LinkChecker, addresses_to_check, store_result, user_agent
from policies.models import Policy

# A run that was killed goes on where it ended: what it checked is left out.
CHECKED_LATELY = datetime.timedelta(days=6)

LinkState = Policy.LinkState


class Command(BaseCommand):
    """Visits each address once, one request at a time, host by host, and keeps each result at once.

    The address that was checked longest ago comes first. Names each that is not found or could not be reached; the exit
    code is 0 all the same. No transaction is open while a server is waited for. To be run weekly.
    """

    help = "Visits the original documents of policies and keeps for editors what became of their addresses."

    def add_arguments(self, parser):
        parser.add_argument("--limit", type=int, metavar="N", help="visit at most N addresses")
        parser.add_argument("--all", action="store_true", help="also visit those checked in the last six days")

    def handle(self, *, limit, all, **options):
        if limit is not None and limit < 1:
            raise CommandError("--limit has to be 1 or more.")
        checked_before = None if all else timezone.now() - CHECKED_LATELY
        policies = addresses_to_check(checked_before, limit)
        checker = LinkChecker(GuardedFetcher(user_agent(settings.SITE_URL)))
        counts = Counter()
        with tqdm(total=len(policies), desc="Checking", file=sys.stderr, disable=None) as progress:
            for address, result in checker.check_all(policies):
                store_result(policies[address], address, result)
                counts[result.state] += 1
                progress.update()
                if result.state != LinkState.ALIVE:
                    self.stdout.write(f"{address}: {result.state.label} ({result.answer})")
        self.stdout.write(f"Addresses: {', '.join(f'{counts[state]:,} {state.label}' for state in REPORTED)}.")
        left = len(policies) - counts.total()
        if left:
            hosts = ", ".join(sorted(checker.left))
            self.stdout.write(f"{left:,} left for another run, because of {hosts}.")


REPORTED = (LinkState.ALIVE, LinkState.DEAD, LinkState.UNREACHABLE)
