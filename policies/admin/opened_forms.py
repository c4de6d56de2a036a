"""Forms that know what their row said when they were opened, so that nobody undoes what was written meanwhile."""

import datetime
import json

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import Truncator

LONGEST_SAID = 200

# A value as a form sends it: a text, or the keys of several rows, sorted.
Sent = str | list[str]


class OpenedForm(forms.ModelForm):
    """A form whose hidden field `opened` holds its row as an editor saw it.

    What was not changed since is not written: an import or another editor may have changed it meanwhile. Where both
    changed the same, the form is refused once, and saving again is a decision. `compared` names the fields.
    """

    opened = forms.CharField(required=False, widget=forms.HiddenInput)
    compared: list[str] = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.compared = [name for name in self.compared if name in self.fields]
        self._stored = {name: _value(self.instance, name) for name in self.compared}
        self.opened = self.stored_values()
        if self.is_bound:
            sent = self.data.get(self.add_prefix("opened"), "")
            self.opened |= _read(sent, self.opened)
            self.initial |= {name: self._initial(name) for name in self.compared}
            self.initial["opened"] = sent
        else:
            self.initial["opened"] = json.dumps(self.opened)

    def stored_values(self) -> dict[str, Sent]:
        """What the row says now, by field, as the form would send it."""
        return {name: _as_sent(value) for name, value in self._stored.items()}

    def clean(self):
        super().clean()
        if self.instance.pk is None:
            return self.cleaned_data
        opened = dict(self.opened)
        for name in self.compared:
            if name in self.cleaned_data:
                self._compare(name)
        if self.opened != opened:
            self.data[self.add_prefix("opened")] = json.dumps(self.opened)
        return self.cleaned_data

    def _compare(self, name: str) -> None:
        stored = _as_sent(self._stored[name])
        if name not in self.changed_data:
            self.cleaned_data[name] = self._stored[name]
            if stored != self.opened[name]:
                self._show(name, stored)
        elif stored not in (self.opened[name], _as_sent(self.cleaned_data[name])):
            said = Truncator(self._in_words(name)).chars(LONGEST_SAID)
            did = f"wrote “{said}” here" if said else "emptied this"
            self.add_error(name, f"Somebody else {did} since you opened this page. Save again to keep yours.")
        else:
            return
        self.opened[name] = stored

    def _show(self, name: str, value: Sent) -> None:
        """Has the page, if it is shown again, say what the row says."""
        if isinstance(value, list):
            self.data.setlist(self.add_prefix(name), value)
        else:
            self.data[self.add_prefix(name)] = value

    def _initial(self, name: str):
        field, value = self.fields[name], self.opened[name]
        if isinstance(field, forms.ModelChoiceField):
            return value
        try:
            return field.to_python(value)
        except ValidationError:
            return None

    def _in_words(self, name: str) -> str:
        value = self._stored[name]
        if isinstance(value, list):
            return ", ".join(map(str, value))
        display = getattr(self.instance, f"get_{name}_display", None)
        return display() if display else "" if value is None else str(value)


def _value(row, name: str):
    """The value of a field as a form has it once it is clean."""
    if row._meta.get_field(name).many_to_many:
        return list(getattr(row, name).all()) if row.pk else []
    if row._meta.get_field(name).many_to_one and getattr(row, f"{name}_id") is None:
        return None
    return getattr(row, name)


def _as_sent(value) -> Sent:
    if value is None:
        return ""
    if isinstance(value, str):
        return one_kind_of_line_break(value).strip()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if hasattr(value, "pk"):
        return str(value.pk)
    return sorted(str(row.pk) for row in value)


def one_kind_of_line_break(text: str) -> str:
    """The text as it is stored: browsers send the line breaks of a text area as two characters."""
    return text.replace("\r\n", "\n")


def _read(sent: str, shape: dict[str, Sent]) -> dict[str, Sent]:
    """What the hidden field says of the fields, as far as it can be read."""
    try:
        read = json.loads(sent)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(read, dict):
        return {}
    return {name: value for name, value in read.items() if name in shape and _is_like(value, shape[name])}


def _is_like(value, other: Sent) -> bool:
    if isinstance(other, list):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return isinstance(value, str)
