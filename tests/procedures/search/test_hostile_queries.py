"""Whatever a visitor types or puts into an address, the results page and the suggestions answer."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.factories import create_code, create_name
from tests.procedures.search.hostile_queries import query_strings

pytestmark = pytest.mark.django_db

WORDS = ["injection", "ofatumumab", "arzerra", "femur", "fracture", "of", "heart attack", "10 mg"]
CODES = ["J9302", "S72.001A", "S72", "E0601"]


@pytest.fixture
def some_codes():
    create_name(create_code("J9302", "Injection, ofatumumab, 10 mg"), "Arzerra")
    create_code("E0601", "Continuous positive airway pressure (CPAP) device")
    create_code("S72.001A", "Fracture of unspecified part of neck of right femur", system="icd10cm")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query_string=query_strings(WORDS, CODES))
def test_every_query_is_answered(some_codes, client, query_string):
    for page in ("/codes/", "/codes/suggest/"):
        assert client.get(f"{page}?{query_string}").status_code in (200, 400)
