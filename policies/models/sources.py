from django.db import models
from django.db.models import Q

from policies.models.policies import NUMBER_LENGTH


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
    is_excerpt = models.BooleanField(default=False, help_text="Its documents may name more codes than it has.")
    counts = models.JSONField(default=dict, help_text="How many were read, added, changed, dropped ...")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-imported_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["csv", "mcd"]), name="%(app_label)s_%(class)s_kind_known"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} of {self.as_of:%Y-%m-%d}"

    @property
    def in_words(self) -> str:
        """What it was read from, for readers."""
        return "list of the plan" if self.kind == self.Kind.CSV else self.get_kind_display()


class PolicySource(models.Model):
    """What the sources of one kind last said of an imported policy.

    Where the policy says something else, an editor or a source of another kind changed it; where a new import says
    something else, the source did.
    """

    policy = models.ForeignKey("policies.Policy", models.CASCADE, related_name="sources")
    kind = models.CharField(max_length=4, choices=PolicyImport.Kind)
    number = models.CharField(
        max_length=NUMBER_LENGTH, blank=True, help_text="As the source numbers it, whatever an editor made of that."
    )
    loaded_from = models.ForeignKey(PolicyImport, models.PROTECT, related_name="policies")
    facts = models.JSONField(help_text="As policies.facts writes them.")
    codes = models.JSONField(help_text="As policies.facts writes them.")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["policy", "kind"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=Q(kind__in=["csv", "mcd"]), name="%(app_label)s_%(class)s_kind_known"),
        ]

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
