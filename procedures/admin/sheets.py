"""Sheets in the admin: rows exported to CSV or XLSX, and imported from them after a dry run."""

import logging

from django import forms
from django.contrib import messages
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.http import HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from import_export.results import RowResult
from tablib import Dataset

from procedures.admin.sheet_files import MOST_BYTES, Sheet, UnreadableSheet, read_sheet, too_large
from procedures.admin.sheet_resources import UNEXPECTED, SheetResource
from procedures.code_sets.records import printable
from procedures.models import SheetUpload

logger = logging.getLogger(__name__)

# Refused rows that a page shows: a sheet of another kind has thousands.
MOST_REFUSALS = 200

NO_LONGER_KEPT = "This sheet is no longer kept: it was imported, or is older than a day. Upload it again."


class EscapedElsewhere:
    """A format whose cells SheetResource has escaped: the package would take signs away from them, and time."""

    def _escape_formulae(self, dataset):
        pass


class CsvSheet(EscapedElsewhere, CSV):
    pass


class XlsxSheet(EscapedElsewhere, XLSX):
    pass


class SheetForm(forms.Form):
    """A file that is a sheet of these columns; once it is clean, `sheet` and `content` are what was read."""

    file = forms.FileField(label="CSV or XLSX file", max_length=255)

    def __init__(self, *args, resource: type[SheetResource], **kwargs):
        super().__init__(*args, **kwargs)
        self.resource = resource
        most = f"{resource.most_rows:,} rows and {MOST_BYTES // 1024**2} MB"
        self.fields["file"].help_text = f"At most {most}. A CSV has to be in UTF-8."

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(too_large(self.resource.most_rows))
        self.content = file.read()
        self.sheet = _read(self.content, self.resource)
        return file


def _read(content: bytes, resource: type[SheetResource]) -> Sheet:
    try:
        return read_sheet(
            content, columns=resource.columns, ignored=resource.exported_only, most_rows=resource.most_rows
        )
    except UnreadableSheet as refusal:
        raise forms.ValidationError(str(refusal)) from None


