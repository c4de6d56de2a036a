import datetime

import pytest

from tests.factories import create_code, create_guide


@pytest.fixture
def mixed_codes():
    """Six codes of two systems that differ in status, guide and policy, all with the word "medicine"."""
    create_code("J1000", "Medicine one")
    create_code("J1001", "Medicine two", terminated=datetime.date(2018, 12, 31))
    create_code("J1002", "Medicine three", has_policy=True)
    create_guide(create_code("J1003", "Medicine four", has_policy=True))
    create_code("M10", "Medicine heading", system="icd10cm", kind="header")
    create_code("M10.1", "Medicine five", system="icd10cm")
