"""manage.py purge: deletes what is kept for a time only."""

from axes.models import AccessAttempt
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from procedures.models import DailyViews, ReleaseUpload, SearchWithoutResult, SheetUpload
from procedures.models.demand import SEARCHES_KEPT, VIEWS_KEPT


class Command(BaseCommand):
    """Deletes counts, uploads and failed log-ins that are past their time, and says how many of each.

    The site deletes them too, but only where somebody comes by: a search, an upload, a log-in. To be run daily, so that
    nothing of a person stays longer than was promised.
    """

    help = "Deletes counts, uploads and failed log-ins that are past their time. To be run daily."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *, dry_run, **options):
        total = 0
        for what, rows in past_their_time().items():
            label = rows.model._meta.label
            count = rows.count() if dry_run else rows.delete()[1].get(label, 0)
            total += count
            self.stdout.write(f"{what}: {count:,}")
        self.stdout.write(f"{total:,} would be deleted." if dry_run else f"{total:,} deleted.")


def past_their_time() -> dict[str, QuerySet]:
    """The rows to be deleted, by what they are."""
    return {
        f"Views of codes, after {VIEWS_KEPT} days": DailyViews.objects.expired(),
        f"Searches without result, after {SEARCHES_KEPT} days": SearchWithoutResult.objects.expired(),
        "Releases that nobody imported within a day": ReleaseUpload.objects.expired(),
        "Sheets that nobody imported within a day": SheetUpload.objects.expired(),
        "Failed log-ins that no longer count": AccessAttempt.objects.filter(
            attempt_time__lte=timezone.now() - settings.AXES_COOLOFF_TIME
        ),
    }
