import random
import re
from itertools import pairwise

import pytest
from django.template.loader import render_to_string
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from procedures.guide_sections import SECTIONS
from procedures.text_diff import Piece, compare, compare_sections, shortened


def marked(pieces):
    """The pieces as one text: [-removed-], {+added+}, and … for a gap."""
    forms = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}", "gap": "…"}
    return "".join(forms[piece.kind].format(piece.text) for piece in pieces)


def sides(pieces):
    return tuple("".join(p.text for p in pieces if p.kind != other) for other in ("added", "removed"))


# Few words and signs, so that they come again and again.
texts = st.lists(st.sampled_from(["a", "b", "dose", "10 mg", ".", ",", "! ", " ", "  ", "\n", "\n\n", "- ", "**"])).map(
    "".join
)


@given(texts, texts)
def test_pieces_make_both_texts(before, after):
    pieces = compare(before, after)

    assert sides(pieces) == (before, after)
    assert all(piece.text for piece in pieces)
    assert all(one.kind != other.kind for one, other in pairwise(pieces))


@given(st.text(), st.text())
def test_pieces_make_both_texts_of_any_characters(before, after):
    assert sides(compare(before, after)) == (before, after)


@given(texts)
def test_equal_texts_have_no_change(text):
    assert compare(text, text) == ([Piece("same", text)] if text else [])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "two words", "{+two words+}"),
        ("two words", "", "[-two words-]"),
        ("for an hour", "for two hours", "for [-an hour-]{+two hours+}"),
        ("Rest for a day.", "Rest for a whole day.", "Rest for a{+ whole+} day."),
        ("Do not eat or drink.", "Do not eat.", "Do not eat[- or drink-]."),
        ("10 mg of J3420", "10,000 mg of J3421", "[-10-]{+10,000+} mg of [-J3420-]{+J3421+}"),
        ("**Goals:** less pain", "Goals: less pain", "[-**-]Goals:[-**-] less pain"),
        ("one two", "one  two", "one {+ +}two"),
        ("The end.\n", "The end.", "The end.[-\n-]"),
    ],
)
def test_changed_words_are_told_from_the_others(before, after, expected):
    assert marked(compare(before, after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # A blank, a sign or a word that both phrases happen to have does not break them up.
        ("a quick brown fox, here", "a slow brown cat, here", "a [-quick brown fox-]{+slow brown cat+}, here"),
        ("Call us, then wait", "Write down, or leave", "[-Call us, then wait-]{+Write down, or leave+}"),
        # What is longer than the changes beside it stays.
        ("take medicine", "please take medicine now", "{+please +}take medicine{+ now+}"),
        (
            "Your nurse calls you at home after one day.",
            "Your doctor calls you at home after two days.",
            "Your [-nurse-]{+doctor+} calls you at home after [-one day-]{+two days+}.",
        ),
        # Lines stay lines.
        ("- one\n- two\n- three", "- uno\n- due\n- three", "- [-one-]{+uno+}\n- [-two-]{+due+}\n- three"),
        ("x y z.\n\nA b c.", "p q r.\n\nD e f.", "[-x y z-]{+p q r+}.\n\n[-A b c-]{+D e f+}."),
    ],
)
def test_rewritten_phrase_is_one_change(before, after, expected):
    assert marked(compare(before, after)) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("It is safe.", "It is safe. It is quick.", "It is safe.{+ It is quick.+}"),
        ("- a fever\n- a cough", "- a fever\n- a rash\n- a cough", "- a fever{+\n- a rash+}\n- a cough"),
        ("One.\n\nTwo.\n\nThree.", "One.\n\nThree.", "One.[-\n\nTwo.-]\n\nThree."),
        ("One. Two. Three.", "Two. Three. One.", "[-One. -]Two. Three.{+ One.+}"),
    ],
)
def test_new_sentence_or_item_is_one_change(before, after, expected):
    assert marked(compare(before, after)) == expected


def prose(seed, words):
    source = random.Random(seed)
    return " ".join(f"w{source.randrange(900)}{'.' if source.random() < 0.1 else ''}" for _ in range(words))


def test_one_change_in_a_long_text_is_found():
    words = prose(1, 10_000).split()

    pieces = compare(" ".join(words), " ".join([*words[:5_000], "new", *words[5_000:]]))

    assert [(piece.kind, piece.text.strip()) for piece in pieces if piece.kind != "same"] == [("added", "new")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (prose(1, 10_000), prose(2, 10_000)),
        (prose(1, 10_000).replace(".", ""), prose(2, 10_000).replace(".", "")),
        ("a b c " * 8_000, "a c " * 12_000),
        ("a\n" * 25_000, "a\nb\n" * 12_500),
        ("!" * 50_000, "?" * 50_000),
        ("a" + "." * 50_000 + "b", "b" + "." * 49_000 + "a"),
        ("\n " * 25_000, "\n  " * 16_000),
        (". " * 25_000, ".\n" * 25_000),
    ],
    ids=["words", "one sentence", "few words", "few lines", "signs", "dots", "white space", "sentences"],
)
def test_long_texts_of_little_in_common_are_compared_within_the_bound(monkeypatch, before, after):
    steps = 0
    longest_common = compare.__globals__["_common_runs"]

    def counted(old, new, most_steps):
        nonlocal steps
        steps += most_steps
        return longest_common(old, new, most_steps)

    monkeypatch.setitem(compare.__globals__, "_common_runs", counted)

    assert sides(compare(before, after)) == (before, after)
    assert steps <= 500_000


