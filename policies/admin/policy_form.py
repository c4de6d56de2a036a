"""The form in which a policy is written."""

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget
from simple_history.utils import bulk_create_with_history

from policies.admin.opened_forms import OpenedForm, one_kind_of_line_break
from policies.code_ids import ids_of_codes
from policies.imports.code_lists import CodeList, read_code_list
from policies.imports.code_table import CodeTable
from policies.models import PolicyCode
from procedures.batches import PK_BATCH

LONGEST_LIST = 100_000
MOST_LISTED = 5_000
# Unknown codes that an error names.
MOST_NAMED = 20

# The fields that add a list of codes: for those who may add codes.
LIST_FIELDS = ["add_codes", "add_prior_authorization", "add_source"]


class SummaryField(forms.CharField):
    """A text that stays as it was stored where nobody has changed it."""

    def to_python(self, value):
        return one_kind_of_line_break(super().to_python(value))


class PolicyForm(OpenedForm):
    """A policy's facts, and a list of codes that it is to name from now on."""

    compared = [
        *["kind", "article_type", "number", "title", "issuer", "plans", "url", "status", "effective", "last_reviewed"],
        *["retired", "last_verified", "summary", "references"],
    ]

    add_codes = forms.CharField(
        label="Codes",
        required=False,
        max_length=LONGEST_LIST,
        widget=AdminTextareaWidget({"rows": 3}),
        help_text=(
            "As the document lists them, with any separator, and ranges: J9301-J9306, E11.9; Z79.4. Codes that it "
            "names already stay as they are. CPT and CDT numbers are left out."
        ),
    )
    add_prior_authorization = forms.ChoiceField(
        label="Prior authorization",
        required=False,
        choices=PolicyCode.PriorAuthorization.choices,
        initial=PolicyCode.PriorAuthorization.UNKNOWN,
        help_text="What the document says of all of them.",
    )
    add_source = forms.CharField(
        label="Source",
        required=False,
        max_length=PolicyCode._meta.get_field("source").max_length,
        widget=AdminTextInputWidget,
        help_text="Where in the document they stand: “Table 2”, “Applicable codes”.",
    )

    class Meta:
        field_classes = {"summary": SummaryField}

    def __init__(self, data=None, *args, **kwargs):
        # What is shown again may be something else than was sent.
        super().__init__(None if data is None else data.copy(), *args, **kwargs)
        self.listed = CodeList()
        if self.instance.pk is None:
            del self.fields["opened"]
        for name in ("summary", "add_codes"):
            if name in self.fields:
                # A form field asks the browser to cut a paste that is too long, without a word.
                self.fields[name].widget.attrs.pop("maxlength", None)

    def clean_url(self):
        url = self.cleaned_data["url"]
        if url and not url.startswith(("https://", "http://")):
            raise forms.ValidationError("Write an address that begins with https:// or http://.")
        return url

    def clean_references(self):
        references = self.cleaned_data["references"]
        if self.instance.pk and any(policy.pk == self.instance.pk for policy in references):
            raise forms.ValidationError("A document does not name itself here.")
        return references

    def clean_add_codes(self):
        text = self.cleaned_data["add_codes"]
        if not text:
            return text
        self.listed = read_code_list(text, CodeTable.for_text(text))
        problems = [f"{problem[:1].upper()}{problem[1:]}." for problem in self.listed.problems]
        if self.listed.unknown:
            problems.append(f"No code system here has {_named(self.listed.unknown)}.")
        if len(self.listed.codes) > MOST_LISTED:
            problems.append(f"These are more than {MOST_LISTED:,} codes. Add them in several steps.")
        if not problems and not self.listed.codes:
            problems.append("There is no code in this text.")
        if problems:
            raise forms.ValidationError(problems)
        return text

    def clean(self):
        super().clean()
        if self.listed.codes and not self.cleaned_data.get("add_source") and "add_source" not in self.errors:
            self.add_error("add_source", "Say where in the document these codes stand.")
        return self.cleaned_data

    def add_listed_codes(self, *, by) -> str:
        """Writes the codes of the list that the policy does not name yet. Says what was done, "" without a list."""
        if not self.listed.codes:
            return ""
        code_ids = ids_of_codes((system, code) for system, code, _ in self.listed.codes)
        named = set(self.instance.policy_codes.order_by().values_list("code_id", flat=True))
        rows = [
            PolicyCode(
                policy=self.instance,
                code_id=code_ids[system, code],
                range=named_range,
                prior_authorization=self.cleaned_data["add_prior_authorization"] or "unknown",
                source=self.cleaned_data["add_source"],
            )
            for system, code, named_range in self.listed.codes
            if code_ids[system, code] not in named
        ]
        bulk_create_with_history(rows, PolicyCode, batch_size=PK_BATCH, default_user=by)
        said = [f"{len(rows):,} of the listed codes were added"]
        if there := len(self.listed.codes) - len(rows):
            said.append(f"{there:,} were named already")
        said += [f"{count:,} left out ({why})" for why, count in self.listed.dropped.items()]
        # "no codes: ZZZ9", what was passed over.
        notes = [f"{note[:1].upper()}{note[1:]}." for note in self.listed.notes[:MOST_NAMED]]
        return " ".join([f"{', '.join(said)}.", *notes])


def _named(codes) -> str:
    more = f" and {len(codes) - MOST_NAMED:,} more" if len(codes) > MOST_NAMED else ""
    return ", ".join(list(codes)[:MOST_NAMED]) + more
