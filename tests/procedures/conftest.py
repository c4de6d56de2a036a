import datetime

import pytest

from tests.factories import create_code, create_guide


@pytest.fixture
def several_codes():
    """A code in use, a retired one, a header, and a code with a guide."""
    create_code()
    create_code("C9028", "Injection, inotuzumab ozogamicin, 0.1 mg", terminated=datetime.date(2018, 12, 31))
    create_code("C84", "Mature T/NK-cell lymphomas", system="icd10cm", kind="header")
    create_guide(create_code("C84.02", "Mycosis fungoides, intrathoracic lymph nodes", system="icd10cm"))


@pytest.fixture
def many_codes():
    """45 codes, J0000 to J0044; a policy names the last five."""
    for number in range(45):
        create_code(f"J{number:04}", f"Injection, invented medicine {number}", has_policy=number >= 40)
