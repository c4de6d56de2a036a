"""Lists of the desk as CSV, to be opened in a spreadsheet program."""

import csv
import datetime
from collections.abc import Callable, Iterable, Iterator

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from procedures.spreadsheet_cells import escape_formula

# Excel reads a CSV as UTF-8 only where it begins with this mark.
BYTE_ORDER_MARK = "\ufeff"
ROWS_AT_ONCE = 500

Cell = str | int | datetime.datetime | None


def csv_response(filename: str, header: list[str], rows: Iterable[Iterable[Cell]]) -> StreamingHttpResponse:
    """A CSV file to be saved under this name, sent while `rows` are read, so that it may be of any length.

    In UTF-8. Texts that a spreadsheet program would take for formulas are escaped; a moment is written in UTC as
    ISO 8601 has it ("2026-03-01T14:30:00+00:00"), None as an empty cell.
    """
    writer = csv.writer(_Echo())
    lines = (writer.writerow([_cell(cell) for cell in row]) for row in _with_header(header, rows))
    return StreamingHttpResponse(
        _after_mark(lines),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "private, no-store"},
    )


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _with_header(header: list[str], rows: Iterable) -> Iterator:
    yield header
    yield from rows


def _after_mark(lines: Iterable[str]) -> Iterator[str]:
    yield BYTE_ORDER_MARK
    yield from lines


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case datetime.datetime():
            return value.astimezone(datetime.UTC).isoformat(timespec="seconds")
        case str():
            return escape_formula(value)
    return str(value)


class CsvExport:
    """Mixed into a ModelAdmin, before it: a list as CSV for whoever may view it, all of it or chosen rows.

    `csv_name` begins the name of the file; `csv_columns` are the columns by their headings, each a function of a row.
    `csv_rows` says which rows of a list go out, and `csv_nothing` why none of the chosen ones does.
    """

    csv_name = ""
    csv_nothing = "None of the chosen rows can be exported."
    csv_columns: dict[str, Callable[..., Cell]] = {}
    change_list_template = "admin/contact/change_list_with_export.html"
    actions = ["export_selected"]

    def csv_rows(self, request, queryset):
        """Those of the rows that are exported, with what the columns need at hand."""
        return queryset

    def get_urls(self):
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=f"{self.opts.app_label}_{self.opts.model_name}_export"), *super().get_urls()]

    def changelist_view(self, request, extra_context=None):
        # Its address takes the filters and the search of the list.
        address = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_export")
        query = request.GET.urlencode()
        extra = {"export_url": f"{address}?{query}" if query else address}
        return super().changelist_view(request, extra | (extra_context or {}))

    @method_decorator(require_safe)
    def export_view(self, request):
        """The rows of the list with the filters and the search that the address holds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            queryset = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"))
        return self._csv(request, queryset)

    @admin.action(description="Export the selected rows (CSV)", permissions=["view"])
    def export_selected(self, request, queryset):
        if not self.csv_rows(request, queryset).exists():
            self.message_user(request, self.csv_nothing, messages.WARNING)
            return None
        return self._csv(request, queryset)

    def _csv(self, request, queryset) -> StreamingHttpResponse:
        rows = self.csv_rows(request, queryset).iterator(ROWS_AT_ONCE)
        return csv_response(
            f"{self.csv_name}-{timezone.localdate().isoformat()}.csv",
            list(self.csv_columns),
            ([column(row) for column in self.csv_columns.values()] for row in rows),
        )
