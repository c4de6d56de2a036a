"""The form of a host, with rows for the windows of the week and for the exceptions to come."""

import datetime

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import Q
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.functional import cached_property

from codesite.desk import is_key
from contact.admin.exception_form import OVERLAP, ExceptionForm, near, require_day, require_whole_minutes
from contact.admin.plain_boxes import PlainBoxes
from contact.availability import overlapping_openings, overlapping_windows
from contact.models import AvailabilityException, AvailabilityWindow, Host, MeetingType
from contact.text_fields import LineField
from contact.time_zones import zone_choices

FIELDS = ["name", "email", "user", "time_zone", "active", "daily_cap"]

# With the host's own fields these stay below the 1,000 fields that Django takes.
MOST_WINDOWS = 50
EXCEPTIONS_SHOWN = 20
MOST_NEW_EXCEPTIONS = 20


class HostForm(forms.ModelForm):
    class Meta:
        model = Host
        fields = FIELDS
        field_classes = {"name": LineField}

    time_zone = forms.ChoiceField(
        choices=zone_choices,
        help_text="Windows and exceptions are wall time in this zone, also when its clocks change.",
        error_messages={"invalid_choice": "There is no time zone of this name: choose one of the list."},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        stored = self.instance.time_zone
        if "time_zone" in self.fields:
            field = self.fields["time_zone"]
            offered = {name for _, zones in field.choices if isinstance(zones, list | tuple) for name, _ in zones}
            if not self.instance.pk:
                field.choices = [("", "Choose a zone"), *field.choices]
            elif stored not in offered:
                # A name of old for one of the zones stays what it is until somebody chooses another.
                field.choices = [(stored, stored), *field.choices]
        if "user" in self.fields:
            people = get_user_model().objects.filter(Q(is_staff=True) | Q(pk=self.instance.user_id))
            self.fields["user"].queryset = people.order_by("username")

    def clean_daily_cap(self):
        cap = self.cleaned_data["daily_cap"]
        if cap is not None and not 1 <= cap <= 100:
            raise forms.ValidationError("Write a number of meetings from 1 to 100, or nothing for no limit.")
        return cap


class WindowForm(forms.ModelForm):
    class Meta:
        model = AvailabilityWindow
        fields = ["weekday", "start", "end", "valid_from", "valid_until", "meeting_type"]

    def clean_start(self):
        return require_whole_minutes(self.cleaned_data["start"])

    def clean_end(self):
        return require_whole_minutes(self.cleaned_data["end"])

    def clean_valid_from(self):
        return require_day(self.cleaned_data["valid_from"])

    def clean_valid_until(self):
        return require_day(self.cleaned_data["valid_until"])

    def clean(self):
        cleaned = super().clean()
        first, last = cleaned.get("valid_from"), cleaned.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", "The last day is before the first.")
        return cleaned


class WindowFormSet(BaseInlineFormSet):
    """The windows of a host, none of which overlaps another."""

    def add_fields(self, form, index):
        super().add_fields(form, index)
        if "meeting_type" in form.fields:
            # Else each row would ask the database for the same choices.
            form.fields["meeting_type"].choices = self._types

    @cached_property
    def _types(self) -> list[tuple]:
        return [("", "all types"), *((each.pk, str(each)) for each in MeetingType.objects.all())]

    def clean(self):
        super().clean()
        # A new row has no key yet, by which it could be found again.
        forms = {id(form.instance): form for form in self.forms if not form.errors and not is_left_out(self, form)}
        for one, other in overlapping_windows([form.instance for form in forms.values()]):
            forms[id(other)].add_error(
                None, f"{other} overlaps {one}: make one window of them, or change the hours or the days."
            )


def is_left_out(formset: BaseInlineFormSet, form: forms.ModelForm) -> bool:
    """Whether a row is empty, or to be deleted."""
    is_blank = form.empty_permitted and not form.has_changed()
    return is_blank or bool(formset.can_delete and form.cleaned_data.get(DELETION_FIELD_NAME))


class WindowsInline(PlainBoxes, admin.TabularInline):
    model = AvailabilityWindow
    form = WindowForm
    formset = WindowFormSet
    extra = 1
    max_num = MOST_WINDOWS
    verbose_name = "window"
    verbose_name_plural = "Weekly windows"

    def get_formset(self, request, obj=None, **kwargs):
        # Of more rows than the form can have, as somebody made up, none is built.
        return super().get_formset(request, obj, validate_max=True, absolute_max=MOST_WINDOWS + 1, **kwargs)


class ExceptionFormSet(BaseInlineFormSet):
    """The next exceptions of a host, however many there are; those that a form shows are found again by their keys."""

    def get_queryset(self):
        if not hasattr(self, "_queryset"):
            rows = self.queryset.order_by("first_day", "start", "pk")
            if self.is_bound:
                count = min(self.initial_form_count(), self.absolute_max)
                keys = [self.data.get(f"{self.add_prefix(number)}-id", "") for number in range(count)]
                self._queryset = list(rows.filter(pk__in=[key for key in keys if is_key(key)]))
            else:
                # Yesterday's too: it is still that day somewhere.
                first = timezone.localdate() - datetime.timedelta(days=1)
                self._queryset = list(rows.filter(last_day__gte=first)[:EXCEPTIONS_SHOWN])
        return self._queryset

    def clean(self):
        super().clean()
        forms = [form for form in self.forms if not form.errors and not is_left_out(self, form)]
        rows = [form.instance for form in forms]
        shown = [row.pk for row in self.get_queryset()]
        for form in forms:
            unseen = near(AvailabilityException.objects.filter(host=self.instance).exclude(pk__in=shown), form.instance)
            for one, other in overlapping_openings([form.instance, *rows, *(unseen if self.instance.pk else [])]):
                if one is form.instance and other is not one:
                    form.add_error(None, OVERLAP.format(other))


class ExceptionsInline(PlainBoxes, admin.TabularInline):
    model = AvailabilityException
    form = ExceptionForm
    formset = ExceptionFormSet
    fields = ["kind", "first_day", "last_day", "start", "end", "reason"]
    extra = 1
    max_num = EXCEPTIONS_SHOWN + MOST_NEW_EXCEPTIONS
    verbose_name = "exception"
    verbose_name_plural = "Exceptions to come"

    def get_formset(self, request, obj=None, **kwargs):
        return super().get_formset(request, obj, validate_max=True, absolute_max=self.max_num + 1, **kwargs)
