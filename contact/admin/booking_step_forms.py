"""What the steps of a meeting ask for."""

import datetime
import zoneinfo

from django import forms
from django.db.models import Q
from django.utils import timezone

from contact.models import Booking, Host
from contact.time_zones import time_in_words, zone_in_words
from contact.wall_time import instant

# Nobody plans further; and what is far beyond has no moment in some time zones.
MOST_DAYS_AHEAD = 730


class StepForm(forms.Form):
    """Knows which state of the meeting the person has seen."""

    sequence = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, data=None, *, booking: Booking, initial=None):
        super().__init__(data, initial={"sequence": booking.sequence, **(initial or {})})
        self.booking = booking

    def show_again(self) -> None:
        """Lets the form be sent once more, now that the person sees the meeting as it is."""
        self.data = self.data.copy()
        self.data["sequence"] = self.booking.sequence


class HostField(forms.ModelChoiceField):
    def label_from_instance(self, host):
        place, _, _ = zone_in_words(host.time_zone, timezone.now()).partition(" (")
        return f"{host.name}, {place}"


class MoveForm(StepForm):
    """A host, and the day and time on the clock of this host. Once it is clean, `start` is that moment in UTC."""

    host = HostField(
        queryset=Host.objects.none(),
        empty_label=None,
        help_text="Another host gets an invitation, the former one a cancellation.",
    )
    day = forms.DateField(
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Write the day as year-month-day, such as 2026-11-24."},
    )
    time = forms.TimeField(
        input_formats=["%H:%M"],
        widget=forms.TimeInput({"type": "time"}, format="%H:%M"),
        help_text="On the clock of the host.",
        error_messages={"invalid": "Write hours and minutes, such as 14:30."},
    )

    def __init__(self, data=None, *, booking: Booking):
        local = booking.starts_at.astimezone(booking.host.zone)
        initial = {"host": booking.host_id, "day": local.date(), "time": local.time()}
        super().__init__(data, booking=booking, initial=initial)
        self.fields["host"].queryset = Host.objects.filter(Q(active=True) | Q(pk=booking.host_id))

    def clean_day(self):
        day = self.cleaned_data["day"]
        today = timezone.localdate()
        if day > today + datetime.timedelta(days=MOST_DAYS_AHEAD):
            raise forms.ValidationError("This is more than two years ahead: choose an earlier day.")
        if day < today - datetime.timedelta(days=1):
            raise forms.ValidationError("This day has passed: choose a later one.")
        return day

    def clean(self):
        cleaned = super().clean()
        host, day, time = (cleaned.get(name) for name in ("host", "day", "time"))
        if host is None or day is None or time is None:
            return cleaned
        found = instants(day, time, host.zone)
        if not found:
            self.add_error(
                "time",
                f"The clock of {host.name} never shows {time:%H:%M} on that day, as it is put forward: choose another.",
            )
        elif len(found) == 1:
            self.start = found[0]
        else:
            self.start = self._choose_of_two(found, host)
        return cleaned

    def _choose_of_two(self, found: list[datetime.datetime], host: Host) -> datetime.datetime:
        """One of two moments with the same time on the clock, asked for by a box that the form has only then."""
        names = ("first", "second")
        words = [zone_in_words(host.time_zone, each).partition("(")[2].rstrip(")") for each in found]
        self.fields["which"] = forms.ChoiceField(
            label="Which of the two",
            choices=[("", "Choose"), *((name, f"The {name}: {word}") for name, word in zip(names, words, strict=True))],
            help_text="The clocks are put back on that day.",
        )
        chosen = self.data.get(self.add_prefix("which"))
        if chosen in names:
            return found[names.index(chosen)]
        time = time_in_words(found[0], host.time_zone)
        self.add_error("which", f"{time} comes twice on that day, as the clocks are put back: choose which one.")
        return found[0]


def instants(day: datetime.date, at: datetime.time, zone: zoneinfo.ZoneInfo) -> list[datetime.datetime]:
    """The instants, in UTC, at which the clock shows this: mostly one, none in a gap, two in a fold (PEP 495)."""
    first, second = instant(day, at, zone), instant(day, at, zone, is_end=True)
    if first.astimezone(zone).replace(tzinfo=None) != datetime.datetime.combine(day, at):
        return []
    return [first] if first == second else [first, second]
