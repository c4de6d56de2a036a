"""Codes found by system and normalized code, many at once."""

import pytest

from policies.code_ids import ids_of_codes, names_of_codes
from tests.factories import create_code

pytestmark = pytest.mark.django_db


def test_codes_are_found_by_their_system_and_back():
    named, diagnosis = create_code("J9302"), create_code("C84.02", system="icd10cm")
    names = [("hcpcs", "J9302"), ("icd10cm", "C8402"), ("icd10pcs", "C8402"), ("icd10cm", "C84.02"), ("hcpcs", "J0001")]
    found = ids_of_codes(names)
    assert found == {("hcpcs", "J9302"): named.pk, ("icd10cm", "C8402"): diagnosis.pk}
    assert names_of_codes(found.values()) == {pk: name for name, pk in found.items()}
    assert ids_of_codes([]) == names_of_codes([]) == {}


def test_more_codes_than_a_query_takes_are_found(django_assert_num_queries):
    code = create_code("J9302")
    names = [*(("hcpcs", f"X{number:05}") for number in range(2000)), ("hcpcs", "J9302")]
    with django_assert_num_queries(3):
        assert ids_of_codes(names) == {("hcpcs", "J9302"): code.pk}
