"""The form of the page that decodes a bill."""

import datetime

from django import forms
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError

from procedures.forms import LONGEST_SHOWN

LONGEST_TEXT = 50_000


class PastedTextField(forms.CharField):
    """Text as it was pasted, line breaks as LF.

    Its box has no maxlength: a browser would cut what is pasted without a word.
    """

    widget = forms.Textarea

    def to_python(self, value):
        return super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")

    def validate(self, value):
        if not value.strip():
            raise ValidationError(self.error_messages["required"], code="required")
        if len(value) > LONGEST_TEXT:
            message = (
                f"This has {intcomma(len(value))} characters, and at most {intcomma(LONGEST_TEXT)} are read at once."
            )
            raise ValidationError(f"{message} Send it in parts.", code="too-long")


class DecodeForm(forms.Form):
    """The text of a bill, and a day of service for the lines that have none."""

    text = PastedTextField(
        label="Text of the bill",
        strip=False,
        help_text="Paste a bill, an explanation of benefits or a list of codes. Dates and prices may stay in it.",
        error_messages={"required": "Paste the text of a bill, or type one or several codes."},
        widget=forms.Textarea(
            attrs={"rows": 10, "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "dir": "auto"}
        ),
    )
    on = forms.DateField(
        label="Date of service, if the lines have none",
        required=False,
        help_text="Codes change from year to year. Without any date, today counts.",
        input_formats=["%Y-%m-%d", "%m/%d/%Y"],
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "off"}, format="%Y-%m-%d"),
    )

    def __init__(self, data=None):
        if data is not None:
            # No database takes NUL, and no page shows it.
            data = {name: data.get(name, "").replace("\0", " ") for name in ("text", "on")}
        super().__init__(data)
        # A date box cannot show what it cannot read.
        written = (data or {"on": ""})["on"][:LONGEST_SHOWN]
        self.fields["on"].error_messages["invalid"] = (
            f"Write the date as year-month-day, such as 2018-06-30; “{written}” could not be read."
        )

    def read(self) -> tuple[str, datetime.date | None]:
        """The text and the day of a valid form."""
        return self.cleaned_data["text"], self.cleaned_data["on"]
