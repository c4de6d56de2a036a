import pytest

from procedures.models import CodeSystem
from procedures.search import rebuild, search
from tests.factories import create_code, create_name
from tests.procedures.search.questions import OFATUMUMAB, find

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ofatumumap", "ofatumumab"),
        ("ofatumuab", "ofatumumab"),
        ("ofatumummab", "ofatumumab"),
        ("oaftumumab", "ofatumumab"),
        ("injection ofatumumap", "injection ofatumumab"),
        ("ofatumumap injetcion", "ofatumumab injection"),
        ("Wheelchiar", "wheelchair"),
    ],
)
def test_search_finds_what_a_misspelled_word_means(typed, meant):
    create_code("J9302", OFATUMUMAB)
    create_code("E1130", "Standard wheelchair, fixed full length arms")
    rebuild()

    found = find(typed)
    assert found.corrected == meant
    assert found.did_you_mean is None
    assert [row["code"] for row in found.rows] == [row["code"] for row in find(meant).rows]
    assert found.total == 1


def test_search_offers_the_other_spelling_where_the_typed_one_is_wanted():
    create_code("J9302", OFATUMUMAB)

    found = search("ofatumumap", list(CodeSystem.objects.all()), verbatim=True)

    assert (found.total, found.corrected, found.did_you_mean) == (0, None, "ofatumumab")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("heartattack", "heart attack"),
        ("breast feeding", "breastfeeding"),
        ("the hert attack", "the heart attack"),
        ("phentanil", "fentanyl"),
        ("zofran", "zofran"),
        ("zophran", "zofran"),
        ("retuksimab", "rituximab"),
    ],
)
def test_search_finds_words_that_are_joined_split_or_written_as_they_sound(typed, meant):
    create_code("I21.9", "Heart attack, unspecified", system="icd10cm")
    create_code("Z39.1", "Care of a breastfeeding mother", system="icd10cm")
    create_code("J3010", "Injection, fentanyl citrate, 0.1 mg")
    create_code("J9312", "Injection, rituximab, 10 mg")
    create_name(create_code("J2405", "Injection, ondansetron hydrochloride, per 1 mg"), "Zofran")
    rebuild()

    assert (find(typed).corrected or typed) == meant


@pytest.mark.parametrize("text", ["ofatumumab", "wheelchair ofatumumab", "zzzzzzzzzz", "777777", "", "?!", "xyz"])
def test_search_offers_no_other_spelling_of_known_or_hopeless_words(text):
    create_code("J9302", OFATUMUMAB)
    create_code("E1130", "Standard wheelchair, fixed full length arms")
    rebuild()

    found = find(text)
    assert (found.did_you_mean, found.corrected) == (None, None)
