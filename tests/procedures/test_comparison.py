import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.comparison import Run, comparison_address, mark_differences

texts = st.lists(st.text("ab ,.\n1é", max_size=30), min_size=2, max_size=4)


def marked(*texts: str) -> list[list[str]]:
    """The words of each text that differ."""
    return [[run.text for run in runs if run.differs] for runs in mark_differences(texts)]


def test_words_that_differ_are_marked_in_both_texts():
    assert marked("Injection, exampline, 20 mg", "Injection, exampline, 40 mg") == [["20"], ["40"]]


def test_word_that_one_text_has_more_is_marked_there_alone():
    assert marked("Walker, folding", "Walker, folding, wheeled") == [[], ["wheeled"]]


def test_word_that_any_other_text_lacks_is_marked():
    assert marked("Walker, folding, each", "Walker, folding, each", "Walker, rigid, each") == [
        ["folding"],
        ["folding"],
        ["rigid"],
    ]


def test_words_with_only_punctuation_between_them_are_one_mark():
    assert marked("Cane, folding, each", "Cane, rigid, plain, each") == [["folding"], ["rigid, plain"]]
    assert marked("Injection, ab, cd, 5 mg", "Injection, ef, gh, 5 mg") == [["ab, cd"], ["ef, gh"]]
    assert marked("Cane - old, each", "Cane - new (big), each", "Cane - new, each") == [
        ["old"],
        ["new (big)"],
        ["new"],
    ]


def test_mark_ends_at_words_and_has_both_brackets():
    assert marked("Injection, ab, (cd), 5 mg", "Injection, ef, (gh), 5 mg") == [["ab, (cd)"], ["ef, (gh)"]]
    assert marked("Globulin, (ab cd), dry, 5 mg", "Globulin, (ef), wet, 5 mg") == [["(ab cd), dry"], ["(ef), wet"]]
    assert marked("Cane; old", "Cane: old") == [[";"], [":"]]


def test_same_texts_have_no_mark():
    assert mark_differences(["Walker", "Walker"]) == [[Run("Walker", False)]] * 2


@settings(max_examples=50, deadline=None)
@given(texts)
def test_runs_joined_are_the_text(texts):
    runs = mark_differences(texts)

    assert ["".join(run.text for run in each) for each in runs] == texts
    assert not [run for each in runs for run in each if run.differs and run.text != run.text.strip()]


def test_same_text_on_all_sides_is_never_marked():
    assert marked(*["A b. C d."] * 4) == [[]] * 4


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ([], "/codes/compare/"),
        (["hcpcs:J9302"], "/codes/compare/?code=hcpcs:J9302"),
        (["hcpcs:J9302", "icd10cm:C91.1"], "/codes/compare/?code=hcpcs:J9302&code=icd10cm:C91.1"),
    ],
)
def test_comparison_has_an_address(values, address):
    assert comparison_address(values) == address
