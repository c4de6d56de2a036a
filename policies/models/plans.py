import datetime

from django.db import models
from django.db.models import Q
from django.urls import reverse
from simple_history.models import HistoricalRecords

# The slug of the plan that issues NCDs, LCDs and articles; a migration makes it.
CMS = "cms"


class HealthPlanQuerySet(models.QuerySet):
    def issuers(self):
        """Plans that issued a policy, in the order of their names."""
        return self.filter(pk__in=self._issued())

    def with_policies(self):
        """Plans that issued a policy or that one applies to, in the order of their names."""
        applied = self._policies.plans.through.objects.order_by().values("healthplan_id")
        # Not by Exists: PostgreSQL reads the whole table of the former for each plan.
        return self.filter(Q(pk__in=applied) | Q(pk__in=self._issued()))

    def _issued(self):
        return self._policies.objects.order_by().values("issuer_id")

    @property
    def _policies(self) -> type[models.Model]:
        return self.model._meta.get_field("policies").related_model


class HealthPlan(models.Model):
    """Somebody who pays for care, or decides for Medicare what is paid: a payer, a Medicare contractor, an agency."""

    class Kind(models.TextChoices):
        COMMERCIAL = "commercial", "commercial plan"
        MEDICARE_CONTRACTOR = "medicare-contractor", "Medicare contractor"
        MEDICARE_ADVANTAGE = "medicare-advantage", "Medicare Advantage plan"
        MEDICAID = "medicaid", "Medicaid plan"
        FEDERAL = "federal", "federal program or agency"

    kind = models.CharField(max_length=20, choices=Kind, blank=True, help_text="Empty where no source says it.")
    slug = models.SlugField(
        max_length=120, unique=True, help_text="The part of the address that names the plan. It does not change."
    )
    name = models.CharField(
        max_length=200, help_text="As visitors know it; unlike that of any other plan.", unique=True
    )
    organization = models.CharField(
        max_length=200,
        blank=True,
        help_text="The company behind several plans or contracts, such as Palmetto GBA: lists name it once.",
    )
    contractor_number = models.CharField(
        max_length=10, blank=True, help_text="Medicare contractors: the number that CMS assigned, such as 19003."
    )
    region = models.CharField(max_length=500, blank=True, help_text="Where it applies, such as Alabama, Georgia.")
    website = models.URLField(max_length=300, blank=True)
    verify_every_days = models.PositiveSmallIntegerField(
        "verified every (days)",
        default=180,
        help_text="A policy of this plan that was not checked against its original for longer is marked as stale.",
    )
    source_key = models.CharField(
        max_length=60, blank=True, editable=False, help_text="Its key in the source it was imported from: mcd:139-10."
    )

    objects = HealthPlanQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    kind__in=["", "commercial", "medicare-contractor", "medicare-advantage", "medicaid", "federal"]
                ),
                name="%(app_label)s_%(class)s_kind_known",
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(slug=""), name="%(app_label)s_%(class)s_named"),
            models.CheckConstraint(
                condition=Q(website="") | Q(website__startswith="https://") | Q(website__startswith="http://"),
                name="%(app_label)s_%(class)s_website_is_address",
            ),
            models.CheckConstraint(
                condition=Q(verify_every_days__range=(1, 3650)), name="%(app_label)s_%(class)s_verify_range"
            ),
            models.UniqueConstraint(
                fields=["contractor_number"],
                condition=~Q(contractor_number=""),
                name="%(app_label)s_%(class)s_contractor_once",
            ),
            models.UniqueConstraint(
                fields=["source_key"], condition=~Q(source_key=""), name="%(app_label)s_%(class)s_source_key_once"
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("policies:plan", args=[self.slug])

    @property
    def short_name(self) -> str:
        """The organization, where it has several contracts, else the name: for lists that name it once."""
        return self.organization or self.name

    def stale_before(self, on: datetime.date) -> datetime.date:
        """On the day `on`, a policy that was last verified before this day is stale."""
        return on - datetime.timedelta(days=self.verify_every_days)
