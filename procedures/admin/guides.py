"""The editors' side of public guides: reading, reviewing, taking off the page, and their history.

Nothing is edited here: an edit begins a draft (procedures.admin.guide_drafts).
"""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html_join

from procedures.admin.code_search import CodeSearch, code_ids_with_words
from procedures.admin.columns import LONG_COLUMNS, code_of, title_of, without_texts
from procedures.admin.content_health_filters import GuideHealthFilter
from procedures.admin.guide_sheet import GuideResource
from procedures.admin.history import HistoryAdmin
from procedures.admin.large_lists import KeyPaginator
from procedures.admin.sheets import SheetAdmin
from procedures.guide_sections import SECTIONS
from procedures.models import Guide, GuideDraft, TransitionRefused
from procedures.search import Filters
from procedures.text_diff import compare_sections, shortened

CHANGE = "admin:procedures_guide_change"
# An act on more guides would take longer than a page may, and their form more fields than Django takes.
MOST_AT_ONCE = 200


class PublicFilter(admin.SimpleListFilter):
    """Guides by whether the public can read them."""

    title = "public"
    parameter_name = "public"

    def lookups(self, request, model_admin):
        return [("yes", "Public"), ("no", "Taken off the page")]

    def queryset(self, request, queryset):
        if self.value() == "yes":
            return queryset.published()
        return queryset.unpublished() if self.value() == "no" else queryset


class UnpublishForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        widget=forms.TextInput({"class": "vTextField", "size": 80}),
        help_text="Visitors read it on the page of the code: “It is being rewritten.”",
    )

    def act(self, guide: Guide, user) -> None:
        guide.unpublish(reason=self.cleaned_data["reason"], by=user)


