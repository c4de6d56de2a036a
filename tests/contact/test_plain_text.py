"""Text without what ends the lines of mails and calendars or turns them about."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.plain_text import cut, is_printable, one_line, paragraphs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kim Lee", "Kim Lee"),
        ("Kim\r\nBcc: all@example.com", "Kim Bcc: all@example.com"),
        ("Kim\x00\x07\x1b[1m Lee", "Kim[1m Lee"),
        ("Kim\u2028Lee\x85!", "Kim Lee !"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("\u2066Kim\u2069 \u200fLee", "Kim Lee"),
        ("  Kim \t Lee ", "Kim Lee"),
        ("كيم لي", "كيم لي"),
        ("👩‍⚕️ Kim", "👩‍⚕️ Kim"),
        ("a\udcffb", "ab"),
    ],
)
def test_one_line(text, expected):
    assert one_line(text) == expected


def test_paragraphs_keep_their_line_breaks():
    assert paragraphs("One\r\n\r\nTwo\rThree\x0bFour\x00\n") == "One\n\nTwo\nThree\nFour"


@given(st.text())
def test_one_line_has_no_line_break_and_no_control(text):
    line = one_line(text)
    assert line.splitlines() in ([], [line])
    assert not any(unicodedata.category(each) == "Cc" for each in line)
    assert one_line(line) == line


@pytest.mark.parametrize(
    ("text", "expected"),
    [("One two three", "One two three"), ("One two three four", "One two…"), ("Onetwothreefour", "Onetwothreef…")],
)
def test_cut_ends_between_words(text, expected):
    assert cut(text, 13) == expected


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_cut_is_never_longer_than_asked(text, longest):
    assert len(cut(text, longest)) <= longest


@pytest.mark.parametrize(
    ("address", "expected"),
    [("kim@visitor.example", True), ('"kim lee"@visitor.example', True), ('"\x1c"@visitor.example', False)],
)
def test_address_with_a_control_character_is_not_printable(address, expected):
    assert is_printable(address) is expected
