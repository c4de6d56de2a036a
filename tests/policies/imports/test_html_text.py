import pytest

from policies.imports.html_text import LONGEST_SUMMARY, lines_of, one_line, shorten, summary_of
from procedures.markdown import render


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("  Plain \t words\r\n\r\nmore ", ["Plain words", "more"]),
        ("Besremi<br>Kesimpta<br/> ", ["Besremi", "Kesimpta"]),
        ("<p>One</p><div>two <b>bold</b></div>", ["One", "two bold"]),
        ("Caverject&#174; &amp; Edex&reg; &amp;trade; R&reg", ["Caverject® & Edex® ™ R®"]),
        ("p <0.05 and 5> 3", ["p <0.05 and 5> 3"]),
        ("<span\nclass='x'>one</span>\ntwo", ["one", "two"]),
        ("a\u00a0b\u200bc\u202ed\x00e", ["a bcde"]),
        ("", []),
    ],
)
def test_lines_of_a_field_are_its_words(text, lines):
    assert lines_of(text) == lines


def test_scripts_styles_and_comments_leave_nothing():
    text = "<style>p {}</style>One<script>alert('x')</script> two<!--[if gte mso 9]><xml>x</xml><![endif]--><![x y]>"
    assert one_line(text) == "One two"
    assert one_line("cut <script>never closed") == "cut"


def test_shorten_cuts_at_a_word():
    assert shorten("one two three", 9) == "one two…"
    assert shorten("one two", 7) == "one two"
    assert len(shorten("x" * 50, 10)) == 10


def test_summary_keeps_paragraphs_and_lists():
    text = (
        "<h2>Coverage</h2><p>It is <b>covered</b>.</p><ul><li><p>at home</p></li><li>in a clinic<ul><li>of any size"
        "</li></ul></li></ul><ol><li>first</li><li>second</li></ol><table><tr><td>a</td><td>b</td></tr></table>"
    )
    summary, left_out = summary_of(text)
    assert summary == (
        "Coverage\n\nIt is covered.\n\n- at home\n- in a clinic\n- of any size\n\n1. first\n2. second\n\na; b"
    )
    assert left_out == 0
    assert "<li>in a clinic</li>" in render(summary)


def test_summary_shows_marks_and_tags_as_they_were_written():
    summary, _ = summary_of("<p>*not bold* &lt;script&gt;x&lt;/script&gt; [link](javascript:x) # 1</p>")
    assert "<script>" not in render(summary)
    assert "*not bold* &lt;script&gt;" in render(summary)
    assert "<a" not in render(summary)


def test_summary_leaves_out_sentences_and_items_with_licensed_numbers():
    text = (
        "<p>First. The code 00000 is wide. Third; 0000T and more. Last.</p>"
        "<ul><li>Item of D0000. And more of it.</li><li>J3490 stays.</li></ul>"
    )
    assert summary_of(text) == ("First. Third; Last.\n\n- J3490 stays.", 3)


def test_summary_ends_with_a_sentence():
    sentences = [f"This is sentence {number} of a long text." for number in range(500)]
    summary, left_out = summary_of("<p>" + " ".join(sentences) + "</p>")
    assert LONGEST_SUMMARY - 60 < len(summary) <= LONGEST_SUMMARY
    assert summary.endswith("of a long text.")
    assert left_out == 0


def test_summary_of_one_endless_sentence_is_cut_at_a_word():
    summary, _ = summary_of("endless " * 2_000)
    assert 0 < len(summary) <= LONGEST_SUMMARY
    assert summary.endswith("endless…")


@pytest.mark.parametrize("text", ["", "   ", "<p>&nbsp;</p>", "<script>x</script>", "<ul><li></li></ul>"])
def test_summary_of_nothing_is_empty(text):
    assert summary_of(text) == ("", 0)


@pytest.mark.parametrize("text", ["<div>" * 20_000 + "deep", "<b>" * 20_000 + "deep", "<" * 50_000, "&" * 50_000])
def test_hostile_html_is_read_without_an_error(text):
    assert len(summary_of(text)[0]) <= LONGEST_SUMMARY


def test_summary_is_the_same_however_much_markup_there_is():
    sentences = [f"<p><span style='{'x' * 60}'>This is sentence {number}.</span></p>" for number in range(400)]
    plain = [f"<p>This is sentence {number}.</p>" for number in range(400)]
    assert summary_of("".join(sentences)) == summary_of("".join(plain))


def test_summary_ends_with_a_sentence_where_markup_hides_the_rest():
    text = "".join(f"<p style='{'x' * 3_000}'>This is sentence {number} of a text.</p>" for number in range(100))
    summary, _ = summary_of(text)
    assert summary.startswith("This is sentence 0 of a text.")
    assert summary.endswith("of a text.")
