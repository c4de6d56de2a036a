from django.db import models
from django.db.models import Q


class PolicyImport(models.Model):
    """One import of policies that changed something."""

    class Kind(models.TextChoices):
        CSV = "csv", "CSV list"
        MCD = "mcd", "Medicare Coverage Database"

    kind = models.CharField(max_length=4, choices=Kind)
    source_name = models.CharField(max_length=300, help_text="The file, folder or zip it was read from.")
    as_of = models.DateField(
        help_text="Day of which the source tells: the newest day in its tables, or that of the import."
    )
    counts = models.JSONField(default=dict, help_text="How many were read, added, changed, dropped ...")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-imported_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["csv", "mcd"]), name="%(app_label)s_%(class)s_kind_known"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} of {self.as_of:%Y-%m-%d}"


class PolicySource(models.Model):
    """What the source last said of an imported policy.

    Where the policy says something else, an editor changed it; where a new import says something else, the source did.
    """

    policy = models.OneToOneField("policies.Policy", models.CASCADE, related_name="imported")
    loaded_from = models.ForeignKey(PolicyImport, models.PROTECT, related_name="policies")
    facts = models.JSONField(help_text="As policies.facts writes them.")
    codes = models.JSONField(help_text="As policies.facts writes them.")

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.policy} in {self.loaded_from}"


class WithheldUpdate(models.Model):
    """What a newer import says of a policy, where it differs from what an editor wrote: the editor decides."""

    policy = models.OneToOneField("policies.Policy", models.CASCADE, related_name="withheld")
    loaded_from = models.ForeignKey(PolicyImport, models.PROTECT, related_name="withheld")
    facts = models.JSONField(default=dict, help_text="The fields that differ, as the source has them.")
    codes = models.JSONField(default=dict, help_text="The codes that differ, as the source has them; null for none.")
    withheld_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-withheld_at"]
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(condition=~Q(facts={}, codes={}), name="%(app_label)s_%(class)s_says_something")
        ]

    def __str__(self):
        return str(self.policy)

    def take(self, by) -> None:
        """Follows the source, as the user `by`; see policies.withheld.take_update."""
        # It needs the rules of policies, which refer to this model.
        from policies.withheld import take_update

        take_update(self, by)

    def keep(self) -> None:
        """Leaves the policy as its editor wrote it."""
        from policies.withheld import keep_policy

        keep_policy(self)
