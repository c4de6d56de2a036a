import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.search.text import WORD_LENGTH, fold, text_of_html, tokenize

# Characters of descriptions and queries, and those at which words are cut or joined.
ALPHABET = "aAbEJsx019.,'’-_%/()\"*:\\\0\n\téÉßñïŒµøΩжЖ日本ع½²"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n ", []),
        ("Injection, ofatumumab, 10 mg", ["injection", "ofatumumab", "10", "mg"]),
        ("non-Hodgkin", ["non", "hodgkin"]),
        ("x-ray", ["x", "ray"]),
        ("snake_case", ["snake", "case"]),
        ("A00.0", ["a000"]),
        ("a00.0", ["a000"]),
        ("(M54.16)", ["m5416"]),
        ("J9302", ["j9302"]),
        ("0.1 mg", ["0.1", "mg"]),
        ("0.1mg", ["0.1", "mg"]),
        ("10mg", ["10", "mg"]),
        ("per 16 oz.", ["per", "16", "oz"]),
        ("the end 5.", ["the", "end", "5"]),
        ("1,000 units", ["1000", "units"]),
        ("1,000,000", ["1000000"]),
        ("1,2,3", ["1", "2", "3"]),
        ("12,34", ["12", "34"]),
        ("Alzheimer's disease", ["alzheimer", "disease"]),
        ("Alzheimer’s disease", ["alzheimer", "disease"]),
        ("patients' rights", ["patients", "rights"]),
        ("Ménière", ["meniere"]),
        ("MÉNIÈRE", ["meniere"]),
        ("Me\u0301nie\u0300re", ["meniere"]),
        ("Straße", ["strasse"]),
        ("½ inch", ["1", "2", "inch"]),
        ("50%", ["50"]),
        ('"quoted" AND (NEAR*', ["quoted", "and", "near"]),
        ("back\\slash", ["back", "slash"]),
        ("a\0b", ["a", "b"]),
        ("💊 pill", ["pill"]),
        ("\u202eright-to-left\u202c", ["right", "to", "left"]),
    ],
)
def test_tokenize_cuts_words(text, words):
    assert tokenize(text) == words


def test_tokenize_keeps_repeated_words_in_order():
    assert tokenize("with and with") == ["with", "and", "with"]


def test_tokenize_shortens_a_long_word():
    assert tokenize("a" * 10_000) == ["a" * WORD_LENGTH]


@pytest.mark.parametrize("other", ["ofatumumab", "OFATUMUMAB", "Ofatumumab", "ófatümumab", "ｏｆａｔｕｍｕｍａｂ"])
def test_fold_makes_spellings_of_one_word_equal(other):
    assert fold(other) == "ofatumumab"


@pytest.mark.parametrize("text", ["J9302", "plain words", ""])
def test_fold_leaves_lower_case_ascii_as_it_is(text):
    assert fold(text.lower()) == text.lower()


@settings(deadline=None)
@given(st.text())
def test_tokenize_reads_any_text(text):
    words = tokenize(text)

    for word in words:
        assert word
        assert len(word) <= WORD_LENGTH
        assert word.split() == [word]


@settings(deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=60))
def test_tokenize_of_its_own_words_changes_nothing(text):
    words = tokenize(text)

    assert tokenize(" ".join(words)) == words


@settings(deadline=None)
@given(st.text(alphabet=ALPHABET, max_size=60))
def test_tokenize_does_not_mind_case(text):
    assert tokenize(text.lower()) == tokenize(text.upper().lower())


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>Less <em>pain</em>.</p>", "Less pain ."),
        ("<ul><li>one</li><li>two</li></ul>", "one two"),
        ("<p>5 &lt; 6 &amp; more</p>", "5 < 6 & more"),
    ],
)
def test_text_of_html_leaves_the_words(html, text):
    assert text_of_html(html).split() == text.split()


@pytest.mark.parametrize("text", ["Kesimpta™", "℡", "㎒", "𝐀rzerra", "1." * 60])
def test_tokenize_of_its_own_words_gives_them_again(text):
    words = tokenize(text)

    assert words
    assert tokenize(" ".join(words)) == words
