"""Form fields for what visitors write: text that mail headers, calendars, sheets and both databases take as it is."""

import re
import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage

# They would turn the text around them about. The marks (U+200E, U+200F, U+061C) and the joiners of Arabic, of Indic
# scripts and of emoji stay.
_BIDI_CONTROLS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_PARAGRAPHS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Letters and symbols by their category, yet blank: fillers of Hangul, and the empty Braille cell.
_BLANK_LETTERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
# A host name as mail servers take it, once its other letters are written in ASCII (RFC 3490).
_HOST_NAME = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
# What is longer is refused for its length, without being read: to bring it into NFC could take seconds.
_LONGEST_OVER_MAXIMUM = 4


def has_visible_character(text: str) -> bool:
    """Whether it has a letter, digit, punctuation mark or symbol; marks and joiners need one to stand on."""
    return any(unicodedata.category(each)[0] in "LNPS" and each not in _BLANK_LETTERS for each in text)


def can_be_mailed(address: str) -> bool:
    """Whether mails to an address can be built: EmailField takes some that no header, or no mail server, can hold.

    These are control characters in quotation marks, and domains that IDNA refuses or turns into something that is no
    host name, such as one with an ideographic blank.
    """
    if any(unicodedata.category(each) == "Cc" for each in address):
        return False
    try:
        host = address.rpartition("@")[2].encode("idna").decode("ascii")
        # With a Message-ID, lest Django asks the network for the name of this machine.
        EmailMessage(to=[address], headers={"Message-ID": "<trial@localhost>"}).message()
    except ValueError:
        return False
    return _HOST_NAME.fullmatch(host.lower()) is not None


class _TextField(forms.CharField):
    """NFC, without what turns text around, with at least one visible character if it is not empty."""

    default_error_messages = {
        "required": "Fill this in.",
        "invisible": "This holds no visible character.",
        "control": "This holds a line break or another control character: write it in one line.",
    }

    def to_python(self, value):
        text = super().to_python(value)
        if text in self.empty_values or self._is_far_too_long(text):
            return text
        text = unicodedata.normalize("NFC", _BIDI_CONTROLS.sub("", _SURROGATES.sub("\ufffd", text)))
        text = self.tidy(text).strip()
        if text and not has_visible_character(text):
            raise ValidationError(self.error_messages["invisible"], code="invisible")
        return text or self.empty_value

    def tidy(self, text: str) -> str:
        raise NotImplementedError

    def _is_far_too_long(self, text: str) -> bool:
        return self.max_length is not None and len(text) > _LONGEST_OVER_MAXIMUM * self.max_length


class LineField(_TextField):
    """One line, such as a name: a control character or a line break within it is an error, a tab becomes a blank.

    Django's CharField takes a line break, and the mail with it in its subject is then refused when it is sent.
    """

    def tidy(self, text: str) -> str:
        text = text.replace("\t", " ")
        if _NOT_IN_A_LINE.search(text):
            raise ValidationError(self.error_messages["control"], code="control")
        return text


class ParagraphsField(_TextField):
    """Text of several lines, which end in LF; other control characters are left out.

    Its box has no maxlength: a browser would cut what is pasted without a word. What is too long is an error instead.
    """

    widget = forms.Textarea

    def tidy(self, text: str) -> str:
        return _NOT_IN_PARAGRAPHS.sub("", _LINE_BREAKS.sub("\n", text))

    def widget_attrs(self, widget):
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class AddressField(forms.EmailField):
    """An e-mail address that can be mailed and fits a model's EmailField, in lower case.

    Without the invisible characters that come with pasting. In one case, an address is found again by an exact lookup,
    which alone uses an index and compares alike on both databases; no mail server in use tells apart by case.
    """

    default_error_messages = {
        "required": "Write your e-mail address.",
        "invalid": "Write one e-mail address, such as name@example.com.",
    }

    def __init__(self, **options):
        super().__init__(**{"max_length": 254, **options})

    def to_python(self, value):
        text = super().to_python(value)
        return "".join(each for each in text if unicodedata.category(each) not in ("Cf", "Cs")).lower()

    def clean(self, value):
        # After the validators, which refuse what is too long to be looked at.
        address = super().clean(value)
        if address and not can_be_mailed(address):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return address
