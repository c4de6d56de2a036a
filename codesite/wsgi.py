"""The WSGI entry point: `gunicorn codesite.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from codesite.request_charset import with_known_charsets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codesite.settings")

application = with_known_charsets(get_wsgi_application())

# It needs the apps, which the line above has loaded.
from procedures import demand  # noqa: E402

demand.start()
