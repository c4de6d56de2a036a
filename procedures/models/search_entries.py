from django.db import models
from django.db.models import F


class SearchEntry(models.Model):
    """What search reads of one code: normalized words, in a narrow table that no later migration may alter.

    The engines keep their full-text index beside or on this table (migration 0003), which an altered table would lose:
    SQLite drops triggers when Django remakes a table, PostgreSQL refuses to alter the source of a generated column.
    `id` holds the code system, the static rank and the flags of the code; see procedures/search/entry_ids.py.
    """

    id = models.BigIntegerField(primary_key=True)
    code = models.OneToOneField("procedures.MedicalCode", models.CASCADE, related_name="search_entry")
    normalized = models.CharField(max_length=12, db_index=True)
    flags = models.TextField()
    title = models.TextField()
    short = models.TextField()
    names = models.TextField()
    guide = models.TextField()
    stale_on = models.DateField(
        null=True, db_index=True, help_text="The day on which the code's status changes by itself."
    )

    def __str__(self):
        return self.normalized


class SearchName(models.Model):
    """The description or a name of a code as `search.text.key_of` writes it, to find it by its exact words."""

    key = models.CharField(max_length=200, db_index=True)
    entry = models.ForeignKey(SearchEntry, models.CASCADE, related_name="keys")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "key"], name="%(app_label)s_%(class)s_once")]

    def __str__(self):
        return self.key


class SearchPhrase(models.Model):
    """An EverydayWord as search reads it: `key` is its phrase by `search.text.phrase_key`, `words` are stems.

    Or, in place of words, the `position` of a code system and the beginning of its codes, normalized.
    """

    key = models.CharField(max_length=80, db_index=True)
    phrase = models.CharField(max_length=80)
    words = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=12, blank=True)

    def __str__(self):
        return self.key


class Word(models.Model):
    """A word of the indexed texts, what is left of it without its ending, and how many entries hold that.

    `is_spelling` tells whether the word may be offered to visitors: not the abbreviations of short descriptions.
    """

    text = models.CharField(max_length=64, primary_key=True)
    stem = models.CharField(max_length=64, db_index=True, db_default="")
    frequency = models.PositiveIntegerField()
    is_spelling = models.BooleanField(db_default=True)

    def __str__(self):
        return self.text


class Misspelling(models.Model):
    """A word of the vocabulary with one letter left out, or as it sounds: where a slip meets the right spelling."""

    text = models.CharField(max_length=64, db_index=True)
    word = models.ForeignKey(Word, models.CASCADE, related_name="misspellings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word", "text"], name="%(app_label)s_%(class)s_once")]

    def __str__(self):
        return self.text


class ContentVersion(models.Model):
    """One row that counts the changes of public content; the ETag of every public page is made from it.

    `index_format` is the form in which the search index was last written: see `search.index.FORMAT`.
    """

    number = models.PositiveBigIntegerField(default=1)
    index_format = models.PositiveSmallIntegerField(default=1, db_default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="%(app_label)s_%(class)s_one_row")]

    def __str__(self):
        return str(self.number)

    @classmethod
    def advance(cls) -> None:
        """Called in the transaction of every change of public content."""
        cls.objects.filter(pk=1).update(number=F("number") + 1)

    @classmethod
    def wait_for_other_writers(cls) -> "ContentVersion":
        """Until the transaction ends nobody else changes public content. Returns the row as it is now.

        Whoever locks rows of guides takes this lock first: the index takes it too, and two transactions that took the
        same locks in another order would stop each other.
        """
        return cls.objects.select_for_update().get(pk=1)
