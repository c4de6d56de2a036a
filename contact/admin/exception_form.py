"""The forms of an exception: alone, and as a row of its host's form."""

import datetime

from django import forms
from django.db.models import QuerySet

from contact.availability import overlapping_openings
from contact.models import AvailabilityException
from contact.text_fields import LineField

# Days far from these have no moment in some time zones.
YEARS = range(2000, 2200)


OVERLAP = "It overlaps “{}”: make one exception of them, or change the hours or the days."


def require_day(day: datetime.date | None) -> datetime.date | None:
    """Refuses days for which nobody plans, such as those with a mistyped year."""
    if day is not None and day.year not in YEARS:
        raise forms.ValidationError(f"Write a day of the years {YEARS[0]} to {YEARS[-1]}.")
    return day


def require_whole_minutes(time: datetime.time | None) -> datetime.time | None:
    """Refuses seconds: meetings begin at whole minutes."""
    if time is not None and (time.second or time.microsecond):
        raise forms.ValidationError("Write hours and minutes, without seconds.")
    return time


class ExceptionForm(forms.ModelForm):
    """What the constraints of the table refuse, in words and beside the field that is wrong."""

    class Meta:
        model = AvailabilityException
        fields = ["host", "kind", "first_day", "last_day", "start", "end", "reason"]
        field_classes = {"reason": LineField}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "last_day" in self.fields:
            self.fields["last_day"].required = False
            self.fields["last_day"].help_text = "Empty: the first day is the only one."

    def clean_first_day(self):
        return require_day(self.cleaned_data["first_day"])

    def clean_last_day(self):
        return require_day(self.cleaned_data["last_day"]) or self.cleaned_data.get("first_day")

    def clean_start(self):
        return require_whole_minutes(self.cleaned_data["start"])

    def clean_end(self):
        return require_whole_minutes(self.cleaned_data["end"])

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day is before the first.")
        if "start" in self.errors or "end" in self.errors:
            return cleaned
        start, end = cleaned.get("start"), cleaned.get("end")
        if start is not None and end is None:
            self.add_error("end", "Write the end too, or leave both empty for the whole day.")
        elif end is not None and start is None:
            self.add_error("start", "Write the start too, or leave both empty for the whole day.")
        elif start is None and cleaned.get("kind") == AvailabilityException.Kind.OPEN:
            self.add_error("start", "Write from when to when it is open on these days.")
        return cleaned


class LoneExceptionForm(ExceptionForm):
    """The form of one exception, which is compared with the stored ones; a row of its host's form is compared there."""

    def _post_clean(self):
        super()._post_clean()
        if not self.errors:
            row = self.instance
            others = AvailabilityException.objects.filter(host=row.host).exclude(pk=row.pk)
            for one, other in overlapping_openings([row, *near(others, row)]):
                if one is row:
                    self.add_error(None, OVERLAP.format(other))


def near(rows: QuerySet[AvailabilityException], row: AvailabilityException) -> QuerySet[AvailabilityException]:
    """Those that hold on a day of the row, on the day before, or on the day after: hours may pass midnight."""
    day = datetime.timedelta(days=1)
    return rows.filter(first_day__lte=row.last_day + day, last_day__gte=row.first_day - day)
