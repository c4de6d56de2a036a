"""manage.py purge: deletes what is kept for a time only."""

from collections.abc import Callable
from dataclasses import dataclass

from axes.models import AccessAttempt
from django.conf import settings
from django.core.management.base import BaseCommand
from django.db.models import QuerySet
from django.utils import timezone

from contact.forgetting import delete_messages, forget_bookings
from contact.models import Booking, Message, OutgoingMail, RateBucket
from contact.models.messages import SPAM_KEPT
from contact.models.outgoing_mail import FAILED_MAILS_KEPT, MAILS_KEPT
from procedures.models import DailyViews, ReleaseUpload, SearchWithoutResult, SheetUpload
from procedures.models.demand import SEARCHES_KEPT, VIEWS_KEPT


class Command(BaseCommand):
    """Deletes what is past its time, of visitors and of editors, and says how many of each.

    The site deletes some of it too, but only where somebody comes by: a search, an upload, a log-in. To be run daily,
    so that nothing of a person stays longer than was promised.
    """

    help = (
        "Deletes counts, uploads, failed log-ins, messages and mails that are past their time, and what past meetings "
        "say of visitors. To be run daily."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *, dry_run, **options):
        total = 0
        for past in past_their_time():
            count = past.rows.count() if dry_run else past.end(past.rows)
            total += count
            self.stdout.write(f"{past.what}: {count:,}")
        self.stdout.write(
            f"{total:,} would be deleted or forgotten." if dry_run else f"{total:,} deleted or forgotten."
        )


def deleted(rows: QuerySet) -> int:
    """Deletes the rows; how many of them, without what went with them."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


@dataclass(frozen=True)
class PastTheirTime:
    """Rows whose time is over, what they are in words, and what ends them: a function that returns their number."""

    what: str
    rows: QuerySet
    end: Callable[[QuerySet], int] = deleted


def past_their_time() -> list[PastTheirTime]:
    """What is to be deleted, in this order: a mail is counted by itself before it could go with its message."""
    kept = settings.CONTACT_RETENTION_DAYS
    return [
        PastTheirTime(f"Views of codes, after {VIEWS_KEPT} days", DailyViews.objects.expired()),
        PastTheirTime(f"Searches without result, after {SEARCHES_KEPT} days", SearchWithoutResult.objects.expired()),
        PastTheirTime("Releases that nobody imported within a day", ReleaseUpload.objects.expired()),
        PastTheirTime("Sheets that nobody imported within a day", SheetUpload.objects.expired()),
        PastTheirTime(
            "Failed log-ins that no longer count",
            AccessAttempt.objects.filter(attempt_time__lte=timezone.now() - settings.AXES_COOLOFF_TIME),
        ),
        PastTheirTime(
            f"Mails, {MAILS_KEPT.days} days after they were sent, {FAILED_MAILS_KEPT.days} where they failed",
            OutgoingMail.objects.expired(),
        ),
        PastTheirTime(
            f"Messages, {kept} days after they were done, {min(SPAM_KEPT.days, kept)} where they were spam",
            Message.objects.expired(),
            delete_messages,
        ),
        PastTheirTime(
            f"Past meetings, of which the visitor is forgotten after {kept} days",
            Booking.objects.expired(),
            forget_bookings,
        ),
        PastTheirTime("Counts of what came from one address, whose period is over", RateBucket.objects.expired()),
    ]
