from django.db import models
from django.db.models import F, Q


class PolicyRevisionQuerySet(models.QuerySet):
    def newest_first(self):
        return self.order_by("-at", "-pk")


class PolicyRevision(models.Model):
    """One change of a policy as readers see it: its text and facts as they were from then on.

    The first one is the policy as it came; a revision is made only when something did change.
    """

    class Kind(models.TextChoices):
        NEW = "new", "new policy"
        REVISED = "revised", "revised"
        RETIRED = "retired", "retired"
        REINSTATED = "reinstated", "in effect again"
        CODES = "codes", "codes changed"

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(help_text="1 for the policy as it came.")
    kind = models.CharField(max_length=12, choices=Kind)
    at = models.DateTimeField(help_text="When this site took it over.")
    facts = models.JSONField(help_text="The facts and the summary from then on, as policies.facts reads them.")
    plans = models.ManyToManyField(
        "policies.HealthPlan",
        related_name="revisions",
        help_text="Plans that it applied to before or after it, and its issuer.",
    )
    codes_added = models.PositiveIntegerField(default=0)
    codes_dropped = models.PositiveIntegerField(default=0)
    codes_changed = models.PositiveIntegerField(default=0, help_text="Codes of which it says something else.")
    loaded_from = models.ForeignKey(
        "policies.PolicyImport",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="revisions",
        help_text="The import that brought it; none where an editor did.",
    )

    objects = PolicyRevisionQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        # Thousands of revisions of one import have the same moment.
        indexes = [models.Index(F("at").desc(), F("id").desc(), name="policies_revision_newest")]
        constraints = [
            models.UniqueConstraint(fields=["policy", "number"], name="%(app_label)s_%(class)s_number_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["new", "revised", "retired", "reinstated", "codes"]),
                name="%(app_label)s_%(class)s_kind_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="new", number=1) | (~Q(kind="new") & Q(number__gt=1)),
                name="%(app_label)s_%(class)s_first_is_new",
            ),
        ]

    def __str__(self):
        return f"{self.policy}, revision {self.number}"


class PolicyCodeChange(models.Model):
    """A code that a revision added, dropped, or says something else of. The codes of the first revision are added."""

    class Kind(models.TextChoices):
        ADDED = "added", "added"
        DROPPED = "dropped", "dropped"
        CHANGED = "changed", "changed"

    revision = models.ForeignKey(PolicyRevision, models.CASCADE, related_name="code_changes")
    code = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="policy_changes")
    kind = models.CharField(max_length=8, choices=Kind)
    before = models.CharField(max_length=300, blank=True, help_text="What the policy said of a changed code.")
    after = models.CharField(max_length=300, blank=True, help_text="What it says of it since.")

    class Meta:
        ordering = ["revision", "code"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "code"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["added", "dropped", "changed"]), name="%(app_label)s_%(class)s_kind_known"
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.get_kind_display()}"
