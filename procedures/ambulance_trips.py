"""The modifiers of ambulance services that tell the trip: a letter for where it began, and one for where it ended."""

import re

PLACES = {
    "D": "a place of diagnosis or treatment",
    "E": "a residential or care home",
    "G": "a dialysis unit of a hospital",
    "H": "a hospital",
    "I": "the place where the patient changes the vehicle, such as an airport",
    "J": "a dialysis center outside a hospital",
    "N": "a skilled nursing facility",
    "P": "a physician’s office",
    "R": "the patient’s home",
    "S": "the scene of an accident or emergency",
}
# No trip begins there.
STOP = {"X": "a stop at a physician’s office on the way to the hospital"}

_TRIP = re.compile(rf"[{''.join(PLACES)}][{''.join([*PLACES, *STOP])}]")
# Has a meaning of its own on the same claims: a notice that Medicare will not pay.
_NOTICE = "GX"


def is_ambulance(code: str) -> bool:
    """Whether an HCPCS code is one of ambulance and transport services, A0021 to A0999."""
    return "A0021" <= code <= "A0999" and len(code) == 5


def trip_among(modifiers: list[str]) -> str:
    """The one of an ambulance's modifiers that tells the trip, "" where none does: a claim line has one."""
    trips = [each for each in modifiers if _TRIP.fullmatch(each)]
    return next((each for each in trips if each != _NOTICE), trips[0] if trips else "")


def describe_trip(modifier: str) -> str:
    """ "From the scene of an accident or emergency to a hospital" for SH."""
    return f"From {PLACES[modifier[0]]} to {(PLACES | STOP)[modifier[1]]}"
