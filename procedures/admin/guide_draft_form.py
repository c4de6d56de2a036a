"""The form in which a guide is written."""

from django import forms
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html

from procedures.guide_sections import LONGEST_SECTION, SECTIONS
from procedures.models import GuideDraft, MedicalCode
from procedures.pasted_text import remarks_on, tidy
from procedures.text_diff import compare

LONGEST_SOURCES = 5_000


def sources_field(section) -> str:
    """The form field of the sources of one section."""
    return f"{section.field}_sources"


class TextArea(forms.Textarea):
    """Grows with its text. The script counts words; a browser is not asked to cut at the longest length."""

    def __init__(self, rows: int, *, longest: int, counts: bool = False):
        attrs = {"rows": rows, "data-longest": longest, "class": "vLargeTextField guide-text"}
        super().__init__({**attrs, "data-reading-hints": "true"} if counts else attrs)


# A class attribute for each section: only declared fields can stand in the fieldsets of an admin.
SectionSources = type(
    "SectionSources",
    (forms.ModelForm,),
    {
        sources_field(section): forms.CharField(
            label=section.heading,
            required=False,
            max_length=LONGEST_SOURCES,
            widget=TextArea(2, longest=LONGEST_SOURCES),
        )
        for section in SECTIONS
    },
)


class GuideDraftForm(SectionSources):
    """The sections and sources of a draft; knows which version of it the editor had opened.

    A draft that was saved or moved on by somebody else meanwhile is refused once: the form then shows both texts, and
    saving again is a decision.
    """

    opened_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0)

    class Meta:
        model = GuideDraft
        fields = ["code", "change_note", *(section.field for section in SECTIONS), "sources"]
        widgets = {
            **{section.field: TextArea(4, longest=LONGEST_SECTION, counts=True) for section in SECTIONS},
            "sources": TextArea(4, longest=LONGEST_SECTION),
            "change_note": forms.TextInput({"class": "vTextField", "size": 80}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.remarks: list[str] = []
        for field in self.fields.values():
            # A form field asks the browser to cut a paste that is too long, without a word.
            field.widget.attrs.pop("maxlength", None)
        for section in SECTIONS:
            self.initial[sources_field(section)] = self.instance.section_sources.get(section.field, "")
        self.initial["opened_version"] = self.instance.version

    def clean(self):
        super().clean()
        for name in [*(section.field for section in SECTIONS), *map(sources_field, SECTIONS), "sources"]:
            if name in self.cleaned_data:
                self.cleaned_data[name] = tidy(self.cleaned_data[name])
        for section in SECTIONS:
            found = remarks_on(self.cleaned_data.get(section.field, ""))
            self.remarks += [f"{section.heading}: {remark}" for remark in found]
            if self.cleaned_data.get(sources_field(section)) and not self.cleaned_data.get(section.field, "x"):
                self.add_error(sources_field(section), "This section has no text to have sources.")
        self.instance.section_sources = {
            section.field: text for section in SECTIONS if (text := self.cleaned_data.get(sources_field(section)))
        }
        if self.instance.pk:
            self._refuse_stale_text()
        elif code := self.cleaned_data.get("code"):
            # Whoever else is adding a draft of this code waits here, so that the check of uniqueness holds.
            MedicalCode.objects.select_for_update(no_key=True).only("pk").get(pk=code.pk)
        return self.cleaned_data

    def _refuse_stale_text(self) -> None:
        stored = GuideDraft.objects.select_related("changed_by").get(pk=self.instance.pk)
        if not stored.is_editable:
            self.add_error(
                None,
                f"This text is {stored.get_state_display()} since you opened it. Nothing of yours is lost while this "
                "page is open: take the text back (in another tab), then save again here.",
            )
        if self.cleaned_data.get("opened_version") == stored.version:
            return
        who = stored.changed_by or "a command"
        when = date_format(timezone.localtime(stored.changed_at), "j F Y, H:i")
        self.add_error(
            None,
            f"Changed by {who} since you opened it ({when}). Both texts are kept: yours stands in the fields, theirs "
            "with each field in which they differ. Take over what you need; saving again replaces theirs.",
        )
        self._show_theirs(stored, who)
        # The next save is made knowing this version.
        self.data = self.data.copy()
        self.data[self.add_prefix("opened_version")] = stored.version

    def _show_theirs(self, stored: GuideDraft, who) -> None:
        theirs = {**stored.texts(), "sources": stored.sources, "change_note": stored.change_note}
        theirs |= {sources_field(each): stored.section_sources.get(each.field, "") for each in SECTIONS}
        for name, text in theirs.items():
            # What is refused for another reason, such as its length, is not among the clean.
            mine = self.cleaned_data.get(name, tidy(self.data.get(self.add_prefix(name), "")))
            if text != mine:
                pieces = render_to_string("procedures/_difference.html", {"pieces": compare(text, mine)})
                # An error also opens the part of the form that is folded.
                self.add_error(name, f"This differs from the text of {who}.")
                # The bound field is there already: it has copied the help of its field.
                self[name].help_text = format_html(
                    '<strong>Text of {}:</strong> <span class="their-text">{}</span> '
                    "<strong>What yours changes of it:</strong> {}",
                    who,
                    text or "(empty)",
                    pieces,
                )
