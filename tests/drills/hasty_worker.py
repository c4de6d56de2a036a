"""manage.py send_mail for the mail drill: the same worker, whose waits are seconds instead of minutes and hours."""

import datetime

import django
from django.conf import settings
from django.core.management import execute_from_command_line


def main() -> None:
    django.setup()
    from contact import outbox
    from contact.models import outgoing_mail

    # So a lease is ten seconds.
    settings.EMAIL_TIMEOUT = 1
    outgoing_mail.WAITS = tuple(datetime.timedelta(seconds=seconds) for seconds in (0.5, 1, 2, 2, 2))
    # In a hurry a mail gets to more attempts than otherwise in three days.
    outbox.MOST_ATTEMPTS = 10_000
    outbox.PAUSE = 0.1
    execute_from_command_line(["manage.py", "send_mail"])


if __name__ == "__main__":
    main()
