"""Hosts and types of meetings stay for as long as a meeting tells of them: they are switched off instead."""

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import ProtectedError
from django.http import HttpResponseRedirect
from django.urls import reverse

from codesite.desk import is_key


class KeptWhileBooked:
    """A ModelAdmin of rows that meetings point to. `has_meetings(row)` says whether one does, or once did."""

    def has_meetings(self, row) -> bool:
        raise NotImplementedError

    def delete_view(self, request, object_id, extra_context=None):
        row = self.get_object(request, unquote(object_id)) if is_key(object_id) else None
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if row is not None and self.has_meetings(row):
            return self._refuse_deletion(request, row)
        try:
            return super().delete_view(request, object_id, extra_context)
        except ProtectedError:
            # Somebody booked between the question and the answer.
            return self._refuse_deletion(request, row)

    def get_actions(self, request):
        # One by one, so that each that stays is told of.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def _refuse_deletion(self, request, row):
        self.message_user(
            request,
            f"{row} stays: there are meetings of it, past or cancelled ones count too. Switch off “Active” instead: "
            "then nothing new is offered.",
            messages.ERROR,
        )
        return HttpResponseRedirect(
            reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])
        )
