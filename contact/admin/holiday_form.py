"""A pasted list of holidays, read line by line."""

import datetime
import re

from django import forms

from contact.admin.exception_form import YEARS
from contact.models import AvailabilityException
from contact.text_fields import ParagraphsField

MOST_DAYS = 200
LONGEST_REASON = AvailabilityException._meta.get_field("reason").max_length
_LINE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[\s,;]+(.*))?", re.ASCII)


class HolidaysForm(forms.Form):
    """Days on which everyone is closed. `days` holds what was read: the reasons by their days."""

    text = ParagraphsField(
        label="Holidays",
        max_length=20_000,
        widget=forms.Textarea({"rows": 12, "cols": 60, "placeholder": "2026-12-25 Christmas Day"}),
        help_text=f"One a line: year-month-day, then its name. At most {MOST_DAYS} lines; empty lines do not count.",
        error_messages={"required": "Paste a list: one day a line, such as 2026-12-25 Christmas Day."},
    )

    def clean_text(self):
        text = self.cleaned_data["text"]
        lines = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if len(lines) > MOST_DAYS:
            raise forms.ValidationError(f"These are {len(lines)} lines: paste at most {MOST_DAYS} at a time.")
        self.days: dict[datetime.date, str] = {}
        problems = []
        for number, line in lines:
            try:
                day, reason = read_line(line)
            except ValueError as problem:
                problems.append(f"Line {number}: {problem}")
                continue
            if day in self.days:
                problems.append(f"Line {number}: {day} stands in the list twice.")
            self.days.setdefault(day, reason)
        if problems:
            raise forms.ValidationError(problems)
        return text

    def exceptions(self) -> list[AvailabilityException]:
        """Unsaved: one for each day of the list."""
        return [
            AvailabilityException(kind=AvailabilityException.Kind.CLOSED, first_day=day, last_day=day, reason=reason)
            for day, reason in self.days.items()
        ]

    def save(self) -> list[AvailabilityException]:
        """Adds those days that are not closed for everyone already, and returns them."""
        closed = AvailabilityException.objects.filter(
            host__isnull=True,
            kind=AvailabilityException.Kind.CLOSED,
            start__isnull=True,
            first_day__lte=max(self.days),
            last_day__gte=min(self.days),
        )
        periods = list(closed.values_list("first_day", "last_day"))
        missing = [
            each for each in self.exceptions() if not any(first <= each.first_day <= last for first, last in periods)
        ]
        return AvailabilityException.objects.bulk_create(missing)


def read_line(line: str) -> tuple[datetime.date, str]:
    """Day and name of one line: "2026-12-25 Christmas Day". Raises ValueError, with a sentence, for anything else."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError("write year-month-day and then the name, such as 2026-12-25 Christmas Day.")
    try:
        day = datetime.date.fromisoformat(match[1])
    except ValueError:
        raise ValueError(f"the calendar has no {match[1]}.") from None
    if day.year not in YEARS:
        raise ValueError(f"write a day of the years {YEARS[0]} to {YEARS[-1]}.")
    reason = " ".join((match[2] or "").split())
    if len(reason) > LONGEST_REASON:
        raise ValueError(f"the name is longer than {LONGEST_REASON} characters.")
    return day, reason
