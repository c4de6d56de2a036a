"""The sheet of everyday words."""

from simple_history.utils import bulk_create_with_history

from procedures.admin.everyday_word_rules import check, tidy
from procedures.admin.sheet_resources import SheetResource
from procedures.batches import batches
from procedures.models import CodeSystem, EverydayWord
from procedures.search import reindex_everyday_words


class EverydayWordResource(SheetResource):
    """Everyday words: a row is the same by all of its columns, so that a sheet adds rows and changes none."""

    columns = ["phrase", "words", "code"]
    # The whole table, which has some 13,000 rows from the start.
    most_rows = 20_000

    class Meta:
        model = EverydayWord
        fields = ["phrase", "words", "code"]
        export_order = fields
        import_id_fields = fields
        skip_diff = True
        report_skipped = True

    def prepare(self, rows):
        self.systems = list(CodeSystem.objects.all())
        self.searchable = list(CodeSystem.objects.searchable())
        phrases = {self._read(row).phrase for row in rows}
        self.held: dict[tuple[str, str, str], EverydayWord] = {}
        for batch in batches(sorted(phrases)):
            for word in EverydayWord.objects.filter(phrase__in=batch):
                self.held[word.phrase, word.words, word.code] = word

    def find(self, row):
        word = self._read(row)
        key = (word.phrase, word.words, word.code)
        self.once(key)
        return self.held.get(key, word)

    def texts_of(self, instance):
        return [instance.phrase, instance.words, instance.code]

    def check(self, instance):
        if instance.pk is None:
            super().check(instance)
            check(instance, self.searchable)

    def write(self, *, dry_run):
        bulk_create_with_history(self.added, EverydayWord, default_user=self.user)
        if not dry_run:
            reindex_everyday_words()

    def _read(self, row: dict[str, str]) -> EverydayWord:
        word = EverydayWord(phrase=row["phrase"], words=row["words"], code=row["code"])
        tidy(word, self.systems)
        return word
