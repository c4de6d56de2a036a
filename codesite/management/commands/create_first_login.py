"""manage.py create_first_login: a way into the admin of a new site."""

import secrets
import string

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

USERNAME = "editor"
PASSWORD_LENGTH = 20
# Without the characters that are mistaken for one another when a password is copied by hand.
PASSWORD_CHARACTERS = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))


class Command(BaseCommand):
    """Makes the login `editor` with a random password where no superuser can log in, and prints where the site is.

    The password is printed once and stored only as a hash. On a site that has a superuser nothing is changed and
    only the addresses are printed; so it is where an ordinary user is already called `editor`, and this is said.
    """

    help = "Makes a first login for the admin where there is none, and prints the addresses of the site."

    def add_arguments(self, parser):
        parser.add_argument(
            "--site-url",
            default=settings.SITE_URL,
            help="address of the site to print; the setting SITE_URL unless given",
        )

    def handle(self, *, site_url, **options):
        site_url = site_url.rstrip("/")
        self.stdout.write(f"\nSite:      {site_url}/\nAdmin:     {site_url}/{settings.ADMIN_PATH}")
        users = get_user_model().objects
        if users.filter(is_superuser=True, is_active=True).exists():
            return
        if users.filter(username=USERNAME).exists():
            self.stdout.write(
                f"No login was made: the user {USERNAME} exists and is not an active superuser.\n"
                "To make one: .venv/bin/python manage.py createsuperuser"
            )
            return
        password = "".join(secrets.choice(PASSWORD_CHARACTERS) for _ in range(PASSWORD_LENGTH))
        users.create_superuser(username=USERNAME, password=password)
        self.stdout.write(
            f"Login:     {USERNAME}\n"
            f"Password:  {password}\n"
            "The password is shown only this once. "
            f"To set another: .venv/bin/python manage.py changepassword {USERNAME}"
        )
