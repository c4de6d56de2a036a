"""What lists have in common: columns, what they do not read, and rows that nobody edits."""

from django.contrib import admin

from procedures.models import Guide, GuideDraft
from procedures.models.guide_texts import COMPARED

LONG_COLUMNS = {Guide: [*COMPARED, "html", "sketch"], GuideDraft: [*COMPARED, "note"]}


# The admin never wraps the column of a foreign key: a code with its title would push the others out of sight.
@admin.display(description="code", ordering="code")
def code_of(row):
    return row.code.code


@admin.display(description="title")
def title_of(row):
    return row.code.title


def without_texts(request, rows):
    """The guides or drafts of a list without the 10 KB of text that each has and no list shows."""
    is_list = request.method in ("GET", "HEAD") and (request.resolver_match.url_name or "").endswith("_changelist")
    return rows.defer(*LONG_COLUMNS[rows.model]) if is_list else rows


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only importers write."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False
