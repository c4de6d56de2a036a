import pytest

from policies.imports.code_table import CodeTable
from procedures.models import MedicalCode
from tests.factories import create_code

pytestmark = pytest.mark.django_db

CODES = ("A1", "A0021", "A9999", "B4034", "J9301", "J9302", "J9306", "J9307")


@pytest.fixture(autouse=True)
def loaded_codes(db):
    for code in CODES:
        create_code(code, f"Service {code}", kind="modifier" if len(code) == 2 else "code")
    for code in ("E11", "E11.0", "E11.00", "E11.9", "J93.0"):
        create_code(code, f"Diagnosis {code}", system="icd10cm")


@pytest.fixture(params=["whole", "for_text"])
def table(request):
    return CodeTable.whole() if request.param == "whole" else CodeTable.for_text(" ".join([*CODES, "E11", "J93.0"]))


def test_table_has_codes_by_system_and_no_modifiers(table):
    assert table.has("hcpcs", "J9302")
    assert table.has("icd10cm", "J930")
    assert not table.has("icd10cm", "J9302")
    assert not table.has("hcpcs", "A1")
    assert not table.has("snomed", "J9302")


def test_table_knows_the_systems_and_which_it_holds(table):
    assert table.systems == {"hcpcs", "icd10cm", "icd10pcs", "cpt4", "cdt"}
    assert [system for system in sorted(table.systems) if table.holds(system)] == ["hcpcs", "icd10cm"]


@pytest.mark.parametrize(
    ("system", "first", "last"),
    [
        ("hcpcs", "J9301", "J9306"),
        ("hcpcs", "A0000", "V9999"),
        ("hcpcs", "J9303", "J9305"),
        ("icd10cm", "E110", "E119"),
        ("icd10cm", "E11", "E11"),
        ("icd10cm", "A00", "Z99"),
    ],
)
def test_range_is_that_of_the_codes(table, system, first, last):
    codes = MedicalCode.objects.filter(system__slug=system).in_range(first, last)

    assert table.in_range(system, first, last) == sorted(codes.values_list("normalized", flat=True))


def test_ends_of_a_range_may_have_different_lengths(table):
    assert table.in_range("icd10cm", "E110", "E11") == ["E110", "E1100", "E119"]
    assert table.in_range("icd10cm", "E11", "E1100") == ["E11", "E110", "E1100"]
