"""System checks: what keeps two meetings apart is in the database, and mail can arrive."""

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register
from django.db import connections

from contact.no_overlap import missing_constraints


@register(Tags.database)
def check_no_overlap(app_configs, databases, **kwargs):
    """One error for each NoOverlap constraint that a migrated database lacks.

    Run by `migrate`, by `check --database default`, and by /readyz, which answers 503 then.
    """
    return [
        Error(
            f"The database does not hold the constraint {name}: meetings could overlap.",
            hint="Something outside of Django's migrations changed the table. Restore it from a migration or a backup.",
            id="contact.E001",
        )
        for alias in databases or []
        if "contact_booking" in connections[alias].introspection.table_names()
        for name in missing_constraints(alias)
    ]


@register(Tags.security, deploy=True)
def check_mail_can_arrive(app_configs, **kwargs):
    """Warnings of `check --deploy`: without these settings mails are refused, or nobody of the team gets them."""
    found = []
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        found.append(
            Warning(
                "DEFAULT_FROM_EMAIL is not set: other servers refuse mail from localhost.",
                hint="Set it to an address of a domain that EMAIL_HOST may send for.",
                id="contact.W001",
            )
        )
    if not settings.CONTACT_INBOX:
        message = "CONTACT_INBOX is not set: the team hears of messages on the editors' desk alone."
        found.append(Warning(message, id="contact.W002"))
    return found