class SheetAdmin(ImportExportMixin):
    """Mixed into a ModelAdmin, before it: `resource_classes` has one SheetResource.

    An import is shown as a dry run first, is all or nothing, and needs the permission to add rows of the model, or
    `import_permission` ("procedures.review_guide").
    """

    formats = [CsvSheet, XlsxSheet]
    import_permission = ""

    def has_import_permission(self, request):
        if self.import_permission:
            return request.user.has_perm(self.import_permission)
        return super().has_import_permission(request)

    def get_export_queryset(self, request):
        return self.resource_classes[0].rows_to_export(super().get_export_queryset(request))

    def import_action(self, request, **kwargs):
        """The form for a sheet; its answer is the dry run, with a button to confirm it where no row is refused."""
        if not self.has_import_permission(request):
            raise PermissionDenied
        resource = self.resource_classes[0]
        if request.method != "POST":
            return self._page(request, form=SheetForm(resource=resource))
        form = SheetForm(request.POST, request.FILES, resource=resource)
        if not form.is_valid():
            return self._page(request, form=form)
        name = printable(form.cleaned_data["file"].name)
        result = self._import(request, form.sheet, dry_run=True)
        token = None
        if not _has_refusals(result) and _count_changed(result):
            token = SheetUpload.objects.keep(
                name=name, content=form.content, uploaded_by=request.user, label=self.opts.label
            ).pk
        return self._page(request, form=SheetForm(resource=resource), result=result, token=token, name=name)

    def process_import(self, request, **kwargs):
        """Imports the sheet of the dry run, of which the form holds nothing but its key."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_import_permission(request):
            raise PermissionDenied
        resource = self.resource_classes[0]
        with transaction.atomic():
            try:
                kept = self._find_kept(request)
                name, sheet = kept.name, _read(bytes(kept.content), resource)
            except ValidationError as refusal:
                messages.error(request, refusal.message)
                return HttpResponseRedirect(reverse(f"admin:{self._url_name('import')}"))
            result = self._import(request, sheet, dry_run=False)
            if not _has_refusals(result):
                self._log(request, result, name)
                kept.delete()
        if _has_refusals(result):
            # The database has changed since the dry run.
            return self._page(request, form=SheetForm(resource=resource), result=result, name=name)
        new, changed = (result.totals[kind] for kind in (RowResult.IMPORT_TYPE_NEW, RowResult.IMPORT_TYPE_UPDATE))
        messages.success(request, f"Imported {name}: {new:,} added, {changed:,} changed.")
        return HttpResponseRedirect(reverse(f"admin:{self._url_name('changelist')}"))

    def _find_kept(self, request) -> SheetUpload:
        """The sheet that the form names, if it is one that this user may import here; no other request has it then."""
        kept = SheetUpload.objects.waiting_for(request.user).filter(label=self.opts.label).select_for_update()
        try:
            return forms.ModelChoiceField(kept).clean(request.POST.get("sheet"))
        except ValidationError:
            raise ValidationError(NO_LONGER_KEPT) from None

    def _import(self, request, sheet: Sheet, *, dry_run: bool):
        """Runs a sheet in one transaction, which is rolled back after a dry run and where a row is refused."""
        try:
            result = self.resource_classes[0]().import_data(
                Dataset(*sheet.rows, headers=sheet.columns),
                dry_run=dry_run,
                use_transactions=True,
                rollback_on_validation_errors=True,
                retain_instance_in_row_result=True,
                user=request.user,
                numbers=sheet.numbers,
            )
        except DatabaseError as error:
            result = self.resource_classes[0].get_result_class()()
            result.append_base_error(self.resource_classes[0].get_error_result_class()(error))
        for error in [*result.base_errors, *(error for _, errors in result.row_errors() for error in errors)]:
            if not isinstance(error.error, ValidationError):
                logger.error("A sheet of %s could not be imported", self.opts.label, exc_info=error.error)
        return result

    def _log(self, request, result, name: str) -> None:
        for kind, flag in ((RowResult.IMPORT_TYPE_NEW, ADDITION), (RowResult.IMPORT_TYPE_UPDATE, CHANGE)):
            if rows := [row.instance for row in result.rows if row.import_type == kind]:
                LogEntry.objects.log_actions(request.user.pk, rows, flag, change_message=f"Imported from {name}.")

    def _url_name(self, page: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _page(self, request, *, form: SheetForm, result=None, token: int | None = None, name: str = ""):
        request.current_app = self.admin_site.name
        resource = self.resource_classes[0]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Import {self.opts.verbose_name_plural} from a sheet",
            "form": form,
            "columns": resource.columns,
            "exported_only": resource.exported_only,
            "changelist": reverse(f"admin:{self._url_name('changelist')}"),
        }
        if result is not None:
            refused = [row for row in result.rows if not row.is_valid()]
            context |= {
                "is_dry_run_of": name,
                "token": token,
                "process_url": reverse(f"admin:{self._url_name('process_import')}"),
                "base_errors": [text for error in result.base_errors for text in _texts_of(error.error)],
                "refused": refused[:MOST_REFUSALS],
                "refused_count": len(refused),
                "changed": [row for row in result.rows if row.is_new() or row.is_update()],
                "unchanged_count": sum(row.is_skip() for row in result.rows),
            }
        return TemplateResponse(request, "admin/import_export/import.html", context)


def _has_refusals(result) -> bool:
    return result.has_errors() or result.has_validation_errors()


def _count_changed(result) -> int:
    return result.totals[RowResult.IMPORT_TYPE_NEW] + result.totals[RowResult.IMPORT_TYPE_UPDATE]


def _texts_of(error: Exception) -> list[str]:
    return error.messages if isinstance(error, ValidationError) else [UNEXPECTED]
