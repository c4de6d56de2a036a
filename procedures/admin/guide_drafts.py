"""The editors' side of guides in work: writing, previewing, and the steps to publication."""

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.decorators import method_decorator
from django.utils.html import format_html_join
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_POST, require_safe

from procedures.admin.code_search import CodeSearch
from procedures.admin.code_select import CodeChoice
from procedures.admin.columns import code_of, title_of, without_texts
from procedures.admin.content_health_filters import DraftAgeFilter, DraftDueFilter
from procedures.admin.guide_draft_form import GuideDraftForm, sources_field
from procedures.admin.guide_steps import STEPS, open_steps, where_it_stands
from procedures.admin.large_lists import KeyPaginator
from procedures.guide_sections import SECTIONS
from procedures.models import Guide, GuideDraft, MedicalCode, TransitionRefused
from procedures.models.guide_drafts import PREVIEW_DAYS
from procedures.previews import preview_page, typed_preview
from procedures.text_diff import compare_sections, shortened

LIST = "admin:procedures_guidedraft_changelist"
HARD_GRADE = 9
CHANGE = "admin:procedures_guidedraft_change"


class StateFilter(admin.SimpleListFilter):
    """Drafts by their place in the workflow."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request, model_admin):
        return GuideDraft.State.choices

    def queryset(self, request, queryset):
        return queryset.filter(state=self.value()) if self.value() in GuideDraft.State.values else queryset


class MineFilter(admin.SimpleListFilter):
    """Drafts by whether the person has written in them."""

    title = "author"
    parameter_name = "whose"

    def lookups(self, request, model_admin):
        return [("mine", "I wrote in it"), ("others", "Others wrote it")]

    def queryset(self, request, queryset):
        mine = GuideDraft.objects.filter(contributors=request.user).values("pk")
        if self.value() == "mine":
            return queryset.filter(pk__in=mine)
        return queryset.exclude(pk__in=mine) if self.value() == "others" else queryset


@admin.register(GuideDraft)
class GuideDraftAdmin(CodeSearch, CodeChoice, admin.ModelAdmin):
    """A text is changed here while it is a draft; it becomes public only by the steps of the workflow."""

    form = GuideDraftForm
    list_display = [code_of, title_of, "standing", "changed_by", "changed_at", "reading_grade"]
    list_filter = [StateFilter, MineFilter, DraftAgeFilter, DraftDueFilter]
    list_per_page = 50
    paginator = KeyPaginator
    list_select_related = ["code__system", "author", "changed_by"]
    sortable_by = [code_of, "standing", "changed_at", "reading_grade"]
    autocomplete_fields = ["code"]
    actions = ["send_to_review", "publish"]
    save_on_top = True
    change_form_template = "admin/procedures/guidedraft/change_form.html"

    class Media:
        js = ["js/guide_editor.js"]

    def get_queryset(self, request):
        return without_texts(request, super().get_queryset(request))

    # Who may do what

    def has_change_permission(self, request, obj=None):
        # A text that was sent to review meanwhile is refused by the form, which keeps what was typed.
        may_change = super().has_change_permission(request, obj)
        return may_change and (obj is None or obj.is_editable or request.method == "POST")

    def has_publish_permission(self, request):
        return request.user.has_perm("procedures.publish_guide")

    # The form

    def get_fieldsets(self, request, obj=None):
        may_change = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        sections = [(section.heading, {"fields": [section.field]}) for section in SECTIONS]
        if not may_change:
            first = (None, {"fields": ["code", "change_note"]})
            return [first, *sections, ("Sources", {"fields": ["sources", "sources_of_sections"]})]
        of_sections = {
            "fields": [sources_field(section) for section in SECTIONS],
            "classes": ["collapse"],
            "description": "Where a reference supports one section only.",
        }
        return [
            (None, {"fields": ["code", "change_note", "opened_version"]}),
            *sections,
            ("Sources", {"fields": ["sources"]}),
            ("Sources of single sections", of_sections),
        ]

    def get_readonly_fields(self, request, obj=None):
        # A draft stays with its code. `sources_of_sections` is shown where the form has no fields for them.
        return ["code", "sources_of_sections"] if obj else []

    @admin.display(description="state", ordering="state")
    def standing(self, draft):
        if not draft.go_live_at:
            return draft.get_state_display()
        return f"{draft.get_state_display()} for {date_format(timezone.localtime(draft.go_live_at), 'j F Y, H:i')}"

    @admin.display(description="sources of single sections")
    def sources_of_sections(self, draft):
        named = [(section.heading, draft.section_sources.get(section.field)) for section in SECTIONS]
        return format_html_join("", "<p>{}: {}</p>", [pair for pair in named if pair[1]]) or "None"

    def get_object(self, request, object_id, from_field=None):
        draft = super().get_object(request, object_id, from_field)
        if draft is not None and request.method == "POST":
            # Until the form is saved nobody else saves this draft.
            return GuideDraft.objects.select_for_update(of=("self",)).select_related("code").filter(pk=draft.pk).first()
        return draft

    def add_view(self, request, form_url="", extra_context=None):
        code = _number(request.GET.get("code"))
        if request.method == "GET" and code is not None and self.has_add_permission(request):
            if draft := GuideDraft.objects.filter(code=code).first():
                self.message_user(request, "This guide is in work already: here it is.", messages.INFO)
                return HttpResponseRedirect(reverse(CHANGE, args=[draft.pk]))
            if guide := Guide.objects.filter(code=code).first():
                self.message_user(request, "This code has a guide: choose Edit to change it.", messages.INFO)
                return HttpResponseRedirect(reverse("admin:procedures_guide_change", args=[guide.pk]))
        return super().add_view(request, form_url, extra_context)

    def get_changeform_initial_data(self, request):
        # Django would hand any text to the database as a key.
        code = _number(request.GET.get("code"))
        return {"code": code} if code is not None else {}

    @method_decorator(require_safe)
    def history_view(self, request, object_id, extra_context=None):
        return super().history_view(request, object_id, extra_context)

    def change_view(self, request, object_id, form_url="", extra_context=None):
        if request.method == "POST" and super().get_object(request, unquote(object_id)) is None:
            return self._keep_text_of_gone_draft(request)
        return super().change_view(request, object_id, form_url, extra_context)

    def _keep_text_of_gone_draft(self, request):
        """What was typed into a draft that was published or deleted meanwhile, for copying."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        names = [
            ("change_note", "What changes"),
            *((each.field, each.heading) for each in SECTIONS),
            ("sources", "Sources"),
        ]
        names += [(sources_field(each), f"Sources: {each.heading}") for each in SECTIONS]
        texts = [{"heading": heading, "text": request.POST.get(name, "")} for name, heading in names]
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "This draft is gone"}
        context["texts"] = [each for each in texts if each["text"].strip()]
        return TemplateResponse(request, "admin/procedures/guidedraft/gone.html", context, status=409)

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context["show_save_and_add_another"] = False
        if obj is not None:
            token = reverse("procedures:preview", args=[obj.preview_token()])
            context |= {
                "draft": obj,
                "where_it_stands": where_it_stands(obj, request.user),
                "steps": open_steps(obj, request.user),
                "preview_link": request.build_absolute_uri(token),
                "preview_days": PREVIEW_DAYS,
                "empty_sections": [each.heading for each in SECTIONS if not getattr(obj, each.field)],
                "live_guide": Guide.objects.filter(code_id=obj.code_id).first(),
            }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.author = request.user
        obj.save_text(by=request.user)
        for remark in form.remarks:
            self.message_user(request, remark, messages.WARNING)
        hints = obj.take_hints()
        if hints.unfinished:
            marks = ", ".join(hints.unfinished[:5])
            self.message_user(request, f"The text has unfinished marks: {marks}", messages.WARNING)
        if not change and Guide.objects.filter(code_id=obj.code_id).exists():
            self.message_user(request, "This code has a guide already: publishing replaces its text.", messages.WARNING)

    def response_add(self, request, obj, post_url_continue=None):
        return self._send_if_asked(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request, obj):
        return self._send_if_asked(request, obj) or super().response_change(request, obj)

    def _send_if_asked(self, request, draft):
        if "_send_to_review" not in request.POST:
            return None
        self._take(request, draft, STEPS["submit"], {})
        self.message_user(request, f"{draft.code.code} was saved and sent to review.", messages.SUCCESS)
        return HttpResponseRedirect(reverse(CHANGE, args=[draft.pk]))

    def view_on_site(self, obj):
        return reverse("admin:procedures_guidedraft_preview", args=[obj.pk])

    # Actions of the list

    @admin.action(description="Send the selected drafts to review", permissions=["change"])
    def send_to_review(self, request, queryset):
        self._take_all(request, queryset, STEPS["submit"], "sent to review")

    @admin.action(description="Publish the selected approved texts", permissions=["publish"])
    def publish(self, request, queryset):
        self._take_all(request, queryset, STEPS["publish"], "published")

    def _take_all(self, request, queryset, step, done: str) -> None:
        """Takes the step with each draft; those that refuse are named with the reason and stay as they are."""
        count = 0
        for draft in queryset.select_related("code"):
            try:
                if step.name == "publish" and draft.go_live_at and draft.go_live_at > timezone.now():
                    raise TransitionRefused("It is approved for a later time: publish it now on its own page.")
                with transaction.atomic():
                    self._take(request, draft, step, {})
                count += 1
            except TransitionRefused as refusal:
                self.message_user(request, f"{draft.code.code}: {refusal}", messages.WARNING)
        if count:
            noun = "text was" if count == 1 else "texts were"
            self.message_user(request, f"{count} {noun} {done}.", messages.SUCCESS)

    def _take(self, request, draft, step, data):
        # Deleting a draft empties its key, which the log needs.
        pk = draft.pk
        result = step.act(draft, request.user, data)
        if isinstance(result, Guide):
            self.log_change(request, result, step.done)
        draft.pk = pk
        message = f"{step.done} {data['note']}" if data.get("note") else step.done
        self.log_change(request, draft, message)
        return result

    # Pages of one draft

    def get_urls(self):
        view = self.admin_site.admin_view
        names = "procedures_guidedraft"
        return [
            path("typed-preview/", view(self.typed_preview_view), name=f"{names}_typed_preview"),
            path("begin/<int:guide_pk>/", view(self.begin_view), name=f"{names}_begin"),
            path("<int:pk>/preview/", view(self.preview_view), name=f"{names}_preview"),
            path("<int:pk>/compare/", view(self.compare_view), name=f"{names}_compare"),
            path("<int:pk>/step/<slug:name>/", view(self.step_view), name=f"{names}_step"),
            *super().get_urls(),
        ]

    def _find(self, request, pk: int) -> GuideDraft | None:
        """The draft for one of its pages; None with a message where it is gone. Refuses who may not see drafts."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        draft = GuideDraft.objects.select_related("code__system", "changed_by").filter(pk=pk).first()
        if draft is None:
            self.message_user(request, "This draft is gone: it was published or deleted.", messages.WARNING)
        return draft

    @method_decorator(require_POST)
    def begin_view(self, request, guide_pk):
        """Begins a draft with the text of a public guide, or goes on with the one that is in work."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        guide = Guide.objects.select_related("code").filter(pk=guide_pk).first()
        if guide is None:
            raise Http404("There is no such guide.")
        try:
            with transaction.atomic():
                draft = GuideDraft.objects.begin(guide.code, by=request.user)
                self.log_addition(request, draft, "Begun with the text of the guide.")
        except TransitionRefused as refusal:
            self.message_user(request, str(refusal), messages.INFO)
            draft = GuideDraft.objects.get(code=guide.code)
        return HttpResponseRedirect(reverse(CHANGE, args=[draft.pk]))

    def step_view(self, request, pk, name):
        """Asks before a step of the workflow, and takes it."""
        step = STEPS.get(name)
        if step is None:
            raise Http404("There is no such step.")
        draft = self._find(request, pk)
        if not request.user.has_perm(step.permission):
            raise PermissionDenied
        if draft is None:
            return HttpResponseRedirect(reverse(LIST))
        form = step.form_class(request.POST or None, initial={"version": draft.version})
        if request.method == "POST" and form.is_valid():
            try:
                with transaction.atomic():
                    if form.cleaned_data["version"] != draft.version:
                        who = draft.changed_by or "a command"
                        raise TransitionRefused(f"It was changed meanwhile, last by {who}: read it again first.")
                    result = self._take(request, draft, step, form.cleaned_data)
                self.message_user(request, f"{draft.code.code}: {step.done}", messages.SUCCESS)
                if isinstance(result, Guide):
                    return HttpResponseRedirect(reverse("admin:procedures_guide_change", args=[result.pk]))
                return HttpResponseRedirect(reverse(CHANGE, args=[pk]))
            except TransitionRefused as refusal:
                form.add_error(None, str(refusal))
                form.data = form.data.copy()
                form.data["version"] = draft.version
        context = self._context(request, draft, f"{step.label}: {draft.code.code}")
        context |= {
            "step": step,
            "form": form,
            "differences": differences_from_public(draft),
            "withdrawn_guide": Guide.objects.unpublished().filter(code_id=draft.code_id).first(),
            "warnings": warnings_about(draft) if step.name in ("submit", "approve", "publish") else [],
        }
        return TemplateResponse(request, "admin/procedures/guidedraft/step.html", context)

    def compare_view(self, request, pk):
        """What the draft changes of the public text."""
        draft = self._find(request, pk)
        if draft is None:
            return HttpResponseRedirect(reverse(LIST))
        context = self._context(request, draft, f"What changes: {draft.code.code}")
        context["differences"] = differences_from_public(draft)
        return TemplateResponse(request, "admin/procedures/guidedraft/compare.html", context)

    def _context(self, request, draft, title: str) -> dict:
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "draft": draft,
            "title": title,
            "is_new": not Guide.objects.filter(code_id=draft.code_id).exists(),
            "change_url": reverse(CHANGE, args=[quote(draft.pk)]),
        }

    def preview_view(self, request, pk):
        """The page of the code as it would be with this draft, for those who are logged in."""
        draft = self._find(request, pk)
        if draft is None:
            return HttpResponseRedirect(reverse(LIST))
        note = "Only those who are logged in can open this address."
        return preview_page(request, draft, link_note=note, edit_url=reverse(CHANGE, args=[pk]))

    @method_decorator(xframe_options_sameorigin)
    def typed_preview_view(self, request):
        """The text as it stands in the form, unsaved, for the frame below the form; before that, a hint (GET)."""
        if not (self.has_add_permission(request) or super().has_change_permission(request)):
            raise PermissionDenied
        if request.method != "POST":
            return render(request, "admin/procedures/guidedraft/no_preview.html")
        pk = _number(request.POST.get("code") or request.GET.get("code"))
        code = MedicalCode.objects.filter(pk=pk).first()
        if code is None:
            return render(request, "admin/procedures/guidedraft/no_preview.html", {"code_is_missing": True})
        form = GuideDraftForm(request.POST, instance=GuideDraft(code=code))
        with transaction.atomic():
            form.is_valid()
        texts = {section.field: form.cleaned_data.get(section.field, "") for section in SECTIONS}
        draft = GuideDraft(code=code, **texts, sources=form.cleaned_data.get("sources", ""))
        draft.section_sources = form.instance.section_sources
        return typed_preview(request, code, draft)


def _number(text: str | None) -> int | None:
    """The key that an address names, or None for what cannot be one."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 19 else None


def warnings_about(draft: GuideDraft) -> list[str]:
    """What somebody should know before a text goes on: no source, unfinished marks, empty sections, hard to read."""
    hints = draft.take_hints()
    warnings = [] if draft.has_source else ["It names no source yet: without one it cannot be approved."]
    if hints.unfinished:
        warnings.append(f"Unfinished marks: {', '.join(hints.unfinished[:5])}.")
    if hints.empty_sections:
        warnings.append(f"Without text: {', '.join(section.heading for section in hints.empty_sections)}.")
    if hints.reading_grade is not None and hints.reading_grade > HARD_GRADE:
        warnings.append(f"The reading grade is {hints.reading_grade}: many adults do not follow above {HARD_GRADE}.")
    return warnings


def differences_from_public(draft: GuideDraft) -> list:
    """What the draft changes of the public text, section by section, long stretches of the same words left out."""
    guide = Guide.objects.filter(code_id=draft.code_id).first()
    return [
        {"heading": each.heading, "pieces": shortened(each.pieces)}
        for each in compare_sections(guide.all_texts() if guide else {}, draft.all_texts())
    ]
