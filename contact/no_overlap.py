"""A constraint that Django does not have on every database: periods of one owner that never overlap.

On PostgreSQL it is an exclusion constraint (which needs the extension btree_gist), on SQLite two triggers. Whoever
writes, by a form, the shell or a script, is refused with an IntegrityError that names the constraint.
"""

from collections.abc import Iterable

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.backends.ddl_references import Statement, Table

# The two events of SQLite that can bring an overlap about, by the end of their trigger's name.
_EVENTS = ("insert", "update")


class NoOverlap(models.BaseConstraint):
    """No two rows with the same `owner`, both with `status_field` at `blocking`, overlap in [start, end).

    `owner`, `start`, `end` and `status_field` are names of fields; an end may touch the next start. A field that is
    named here can be renamed only by a migration that removes the constraint before and adds it after.

    `QuerySet.bulk_create(ignore_conflicts=True)` drops refused rows without a word on PostgreSQL: never use it here.
    """

    def __init__(
        self,
        *,
        name: str,
        owner: str,
        start: str,
        end: str,
        status_field: str,
        blocking: str,
        violation_error_code: str | None = None,
        violation_error_message: str | None = None,
    ):
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )
        self.owner = owner
        self.start = start
        self.end = end
        self.status_field = status_field
        self.blocking = blocking

    def deconstruct(self):
        path, arguments, keywords = super().deconstruct()
        return path, arguments, {**keywords, **self._rule}

    def __eq__(self, other):
        return isinstance(other, NoOverlap) and self.deconstruct() == other.deconstruct()

    def __hash__(self):
        return hash((type(self), self.name))

    @property
    def _rule(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ("owner", "start", "end", "status_field", "blocking")}

    def constraint_sql(self, model, schema_editor):
        """What CREATE TABLE holds of it: nothing on SQLite, whose triggers follow the table.

        They wait in `deferred_sql`, like an index: so the remade table, as which SQLite gets every altered column, has
        them again.
        """
        if schema_editor.connection.vendor == "sqlite":
            schema_editor.deferred_sql.extend(self._triggers(model, schema_editor))
            return None
        return self._exclusion(model, schema_editor)

    def create_sql(self, model, schema_editor):
        """For a table that is there. Not asked on SQLite, where Django remakes the table instead."""
        table = schema_editor.quote_name(model._meta.db_table)
        return f"ALTER TABLE {table} ADD {self._exclusion(model, schema_editor)}"

    def remove_sql(self, model, schema_editor):
        """As `create_sql`."""
        return schema_editor._delete_constraint_sql(schema_editor.sql_delete_check, model, self.name)

    def validate(self, model, instance, exclude=None, using=DEFAULT_DB_ALIAS, **options):
        """The error of a form, before the database refuses; passed over where a field of the rule is excluded."""
        owner = model._meta.get_field(self.owner).attname
        if exclude and {self.owner, self.start, self.end, self.status_field} & set(exclude):
            return
        values = [getattr(instance, name) for name in (owner, self.start, self.end)]
        if getattr(instance, self.status_field) != self.blocking or None in values:
            return
        overlapping = model._base_manager.using(using).filter(
            **{
                owner: values[0],
                self.status_field: self.blocking,
                f"{self.start}__lt": values[2],
                f"{self.end}__gt": values[1],
            }
        )
        if instance.pk:
            overlapping = overlapping.exclude(pk=instance.pk)
        if overlapping.exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def is_in_database(self, model, connection) -> bool:
        """Whether the database holds what enforces it."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT COUNT(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s AND name IN (%s, %s)",
                    [model._meta.db_table, *(f"{self.name}_{event}" for event in _EVENTS)],
                )
                return cursor.fetchone()[0] == len(_EVENTS)
            cursor.execute(
                "SELECT COUNT(*) FROM pg_constraint "
                "WHERE contype = 'x' AND conname = %s AND conrelid = to_regclass(%s)",
                [self.name, connection.ops.quote_name(model._meta.db_table)],
            )
            return cursor.fetchone()[0] == 1

    def _columns(self, model, schema_editor: BaseDatabaseSchemaEditor) -> dict[str, str]:
        """The quoted columns of the rule by the name they have in it, and the quoted `blocking` value."""
        names = ("owner", "start", "end", "status_field")
        columns = {name: schema_editor.quote_name(model._meta.get_field(getattr(self, name)).column) for name in names}
        return {**columns, "blocking": schema_editor.quote_value(self.blocking)}

    def _exclusion(self, model, schema_editor) -> str:
        if schema_editor.connection.vendor != "postgresql":
            raise NotSupportedError("NoOverlap knows PostgreSQL and SQLite.")
        return (
            "CONSTRAINT {name} EXCLUDE USING gist "
            "({owner} WITH =, tstzrange({start}, {end}, '[)') WITH &&) WHERE ({status_field} = {blocking})"
        ).format(name=schema_editor.quote_name(self.name), **self._columns(model, schema_editor))

    def _triggers(self, model, schema_editor) -> Iterable[Statement]:
        columns = self._columns(model, schema_editor)
        key = schema_editor.quote_name(model._meta.pk.column)
        table = Table(model._meta.db_table, schema_editor.quote_name)
        for event in _EVENTS:
            is_update = event == "update"
            yield Statement(
                (
                    "CREATE TRIGGER {trigger} BEFORE {event} ON %(table)s FOR EACH ROW "
                    "WHEN NEW.{status_field} = {blocking} "
                    "BEGIN SELECT RAISE(ABORT, '{name}') WHERE EXISTS (SELECT 1 FROM %(table)s other WHERE "
                    "other.{owner} = NEW.{owner} AND other.{status_field} = {blocking} "
                    "AND other.{start} < NEW.{end} AND NEW.{start} < other.{end}{but_itself}); END"
                ).format(
                    trigger=schema_editor.quote_name(f"{self.name}_{event}"),
                    event="UPDATE OF {owner}, {start}, {end}, {status_field}".format(**columns)
                    if is_update
                    else "INSERT",
                    name=self.name,
                    but_itself=f" AND other.{key} <> NEW.{key}" if is_update else "",
                    **columns,
                ),
                table=table,
            )


def missing_constraints(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """The names of the NoOverlap constraints of all models that the database does not hold."""
    connection = connections[using]
    return [
        constraint.name
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, NoOverlap) and not constraint.is_in_database(model, connection)
    ]
