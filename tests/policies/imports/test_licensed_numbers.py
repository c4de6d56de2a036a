import pytest

from policies.imports.licensed_numbers import holds_licensed_number, without_licensed_number


@pytest.mark.parametrize(
    "text", ["00000", "of 00000.", "0000F", "0000t", "(D0000)", "00000-00001", "CPT00000", "_00000_"]
)
def test_numbers_of_cpt_and_cdt_are_found(text):
    assert holds_licensed_number(text)


@pytest.mark.parametrize("text", ["J3490", "L33789", "J34490", "000000", "2025", "D00.00", "E0983", "0.5 mg", ""])
def test_other_numbers_are_not_taken_for_them(text):
    assert not holds_licensed_number(text)


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Power Mobility Devices", "Power Mobility Devices"),
        ("Billing and Coding: Invented Device - CPT 00000", "Billing and Coding: Invented Device"),
        ("Invented Screening for CPT Code 00000", "Invented Screening"),
        ("Invented Markers (CPT® codes 00000-00001)", "Invented Markers"),
        ("Billing and Coding: CPT Code 00000", ""),
        ("Billing and Coding: CPT Code 00000 (what it is)", ""),
        ("What it is (0000T 00000)", ""),
    ],
)
def test_a_title_keeps_what_cannot_be_the_description_of_a_number(title, kept):
    assert without_licensed_number(title) == kept
