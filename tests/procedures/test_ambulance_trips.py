"""The modifiers that tell the trip of an ambulance."""

import pytest

from procedures.ambulance_trips import describe_trip, is_ambulance, trip_among


@pytest.mark.parametrize(
    ("code", "expected"),
    [("A0021", True), ("A0425", True), ("A0999", True), ("A0020", False), ("A1000", False), ("A04251", False)],
)
def test_codes_of_ambulances(code, expected):
    assert is_ambulance(code) is expected


@pytest.mark.parametrize(
    ("modifiers", "trip"),
    [(["SH"], "SH"), (["QM", "RH"], "RH"), (["GX"], "GX"), (["GX", "RH"], "RH"), (["XH"], ""), (["GM"], ""), ([], "")],
)
def test_one_modifier_tells_the_trip(modifiers, trip):
    assert trip_among(modifiers) == trip


def test_both_letters_are_explained():
    assert describe_trip("NJ") == "From a skilled nursing facility to a dialysis center outside a hospital"
