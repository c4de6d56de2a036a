"""The editors' side of policies: the list, the form with its codes, deletion, and history."""

from itertools import pairwise

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Count, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponseRedirect
from django.utils import timezone

from policies.admin.boxes import RowChoice
from policies.admin.code_forms import NewCodesFormSet, NewCodesInline, ShownCodesFormSet, ShownCodesInline
from policies.admin.policy_filters import IssuerFilter, PlanKindFilter, PolicyHealthFilter
from policies.admin.policy_form import LIST_FIELDS, PolicyForm
from policies.admin.policy_history import VersionLists, code_history
from policies.admin.policy_sheet import PolicyResource
from policies.admin.verification import verify
from policies.changes import PolicyState, mark_codes, record_change
from policies.models import Policy, PolicyCode, WithheldUpdate
from policies.models.policies import LINK_COLUMNS
from procedures.admin.code_search import code_ids_beginning
from procedures.admin.columns import LONG_COLUMNS, without_texts
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator, newest_keys
from procedures.admin.sheets import SheetAdmin
from procedures.models import ContentVersion

MOST_AT_ONCE = 500
VERIFIED = "Marked as verified."

LONG_COLUMNS[Policy] = ["summary"]

# The columns that this form writes: what imports and checks of links keep in the others stays.
TYPED = ["slug", *(field.name for field in Policy._meta.fields if field.editable and not field.primary_key)]

DOCUMENT = (
    "Facts as the original document states them. Leave empty what it does not say: a fact without source stays empty."
)
DATES = "Readers see a new revision after a change of these, but for the day of verification."
LIST = "The codes of a whole list at once. Single codes can be added below."


