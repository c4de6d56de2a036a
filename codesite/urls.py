"""Addresses of the site; each app names its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from codesite.health import livez, readyz

admin.site.site_header = "Codesite"
admin.site.site_title = "Codesite"
admin.site.index_title = "Editors' desk"

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", include("procedures.urls")),
]
