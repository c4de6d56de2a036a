import datetime

from django.db import models
from django.db.models import F, Q

from contact.models.hosts import Host
from contact.models.meeting_types import MeetingType


class AvailabilityWindow(models.Model):
    """Hours of a weekday in which a host can be met, as wall time in the host's zone."""

    class Weekday(models.IntegerChoices):
        MONDAY = 0, "Monday"
        TUESDAY = 1, "Tuesday"
        WEDNESDAY = 2, "Wednesday"
        THURSDAY = 3, "Thursday"
        FRIDAY = 4, "Friday"
        SATURDAY = 5, "Saturday"
        SUNDAY = 6, "Sunday"

    host = models.ForeignKey(Host, models.CASCADE, related_name="windows")
    weekday = models.PositiveSmallIntegerField(choices=Weekday)
    start = models.TimeField()
    end = models.TimeField(help_text="Not later than the start: it is of the next day. 00:00 is midnight.")
    valid_from = models.DateField(blank=True, null=True, help_text="First day. Empty: since ever.")
    valid_until = models.DateField(blank=True, null=True, help_text="Last day. Empty: for good.")
    meeting_type = models.ForeignKey(
        MeetingType,
        models.CASCADE,
        blank=True,
        null=True,
        related_name="windows",
        help_text="Only for meetings of this type. Empty: for all.",
    )

    class Meta:
        ordering = ["weekday", "start"]
        constraints = [
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="%(app_label)s_%(class)s_weekday_known"),
            models.CheckConstraint(
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_from__lte=F("valid_until")),
                name="%(app_label)s_%(class)s_valid_in_order",
            ),
        ]

    def __str__(self):
        return f"{self.get_weekday_display()} {self.start:%H:%M} to {self.end:%H:%M}"

    def is_of(self, day: datetime.date) -> bool:
        """Whether the window begins on this day."""
        return (
            self.weekday == day.weekday()
            and (self.valid_from is None or self.valid_from <= day)
            and (self.valid_until is None or day <= self.valid_until)
        )


class AvailabilityException(models.Model):
    """Days on which other hours hold than the weekly windows: a holiday, time off, a Saturday's extra hours."""

    class Kind(models.TextChoices):
        CLOSED = "closed", "closed"
        OPEN = "open", "open at these hours instead"

    host = models.ForeignKey(
        Host,
        models.CASCADE,
        blank=True,
        null=True,
        related_name="exceptions",
        help_text="Empty: for everyone, such as a holiday. What a host's own exceptions open on a day stays open.",
    )
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.CLOSED)
    first_day = models.DateField(help_text="In the calendar of the host.")
    last_day = models.DateField(help_text="The same day, where it is only one.")
    start = models.TimeField(blank=True, null=True, help_text="Empty, as the end: the whole day.")
    end = models.TimeField(
        blank=True, null=True, help_text="Not later than the start: it is of the next day. 00:00 is midnight."
    )
    reason = models.CharField(max_length=100, blank=True, help_text="For the team; visitors do not see it.")

    class Meta:
        ordering = ["first_day", "start"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=["closed", "open"]), name="%(app_label)s_%(class)s_kind_known"),
            models.CheckConstraint(
                condition=Q(first_day__lte=F("last_day")), name="%(app_label)s_%(class)s_days_in_order"
            ),
            models.CheckConstraint(
                condition=Q(start__isnull=True, end__isnull=True) | Q(start__isnull=False, end__isnull=False),
                name="%(app_label)s_%(class)s_hours_in_pairs",
            ),
            models.CheckConstraint(
                condition=Q(kind="closed") | Q(start__isnull=False), name="%(app_label)s_%(class)s_open_has_hours"
            ),
        ]

    def __str__(self):
        days = f"{self.first_day}" if self.first_day == self.last_day else f"{self.first_day} to {self.last_day}"
        hours = f" {self.start:%H:%M} to {self.end:%H:%M}" if self.start and self.end else ""
        return f"{self.get_kind_display()} {days}{hours}"
