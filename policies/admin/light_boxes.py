"""Boxes of forms with many of them: Django's, written without a template, which takes most of a page's time."""

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join


class _Light:
    """An `<input>` as Django's template writes it."""

    def render(self, name, value, attrs=None, renderer=None):
        box = self.get_context(name, value, attrs)["widget"]
        stated = {"type": box["type"], "name": name} | ({} if box["value"] is None else {"value": box["value"]})
        return format_html("<input{}>", flatatt(stated | box["attrs"]))


class TextBox(_Light, forms.TextInput):
    """One line of text."""


class DayBox(_Light, forms.DateInput):
    """A day."""


class HiddenBox(_Light, forms.HiddenInput):
    """A value that nobody sees."""


class CheckBox(_Light, forms.CheckboxInput):
    """Yes or no."""


class ChoiceBox(forms.Select):
    """One of a few choices, without groups of them."""

    def render(self, name, value, attrs=None, renderer=None):
        chosen = "" if value is None else str(value)
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                ("" if key is None else key, flatatt({"selected": str(key or "") == chosen}), label)
                for key, label in self.choices
            ),
        )
        return format_html(
            "<select{}>{}</select>", flatatt({"name": name} | self.build_attrs(self.attrs, attrs)), options
        )