class ReviewForm(forms.Form):
    reviewer = forms.CharField(
        label="Reviewed by",
        max_length=150,
        widget=forms.TextInput({"class": "vTextField", "size": 60}),
        help_text="Name and profession, as visitors read it: “Jane Roe, RN, oncology nurse”.",
    )
    on = forms.DateField(
        label="Reviewed on",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="The day on which the whole page was checked.",
    )
    due = forms.DateField(
        label="Next review due",
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="At most three years later.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.initial = {"on": timezone.localdate(), **self.initial}

    def act(self, guide: Guide, user) -> None:
        data = self.cleaned_data
        # The text that was public when the form was opened; without it, as from a script, that of today.
        opened = parse_datetime(self.data.get(f"text_of_{guide.pk}", "")) or guide.changed_at
        guide.mark_reviewed(reviewer=data["reviewer"], on=data["on"], due=data["due"], by=user, text_of=opened)


def _day(moment) -> str:
    return date_format(moment, "j F Y")


@admin.register(Guide)
class GuideAdmin(CodeSearch, SheetAdmin, HistoryAdmin):
    resource_classes = [GuideResource]
    import_permission = "procedures.review_guide"
    list_display = [
        *[code_of, title_of, "is_public", "changed_at", "reviewed_on", "review_due_on", "reading_grade"],
        *["word_count", "publisher"],
    ]
    list_filter = [PublicFilter, GuideHealthFilter]
    search_help_text = "A code or the beginning of one, or words of its description, names or guide."
    list_per_page = 50
    paginator = KeyPaginator
    list_select_related = ["code__system"]
    ordering = ["-changed_at", "-pk"]
    sortable_by = [code_of, "changed_at", "reviewed_on", "review_due_on", "reading_grade", "word_count"]
    actions = ["mark_reviewed", "unpublish"]
    history_list_display = ["written_by", "approved_by", "publisher"]
    change_form_template = "admin/procedures/guide/change_form.html"
    fieldsets = [
        (None, {"fields": ["code", "standing", "review", "document"]}),
        *[(section.heading, {"fields": [section.field]}) for section in SECTIONS],
        ("Sources", {"fields": ["sources", "sources_of_sections"]}),
    ]

    def search_by_words(self, request, queryset, search_term):
        """Public guides by their text too, as visitors find them; those taken off the page by their codes."""
        codes = code_ids_with_words(search_term, Filters(has_guide=True))
        off_the_page = super().search_by_words(request, queryset.unpublished(), search_term)
        return queryset.filter(Q(code__in=codes) | Q(pk__in=list(off_the_page.values_list("pk", flat=True))))

    def get_queryset(self, request):
        return without_texts(request, super().get_queryset(request))

    # Who may do what

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_publish_permission(self, request):
        return request.user.has_perm("procedures.publish_guide")

    def has_review_permission(self, request):
        return request.user.has_perm("procedures.review_guide")

    # What is shown

    @admin.display(boolean=True, description="public")
    def is_public(self, guide):
        return guide.is_published

    @admin.display(description="state")
    def standing(self, guide):
        if not guide.is_published:
            return f"Taken off the page on {_day(guide.unpublished_at)}: {guide.unpublish_reason}"
        since = f"Public since {_day(guide.published_at)}; this text since {_day(guide.changed_at)}"
        people = [f"published by {guide.publisher}"]
        if guide.written_by:
            people.insert(0, f"written by {guide.written_by}")
        if guide.approved_by:
            people.insert(-1, f"approved by {guide.approved_by}")
        return f"{since}, {', '.join(people)}."

    @admin.display(description="review")
    def review(self, guide):
        if guide.reviewed_on is None:
            return "Not yet reviewed by a clinician."
        changed = " The text was changed since." if guide.was_changed_since_review else ""
        due = f"Next review due {_day(guide.review_due_on)}."
        return f"Reviewed by {guide.reviewed_by} on {_day(guide.reviewed_on)}. {due}{changed}"

    @admin.display(description="imported document")
    def document(self, guide):
        if not guide.document_name:
            return "None"
        return f"{guide.document_name}, {guide.document_date or ''}, SHA-256 {guide.document_digest}"

    @admin.display(description="sources of single sections")
    def sources_of_sections(self, guide):
        named = [(section.heading, guide.section_sources.get(section.field)) for section in SECTIONS]
        return format_html_join("", "<p>{}: {}</p>", [pair for pair in named if pair[1]]) or "None"

    def render_change_form(self, request, context, add=False, change=False, form_url="", obj=None):
        context |= {
            "guide": obj,
            "draft": GuideDraft.objects.filter(code_id=obj.code_id).first(),
            "may_edit": request.user.has_perm("procedures.add_guidedraft"),
            "may_publish": self.has_publish_permission(request),
            "may_review": self.has_review_permission(request),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    # Acts on one guide or several

    @admin.action(description="Mark the selected guides as reviewed by a clinician", permissions=["review"])
    def mark_reviewed(self, request, queryset):
        return self._ask(request, queryset, "mark_reviewed", "Mark as reviewed", ReviewForm, "marked as reviewed")

    @admin.action(description="Take the selected guides off their pages", permissions=["publish"])
    def unpublish(self, request, queryset):
        return self._ask(request, queryset, "unpublish", "Take off the page", UnpublishForm, "taken off")

    def _ask(self, request, queryset, action: str, label: str, form_class, done: str):
        """A page that asks for what the act needs; then the act on each guide, refusals named one by one."""
        if queryset.count() > MOST_AT_ONCE:
            self.message_user(request, f"Choose at most {MOST_AT_ONCE} guides at once.", messages.WARNING)
            return None
        form = form_class(request.POST if "_act" in request.POST else None)
        if form.is_bound and form.is_valid():
            count, refusals = 0, []
            for guide in queryset.select_related("code"):
                try:
                    with transaction.atomic():
                        form.act(guide, request.user)
                        self.log_change(request, guide, f"{label}.")
                    count += 1
                except TransitionRefused as refusal:
                    refusals.append(f"{guide.code.code}: {refusal}")
            if count:
                for refusal in refusals:
                    self.message_user(request, refusal, messages.WARNING)
                noun = "guide was" if count == 1 else "guides were"
                self.message_user(request, f"{count} {noun} {done}.", messages.SUCCESS)
                return None
            # Nothing was done, so what was filled in is shown again.
            for refusal in refusals:
                form.add_error(None, refusal)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": label,
            "form": form,
            "action": action,
            "label": label,
            "guides": queryset.select_related("code__system").defer(*LONG_COLUMNS[Guide]),
        }
        return TemplateResponse(request, "admin/procedures/guide/ask.html", context)

    # History

    def history_form_view(self, request, object_id, version_id, extra_context=None):
        """One version of the guide beside the public text; POST brings it back as a draft, never at once."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        version = Guide.history.select_related("history_user").filter(id=object_id, history_id=version_id).first()
        if version is None:
            raise Http404("There is no such version.")
        if request.method == "POST":
            if not request.user.has_perm("procedures.add_guidedraft"):
                raise PermissionDenied
            try:
                with transaction.atomic():
                    draft = GuideDraft.objects.restore(version, by=request.user)
                    self.log_addition(request, draft, "Begun with a former text.")
                self.message_user(request, "The former text is a draft now: it goes to review like any other.")
                return HttpResponseRedirect(reverse("admin:procedures_guidedraft_change", args=[draft.pk]))
            except TransitionRefused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
        guide = Guide.objects.filter(pk=object_id).first()
        former, now = version.instance, guide or Guide()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"A former text: {version.code}",
            "guide": guide,
            "version": version,
            "sections": [(section.heading, getattr(former, section.field)) for section in SECTIONS],
            "sources": former.sources,
            "differences": [
                {"heading": each.heading, "pieces": shortened(each.pieces)}
                for each in compare_sections(now.all_texts(), former.all_texts())
            ],
            "may_edit": request.user.has_perm("procedures.add_guidedraft"),
        }
        return TemplateResponse(request, "admin/procedures/guide/version.html", context)

    # Deletion, for those who have that permission: no group has

    def delete_model(self, request, obj):
        obj.remove(by=request.user)

    def delete_queryset(self, request, queryset):
        with transaction.atomic():
            for guide in queryset.select_related("code"):
                guide.remove(by=request.user)
