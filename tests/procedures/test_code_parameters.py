"""Codes in the address of a page."""

import pytest

from procedures.code_parameters import code_parameter, find_codes
from tests.factories import create_code

pytestmark = pytest.mark.django_db


def found(*texts: str) -> dict[str, str | None]:
    return {text: code and code_parameter(code) for text, code in find_codes(texts).items()}


def test_code_is_found_again_by_what_an_address_calls_it():
    codes = [create_code(), create_code("E11.9", "Type 2 diabetes mellitus", system="icd10cm")]

    assert find_codes([code_parameter(code) for code in codes]) == {"hcpcs:J9302": codes[0], "icd10cm:E11.9": codes[1]}


def test_code_is_found_as_people_write_it():
    create_code()
    create_code("E11.9", "Type 2 diabetes mellitus", system="icd10cm")
    spellings = [" j9302", "HCPCS: J9302", "hcpcs :j9302"]
    dotted = ["e11.9", "E119", "e11 9", "icd10cm:e119"]

    assert found(*spellings, *dotted) == {
        **dict.fromkeys(spellings, "hcpcs:J9302"),
        **dict.fromkeys(dotted, "icd10cm:E11.9"),
    }


def test_code_of_two_systems_is_that_of_the_first_unless_the_system_is_named():
    create_code("E119", "Type 2 diabetes mellitus", system="icd10cm")
    create_code("E119", "A wheel")

    assert found("E119", "icd10cm:E119") == {"E119": "hcpcs:E119", "icd10cm:E119": "icd10cm:E119"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "hcpcs:",
        ":J9302:",
        "icd10cm:J9302",
        "nosystem:J9302",
        "J9303",
        "J93\x0002",
        "J9302\0",
        "J" * 10_000,
        "é",
        "💉",
    ],
)
def test_what_names_no_code_is_found_as_none(text):
    create_code()

    assert find_codes([text]) == {text: None}


def test_all_codes_are_found_in_one_query(django_assert_num_queries):
    for number in range(5):
        create_code(f"J930{number}", f"Injection, drug {number}")

    with django_assert_num_queries(1):
        codes = find_codes([f"J930{number}" for number in range(8)])
        assert [code_parameter(code) for code in codes.values() if code] == [f"hcpcs:J930{n}" for n in range(5)]


def test_nothing_asked_for_needs_no_query(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert find_codes([]) == {}
        assert find_codes(["", "\0"]) == {"": None, "\0": None}
