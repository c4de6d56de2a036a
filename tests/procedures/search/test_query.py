import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.search.query import MOST_WORDS, parse_query


@pytest.mark.parametrize(
    ("text", "code", "has_dot"),
    [
        ("J9302", "J9302", False),
        ("j9302", "J9302", False),
        (" J 9302 ", "J9302", False),
        ("J-9302", "J9302", False),
        ("a000", "A000", False),
        ("A00.0", "A000", True),
        (" a00.0 ", "A000", True),
        ("m54.16", "M5416", True),
        ("M5416", "M5416", False),
        ("A00.", "A00", True),
        ("J93", "J93", False),
        ("0DTJ4ZZ", "0DTJ4ZZ", False),
        ("S72.001A", "S72001A", True),
        # A code of ICD-10-PCS without a digit.
        ("GZFZZZZ", "GZFZZZZ", False),
        ("", "", False),
        ("diabetes", "", False),
        ("type 2 diabetes", "", False),
        ("insulin pump", "", False),
        ("J9302; J9229", "", False),
        ("J9302!", "", False),
        ("日本12", "", False),
    ],
)
def test_parse_query_sees_a_code_in_any_spelling(text, code, has_dot):
    query = parse_query(text)

    assert (query.code, query.code_has_dot) == (code, has_dot)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Injection, ofatumumab, 10 mg", ("injection", "ofatumumab", "10mg")),
        ("10mg ofatumumab 0.5 units", ("10mg", "ofatumumab", "0.5unit")),
        ("injection of ofatumumab", ("injection", "ofatumumab")),
        ("what is an X-ray", ("x", "ray")),
        ("of the", ("of", "the")),
        ("pain pain PAIN", ("pain",)),
        ("?!", ()),
        ("", ()),
    ],
)
def test_parse_query_keeps_the_words_that_say_something(text, words):
    assert parse_query(text).words == words


def test_parse_query_counts_the_words_that_it_leaves_out():
    query = parse_query(" ".join(f"word{number}" for number in range(MOST_WORDS + 3)))

    assert query.words == tuple(f"word{number}" for number in range(MOST_WORDS))
    assert query.words_left_out == 3


def test_parse_query_leaves_no_word_out_of_a_short_text():
    assert parse_query("two words").words_left_out == 0


@pytest.mark.parametrize(("text", "is_empty"), [("", True), ("  ", True), ("?!*", True), ("a", False), ("7", False)])
def test_parse_query_tells_an_empty_query(text, is_empty):
    assert parse_query(text).is_empty is is_empty


def test_parse_query_keeps_the_text_for_the_search_box():
    assert parse_query('  What IS a "code"? ').text == 'What IS a "code"?'


@settings(deadline=None)
@given(st.text(max_size=300) | st.text(alphabet='J9302 .-"*%\\():\0', max_size=300))
def test_parse_query_reads_any_text(text):
    query = parse_query(text)

    assert len(query.words) <= MOST_WORDS
    assert all(word.split() == [word] for word in query.words)
    assert len(set(query.words)) == len(query.words)
    assert query.code == "" or (query.code.isascii() and query.code.isalnum() and len(query.code) <= 8)
    assert query.is_empty == (not query.code and not query.words)
