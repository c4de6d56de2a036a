import pytest

from procedures.search.sounds import sound_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fentanyl", "phentanil"),
        ("rituximab", "retuksimab"),
        ("ciprofloxacin", "siprofloxasin"),
        ("seroquel", "ceroquel"),
        ("xylocaine", "zilocane"),
        ("pneumonia", "pnumonia"),
        ("leukemia", "leukaemia"),
    ],
)
def test_sound_of_words_that_are_heard_alike_is_the_same(one, other):
    assert sound_of(one) == sound_of(other)


def test_sound_of_different_words_differs():
    words = ["rituximab", "infliximab", "cetuximab", "adalimumab", "ofatumumab", "ocrelizumab"]

    assert len({sound_of(word) for word in words}) == len(words)


def test_sound_of_little_is_nothing():
    assert sound_of("eye") == ""
