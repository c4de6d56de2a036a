"""The history of rows in the admin: who changed what and when, and how to bring a former version back."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from simple_history.admin import SimpleHistoryAdmin

from procedures.models import ContentVersion


class HistoryAdmin(SimpleHistoryAdmin):
    """Rows of public content, with a history that only those may revert who may change the row.

    Whoever changes a row waits for other writers before the row is read: what is checked is what will be written.
    django-simple-history 3.13 checks the permission to hide the button, but not when the form is posted. Addresses that
    name rows or versions by anything but numbers are refused by the admin site.
    """

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

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method == "POST" and self.revert_disabled(request):
            raise PermissionDenied
        with transaction.atomic():
            _wait_to_write(request)
            return super().history_form_view(request, object_id, version_id, extra_context)


def _wait_to_write(request) -> None:
    if request.method == "POST":
        ContentVersion.wait_for_other_writers()
