"""Addresses of the site; each app names its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from codesite.health import livez, readyz

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", include("contact.urls")),
    path("", include("policies.urls")),
    path("", include("procedures.urls")),
]
