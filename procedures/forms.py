from django import forms

LONGEST_QUERY = 200
LARGEST_PAGE = 10**9
LONGEST_SHOWN = 40


class SearchForm(forms.Form):
    """The search box and the page number.

    It forgives: what cannot be read is ignored and named in `problems`, and the rest is searched.
    """

    q = forms.CharField(required=False, max_length=LONGEST_QUERY)
    page = forms.IntegerField(required=False, min_value=1)

    def __init__(self, data):
        self.problems: list[dict[str, str]] = []
        super().__init__({"q": self._readable(data.get("q", "")), "page": data.get("page") or None})

    def _readable(self, text: str) -> str:
        if "\0" in text:
            self._problem("q", "The text holds a character that cannot be searched; it was left out.")
            text = text.replace("\0", " ")
        if len(text.strip()) > LONGEST_QUERY:
            self._problem("q", f"Only the first {LONGEST_QUERY} characters were searched.")
            text = text.strip()[:LONGEST_QUERY]
        return text

    def _problem(self, parameter: str, message: str) -> None:
        self.problems.append({"parameter": parameter, "message": message})

    def read(self) -> tuple[str, int]:
        """The text to search and the page, from 1."""
        self.is_valid()
        if "page" in self.errors:
            self._problem("page", "The page must be a number from 1 upward; this is the first.")
        page = self.cleaned_data.get("page") or 1
        return self.cleaned_data.get("q", ""), min(page, LARGEST_PAGE)


class DateOfServiceForm(forms.Form):
    """The day for which a code's page answers. The error repeats what was written: a date box cannot show it."""

    as_of = forms.DateField(
        label="Date of service",
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data=None):
        super().__init__(data)
        written = (data or {}).get("as_of", "").replace("\0", "")
        self.fields["as_of"].error_messages["invalid"] = (
            f"Write the date as year-month-day, such as 2018-06-30; “{written[:LONGEST_SHOWN]}” could not be read."
        )
