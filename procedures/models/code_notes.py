from django.db import models
from django.db.models import Q


class CodeNote(models.Model):
    """An instruction of the ICD-10-CM tabular list to those who code, such as what a code excludes."""

    class Kind(models.TextChoices):
        INCLUDES = "includes", "Includes"
        EXCLUDES1 = "excludes1", "Excludes 1: not coded here"
        EXCLUDES2 = "excludes2", "Excludes 2: not included here"
        CODE_FIRST = "code-first", "Code first"
        USE_ADDITIONAL_CODE = "use-additional-code", "Use additional code"
        CODE_ALSO = "code-also", "Code also"
        NOTE = "note", "Note"

    code = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="notes")
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField(help_text="Official, as released.")
    position = models.PositiveSmallIntegerField(help_text="Order within the notes of a code.")
    source = models.CharField(max_length=120, help_text="Such as ICD-10-CM tabular list, April 2026.")

    class Meta:
        ordering = ["code", "position"]
        constraints = [
            models.UniqueConstraint(fields=["code", "position"], name="%(app_label)s_%(class)s_position_once"),
            models.CheckConstraint(condition=~Q(text="") & ~Q(source=""), name="%(app_label)s_%(class)s_not_blank"),
            models.CheckConstraint(
                condition=Q(
                    kind__in=[
                        "includes",
                        "excludes1",
                        "excludes2",
                        "code-first",
                        "use-additional-code",
                        "code-also",
                        "note",
                    ]
                ),
                name="%(app_label)s_%(class)s_kind_known",
            ),
        ]

    def __str__(self):
        return self.text