@admin.register(Policy)
class PolicyAdmin(RowChoice, SheetAdmin, HistoryAdmin):
    """What readers see changes with each save: every change is recorded as a revision."""

    resource_classes = [PolicyResource]
    form = PolicyForm
    inlines = [ShownCodesInline, NewCodesInline]
    list_display = [
        *["title", "number", "kind", "issuer", "state", "effective", "last_verified", "is_stale", "link"],
        "code_count",
    ]
    list_filter = [PolicyHealthFilter, "kind", "status", PlanKindFilter, ("issuer", IssuerFilter)]
    list_select_related = ["issuer"]
    list_per_page = 50
    paginator = KeyPaginator
    show_full_result_count = False
    ordering = ["title", "pk"]
    sortable_by = ["title", "number", "kind", "effective", "last_verified"]
    search_fields = ["title", "number", "issuer__name"]
    search_help_text = "A code that it names, its number, or words of its title or issuer (the newest 1,000)."
    actions = ["mark_verified"]
    autocomplete_fields = ["issuer", "plans", "references"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    change_form_template = "admin/policies/policy/change_form.html"
    object_history_template = "admin/policies/policy/history.html"
    save_on_top = True

    def get_queryset(self, request):
        codes = PolicyCode.objects.filter(policy=OuterRef("pk")).order_by().values("policy")
        counted = codes.annotate(n=Count("code", distinct=True)).values("n")
        policies = super().get_queryset(request).annotate(codes_counted=Coalesce(Subquery(counted), 0))
        return without_texts(request, policies)

    def get_search_results(self, request, queryset, search_term):
        """Policies with this number or of these codes, else those that hold all words of the term."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(number__istartswith=term)
        if codes := code_ids_beginning(term):
            found |= Q(pk__in=PolicyCode.objects.filter(code__in=codes).order_by().values("policy"))
        if keys := newest_keys(queryset.filter(found)):
            return queryset.filter(pk__in=keys), False
        found, _ = super().get_search_results(request, queryset, term)
        return queryset.filter(pk__in=newest_keys(found)), False

    # Columns and facts that nobody types

    @admin.display(description="state")
    def state(self, policy):
        return policy.state(timezone.localdate()).label

    @admin.display(description="stale")
    def is_stale(self, policy):
        # Django's green tick for what is true would praise it.
        return "Stale" if policy.is_stale(timezone.localdate()) else ""

    @admin.display(description="link")
    def link(self, policy):
        if not policy.url:
            return "no address"
        answer = f" ({policy.link_answer})" if policy.link_answer else ""
        return f"{policy.get_link_state_display()}{answer}"

    @admin.display(description="codes")
    def code_count(self, policy):
        return policy.codes_counted

    # Who may do what

    def has_import_permission(self, request):
        # Lists of policies are imported on the server (import_policies), sheets of their codes with PolicyCodeAdmin.
        return False

    @admin.action(description="Mark as verified today", permissions=["change"])
    def mark_verified(self, request, queryset):
        if queryset.count() > MOST_AT_ONCE:
            self.message_user(request, f"Choose at most {MOST_AT_ONCE} policies at once.", messages.WARNING)
            return
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            policies = list(queryset)
            verify(policies, timezone.localdate(), by=request.user, reason=VERIFIED)
            LogEntry.objects.log_actions(request.user.pk, policies, CHANGE, VERIFIED)
            ContentVersion.advance()
        noun = "policy was" if len(policies) == 1 else "policies were"
        self.message_user(request, f"{len(policies)} {noun} marked as verified today.", messages.SUCCESS)

    # The form

    def get_fieldsets(self, request, obj=None):
        may_change = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        facts = ["kind", "article_type", "number", "title", "issuer", "plans", "url"]
        dates = ["status", "effective", "last_reviewed", "retired", "last_verified"]
        fieldsets = [
            ("Document", {"fields": facts, "description": DOCUMENT if may_change else None}),
            ("Status and dates", {"fields": dates, "description": DATES if may_change else None}),
            ("What it says", {"fields": ["summary", "references"]}),
        ]
        if obj:
            fieldsets.append(("On this site", {"fields": ["public_id", "link", "link_checked_at", "missing_since"]}))
        if may_change and _may_add_list(request):
            fieldsets.append(("Add a list of codes", {"fields": LIST_FIELDS, "description": LIST}))
        return fieldsets

    def get_readonly_fields(self, request, obj=None):
        return ["public_id", "link", "link_checked_at", "missing_since"] if obj else []

    def get_inlines(self, request, obj):
        return self.inlines if obj else [NewCodesInline]

    def get_changeform_initial_data(self, request):
        # Django would hand any text to the database as a key.
        return {}

    def get_form(self, request, obj=None, change=False, **kwargs):
        form = super().get_form(request, obj, change, **kwargs)
        if not _may_add_list(request):
            # Fields that no fieldset shows are read all the same.
            form = type(form.__name__, (form,), dict.fromkeys(LIST_FIELDS))
        version_id = _version_of(request)
        if version_id is None or request.method == "POST":
            return form
        version = Policy.history.get(history_id=version_id)
        lists = {
            "plans": list(version.plans.values_list("healthplan_id", flat=True)),
            "references": list(version.references.values_list("to_policy_id", flat=True)),
        }

        class FormOfVersion(form):
            """With the plans and references of the version: django-simple-history 3.13 shows those of today."""

            def __init__(self, *args, **kwargs):
                super().__init__(*args, initial=lists, **kwargs)

        return FormOfVersion

    def _create_formsets(self, request, obj, change):
        formsets, inlines = super()._create_formsets(request, obj, change)
        shown = next((each for each in formsets if isinstance(each, ShownCodesFormSet)), None)
        for each in formsets:
            if isinstance(each, NewCodesFormSet):
                each.shown = shown
        return formsets, inlines

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        if obj:
            context["is_missing"] = Policy.objects.missing().filter(pk=obj.pk).exists()
            if request.user.has_perm("policies.view_withheldupdate"):
                context["withheld"] = WithheldUpdate.objects.filter(policy=obj).first()
        return super().render_change_form(request, context, add, change, form_url, obj)

    def response_change(self, request, obj):
        response = super().response_change(request, obj)
        if "_continue" in request.POST and isinstance(response, HttpResponseRedirect):
            # Back to the codes that were shown.
            shown = {name: text for name, text in request.GET.items() if name in ("find_code", "codes_page")}
            if shown and "?" not in response["Location"]:
                query = request.GET.copy()
                query.clear()
                query.update(shown)
                response["Location"] += f"?{query.urlencode()}"
        return response

    # Saving: HistoryAdmin has waited for other writers before the policy was read

    def save_model(self, request, obj, form, change):
        obj._history_user = request.user
        if not change:
            form.before = None
            obj.name_for_addresses(set(Policy.objects.values_list("public_id", flat=True)))
            obj.save()
            return
        form.before = PolicyState.of(obj)
        obj.name_for_addresses()
        if obj.url == form.before.facts["url"]:
            obj.save(update_fields=TYPED)
        else:
            obj.forget_link()
            obj.save(update_fields=[*TYPED, *LINK_COLUMNS])

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        if _may_add_list(request) and (said := form.add_listed_codes(by=request.user)):
            self.message_user(request, said, messages.INFO)
        record_change(form.instance, form.before)

    # Deletion, for those who have that permission: no group has

    def get_deleted_objects(self, objs, request):
        """The policies alone: all that hangs on them goes with them, and nobody needs to read thousands of rows."""
        may_delete = request.user.has_perm("policies.delete_policy")
        policies = list(objs)
        rows = PolicyCode.objects.filter(policy__in=policies).count()
        count = {self.opts.verbose_name_plural: len(policies), PolicyCode._meta.verbose_name_plural: rows}
        return [str(policy) for policy in policies], count, set() if may_delete else {self.opts.verbose_name}, []

    def delete_model(self, request, obj):
        codes = set(obj.policy_codes.order_by().values_list("code_id", flat=True))
        super().delete_model(request, obj)
        mark_codes(codes)
        ContentVersion.advance()

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            codes = set(PolicyCode.objects.filter(policy__in=queryset).order_by().values_list("code_id", flat=True))
            super().delete_queryset(request, queryset)
            mark_codes(codes)
            ContentVersion.advance()

    # History

    def history_view(self, request, object_id, extra_context=None):
        page, steps = code_history(int(object_id), request.GET.get("codes_page"))
        return super().history_view(
            request, object_id, {"code_page": page, "code_steps": steps, **(extra_context or {})}
        )

    def set_history_delta_changes(self, request, historical_records, foreign_keys_are_objs=True):
        versions = list(historical_records)
        lists = VersionLists(versions)
        for after, before in pairwise(versions):
            delta = after.diff_against(before, lists.names, foreign_keys_are_objs=foreign_keys_are_objs)
            facts = self.get_historical_record_context_helper(request, after).context_for_delta_changes(delta)
            after.history_delta_changes = [*facts, *lists.changes(before, after)]

    def revert_disabled(self, request, obj=None):
        """A policy that was deleted is not brought back: its number may be another's by now."""
        is_gone = obj is not None and not Policy.objects.filter(pk=obj.pk).exists()
        return is_gone or super().revert_disabled(request, obj)

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        if request.method != "POST":
            return super().history_form_view(request, object_id, version_id, extra_context)
        with transaction.atomic():
            ContentVersion.wait_for_other_writers()
            policy = Policy.objects.filter(pk=object_id).first()
            if policy is None:
                raise PermissionDenied
            before = PolicyState.of(policy)
            response = super().history_form_view(request, object_id, version_id, extra_context)
            if isinstance(response, HttpResponseRedirect):
                record_change(Policy.objects.get(pk=object_id), before)
        return response


def _may_add_list(request) -> bool:
    return request.user.has_perm("policies.add_policycode") and not _version_of(request)


def _version_of(request) -> str | None:
    """The key of the version that the page of a former version shows; None on any other page."""
    match = request.resolver_match
    return match.args[1] if match.url_name == "policies_policy_simple_history" else None
