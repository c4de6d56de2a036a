"""The boxes in which editors look up plans and policies by typing."""

from django import forms
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError

from policies.models import HealthPlan, Policy
from procedures.admin.code_select import ShowsRowsAlone, is_key


class RowSelect(ShowsRowsAlone, AutocompleteSelect):
    """The box for one row."""


class RowsSelect(ShowsRowsAlone, AutocompleteSelectMultiple):
    """The box for several rows, each taken away by itself.

    The button that clears it all stands, as select2 makes it, where a list may hold nothing but items.
    """

    def build_attrs(self, base_attrs, extra_attrs=None):
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}


class RowsField(forms.ModelMultipleChoiceField):
    """Django's field, which hands the database any number as a key, however large."""

    def _check_values(self, value):
        if wrong := [pk for pk in value if not is_key(str(pk))]:
            raise ValidationError(
                self.error_messages["invalid_pk_value"], code="invalid_pk_value", params={"pk": str(wrong[0])[:40]}
            )
        return super()._check_values(value)


class RowChoice:
    """A ModelAdmin that asks for plans and policies with these boxes."""

    def formfield_for_foreignkey(self, db_field, request, **kwargs):
        if db_field.remote_field.model is HealthPlan:
            kwargs["widget"] = RowSelect(db_field, self.admin_site, using=kwargs.get("using"))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.remote_field.model in (HealthPlan, Policy):
            kwargs["widget"] = RowsSelect(db_field, self.admin_site, using=kwargs.get("using"))
            kwargs["form_class"] = RowsField
        return super().formfield_for_manytomany(db_field, request, **kwargs)
