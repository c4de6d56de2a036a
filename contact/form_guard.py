"""What guards the public forms without asking anything of people: a trap, a signed time, and a key used once."""

import time
import uuid

from django import forms
from django.core import signing

# Read at each call. Nobody fills in a form faster; and half a day later the visitor has turned to something else.
LEAST_SECONDS = 3
LONGEST_HOURS = 12

# The names of what contact/_guard.html adds to a form. People do not see the trap; programs that fill in every box do.
TOKEN = "form_token"
TRAP = "reference"

TOO_FAST = (
    "The form came back within {seconds} seconds, as programs send it. Nothing is lost: please send it once more."
)
TOO_OLD = (
    "The page with the form was opened more than {hours} hours ago. Nothing is lost: look through what you wrote, "
    "and send it once more."
)
UNKNOWN = "The form did not come from this page as it was. Nothing is lost: please send it once more."


def make_token(request_key: uuid.UUID, *, issued_at: int | None = None) -> str:
    """The signed key of one form, with the time at which its page was made (seconds since 1970, now by default)."""
    return _signer().sign_object({"key": request_key.hex, "at": int(time.time()) if issued_at is None else issued_at})


def read_token(token: str) -> tuple[uuid.UUID, int]:
    """Key and time of a token; raises BadSignature for any other text."""
    content = _signer().unsign_object(token)
    return uuid.UUID(content["key"]), content["at"]


def _signer() -> signing.Signer:
    return signing.Signer(salt="contact.form_guard")


class GuardedForm(forms.Form):
    """A public form. Its template includes contact/_guard.html, which holds the token and the trap.

    A form that comes too fast, too late, or without its token is invalid and is shown again with all that was typed
    and with a token that will do: after a form that was too fast the same one, after one that was too late one with
    the same key, so that what was sent before is not sent twice. Where a field is wrong, it is shown again in any case
    and says nothing of its token. A subclass with a `clean` of its own calls this one.
    """

    def __init__(self, data=None, *args, **kwargs):
        super().__init__(data, *args, **kwargs)
        # Once the form is valid it is the key of its token.
        self.request_key: uuid.UUID = uuid.uuid4()
        self._token = ""

    @property
    def token(self) -> str:
        """The token for the page that shows the form now."""
        if self.is_bound:
            self.is_valid()
        return self._token or make_token(self.request_key)

    @property
    def is_trapped(self) -> bool:
        """Whether the box that people do not see was filled in."""
        return bool((self.data.get(TRAP) or "").strip())

    def renew(self) -> None:
        """Makes it another form, with the same text: what was sent with its former key stays as it was sent."""
        self.request_key = uuid.uuid4()
        self._token = ""

    def clean(self):
        cleaned = super().clean()
        problem = self._read_token(self.data.get(TOKEN) or "")
        if problem and not self.errors:
            self.add_error(None, problem)
        return cleaned

    def _read_token(self, token: str) -> forms.ValidationError | None:
        """What is wrong with the token that came; the one that will do, and its key, are kept."""
        try:
            self.request_key, issued_at = read_token(token)
        except signing.BadSignature:
            return forms.ValidationError(UNKNOWN, code="unknown")
        age = time.time() - issued_at
        # A token of the future was made before the clock was set back: until then it would be too fast.
        if age < 0 or age > LONGEST_HOURS * 3600:
            return forms.ValidationError(TOO_OLD.format(hours=LONGEST_HOURS), code="too_old")
        self._token = token
        if age < LEAST_SECONDS:
            return forms.ValidationError(TOO_FAST.format(seconds=LEAST_SECONDS), code="too_fast")
        return None
