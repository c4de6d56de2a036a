"""The history of rows in the admin: who changed what and when, and how to bring a former version back."""

from django.core.exceptions import PermissionDenied
from django.db import transaction
from simple_history.admin import SimpleHistoryAdmin


class HistoryAdmin(SimpleHistoryAdmin):
    """History that only those may revert who may change the row.

    django-simple-history 3.13 checks that permission to hide the button, but not when the form is posted.
    """

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method == "POST" and self.revert_disabled(request):
            raise PermissionDenied
        with transaction.atomic():
            return super().history_form_view(request, object_id, version_id, extra_context)
