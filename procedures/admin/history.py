"""The history of rows in the admin: who changed what and when, and how to bring a former version back."""

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404
from django.urls import path
from simple_history.admin import SimpleHistoryAdmin

from procedures.models import ContentVersion


class HistoryAdmin(SimpleHistoryAdmin):
    """Rows of public content, with a history that only those may revert who may change the row.

    Whoever changes a row waits for other writers before the row is read: what is checked is what will be written.
    django-simple-history 3.13 checks the permission to hide the button, but not when the form is posted.
    """

    def get_urls(self):
        """Versions have numbers; the package fails (500) where an address names one by anything else."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_simple_history"
        urls = [url for url in super().get_urls() if url.name != name]
        form, no_such_version = map(self.admin_site.admin_view, (self.history_form_view, _no_such_version))
        return [
            path("<int:object_id>/history/<int:version_id>/", form, name=name),
            path("<str:object_id>/history/<str:version_id>/", no_such_version),
            *urls,
        ]

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        with transaction.atomic():
            _wait_to_write(request)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request, object_id, extra_context=None):
        with transaction.atomic():
            _wait_to_write(request)
            return super().delete_view(request, object_id, extra_context)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            super().delete_queryset(request, queryset)

    def history_view(self, request, object_id, extra_context=None):
        try:
            self.opts.pk.to_python(unquote(object_id))
        except ValidationError:
            raise Http404 from None
        return super().history_view(request, object_id, extra_context)

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method == "POST" and self.revert_disabled(request):
            raise PermissionDenied
        with transaction.atomic():
            _wait_to_write(request)
            return super().history_form_view(request, object_id, version_id, extra_context)


def _wait_to_write(request) -> None:
    if request.method == "POST":
        ContentVersion.wait_for_other_writers()


def _no_such_version(request, object_id, version_id):
    raise Http404
