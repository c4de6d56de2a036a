"""What every sheet of editors has in common: how its rows are read, refused, compared and written."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError
from django.utils import timezone
from import_export.resources import ModelResource
from import_export.results import RowResult

from procedures.admin.sheet_files import MOST_ROWS, is_error_value
from procedures.batches import batches
from procedures.models import CodeSystem, ContentVersion, MedicalCode
from procedures.models.codes import normalize
from procedures.spreadsheet_cells import escape_formula

CHANGED_MEANWHILE = "Somebody changed the same rows at this moment. Nothing was imported: upload the sheet again."
UNEXPECTED = "This could not be imported, because of an error of this site. Tell an administrator."


class SheetRow(RowResult):
    """What became of one row: its number in the spreadsheet, and pairs of texts before and after, by column."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.differences: list[tuple[str, str]] = []

    @property
    def messages(self) -> list[str]:
        """Why the row is refused; nothing where it is not."""
        if not self.validation_error:
            return [UNEXPECTED for _ in self.errors]
        if not hasattr(self.validation_error, "error_dict"):
            return self.validation_error.messages
        by_column = self.validation_error.message_dict.items()
        return [
            message if column == NON_FIELD_ERRORS else f"{column}: {message}"
            for column, messages in by_column
            for message in messages
        ]


class SheetResource(ModelResource):
    """A sheet of one model, read and written in a fixed number of queries, but for what its `write` needs.

    `columns` are needed in a sheet, which has at most `most_rows`; `exported_only` may be there and are not read. Each
    row is a dict of trimmed texts; a subclass finds or makes its row of the model in `find`, gives it the values in
    `set_values` (both raise ValidationError with what an editor has to correct), says in `texts_of` what a row of the
    model has in each column, and writes the changed ones in `write`.
    """

    columns: list[str] = []
    exported_only: list[str] = []
    most_rows = MOST_ROWS

    @classmethod
    def get_row_result_class(cls):
        return SheetRow

    # The hooks of django-import-export, in the order in which it calls them

    def before_import(self, dataset, *, user, numbers, **kwargs):
        self.user, self.numbers = user, numbers
        self.added: list = []
        self.changed: list = []
        self.seen: dict[Any, int] = {}
        # Before anything is read: what the rows are compared with is what they will be written over.
        ContentVersion.wait_for_other_writers()
        self.prepare(dataset.dict)

    def import_row(self, row, instance_loader, *, row_number, **kwargs):
        self.number = self.numbers[row_number - 1]
        result = super().import_row(row, instance_loader, row_number=row_number, **kwargs)
        result.number = self.number
        if result.is_valid():
            result.differences = list(zip(self.before, self.texts_of(result.instance), strict=True))
        return result

    def before_import_row(self, row, **kwargs):
        for column, text in row.items():
            if is_error_value(text):
                raise ValidationError(f"The cell of {column} holds the error {text}.")
            if not text.isprintable():
                raise ValidationError(f"The cell of {column} holds a line break or a character that cannot be shown.")

    def get_or_init_instance(self, instance_loader, row):
        instance = self.find(row)
        is_new = instance.pk is None
        self.before = [""] * len(self.columns) if is_new else self.texts_of(instance)
        return instance, is_new

    def import_instance(self, instance, row, **kwargs):
        self.set_values(instance, row)

    def skip_row(self, instance, original, row, import_validation_errors=None):
        if import_validation_errors:
            return False
        return instance.pk is not None and self.before == self.texts_of(instance)

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        if import_validation_errors:
            raise ValidationError(import_validation_errors)
        self.check(instance)

    def save_instance(self, instance, is_new, row, **kwargs):
        (self.added if is_new else self.changed).append(instance)

    def after_import(self, dataset, result, *, dry_run, **kwargs):
        if result.has_errors() or result.has_validation_errors():
            return
        try:
            self.write(dry_run=dry_run)
        except IntegrityError:
            raise ValidationError(CHANGED_MEANWHILE) from None

    # What a sheet of one model says

    def prepare(self, rows: list[dict[str, str]]) -> None:
        """Reads what the rows will need, in few queries."""

    def find(self, row: dict[str, str]):
        """The stored row of the model that a row means, or a new one."""
        raise NotImplementedError

    def set_values(self, instance, row: dict[str, str]) -> None:
        """Gives the row of the model the values that a sheet may change."""

    def texts_of(self, instance) -> list[str]:
        """The texts of `columns` for one row of the model."""
        raise NotImplementedError

    def check(self, instance) -> None:
        """Raises ValidationError for a new or changed row that may not be written."""
        instance.clean_fields(exclude=[field.name for field in instance._meta.fields if field.is_relation])

    def write(self, *, dry_run: bool) -> None:
        """Writes `added` and `changed`, with history by `user`."""
        raise NotImplementedError

    def once(self, key) -> None:
        """Raises ValidationError for the second row of the sheet that says the same."""
        if key in self.seen:
            raise ValidationError(f"This is the same as row {self.seen[key]}.")
        self.seen[key] = self.number

    # Export

    @classmethod
    def rows_to_export(cls, queryset):
        """The rows with all that `export_field` needs of them."""
        return queryset

    def export_field(self, field, instance, **kwargs):
        value = field.get_value(instance)
        if isinstance(value, datetime.datetime):
            value = f"{timezone.localtime(value):%Y-%m-%d %H:%M}"
        return "" if value is None else escape_formula(str(value))


class CodesOfSheet:
    """The codes that the rows of a sheet name, read at once."""

    def __init__(self, rows: Iterable[dict[str, str]], columns: Iterable[str]):
        systems = {system.pk: system for system in CodeSystem.objects.all()}
        self._slugs = [system.slug for system in systems.values()]
        self._systems = {name.casefold(): each for each in systems.values() for name in (each.slug, each.name)}
        wanted = {normalize(row[column]) for row in rows for column in columns}
        self._codes: dict[tuple[int, str], MedicalCode] = {}
        for batch in batches(sorted(wanted)):
            for code in MedicalCode.objects.filter(normalized__in=batch).only("system", "code", "normalized", "title"):
                code.system = systems[code.system_id]
                self._codes[code.system_id, code.normalized] = code

    @property
    def ids(self) -> list[int]:
        return [code.pk for code in self._codes.values()]

    def find(self, row: dict[str, str], column: str = "code") -> MedicalCode:
        """The code that a row names in a column. Raises ValidationError for one that is not known."""
        system = self._systems.get(row["system"].casefold())
        if system is None:
            raise ValidationError(f"Unknown code system “{row['system']}”. Known: {', '.join(self._slugs)}.")
        code = self._codes.get((system.pk, normalize(row[column])))
        if code is None:
            hint = " A spreadsheet drops zeros at the beginning: format the column as text."
            hint = hint if row[column].isdecimal() else ""
            raise ValidationError(f"Unknown code “{row[column]}” of {system.name}.{hint}")
        return code


def read_day(row: dict[str, str], column: str) -> datetime.date:
    """The cell as a day: 2025-01-31 or, as spreadsheet programs may write it, 1/31/2025. Raises ValidationError."""
    try:
        return forms.DateField(input_formats=["%Y-%m-%d", "%m/%d/%Y"]).clean(row[column])
    except ValidationError:
        raise ValidationError(f"{column}: “{row[column]}” is no day. Write it as 2025-01-31.") from None
