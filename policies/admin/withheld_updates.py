"""The editors' side of updates that importers withheld: what a source says, where an editor wrote something else."""

from functools import partial

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpResponseRedirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from policies.models import WithheldUpdate
from policies.withheld import differences, keep_policy, take_update
from procedures.admin.columns import ReadOnlyAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.models import ContentVersion

LIST = "admin:policies_withheldupdate_changelist"
DECIDED = "Somebody else has decided on this update already, or a newer import has replaced it."


@admin.register(WithheldUpdate)
class WithheldUpdateAdmin(ReadOnlyAdmin):
    """An editor takes over what the source says, or keeps what stands here; either ends the waiting.

    The forms send when the update that they showed was withheld: nobody decides on what a later import said.
    """

    list_display = ["policy", "loaded_from", "withheld_at"]
    list_select_related = ["policy", "loaded_from"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    ordering = ["-withheld_at", "-pk"]
    sortable_by = []
    search_fields = ["policy__number", "policy__title"]
    search_help_text = "The number of a policy, or words of its title."
    fields = ["policy", "loaded_from", "withheld_at"]
    change_form_template = "admin/policies/withheldupdate/change_form.html"

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("policy__issuer", "loaded_from")

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/take/", view(self.take_view), name="policies_withheldupdate_take"),
            path("<int:pk>/keep/", view(self.keep_view), name="policies_withheldupdate_keep"),
            *super().get_urls(),
        ]

    def has_decide_permission(self, request) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("policies.change_policy")

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {
            "title": "What a source says, and what stands here",
            "differences": differences(obj),
            "may_decide": self.has_decide_permission(request),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    @method_decorator(require_POST)
    def take_view(self, request, pk):
        """Takes over what the source says."""
        return self._decide(request, pk, partial(take_update, by=request.user), "Took over what its source says.")

    @method_decorator(require_POST)
    def keep_view(self, request, pk):
        """Keeps what stands here."""
        return self._decide(request, pk, keep_policy, "Kept what stood here.")

    def _decide(self, request, pk, act, done: str):
        if not self.has_decide_permission(request):
            raise PermissionDenied
        try:
            with transaction.atomic():
                ContentVersion.wait_for_other_writers()
                update = WithheldUpdate.objects.select_related("policy__issuer").get(pk=pk)
                policy = update.policy
                act(update, seen=request.POST.get("seen", ""))
                self.log_change(request, policy, done)
        except WithheldUpdate.DoesNotExist:
            self.message_user(request, DECIDED, messages.WARNING)
            return HttpResponseRedirect(reverse(LIST))
        except ValidationError as refusal:
            self.message_user(request, f"Nothing was changed. {' '.join(refusal.messages)}", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:policies_withheldupdate_change", args=[pk]))
        self.message_user(request, f"{policy}: {done}", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:policies_policy_change", args=[policy.pk]))
