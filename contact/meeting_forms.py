"""What visitors send to the pages of meetings: what an address asks for, and the forms."""

import datetime
import re

from django import forms
from django.http import QueryDict

from contact.actions import Visitor
from contact.forms import VisitorForm
from contact.models import Booking, MeetingType
from contact.origin import Origin
from contact.text_fields import ParagraphsField
from contact.time_zones import LONGEST, listed_zone, read_zone

# Of what could not be read, so much is shown.
LONGEST_SHOWN = 40

# Years of four digits that every time zone can be counted in.
_INSTANT = re.compile("2[0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class InstantField(forms.Field):
    """An instant as contact.free_times.write_instant writes it: 2026-11-24T15:30:00Z."""

    widget = forms.HiddenInput
    default_error_messages = {"required": "Choose a time.", "invalid": "Choose one of these times."}

    def to_python(self, value):
        text = str(value or "").strip()
        if not text:
            return None
        try:
            if not _INSTANT.fullmatch(text):
                raise ValueError
            return datetime.datetime.fromisoformat(text)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None


class _AddressForm(forms.Form):
    type = forms.CharField(required=False, max_length=60)
    zone = forms.CharField(required=False, max_length=LONGEST)
    week = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    day = forms.DateField(required=False, input_formats=["%Y-%m-%d"])
    start = InstantField(required=False)


class MeetingAddress:
    """What the address of a page of meetings, or a form of one, asks for; what cannot be read counts as absent."""

    def __init__(self, data: QueryDict):
        form = _AddressForm(data)
        form.is_valid()
        read = form.cleaned_data
        # The slug of a type, which need not exist.
        self.meeting_type: str = read.get("type") or ""
        self.time_zone: str = listed_zone(read.get("zone", "")) if read_zone(read.get("zone", "")) else ""
        self.week: datetime.date | None = read.get("week")
        self.day: datetime.date | None = read.get("day")
        self.start: datetime.datetime | None = read.get("start")
        # A time was chosen, though perhaps one that cannot be read; with show=times the free times are asked for.
        self.asks_for_details = bool(data.get("start")) and data.get("show") != "times"
        self._written_zone = data.get("zone", "")

    @property
    def unknown_zone(self) -> str:
        """The beginning of what was written for a time zone and is none; "" where nothing was."""
        if self.time_zone:
            return ""
        return "".join(each for each in self._written_zone if each.isprintable()).strip()[:LONGEST_SHOWN]


class BookingForm(VisitorForm):
    """Who wants to meet, when, and why."""

    WORDS = ("notes", "notes")
    HINTS = {
        "email": "The invitation goes there, with a link to move or cancel the meeting.",
        "code": "The one you would like to talk about, such as J9302.",
    }
    field_order = ["start"]

    start = InstantField(label="Time")
    notes = ParagraphsField(
        label="What it is about",
        help_text="Up to 2,000 characters, and nothing about anybody’s health that names the person.",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def as_visitor(self, origin: Origin, *, time_zone: str) -> Visitor:
        """Who books, of a valid form. `origin` is read from the same fields."""
        return Visitor(
            **self.words(),
            time_zone=time_zone,
            code=origin.code,
            page=origin.page,
            looks_like_spam=self.verdict().is_spam,
        )

    def says_the_same_as(self, booking: Booking, meeting_type: MeetingType) -> bool:
        """Whether a valid form asks for the meeting as it stands. See also MessageForm.says_the_same_as."""
        is_there = (booking.meeting_type_id, booking.starts_at) == (meeting_type.pk, self.cleaned_data["start"])
        return is_there and self.has_the_words_of(booking)


class MoveForm(forms.Form):
    """To which time a meeting is moved, by somebody who saw it as it was at `sequence`."""

    start = InstantField(label="Time")
    sequence = forms.IntegerField(min_value=0, max_value=2**31 - 1)
