"""The sheet of other names of codes."""

from django.core.exceptions import ValidationError
from import_export.fields import Field
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from procedures.admin.sheet_resources import CodesOfSheet, SheetResource
from procedures.batches import PK_BATCH, batches
from procedures.models import CodeName
from procedures.search import reindex


class CodeNameResource(SheetResource):
    """Names of codes: rows are the same by code, kind and text, so that a sheet adds names or changes their source."""

    columns = ["system", "code", "kind", "text", "source"]
    system = Field(attribute="code__system__slug", column_name="system")
    code = Field(attribute="code__code", column_name="code")

    class Meta:
        model = CodeName
        fields = ["system", "code", "kind", "text", "source"]
        export_order = fields
        import_id_fields = ["code", "kind", "text"]
        skip_diff = True
        report_skipped = True

    @classmethod
    def rows_to_export(cls, queryset):
        return queryset.select_related("code__system").only(
            "kind", "text", "source", "code__code", "code__system__slug"
        )

    def prepare(self, rows):
        self.codes = CodesOfSheet(rows, ["code"])
        self.kinds = {text.casefold(): kind for kind, label in CodeName.Kind.choices for text in (kind, label)}
        self.held: dict[tuple[int, str, str], CodeName] = {}
        for batch in batches(self.codes.ids):
            for name in CodeName.objects.filter(code__in=batch):
                self.held[name.code_id, name.kind, name.text] = name

    def find(self, row):
        code = self.codes.find(row)
        kind = self.kinds.get(row["kind"].casefold())
        if kind is None:
            raise ValidationError(f"Unknown kind “{row['kind']}”. Known: {', '.join(CodeName.Kind.values)}.")
        self.once((code.pk, kind, row["text"]))
        name = self.held.get((code.pk, kind, row["text"])) or CodeName(code=code, kind=kind, text=row["text"])
        # One that is held came without its code.
        name.code = code
        return name

    def set_values(self, instance, row):
        if row["source"] == instance.source:
            return
        instance.clean()
        if instance.pk and not self.user.has_perm("procedures.change_codename"):
            raise ValidationError(
                f"This name is there already, with the source “{instance.source}”, and you may not change names."
            )
        instance.source = row["source"]
        instance.clean()

    def texts_of(self, instance):
        return [instance.code.system.slug, instance.code.code, instance.kind, instance.text, instance.source]

    def write(self, *, dry_run):
        bulk_create_with_history(self.added, CodeName, default_user=self.user)
        bulk_update_with_history(self.changed, CodeName, ["source"], batch_size=PK_BATCH, default_user=self.user)
        if not dry_run:
            reindex(sorted({name.code_id for name in [*self.added, *self.changed]}))
