from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from policies.licensed_numbers import refuse_licensed_numbers
from policies.models.policies import Policy
from procedures.models import MedicalCode
from procedures.models.codes import normalize


class PolicyCodeQuerySet(models.QuerySet):
    def in_order(self):
        """With their codes and systems, in the order of the code sets."""
        return self.select_related("code__system").order_by("code__system__position", "code__normalized", "label", "pk")

    def beginning_with(self, text: str):
        """Of codes that begin with the text, however it is written, or with a label in which it stands."""
        begins = Q(code__normalized__startswith=normalize(text)) if normalize(text) else Q()
        return self.filter(begins | Q(label__icontains=text))


class PolicyCode(models.Model):
    """A code that a policy names, and what the policy says of it."""

    class PriorAuthorization(models.TextChoices):
        """The words of HL7 Da Vinci Coverage Requirements Discovery (CRD): coverage-information, pa-needed."""

        NO_AUTH = "no-auth", "no prior authorization needed"
        AUTH_NEEDED = "auth-needed", "prior authorization needed"
        SATISFIED = "satisfied", "prior authorization already given"
        PERFORM_PA = "performpa", "prior authorization before the service is performed"
        CONDITIONAL = "conditional", "depends on the case"
        UNKNOWN = "unknown", "not known"

    class ListedAs(models.TextChoices):
        NAMED = "named", "named"
        COVERED = "covered", "supports medical necessity"
        NONCOVERED = "noncovered", "does not support medical necessity"

    policy = models.ForeignKey(Policy, models.CASCADE, related_name="policy_codes")
    code = models.ForeignKey(MedicalCode, models.CASCADE, related_name="policy_codes")
    range = models.CharField(
        max_length=40, blank=True, help_text="The range by which the document names it: J9301-J9306. Else empty."
    )
    listed_as = models.CharField(
        max_length=10, choices=ListedAs, default=ListedAs.NAMED, help_text="Diagnoses: what the document lists it for."
    )
    label = models.CharField(
        max_length=300, blank=True, help_text="What the document calls it, such as a brand name under J3490."
    )
    prior_authorization = models.CharField(
        max_length=12, choices=PriorAuthorization, default=PriorAuthorization.UNKNOWN
    )
    note = models.CharField(max_length=500, blank=True)
    starts = models.DateField("from", null=True, blank=True, help_text="First day for which the policy names it so.")
    ends = models.DateField("until", null=True, blank=True, help_text="Last day for which the policy names it so.")
    source = models.CharField(max_length=200, help_text="Where in the document it was found, or who says so.")

    objects = PolicyCodeQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["policy", "code", "label"]
        constraints = [
            models.UniqueConstraint(
                fields=["policy", "code", "listed_as", "label"],
                name="%(app_label)s_%(class)s_once",
                violation_error_message="The policy names this code in this way already.",
            ),
            models.CheckConstraint(
                condition=Q(
                    prior_authorization__in=[
                        "no-auth",
                        "auth-needed",
                        "satisfied",
                        "performpa",
                        "conditional",
                        "unknown",
                    ]
                ),
                name="%(app_label)s_%(class)s_prior_authorization_known",
            ),
            models.CheckConstraint(
                condition=Q(listed_as__in=["named", "covered", "noncovered"]),
                name="%(app_label)s_%(class)s_listed_as_known",
            ),
            models.CheckConstraint(condition=~Q(source=""), name="%(app_label)s_%(class)s_has_source"),
            models.CheckConstraint(
                condition=Q(starts__isnull=True) | Q(ends__isnull=True) | Q(ends__gte=F("starts")),
                name="%(app_label)s_%(class)s_ends_after_start",
                violation_error_message="It cannot end before it starts.",
            ),
            models.CheckConstraint(
                condition=Q(range="") | Q(range__regex=r"^[0-9A-Z.]+-[0-9A-Z.]+$"),
                name="%(app_label)s_%(class)s_range_is_range",
                violation_error_message="Write a range as first-last: J9301-J9306.",
            ),
        ]

    def __str__(self):
        return f"{self.code.code} {self.label}".strip()

    def clean(self):
        refuse_licensed_numbers(self, ["label", "note", "source"])
