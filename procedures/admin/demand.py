"""The editors' side of what visitors look for: views of codes, and searches that found nothing."""

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.html import format_html

from procedures.admin.code_select import CodeSelect
from procedures.admin.columns import ReadOnlyAdmin, code_of, title_of
from procedures.models import CodeName, CodeSystem, ContentVersion, DailyViews, SearchWithoutResult
from procedures.models.demand import VIEWS_KEPT
from procedures.search import reindex, search

LIST = "admin:procedures_searchwithoutresult_changelist"
ADD_NAME = "admin:procedures_searchwithoutresult_add_name"
ADD_EVERYDAY_WORD = "admin:procedures_everydayword_add"


def tell_what_is_found(request, text: str, done: str) -> None:
    """Says what an editor has `done`, and what visitors find by the text now.

    A text that finds something is no search without result any more.
    """
    results = search(text, list(CodeSystem.objects.searchable()))
    if not results.total:
        why = "Search needs every word of the query in the texts of one code."
        messages.warning(request, f"{done} A search for “{text}” still finds nothing. {why}")
        return
    SearchWithoutResult.objects.filter(text=text).delete()
    codes = ", ".join(row["code"] for row in results.rows[:5])
    number = "1 code" if results.total == 1 else f"{results.total} codes"
    first = "" if results.total == len(results.rows[:5]) else ", first of all"
    messages.success(request, f"{done} A search for “{text}” finds {number}{first}: {codes}.")


class PeriodFilter(admin.SimpleListFilter):
    """Views of the last days; of a week where nothing is chosen, because there are many."""

    title = "period"
    parameter_name = "days"
    periods = {"1": "Today", "7": "7 days", "30": "30 days", str(VIEWS_KEPT): "All that is kept"}

    def lookups(self, request, model_admin):
        return list(self.periods.items())

    def value(self):
        chosen = super().value()
        return chosen if chosen in self.periods else "7"

    def choices(self, changelist):
        for days, title in self.lookup_choices:
            link = changelist.get_query_string({self.parameter_name: days})
            yield {"selected": self.value() == days, "query_string": link, "display": title}

    def queryset(self, request, queryset):
        return queryset.of_last(int(self.value()))


@admin.register(DailyViews)
class DailyViewsAdmin(ReadOnlyAdmin):
    """Pages that a cache between us and the visitor answered are not counted."""

    list_display = [code_of, title_of, "day", "count"]
    list_display_links = None
    list_filter = ["code__system", PeriodFilter]
    list_select_related = ["code"]
    sortable_by = ["day", "count"]
    show_full_result_count = False

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Daily views of codes", **(extra_context or {})})


class NameOfSearchForm(forms.ModelForm):
    """The words of a search as another name of the code that was meant."""

    class Meta:
        model = CodeName
        fields = ["code", "text", "kind", "source"]
        labels = {"text": "Name"}
        help_texts = {
            "code": "The code that people meant. Type its beginning, or words of its description.",
            "text": "As it is to be shown on the page of the code.",
            "source": "Where the name was found.",
        }
        widgets = {
            "code": CodeSelect(CodeName._meta.get_field("code"), admin.site),
            "text": AdminTextInputWidget,
            "source": AdminTextInputWidget,
        }

    def clean_text(self):
        return " ".join(self.cleaned_data["text"].split())


@admin.register(SearchWithoutResult)
class SearchWithoutResultAdmin(admin.ModelAdmin):
    """One line for each query that found nothing at least three times; rarer ones are shown to nobody."""

    list_display = ["text", "times", "last"]
    list_display_links = None
    sortable_by = []
    list_per_page = 50
    search_fields = ["text"]
    show_full_result_count = False
    actions = ["delete_selected"]

    def changelist_view(self, request, extra_context=None):
        return super().changelist_view(request, {"title": "Searches without result", **(extra_context or {})})

    def get_queryset(self, request):
        return SearchWithoutResult.objects.often()

    def get_ordering(self, request):
        return ["-times", "text"]

    def get_list_display(self, request):
        links = {
            "add_name": request.user.has_perm("procedures.add_codename"),
            "add_everyday_word": request.user.has_perm("procedures.add_everydayword"),
            "not_a_name": self.has_delete_permission(request),
        }
        return [*self.list_display, *(link for link, is_open in links.items() if is_open)]

    def get_urls(self):
        view = self.admin_site.admin_view(self.add_name_view)
        return [path("<int:pk>/add-name/", view, name=ADD_NAME.partition(":")[2]), *super().get_urls()]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    @admin.display(description="times", ordering="times")
    def times(self, query):
        return query.times

    @admin.display(description="last", ordering="last")
    def last(self, query):
        return query.last

    @admin.display(description="name")
    def add_name(self, query):
        return format_html(
            '<a href="{}" aria-label="Add as another name of … a code: {}">Add as another name of …</a>',
            reverse(ADD_NAME, args=[query.pk]),
            query.text,
        )

    @admin.display(description="everyday word")
    def add_everyday_word(self, query):
        return format_html(
            '<a href="{}" aria-label="Add as everyday word: {}">Add as everyday word</a>',
            reverse(ADD_EVERYDAY_WORD, query={"phrase": query.text}),
            query.text,
        )

    @admin.display(description="no name")
    def not_a_name(self, query):
        return format_html(
            '<a href="{}" aria-label="Not a name: delete {}">Not a name</a>',
            reverse("admin:procedures_searchwithoutresult_delete", args=[query.pk]),
            query.text,
        )

    def log_deletions(self, request, queryset):
        """Without the words: the log keeps an entry for ever, and words of visitors are kept for 90 days."""
        content_type = ContentType.objects.get_for_model(self.model)
        entry = {"user": request.user, "content_type": content_type, "action_flag": DELETION}
        return LogEntry.objects.bulk_create(
            LogEntry(object_id=query.pk, object_repr="A search without result", **entry) for query in queryset
        )

    def delete_model(self, request, obj):
        SearchWithoutResult.objects.with_text_of([obj]).delete()

    def delete_queryset(self, request, queryset):
        SearchWithoutResult.objects.with_text_of(queryset).delete()

    def add_name_view(self, request, pk):
        """The form that makes the query another name of a code, and what search finds after it was sent."""
        if not (self.has_view_permission(request) and request.user.has_perm("procedures.add_codename")):
            raise PermissionDenied
        query = get_object_or_404(self.get_queryset(request), pk=pk)
        initial = {"text": query.text, "kind": CodeName.Kind.COMMON, "source": "Searches of visitors"}
        form = NameOfSearchForm(request.POST or None, initial=initial)
        if request.method == "POST" and form.is_valid() and self._save_name(request, form):
            name = form.instance
            tell_what_is_found(request, query.text, f"“{name}” is another name of {name.code.code} now.")
            return HttpResponseRedirect(reverse(LIST))
        context = {
            **self.admin_site.each_context(request),
            "title": "Add as another name",
            "opts": self.opts,
            "query": query,
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/procedures/searchwithoutresult/add_name.html", context)

    def _save_name(self, request, form) -> bool:
        """Saves the name with its history, and brings search up to date; False where somebody else was quicker."""
        name = form.instance
        name._change_reason = "Visitors searched for it."
        try:
            with transaction.atomic():
                ContentVersion.wait_for_other_writers()
                form.save()
                reindex([name.code_id])
                self.log_change(request, name.code, [{"added": {"name": "code name", "object": str(name)}}])
        except IntegrityError:
            form.add_error(None, "Somebody else has just added this name, or the code is gone. Look again.")
            return False
        return True
