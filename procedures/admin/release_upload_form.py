"""The form that uploads a release of codes."""

from django import forms

from procedures.code_sets.loader import licence_problem
from procedures.code_sets.readers import VERSION, can_read
from procedures.code_sets.records import printable
from procedures.models import CodeSystem, ReleaseUpload
from procedures.models.uploads import LARGEST_UPLOAD
from procedures.release_uploads import MOST_RECORDS, command_for


class ReleaseUploadForm(forms.Form):
    system = forms.ModelChoiceField(label="Code system", queryset=CodeSystem.objects.all(), empty_label="Choose one")
    file = forms.FileField(
        label="File of the release",
        max_length=255,
        help_text=(
            "As published: a zip, a text, gz, xlsx or csv file of at most "
            f"{LARGEST_UPLOAD // 1024**2} MB and {MOST_RECORDS:,} codes. Larger ones are imported on the server."
        ),
    )
    version = forms.CharField(
        label="Year and month",
        required=False,
        max_length=7,
        widget=forms.TextInput({"placeholder": "2025-01", "size": 8}),
        help_text=(
            "When the release takes effect, such as 2025-01. Needed only where the file’s name does not tell it. "
            "The command import_codes calls it --release."
        ),
    )

    def clean_system(self):
        system = self.cleaned_data["system"]
        if problem := licence_problem(system):
            raise forms.ValidationError(problem)
        if not can_read(system.slug):
            raise forms.ValidationError(f"There is no importer for {system.name}.")
        return system

    def clean_version(self):
        version = self.cleaned_data["version"]
        if version and not VERSION.fullmatch(version):
            raise forms.ValidationError("Write the year and month as in 2025-01.")
        return version

    def clean(self):
        super().clean()
        file, system = self.cleaned_data.get("file"), self.cleaned_data.get("system")
        if file and system and file.size > LARGEST_UPLOAD:
            command = command_for(system.slug, printable(file.name), self.cleaned_data.get("version", ""))
            self.add_error(
                "file",
                f"The file is larger than {LARGEST_UPLOAD // 1024**2} MB. On the server, run: {command}",
            )
        return self.cleaned_data

    def keep(self, *, by) -> ReleaseUpload:
        """Stores what was uploaded, and deletes uploads that nobody confirmed in time."""
        ReleaseUpload.objects.expired().delete()
        file = self.cleaned_data["file"]
        return ReleaseUpload.objects.create(
            system=self.cleaned_data["system"],
            name=printable(file.name),
            version=self.cleaned_data["version"],
            content=file.read(),
            uploaded_by=by,
        )
