"""What a text looks like, told without a list of codes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.code_shapes import MOST_RESPELLINGS, looks_like, respellings


def kinds(text):
    return [shape.kind for shape in looks_like(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("99213", ["cpt4"]),
        (" 99213-25 ", ["cpt4"]),
        ("cpt 99213", ["cpt4"]),
        ("CPT/HCPCS: 99213", ["cpt4"]),
        ("0001U", ["cpt4"]),
        ("D0120", ["cdt", "icd10cm"]),
        ("j9999", ["hcpcs", "icd10cm"]),
        ("J9999, JW, RT", ["hcpcs", "icd10cm"]),
        ("E11.99", ["icd10cm"]),
        ("dx E1199", ["icd10cm"]),
        ("I10", ["icd10cm"]),
        ("0DTJ4ZZ", ["icd10pcs"]),
        ("ICD-10-PCS 0DTJ4ZZ", ["icd10pcs"]),
        ("250.00", ["icd9"]),
        ("V70.0", ["icd10cm", "icd9"]),
        ("ICD-9 4019", ["icd9"]),
        ("12345-6789-01", ["ndc"]),
        ("NDC 1234567890", ["ndc"]),
        ("0636", ["revenue"]),
        ("rev code 360", ["revenue"]),
        ("MS-DRG 470", ["ms-drg"]),
        ("25", ["cpt-modifier"]),
        ("JW", ["modifier"]),
        ("modifier 59", ["cpt-modifier"]),
        ("", []),
        ("470", []),
        ("$99.00", []),
        ("1234567", []),
        ("patient", []),
        ("J 9302", ["hcpcs", "icd10cm"]),
        ("J9302 J9303", []),
        ("T2DM A1C", []),
        ("٠٦٣٦", []),
        ("9" * 200, []),
    ],
)
def test_shape_of_a_text(text, expected):
    assert kinds(text) == expected


def test_sentence_tells_visitors_what_it_is_and_why_it_is_not_here():
    [shape] = looks_like("99213")

    license_needed = "Its description needs a license and is not on this site."
    assert shape.sentence("99213") == f"99213 looks like a CPT code. {license_needed}"
    assert shape.sentence("99213", is_sure=False) == f"99213 could be a CPT code. {license_needed}"


@pytest.mark.parametrize(
    ("system", "typed", "meant"),
    [
        ("hcpcs", "J93O2", "J9302"),
        ("hcpcs", "GO27l", "G0271"),
        ("hcpcs", "A42SO", "A4250"),
        ("icd10cm", "EI19", "E119"),
        ("icd10cm", "M54S0", "M5450"),
        ("icd10cm", "S7200IA", "S72001A"),
        ("icd10pcs", "ODTJ4ZZ", None),
        ("cpt4", "992I3", None),
    ],
)
def test_letters_and_digits_that_look_alike(system, typed, meant):
    found = respellings(system, typed)

    assert (meant in found) if meant else not found or found[0][0] == typed[0]


@settings(max_examples=30)
@given(st.text(max_size=20))
def test_any_text_is_taken(text):
    looks_like(text)
    for system in ("hcpcs", "icd10cm", "icd10pcs"):
        found = respellings(system, text)
        assert len(found) <= MOST_RESPELLINGS
        assert text.upper() not in found
