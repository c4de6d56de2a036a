from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords


class EverydayWord(models.Model):
    """What people say (heart attack), and what the classification says for it: words (myocardial infarction) or a code.

    A phrase with several meanings has a row for each. Search finds what any of them means, beside what holds the
    phrase itself; it never looks up the words of a meaning again. After a change, `search.reindex_everyday_words`.
    """

    phrase = models.CharField(max_length=80, help_text="What people type, such as heart attack.")
    words = models.CharField(
        max_length=120,
        blank=True,
        help_text="Words of official descriptions, all of which a code must have, such as myocardial infarction.",
    )
    code = models.CharField(
        max_length=24,
        blank=True,
        help_text="Or a code with its code system: icd10cm:I21. All codes that begin with it are meant.",
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["phrase", "words", "code"]
        constraints = [
            models.UniqueConstraint(fields=["phrase", "words", "code"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=~Q(phrase=""), name="%(app_label)s_%(class)s_has_phrase"),
            models.CheckConstraint(
                condition=(Q(words="") & ~Q(code="")) | (~Q(words="") & Q(code="")),
                name="%(app_label)s_%(class)s_words_or_code",
                violation_error_message="Give either words or a code; for both, make two rows.",
            ),
        ]

    def __str__(self):
        return f"{self.phrase}: {self.words or self.code}"
