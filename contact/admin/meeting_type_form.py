"""The form of a type of meeting: what the constraints of the table refuse, in words and beside the field."""

from django import forms

from contact.models import HostShare, MeetingType
from contact.models.meeting_types import GRID
from contact.text_fields import LineField, ParagraphsField

DAY = 24 * 60

READ = ["title", "slug", "description", "location", "active", "position"]
RULES = [
    *["length_min", "step_min", "buffer_before_min", "buffer_after_min", "notice_min", "horizon_days"],
    *["daily_cap", "cancel_cutoff_min", "reminder_min"],
]

# What each number may be, both ends included, as the constraints of the table have it.
BOUNDS = {
    "length_min": (GRID, 480),
    "step_min": (GRID, 480),
    "notice_min": (0, 60 * DAY),
    "horizon_days": (1, 365),
    "buffer_before_min": (0, 240),
    "buffer_after_min": (0, 240),
    "cancel_cutoff_min": (0, 60 * DAY),
    "daily_cap": (1, 100),
    "reminder_min": (10, 14 * DAY),
}
ON_GRID = ["length_min", "step_min", "buffer_before_min", "buffer_after_min"]
ASIDES = {
    60 * DAY: " (60 days)",
    14 * DAY: " (14 days)",
    480: " (8 hours)",
    240: " (4 hours)",
}


class MeetingTypeForm(forms.ModelForm):
    class Meta:
        model = MeetingType
        fields = [*READ, *RULES]
        field_classes = {"title": LineField, "location": LineField, "description": ParagraphsField}

    def clean(self):
        cleaned = super().clean()
        for name, (least, most) in BOUNDS.items():
            number = cleaned.get(name)
            if number is None:
                continue
            if not least <= number <= most:
                self.add_error(name, f"Write a number from {least} to {most:,}{ASIDES.get(most, '')}.")
            elif name in ON_GRID and number % GRID:
                self.add_error(name, f"Write a multiple of {GRID} minutes.")
        return cleaned


class HostShareForm(forms.ModelForm):
    class Meta:
        model = HostShare
        fields = ["host", "weight"]

    def clean_weight(self):
        weight = self.cleaned_data["weight"]
        if not 1 <= weight <= 10:
            raise forms.ValidationError("Write a weight from 1 to 10.")
        return weight
