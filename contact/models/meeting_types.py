import datetime

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from contact.models.hosts import Host

# Minutes. Lengths, steps and buffers are multiples of it.
GRID = 5


class MeetingTypeQuerySet(models.QuerySet):
    def bookable(self):
        """Types that are offered and that somebody hosts, in their order. See also MeetingType.bookable_hosts."""
        shares = HostShare.objects.filter(host__active=True)
        return self.filter(active=True, pk__in=shares.values("meeting_type"))


class MeetingType(models.Model):
    """A kind of meeting that visitors can book: how long, with whom, under which rules."""

    slug = models.SlugField(max_length=60, unique=True, help_text="Names it in addresses. It does not change.")
    title = models.CharField(max_length=100, help_text="As visitors read it: Introduction.")
    description = models.TextField(max_length=1000, blank=True, help_text="What the meeting is for, in a sentence.")
    location = models.CharField(
        max_length=300,
        help_text="Where it takes place, as the invitation says it: By video; the link follows by mail. Or the link.",
    )
    active = models.BooleanField(default=True, help_text="Without it the type is not offered. Meetings stay.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Lower stands first.")
    hosts = models.ManyToManyField(Host, through="HostShare", related_name="meeting_types")

    length_min = models.PositiveSmallIntegerField("length (minutes)", default=30)
    step_min = models.PositiveSmallIntegerField(
        "a start every (minutes)", default=30, help_text="Counted from the beginning of each window."
    )
    notice_min = models.PositiveIntegerField(
        "notice (minutes)", default=240, help_text="A meeting can be booked until so long before it begins."
    )
    horizon_days = models.PositiveSmallIntegerField(
        "horizon (days)", default=60, help_text="A meeting can be booked so many days ahead."
    )
    buffer_before_min = models.PositiveSmallIntegerField("free before it (minutes)", default=0)
    buffer_after_min = models.PositiveSmallIntegerField(
        "free after it (minutes)",
        default=0,
        help_text="What is kept free after one meeting and before the next one adds up.",
    )
    daily_cap = models.PositiveSmallIntegerField(
        "meetings a day",
        blank=True,
        null=True,
        help_text="At most so many of this type on one day of a host's calendar. Empty for no limit.",
    )
    cancel_cutoff_min = models.PositiveIntegerField(
        "no change within (minutes)",
        default=60,
        help_text="Visitors can move or cancel until so long before the meeting; after that they write a message.",
    )
    reminder_min = models.PositiveIntegerField(
        "reminder before it (minutes)",
        blank=True,
        null=True,
        default=24 * 60,
        help_text="Empty for none. A meeting that is booked later than that gets none.",
    )

    objects = MeetingTypeQuerySet.as_manager()

    class Meta:
        ordering = ["position", "title", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(slug="") & ~Q(title="") & ~Q(location=""), name="%(app_label)s_%(class)s_complete"
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__range": bounds}), name=f"%(app_label)s_%(class)s_{field}_range"
                )
                for field, bounds in {
                    "length_min": (GRID, 480),
                    "step_min": (GRID, 480),
                    "notice_min": (0, 60 * 24 * 60),
                    "horizon_days": (1, 365),
                    "buffer_before_min": (0, 240),
                    "buffer_after_min": (0, 240),
                    "cancel_cutoff_min": (0, 60 * 24 * 60),
                }.items()
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__range": bounds}),
                    name=f"%(app_label)s_%(class)s_{field}_range",
                )
                for field, bounds in {"daily_cap": (1, 100), "reminder_min": (10, 14 * 24 * 60)}.items()
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{field: (F(field) / GRID) * GRID}), name=f"%(app_label)s_%(class)s_{field}_grid"
                )
                for field in ("length_min", "step_min", "buffer_before_min", "buffer_after_min")
            ),
        ]

    def __str__(self):
        return self.title

    @property
    def length(self) -> datetime.timedelta:
        return datetime.timedelta(minutes=self.length_min)

    @property
    def step(self) -> datetime.timedelta:
        return datetime.timedelta(minutes=self.step_min)

    @property
    def buffers(self) -> tuple[datetime.timedelta, datetime.timedelta]:
        """What is kept free before and after a meeting."""
        return (
            datetime.timedelta(minutes=self.buffer_before_min),
            datetime.timedelta(minutes=self.buffer_after_min),
        )

    def bookable_hosts(self) -> list["HostShare"]:
        """The shares of hosts who can be met, the one with most meetings first; `host` is at hand."""
        shares = self.shares.filter(host__active=True).select_related("host")
        return list(shares.order_by("-weight", "host_id"))


class HostShare(models.Model):
    """That a host takes meetings of a type, and how many of them compared with the other hosts."""

    meeting_type = models.ForeignKey(MeetingType, models.CASCADE, related_name="shares")
    host = models.ForeignKey(Host, models.CASCADE, related_name="shares")
    weight = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="A host of weight 2 gets twice the meetings of one of weight 1.",
    )

    class Meta:
        ordering = ["-weight", "host_id"]
        constraints = [
            models.UniqueConstraint(fields=["meeting_type", "host"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=Q(weight__range=(1, 10)), name="%(app_label)s_%(class)s_weight_range"),
        ]

    def __str__(self):
        return f"{self.host} for {self.meeting_type}"
