"""The codes that a policy names, in its form: 25 rows at a time, however many there are, and blank rows."""

from collections.abc import Iterable

from django import forms
from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.http import QueryDict
from django.utils.functional import cached_property

from policies.admin.light_boxes import CheckBox, ChoiceBox, DayBox, HiddenBox, TextBox
from policies.admin.opened_forms import OpenedForm
from policies.models import Policy, PolicyCode
from procedures.admin.code_select import CodeChoice, is_key

# With the blank rows, the plans and the related documents these stay below the 1,000 fields that Django takes.
ROWS = 25
MOST_NEW = 20

EDITED = ["listed_as", "label", "prior_authorization", "note", "starts", "ends", "source"]
TWICE = "The policy names this code in this way already."
GONE = "{} was deleted by somebody else since you opened this page. Choose Delete to go on without it."

WIDGETS = {
    "listed_as": ChoiceBox,
    "label": TextBox({"size": 12}),
    "prior_authorization": ChoiceBox,
    "note": TextBox({"size": 18}),
    "source": TextBox({"size": 12}),
    "starts": DayBox({"type": "date"}, format="%Y-%m-%d"),
    "ends": DayBox({"type": "date"}, format="%Y-%m-%d"),
}

# Beside the name of the column, in a box that shows its first words.
AUTHORIZATION = {
    **{value: label.removeprefix("prior authorization ") for value, label in PolicyCode.PriorAuthorization.choices},
    PolicyCode.PriorAuthorization.NO_AUTH.value: "not needed",
}

# What distinguishes two rows of one policy: the key of the code, ListedAs, label.
Key = tuple[int, str, str]


class CodesPage:
    """Those of a policy's codes that an address asks for: ?find_code=J93&codes_page=2."""

    def __init__(self, policy: Policy | None, query: QueryDict):
        self.text = query.get("find_code", "").strip()
        self._number = query.get("codes_page")
        self._rows = PolicyCode.objects.filter(policy=policy)

    @cached_property
    def total(self) -> int:
        return self._rows.count()

    @cached_property
    def page(self) -> Page:
        rows = self._rows.beginning_with(self.text) if self.text else self._rows
        return Paginator(rows.in_order(), ROWS).get_page(self._number)

    @cached_property
    def rows(self) -> list[PolicyCode]:
        return list(self.page)


