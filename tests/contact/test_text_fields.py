"""What visitors write comes out as mail headers, calendars, sheets and both databases can take it."""

import pytest
from django import forms
from django.core.mail import EmailMessage

from contact.text_fields import AddressField, LineField, ParagraphsField

FAMILY = "👩\u200d👧"
PERSIAN = "می\u200cخواهم"


class Form(forms.Form):
    line = LineField(max_length=20, required=False)
    paragraphs = ParagraphsField(max_length=50, required=False)
    address = AddressField(required=False)


def read(**written):
    """The clean values of the fields that were written, and their errors."""
    form = Form(written)
    form.is_valid()
    values = {name: form.cleaned_data[name] for name in written if name in form.cleaned_data}
    return values, {name: messages.as_data()[0].code for name, messages in form.errors.items()}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Kim Lee ", "Kim Lee"),
        ("Kim\tLee", "Kim Lee"),
        ("Kim Lee\r\n", "Kim Lee"),
        ("Zoe\u0308", "Zo\u00eb"),
        (f"Kim {FAMILY}", f"Kim {FAMILY}"),
        (PERSIAN, PERSIAN),
        ("\u200fكيم", "\u200fكيم"),
        ("Kim\u202eeeL", "KimeeL"),
        ("\u2066Kim\u2069 \u202bLee\u202c", "Kim Lee"),
        ("O’Neil-Smith (Dr.)", "O’Neil-Smith (Dr.)"),
        ("<b>Kim</b>", "<b>Kim</b>"),
        ("=1+1", "=1+1"),
        ("?", "?"),
        ("Kim\ud800", "Kim\ufffd"),
        ("", ""),
        ("  \t ", ""),
        ("\u202e", ""),
    ],
)
def test_line_keeps_what_can_be_read(written, kept):
    assert read(line=written) == ({"line": kept}, {})


@pytest.mark.parametrize(
    "written",
    [
        "Kim\nBcc: a@b.example",
        "Kim\rLee",
        "Kim\r\nLee",
        "Kim\0Lee",
        "\x1b[31mKim",
        "Kim\x07",
        "Kim\x7f",
        "Kim\x85Lee",
        "Kim\x9bLee",
        "Kim\u2028Lee",
        "Kim\u2029Lee",
    ],
)
def test_line_refuses_what_would_break_a_mail_header(written):
    assert read(line=written) == ({}, {"line": "control"})


@pytest.mark.parametrize(
    "written",
    [
        "\u200b",
        "\u200d\u200c",
        "\ufeff",
        "\u2060\u00ad",
        "\u0301",
        "\ufe0f",
        "\u3164",
        "\u2800 \u115f",
        "\u200b \u200b",
    ],
)
@pytest.mark.parametrize("field", ["line", "paragraphs"])
def test_text_without_a_visible_character_is_refused(field, written):
    assert read(**{field: written}) == ({}, {field: "invisible"})


def test_required_line_of_blanks_is_missing():
    with pytest.raises(forms.ValidationError, match="Fill this in"):
        LineField().clean(" \u202e ")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("One\r\nTwo\rThree\nFour", "One\nTwo\nThree\nFour"),
        ("One\x0bTwo\x0cThree\x85Four\u2028Five\u2029Six", "One\nTwo\nThree\nFour\nFive\nSix"),
        ("\n One\n\n\tTwo\n\n", "One\n\n\tTwo"),
        ("O\0n\x1be\x07\x9b", "One"),
        ("One\u202e \u2067two", "One two"),
        (f"{FAMILY} {PERSIAN}", f"{FAMILY} {PERSIAN}"),
        ("Cafe\u0301", "Caf\u00e9"),
    ],
)
def test_paragraphs_keep_what_can_be_read(written, kept):
    assert read(paragraphs=written) == ({"paragraphs": kept}, {})


def test_length_is_that_of_the_text_as_it_is_kept():
    # Ends of lines as browsers send them, and letters with their accents apart.
    assert read(paragraphs="a\r\n" * 24 + "bc")[1] == {}
    assert read(line="e\u0301" * 20) == ({"line": "\u00e9" * 20}, {})
    assert read(line="e\u0301" * 21)[1] == {"line": "max_length"}


@pytest.mark.parametrize("field", ["line", "paragraphs"])
@pytest.mark.parametrize("unit", ["a", "e\u0301\u0316", "\u202e", "\0", "\n"])
def test_ten_megabytes_are_refused(field, unit):
    assert read(**{field: f"a{unit * (10**7 // len(unit))}a"})[1] in ({field: "max_length"}, {field: "control"})


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" kim@visitor.example\n", "kim@visitor.example"),
        ("kim+tag@visitor.example", "kim+tag@visitor.example"),
        ("kim@b\u00fccher.example", "kim@b\u00fccher.example"),
        ("Kim.Lee@Visitor.EXAMPLE", "kim.lee@visitor.example"),
        ("kim@B\u00dcCHER.example", "kim@b\u00fccher.example"),
        ('"Kim,Lee"@visitor.example', '"kim,lee"@visitor.example'),
        ("kim@visitor\u200b.example\ufeff", "kim@visitor.example"),
        ("kim@\u202evisitor.example", "kim@visitor.example"),
        ("", ""),
    ],
)
def test_address_is_read(written, kept):
    assert read(address=written) == ({"address": kept}, {})
    if kept:
        assert EmailMessage(to=[kept], reply_to=[kept]).message()["To"]


@pytest.mark.parametrize(
    "written",
    [
        "kim",
        "kim@visitor",
        "kim@visitor.example\nBcc: a@b.example",
        "kim@visitor.example,a@b.example",
        "kim@visitor.example;a@b.example",
        "Kim <kim@visitor.example>",
        "kim lee@visitor.example",
        "kim\0@visitor.example",
        "k\u00edm@visitor.example",
        "kim@visitor.example\x07",
        f"{'k' * 250}@visitor.example",
        # Django's EmailField takes all that follow.
        pytest.param("kim@a\u2028b.example", id="line separator"),
        pytest.param("kim@a\u2029b.example", id="paragraph separator"),
        pytest.param("kim@a\u3000b.example", id="ideographic blank"),
        pytest.param("kim@a\u00a0b.example", id="no-break space"),
        pytest.param("kim@a\ue000b.example", id="private use"),
        pytest.param("kim@" + "\u00fc" * 60 + ".example", id="label too long for IDNA"),
        pytest.param("kim@a\u05d01.example", id="both directions in a label"),
        pytest.param("kim@a\uff0cb.example", id="full-width comma"),
        pytest.param("kim@a\uff20b.example", id="full-width at sign"),
        pytest.param("kim@a\uff1cb\uff1e.example", id="full-width angle brackets"),
        pytest.param('"\x0b"@visitor.example', id="quoted tab"),
        pytest.param('"kim\x01"@visitor.example', id="quoted control"),
        pytest.param('"kim\\\x7f"@visitor.example', id="quoted delete"),
        pytest.param("kim@[127.0.0.1]", id="number of a machine"),
    ],
)
def test_address_is_refused(written):
    assert list(read(address=written)[1]) == ["address"]


def test_box_of_paragraphs_does_not_cut_what_is_pasted():
    form = Form()

    assert "maxlength" not in str(form["paragraphs"])
    assert 'maxlength="20"' in str(form["line"])
