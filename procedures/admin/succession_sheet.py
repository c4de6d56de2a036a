"""The sheet of successions."""

from django.core.exceptions import ValidationError
from import_export.fields import Field
from simple_history.utils import bulk_create_with_history

from procedures.admin.sheet_resources import CodesOfSheet, SheetResource
from procedures.batches import batches
from procedures.models import Succession
from procedures.search import reindex


class SuccessionResource(SheetResource):
    """Successions by editors: a sheet adds them and changes none."""

    columns = ["system", "predecessor", "successor"]
    system = Field(attribute="predecessor__system__slug", column_name="system")
    predecessor = Field(attribute="predecessor__code", column_name="predecessor")
    successor = Field(attribute="successor__code", column_name="successor")

    class Meta:
        model = Succession
        fields = ["system", "predecessor", "successor"]
        export_order = fields
        import_id_fields = ["predecessor", "successor"]
        skip_diff = True
        report_skipped = True

    @classmethod
    def rows_to_export(cls, queryset):
        return queryset.select_related("predecessor__system", "successor")

    def prepare(self, rows):
        self.codes = CodesOfSheet(rows, ["predecessor", "successor"])
        self.held: dict[tuple[int, int], Succession] = {}
        for batch in batches(self.codes.ids):
            for succession in Succession.objects.filter(predecessor__in=batch):
                self.held[succession.predecessor_id, succession.successor_id] = succession

    def find(self, row):
        before, after = self.codes.find(row, "predecessor"), self.codes.find(row, "successor")
        if before == after:
            raise ValidationError("A code cannot take its own place.")
        self.once((before.pk, after.pk))
        succession = self.held.get((before.pk, after.pk)) or Succession(source=Succession.Source.EDITOR)
        succession.predecessor, succession.successor = before, after
        return succession

    def texts_of(self, instance):
        return [instance.predecessor.system.slug, instance.predecessor.code, instance.successor.code]

    def write(self, *, dry_run):
        bulk_create_with_history(self.added, Succession, default_user=self.user)
        if not dry_run:
            reindex(sorted({pk for row in self.added for pk in (row.predecessor_id, row.successor_id)}))
