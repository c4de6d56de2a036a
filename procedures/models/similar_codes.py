from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords


class SimilarCodeChoice(models.Model):
    """What editors say of one code as similar to another: always shown on its page, or never."""

    class Choice(models.TextChoices):
        PINNED = "pinned", "pinned: always shown, first"
        HIDDEN = "hidden", "hidden: never shown"

    code = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="similar_choices")
    similar = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="+")
    choice = models.CharField(max_length=8, choices=Choice)
    reason = models.CharField(
        max_length=120,
        blank=True,
        help_text="Shown beside a pinned code, such as “the same service at home”.",
    )

    history = HistoricalRecords()

    class Meta:
        ordering = ["code", "choice", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["code", "similar"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=~Q(code=F("similar")), name="%(app_label)s_%(class)s_not_itself"),
            models.CheckConstraint(
                condition=Q(choice__in=["pinned", "hidden"]), name="%(app_label)s_%(class)s_choice_known"
            ),
        ]

    def __str__(self):
        return f"{self.similar.code} {self.choice} for {self.code.code}"
