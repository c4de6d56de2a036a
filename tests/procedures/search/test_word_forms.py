import pytest

from procedures.search.word_forms import stem


@pytest.mark.parametrize(
    "forms",
    [
        ["screen", "screens", "screening", "screenings", "screened"],
        ["fracture", "fractures", "fractured"],
        ["biopsy", "biopsies", "biopsied"],
        ["disease", "diseases"],
        ["diagnosis", "diagnoses"],
        ["prosthesis", "prostheses"],
        ["abscess", "abscesses"],
        ["glass", "glasses"],
        ["crutch", "crutches"],
        ["headache", "headaches"],
        ["nurse", "nurses", "nursing"],
        ["bandage", "bandages", "bandaging"],
        ["foot", "feet"],
        ["tooth", "teeth"],
        ["vertebra", "vertebrae"],
        ["embolus", "emboli"],
        ["fit", "fits"],
        ["lens", "lenses"],
        ["box", "boxes"],
    ],
    ids=lambda forms: forms[0],
)
def test_stem_is_the_same_for_all_forms_of_a_word(forms):
    assert len({stem(form) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("contain", "container"),
        ("general", "generic"),
        ("inject", "injection"),
        ("tube", "tub"),
        ("organ", "organic"),
        ("pelvis", "pelvic"),
        ("spring", "spr"),
        ("feed", "fe"),
        ("virus", "viru"),
        ("pad", "paddle"),
    ],
)
def test_stem_does_not_make_one_word_of_two(one, other):
    assert stem(one) != stem(other)


@pytest.mark.parametrize("word", ["10mg", "e119", "gas", "0.5", "ménière", "its", ""])
def test_stem_leaves_codes_numbers_and_short_words_alone(word):
    assert stem(word) == word
