"""The box in which editors look up a code by typing."""

from django.contrib.admin.widgets import AutocompleteSelect

from procedures.models import MedicalCode


def is_key(text: str) -> bool:
    """Whether the text can be the key of a row: a number that both databases take."""
    return text.isascii() and text.isdecimal() and len(text) < 19


class ShowsRowsAlone:
    """Mixed into a box of Django's, which fails (500) to show again what was sent and is no key of a row."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [pk for pk in value if is_key(pk)], attr)


class CodeSelect(ShowsRowsAlone, AutocompleteSelect):
    """The box for one code."""


class CodeChoice:
    """A ModelAdmin or inline that asks for codes with CodeSelect."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.remote_field.model is MedicalCode:
            kwargs["widget"] = CodeSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
