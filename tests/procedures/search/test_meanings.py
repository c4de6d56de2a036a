import pytest

from procedures.models import CodeSystem
from procedures.search.meanings import count_meant, is_phrase
from tests.factories import create_code, create_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def infarctions():
    create_code("I21.0", "STEMI myocardial infarctions of anterior wall", system="icd10cm")
    create_code("I21.9", "Acute myocardial infarction, unspecified", system="icd10cm")
    create_code("I2100", "Invented service for a myocardium")


def count(words="", code="") -> int:
    return count_meant(words, code, list(CodeSystem.objects.searchable()))


@pytest.mark.parametrize(
    ("words", "code", "found"),
    [
        ("myocardial infarction", "", 2),
        ("infarctions of the wall", "", 1),
        ("infarct", "", 0),
        ("heart attack", "", 0),
        ("!", "", 0),
        ("", "icd10cm:I21", 2),
        ("", "icd10cm:i21.9", 1),
        ("", "hcpcs:I21", 1),
        ("", "hcpcs:I22", 0),
        ("", "hcpcs:", 0),
        ("", "loinc:I21", 0),
        ("", "I21", 0),
        ("", "", 0),
    ],
)
def test_codes_are_counted_that_have_all_words_or_begin_with_the_code(infarctions, words, code, found):
    assert count(words, code) == found


def test_names_count_and_everyday_words_are_not_looked_up_again(infarctions):
    create_name(create_code("I22.0", "Subsequent infarction", system="icd10cm"), "Second heart attack")

    assert count("heart attacks") == 1


@pytest.mark.parametrize(
    ("text", "can_be_met"),
    [
        ("heart attack", True),
        ("the pill of a man", True),
        ("one two three four five six", True),
        ("one two three four five six seven", False),
        ("", False),
        ("?!", False),
    ],
)
def test_phrase_has_one_to_six_words(text, can_be_met):
    assert is_phrase(text) is can_be_met
