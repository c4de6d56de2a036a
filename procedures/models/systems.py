from django.apps import apps
from django.db import models
from django.urls import reverse


class CodeSystemQuerySet(models.QuerySet):
    def searchable(self):
        """Systems whose texts may be shown and that hold codes."""
        codes = apps.get_model("procedures", "MedicalCode").objects.filter(system=models.OuterRef("pk"))
        return self.exclude(licence=CodeSystem.Licence.NOT_LICENSED).filter(models.Exists(codes))


class CodeSystem(models.Model):
    """A set of medical codes kept by one publisher (FHIR's CodeSystem), such as HCPCS Level II or ICD-10-CM."""

    class Licence(models.TextChoices):
        PUBLIC_DOMAIN = "public-domain", "public domain"
        ATTRIBUTION = "attribution", "free with attribution"
        NOT_LICENSED = "not-licensed", "not licensed"

    slug = models.SlugField(unique=True, help_text="The part of the address that names the system, such as hcpcs.")
    name = models.CharField(max_length=80, help_text="The system's own name, such as HCPCS Level II.")
    label = models.CharField(max_length=80, help_text="What a code of it is called on its page, such as HCPCS code.")
    position = models.PositiveSmallIntegerField(
        unique=True,
        help_text="Order in lists and among equal results. It also numbers the system's block of search rows: "
        "after a change, run rebuild_search.",
    )
    code_has_dot = models.BooleanField(
        default=False, help_text="Codes are shown with a dot after the third character, as in C84.02."
    )
    description = models.CharField(max_length=300, blank=True, help_text="One sentence for visitors: what it is for.")
    publisher = models.CharField(max_length=120, help_text="Who publishes the official releases.")
    source_url = models.URLField("source address", blank=True, help_text="Where the official releases are found.")
    fhir_uri = models.CharField("FHIR URI", max_length=120, blank=True)
    licence = models.CharField("license", max_length=20, choices=Licence)
    licence_note = models.CharField(
        "license note",
        max_length=500,
        blank=True,
        help_text="What must be said with the texts, or why they may not be shown.",
    )

    objects = CodeSystemQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(licence__in=["public-domain", "attribution", "not-licensed"]),
                name="%(app_label)s_%(class)s_licence_known",
            ),
            # The position is the top of a 63-bit search row id (see procedures/search/entry_ids.py).
            models.CheckConstraint(
                condition=models.Q(position__range=(1, 250)), name="%(app_label)s_%(class)s_position_range"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("procedures:system", args=[self.slug])

    @property
    def may_hold_texts(self) -> bool:
        """Whether the official texts of this system may be stored and shown."""
        return self.licence != self.Licence.NOT_LICENSED
