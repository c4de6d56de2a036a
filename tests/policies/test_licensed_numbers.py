import copy

import pytest
from django.core.exceptions import ValidationError

from policies.licensed_numbers import (
    hide_licensed_numbers,
    holds_licensed_number,
    is_cdt,
    is_cpt,
    without_licensed_number,
)
from tests.factories import create_code, create_policy, create_policy_code


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


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["Chairs 00000", "see D0000", "0000T too", "CPT 00000"])
def test_rows_with_a_licensed_number_are_refused(text):
    policy = create_policy()
    named = create_policy_code(policy, create_code())

    for row, fields in ((policy, ("title", "summary")), (named, ("label", "note", "source"))):
        for field in fields:
            changed = copy.copy(row)
            setattr(changed, field, text)
            with pytest.raises(ValidationError) as refusal:
                changed.full_clean()
            assert list(refusal.value.message_dict) == [field]


@pytest.mark.django_db
def test_rows_with_other_numbers_are_kept():
    create_policy("Up to 10,000 units of J9302 in 2026").full_clean()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [("00000", "cpt"), ("0000F", "cpt"), ("D0000", "cdt"), ("J0000", ""), ("000000", ""), ("A00000", ""), ("", "")],
)
def test_shapes_of_both_are_told_apart(text, kinds):
    assert " ".join(name for name, is_one in (("cpt", is_cpt), ("cdt", is_cdt)) if is_one(text)) == kinds


def test_numbers_are_hidden_in_reports():
    assert hide_licensed_numbers("00000, d0000-J3490 and D00.00000") == (
        "(CPT or CDT number), (CPT or CDT number)-J3490 and D00.00000"
    )
