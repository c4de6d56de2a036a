"""The list of codes that policies name, over all policies, with its sheet. Single ones are edited with their policy."""

from django.contrib import admin, messages
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html

from policies.admin.policy_code_sheet import PolicyCodeResource
from policies.models import PolicyCode
from procedures.admin.code_search import CodeSearch
from procedures.admin.columns import ReadOnlyAdmin, code_of, title_of
from procedures.admin.large_lists import KeyPaginator
from procedures.admin.sheets import SheetAdmin

# Rows that one request can write into a sheet.
MOST_EXPORTED = 50_000


@admin.register(PolicyCode)
class PolicyCodeAdmin(CodeSearch, SheetAdmin, ReadOnlyAdmin):
    resource_classes = [PolicyCodeResource]
    import_permission = "policies.add_policycode"
    list_display = [code_of, title_of, "of_policy", "listed_as", "label", "prior_authorization", "source"]
    list_filter = ["prior_authorization", "listed_as"]
    list_select_related = ["code", "policy"]
    list_per_page = 50
    paginator = KeyPaginator
    # Newest first: no index has them in the order of their codes.
    ordering = ["-pk"]
    sortable_by = []

    def get_queryset(self, request):
        return super().get_queryset(request).defer("policy__summary", "code__long_description")

    @admin.display(description="policy")
    def of_policy(self, row):
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:policies_policy_change", args=[row.policy_id]), row.policy
        )

    def export_action(self, request):
        if self.has_export_permission(request) and self.get_export_queryset(request).count() > MOST_EXPORTED:
            self.message_user(
                request,
                f"A sheet holds at most {MOST_EXPORTED:,} rows: choose fewer by a search or a filter first.",
                messages.WARNING,
            )
            return HttpResponseRedirect(reverse("admin:policies_policycode_changelist"))
        return super().export_action(request)
