"""The box in which editors look up a code by typing."""

from django.contrib.admin.widgets import AutocompleteSelect

from procedures.models import MedicalCode


class CodeSelect(AutocompleteSelect):
    """Django's box, which fails (500) to show again what was sent and is no key of a row."""

    def optgroups(self, name, value, attr=None):
        return super().optgroups(name, [pk for pk in value if pk.isdecimal() and pk.isascii() and len(pk) < 19], attr)


class CodeChoice:
    """A ModelAdmin or inline that asks for codes with CodeSelect."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.remote_field.model is MedicalCode:
            kwargs["widget"] = CodeSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)
