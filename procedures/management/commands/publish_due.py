"""manage.py publish_due: puts approved guides live whose time has come."""

import logging

from django.core.management.base import BaseCommand, CommandError

from procedures.models import GuideDraft, TransitionRefused

log = logging.getLogger(__name__)


class Command(BaseCommand):
    """Publishes each due draft in a transaction of its own, in the name of the reviewer who approved it.

    To be run every minute or so. One that is refused or fails keeps no other from going live; it is named, and the exit
    code is 1.
    """

    help = "Publishes approved guides whose time has come. To be run every minute."

    def handle(self, **options):
        published, failed = 0, 0
        for draft in GuideDraft.objects.due().select_related("code", "approved_by").order_by("go_live_at", "pk"):
            code = draft.code.code
            try:
                draft.publish(by=draft.approved_by)
                published += 1
                self.stdout.write(f"{code}: published.")
            except TransitionRefused as refusal:
                if not GuideDraft.objects.filter(pk=draft.pk).exists():
                    # Another run, or an editor, was faster.
                    continue
                failed += 1
                self.stderr.write(f"{code}: {refusal}")
            except Exception as error:
                failed += 1
                log.exception("The guide of %s could not be published.", code)
                self.stderr.write(f"{code}: {error}")
        self.stdout.write(f"Guides: {published} published.")
        if failed:
            raise CommandError(f"{failed} could not be published.")
