"""What both forms ask of a visitor, and the form of a message."""

import datetime

from django import forms
from django.db.models import Model

from contact.form_guard import GuardedForm
from contact.models import Message
from contact.origin import Origin
from contact.spam import Verdict, judge
from contact.text_fields import AddressField, LineField, ParagraphsField


class VisitorForm(GuardedForm):
    """Who writes or books, and about which code. A code that is not found is kept as written, and is no error.

    A subclass names in WORDS its field of prose and the column that it goes to, and in HINTS what stands below fields.
    """

    WORDS: tuple[str, str]
    HINTS: dict[str, str]

    name = LineField(
        label="Your name",
        max_length=100,
        error_messages={"required": "Write your name, or what we may call you."},
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )
    email = AddressField(
        label="Your e-mail address",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    organization = LineField(
        label="Organization",
        required=False,
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "organization", "dir": "auto"}),
    )
    code = LineField(
        label="Medical code",
        required=False,
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, hint in self.HINTS.items():
            self.fields[name].help_text = hint

    def verdict(self) -> Verdict:
        """Whether a valid form looks like spam."""
        written = self.cleaned_data
        return judge(
            written[self.WORDS[0]],
            name=written["name"],
            organization=written["organization"],
            is_trapped=self.is_trapped,
        )

    def words(self) -> dict[str, str]:
        """What was typed, by the column of the message or booking."""
        written = self.cleaned_data
        field, column = self.WORDS
        return {
            "name": written["name"],
            "email": written["email"],
            "organization": written["organization"],
            "code_text": written["code"],
            column: written[field],
        }

    def has_the_words_of(self, row: Model) -> bool:
        """Whether a valid form holds, word for word, what a message or booking was made of."""
        return all(getattr(row, column) == words for column, words in self.words().items())


class MessageForm(VisitorForm):
    """What a visitor writes to the team."""

    WORDS = ("message", "text")
    HINTS = {
        "email": "We use it only to answer you.",
        "organization": "Where you work, if you ask for somebody there.",
        "code": "The one you ask about, such as J9302. Name further ones in the message.",
    }

    message = ParagraphsField(
        label="Your message",
        max_length=5000,
        help_text="Up to 5,000 characters.",
        error_messages={"required": "Write what you would like to know."},
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )

    def as_message(self, origin: Origin, *, now: datetime.datetime) -> Message:
        """The message of a valid form, unsaved: new, or closed as spam. `origin` is read from the same fields."""
        verdict = self.verdict()
        message = Message(
            **self.words(),
            code=origin.code,
            page=origin.page,
            request_key=self.request_key,
            spam_score=verdict.score,
            spam_reasons=verdict.in_words(Message._meta.get_field("spam_reasons").max_length),
        )
        message.set_status(Message.Status.SPAM if verdict.is_spam else Message.Status.NEW, now=now)
        return message

    def says_the_same_as(self, message: Message) -> bool:
        """Whether a valid form is the one that the message was made of. See also BookingForm.says_the_same_as."""
        return self.has_the_words_of(message)
