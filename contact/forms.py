"""The form of a message."""

import datetime

from django import forms

from contact.form_guard import GuardedForm
from contact.models import Message
from contact.origin import Origin
from contact.spam import judge
from contact.text_fields import AddressField, LineField, ParagraphsField


class MessageForm(GuardedForm):
    """What a visitor writes to the team. A code that is not found is kept as it was written, and is no error."""

    name = LineField(
        label="Your name",
        max_length=100,
        error_messages={"required": "Write your name, or what we may call you."},
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )
    email = AddressField(
        label="Your e-mail address",
        help_text="We use it only to answer you.",
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )
    organization = LineField(
        label="Organization",
        required=False,
        max_length=150,
        help_text="Where you work, if you ask for somebody there.",
        widget=forms.TextInput(attrs={"autocomplete": "organization", "dir": "auto"}),
    )
    code = LineField(
        label="Medical code",
        required=False,
        max_length=60,
        help_text="The one you ask about, such as J9302. Name further ones in the message.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    message = ParagraphsField(
        label="Your message",
        max_length=5000,
        help_text="Up to 5,000 characters.",
        error_messages={"required": "Write what you would like to know."},
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
    )

    def as_message(self, origin: Origin, *, now: datetime.datetime) -> Message:
        """The message of a valid form, unsaved: new, or closed as spam. `origin` is read from the same fields."""
        written = self.cleaned_data
        verdict = judge(
            written["message"],
            name=written["name"],
            organization=written["organization"],
            is_trapped=self.is_trapped,
        )
        message = Message(
            **self._words(),
            code=origin.code,
            page=origin.page,
            request_key=self.request_key,
            spam_score=verdict.score,
            spam_reasons=verdict.in_words(Message._meta.get_field("spam_reasons").max_length),
        )
        message.set_status(Message.Status.SPAM if verdict.is_spam else Message.Status.NEW, now=now)
        return message

    def says_the_same_as(self, message: Message) -> bool:
        """Whether a valid form holds, word for word, what a message was made of."""
        return all(getattr(message, field) == words for field, words in self._words().items())

    def _words(self) -> dict[str, str]:
        """What was typed, by the field of the message."""
        written = self.cleaned_data
        return {
            "name": written["name"],
            "email": written["email"],
            "organization": written["organization"],
            "code_text": written["code"],
            "text": written["message"],
        }
