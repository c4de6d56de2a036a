import pytest

from procedures.search import rebuild
from tests.factories import create_code
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
def test_search_offers_another_spelling_where_nothing_was_found(typed, meant):
    create_code("J9302", OFATUMUMAB)
    create_code("E1130", "Standard wheelchair, fixed full length arms")
    rebuild()

    assert find(typed).did_you_mean == meant
    assert find(meant).total == 1


@pytest.mark.parametrize("text", ["ofatumumab", "wheelchair ofatumumab", "zzzzzzzzzz", "777777", "", "?!", "xyz"])
def test_search_offers_no_other_spelling_of_known_or_hopeless_words(text):
    create_code("J9302", OFATUMUMAB)
    create_code("E1130", "Standard wheelchair, fixed full length arms")
    rebuild()

    assert find(text).did_you_mean is None
