import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.markdown import plain_text, render
from procedures.pasted_text import remarks_on, tidy


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("", ""),
        ("Rest for a day.", "Rest for a day."),
        ("One\r\ntwo\rthree", "One\ntwo\nthree"),
        ("One\vtwo\ftwo\u2028three\u2029four\u0085five", "One\ntwo\ntwo\nthree\nfour\nfive"),
        ("10\u00a0mg\u2009a\u202fday\tor two", "10 mg a day or two"),
        ("soft\u00adhyphen, zero\u200bwidth, \ufeffmark\x00\x07\x1b", "softhyphen, zerowidth, mark"),
        ("right\u202eleft\u202c", "rightleft"),
        ("half \ud83d of a pair", "half \N{REPLACEMENT CHARACTER} of a pair"),
        ("trailing  \n blanks \t\n", "trailing\n blanks"),
        ("one\n\n\n\n\ntwo", "one\n\ntwo"),
        ("\n\n one \n\n", "one"),
        ("“Curly” – quotes… stay, as é and 日本 do.", "“Curly” – quotes… stay, as é and 日本 do."),
    ],
)
def test_tidy_keeps_the_words_and_drops_what_nobody_sees(pasted, kept):
    assert tidy(pasted) == kept


@pytest.mark.parametrize(
    "bullet",
    ["•\t", "• ", "\uf0b7\t", "·       ", "·\u00a0\u00a0 ", "\t•\t", "\u00a0\u00a0•\t", "▪\t", "§  ", "o\t", "◦ "],
)
def test_tidy_makes_bullets_of_a_word_processor_into_a_list(bullet):
    text = tidy(f"Bring:\r\n\r\n{bullet}your card\r\n{bullet}a list of medicines")

    assert [line.strip() for line in text.split("\n")] == ["Bring:", "", "- your card", "- a list of medicines"]
    assert render(text).count("<li>") == 2


def test_tidy_makes_numbers_before_a_tab_into_a_list():
    text = tidy("1.\tThe skin is cleaned.\r2.\tThe needle goes in.")

    assert text == "1. The skin is cleaned.\n2. The needle goes in."
    assert render(text).count("<li>") == 2


@pytest.mark.parametrize("text", ["oral care", "o is a letter", "10.5 mg", "a · b", "2020 • 2021"])
def test_tidy_leaves_words_alone_that_look_like_marks(text):
    assert tidy(text) == text


def test_tidy_reads_a_megabyte():
    assert len(tidy("• one \r\n" * 130_000)) > 700_000


@settings(deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="•o\t \r\n1.)\u00a0\u200b§ab", max_size=60))
def test_tidy_of_a_tidy_text_changes_nothing(text):
    once = tidy(text)

    assert tidy(once) == once
    assert "\r" not in once
    assert "\x00" not in once
    once.encode()


def test_remarks_are_silent_about_a_good_text():
    assert (
        remarks_on("A **strong** [word](https://example.org/), 5 < 6, call [911](tel:911), see [codes](/codes/).") == []
    )


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("<b>Bold</b>", "HTML is shown as it is written, not obeyed: <b> </b>"),
        ("<script>alert(1)</script>", "HTML is shown as it is written, not obeyed: <script> </script>"),
        ("[x](javascript:alert(1))", "A link that is not https, mailto or tel becomes plain text: javascript:alert(1"),
        ("[x](http://example.org)", "A link that is not https, mailto or tel becomes plain text: http://example.org"),
        ("[x](//example.org)", "A link that is not https, mailto or tel becomes plain text: //example.org"),
        ("A **strong word.", "A ** has no partner, so it is shown as it is."),
    ],
)
def test_remarks_name_what_will_not_look_as_its_author_may_think(text, remark):
    assert remarks_on(text) == [remark]
    for tag in ("<b>", "<script>", "href", "<strong>"):
        assert tag not in render(text)


def test_remarks_count_no_escaped_mark():
    assert remarks_on(r"A \*\*plain word.") == []
    assert plain_text(r"A \*\*plain word.") == "A **plain word."


def test_remarks_name_at_most_three_of_each_kind():
    [html, link] = remarks_on("<a><b><i><u> [1](ftp:1) [2](ftp:2) [3](ftp:3) [4](ftp:4)")

    assert html.endswith(": <a> <b> <i>")
    assert link.endswith(": ftp:1, ftp:2, ftp:3")


@settings(deadline=None)
@given(st.text(max_size=200) | st.text(alphabet="<a>[](*)\\:/ ", max_size=80))
def test_remarks_read_any_text(text):
    assert len(remarks_on(text)) <= 3