def test_passage_that_costs_too_much_is_replaced_between_its_first_and_last_change():
    before = prose(1, 10_000).replace(".", "")
    after = prose(2, 10_000).replace(".", "")

    pieces = compare(f"Before. {before}", f"Before. {after} end")

    assert [piece.kind for piece in pieces] == ["same", "removed", "added"]


def test_sections_that_differ_come_in_the_order_of_the_guide():
    before = {"sources": "- A label", "recovery": "Rest.", "summary": "A shot.", "duration": "An hour."}
    after = {"sources": "- Two labels", "benefits": "Less pain.", "recovery": "Walk.", "duration": "An hour."}

    differences = compare_sections(before, after)

    assert [(each.field, each.heading) for each in differences] == [
        ("summary", "Summary"),
        ("benefits", "Benefits"),
        ("recovery", "Recovery"),
        ("sources", "Sources"),
    ]
    assert [marked(each.pieces) for each in differences] == [
        "[-A shot.-]",
        "{+Less pain.+}",
        "[-Rest-]{+Walk+}.",
        "- [-A label-]{+Two labels+}",
    ]


def test_every_section_is_compared():
    after = {section.field: f"Text of {section.field}." for section in SECTIONS}

    assert [each.field for each in compare_sections({}, after)] == [section.field for section in SECTIONS]


def test_line_ends_of_a_browser_are_no_difference():
    assert compare_sections({"summary": "One.\n\nTwo."}, {"summary": "One.\r\n\r\nTwo."}) == []


def numbered(first, last):
    return " ".join(f"w{number}" for number in range(first, last + 1))


def test_shortened_keeps_the_words_beside_changes():
    pieces = compare(f"{numbered(1, 50)} old {numbered(51, 100)}", f"{numbered(1, 50)} new {numbered(51, 100)}")

    assert marked(shortened(pieces, context_words=3)) == "…w48 w49 w50 [-old-]{+new+} w51 w52 w53…"


def test_shortened_keeps_both_ends_of_a_run_between_changes():
    pieces = [Piece("added", "x "), Piece("same", numbered(1, 30)), Piece("removed", " y")]

    assert marked(shortened(pieces, context_words=2)) == "{+x +}w1 w2…w29 w30[- y-]"


def test_shortened_leaves_short_runs_whole():
    pieces = [Piece("same", numbered(1, 24)), Piece("added", " x"), Piece("same", f" {numbered(1, 12)}")]

    assert shortened(pieces) == pieces
    assert shortened([]) == []


def test_shortened_keeps_every_change():
    before, after = prose(1, 600), re.sub(r"w1\d+", "changed", prose(1, 600))
    pieces = compare(before, after)

    changes = [piece for piece in pieces if piece.kind != "same"]

    assert changes
    assert [piece for piece in shortened(pieces, 2) if piece.kind not in ("same", "gap")] == changes
    assert "gap" in {piece.kind for piece in shortened(pieces, 2)}


def test_excerpt_is_the_shortened_difference():
    [difference] = compare_sections({"summary": f"{numbered(1, 60)} old"}, {"summary": f"{numbered(1, 60)} new"})

    assert marked(difference.excerpt(2)) == "…w59 w60 [-old-]{+new+}"


def rendered(pieces):
    return render_to_string("procedures/_difference.html", {"pieces": pieces})


def test_page_says_in_words_what_was_added_and_removed():
    html = rendered(compare("Rest for an hour.\nThen walk.", "Rest for two hours.\nThen walk."))

    assert " ".join(strip_tags(html).split()) == (
        "Rest for removed: an hour (end of removed) added: two hours (end of added) . Then walk."
    )
    assert re.search(r"<del>.*an hour.*</del><ins>.*two hours.*</ins>\.\nThen walk\.</div>", html)


def test_page_shows_a_gap_and_escapes_the_texts():
    html = rendered([Piece("gap", ""), Piece("added", "<script>"), Piece("same", " a < b")])

    assert "…" in html
    assert "&lt;script&gt;" in html
    assert " a &lt; b</div>" in html


def test_page_adds_no_white_space_to_unchanged_text():
    assert ">  one\n two </div>" in rendered([Piece("same", "  one\n two ")])