class CodeRowForm(forms.ModelForm):
    """A code of a policy as a row of the policy's form."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "prior_authorization" in self.fields:
            self.fields["prior_authorization"].widget.choices = list(AUTHORIZATION.items())

    def _get_validation_exclusions(self):
        # Their fields allow nothing that the constraints refuse, and to check a constraint asks the database.
        return super()._get_validation_exclusions() | {"listed_as", "prior_authorization", "source"}


class ShownCodeForm(OpenedForm, CodeRowForm):
    """A code that the policy names already."""

    opened = forms.CharField(required=False, widget=HiddenBox)
    compared = EDITED

    class Meta:
        model = PolicyCode
        fields = EDITED
        widgets = WIDGETS

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in EDITED:
            self.fields[name].widget.attrs["aria-label"] = f"{self.fields[name].label}: {self.code}"

    @property
    def code(self) -> str:
        """The code as it is shown, that of a row which is gone too."""
        return self.instance.code.code if self.instance.code_id else self.opened["code"]

    def stored_values(self):
        code = self.instance.code.code if self.instance.code_id else "This code"
        return {"code": code, **super().stored_values()}

    def changed_fields(self) -> list[str]:
        return [name for name in EDITED if name in self.changed_data]

    def key(self) -> Key:
        return self.instance.code_id, self.cleaned_data["listed_as"], self.cleaned_data["label"]

    def _post_clean(self):
        # To check a constraint asks the database: not for rows that stay as they are, or go.
        if self.has_changed() and not self.cleaned_data.get(DELETION_FIELD_NAME):
            super()._post_clean()


class ShownCodesFormSet(BaseInlineFormSet):
    """The rows that were shown, found again by the keys that were sent, whatever happened to the others meanwhile."""

    page: CodesPage

    @classmethod
    def get_default_prefix(cls):
        return "shown_codes"

    def get_queryset(self):
        if not hasattr(self, "_queryset"):
            self._queryset = self._rows_sent() if self.is_bound else self.page.rows
        return self._queryset

    def _rows_sent(self) -> list[PolicyCode]:
        count = min(self.initial_form_count(), self.absolute_max)
        keys = [self.data.get(f"{self.add_prefix(number)}-id", "") for number in range(count)]
        return list(self.queryset.in_order().filter(pk__in=[key for key in keys if is_key(key)]))

    def add_fields(self, form, index):
        super().add_fields(form, index)
        # Django's field asks the database for each row, which has been found already.
        key = self.data.get(form.add_prefix("id")) if self.is_bound else form.instance.pk
        form.fields["id"] = forms.CharField(required=False, widget=HiddenBox, initial=key)
        form.fields[self.fk.name].widget = HiddenBox()
        if DELETION_FIELD_NAME in form.fields:
            form.fields[DELETION_FIELD_NAME].widget = CheckBox({"aria-label": f"Delete: {form.code}"})

    def clean(self):
        # Not Django's own check, which knows of nothing but these rows.
        moved = []
        for form in self.initial_forms:
            if form.errors or (self.can_delete and self._should_delete_form(form)):
                continue
            if form.instance.pk is None:
                if form.changed_fields():
                    form.add_error(None, GONE.format(form.code))
            elif {"listed_as", "label"} & set(form.changed_fields()):
                moved.append(form)
        stored = stored_keys(self.instance, [form.instance.code_id for form in moved])
        seen = set()
        for form in moved:
            others = {key for pk, key in stored.items() if pk != form.instance.pk}
            if form.key() in others | seen:
                form.add_error(None, TWICE)
            seen.add(form.key())

    def keys_after(self, stored: dict[int, Key]) -> set[Key]:
        """Of these rows the keys that they will have once the forms are saved; those that go are left out."""
        keys = dict(stored)
        for form in self.initial_forms:
            if form.instance.pk not in keys or form.errors:
                continue
            if self.can_delete and self._should_delete_form(form):
                del keys[form.instance.pk]
            elif form.has_changed():
                keys[form.instance.pk] = form.key()
        return set(keys.values())


class NewCodeForm(CodeRowForm):
    class Meta:
        model = PolicyCode
        fields = ["code", *EDITED]
        widgets = WIDGETS


class NewCodesFormSet(BaseInlineFormSet):
    """Blank rows. `shown`, where there is one, holds the rows that are changed and deleted with the same form."""

    shown: ShownCodesFormSet | None = None

    @classmethod
    def get_default_prefix(cls):
        return "new_codes"

    def initial_form_count(self):
        return 0

    def clean(self):
        filled = [
            form
            for form in self.forms
            if form.has_changed() and not form.errors and not (self.can_delete and self._should_delete_form(form))
        ]
        stored = stored_keys(self.instance, [form.instance.code_id for form in filled])
        taken = self.shown.keys_after(stored) if self.shown else set(stored.values())
        for form in filled:
            key = (form.instance.code_id, form.instance.listed_as, form.instance.label)
            if key in taken:
                form.add_error(None, TWICE)
            taken.add(key)


def stored_keys(policy: Policy, code_ids: Iterable[int]) -> dict[int, Key]:
    """The keys of the rows of these codes that a policy has, by their primary keys."""
    code_ids = set(code_ids)
    if not code_ids or policy.pk is None:
        return {}
    rows = policy.policy_codes.filter(code__in=code_ids).order_by()
    return {pk: key for pk, *key in rows.values_list("pk", "code_id", "listed_as", "label") for key in [tuple(key)]}


class ShownCodesInline(admin.TabularInline):
    """A page of the codes that the policy names; those that are shown are changed and deleted, the others stay."""

    model = PolicyCode
    form = ShownCodeForm
    formset = ShownCodesFormSet
    fields = EDITED
    extra = 0
    template = "admin/policies/policy/codes.html"
    verbose_name = "code"
    verbose_name_plural = "codes that it names"

    def has_add_permission(self, request, obj):
        return False

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, absolute_max=ROWS, **kwargs)
        formset.page = CodesPage(obj, request.GET)
        return formset


class NewCodesInline(CodeChoice, admin.TabularInline):
    """Blank rows for codes that the policy does not name yet."""

    model = PolicyCode
    form = NewCodeForm
    formset = NewCodesFormSet
    fields = ["code", *EDITED]
    autocomplete_fields = ["code"]
    extra = 3
    max_num = MOST_NEW
    verbose_name = "code"
    verbose_name_plural = "new codes"

    def has_view_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def get_formset(self, request, obj=None, **kwargs):
        return super().get_formset(request, obj, absolute_max=MOST_NEW, **kwargs)
