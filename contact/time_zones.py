"""Time zones by their IANA names, as forms offer them and as people read them."""

import datetime
import zoneinfo
from functools import cache
from importlib import resources

from django.core.exceptions import ValidationError
from django.utils import dateformat

LONGEST = 64

UTC = "UTC"
# Names that are no place on the map: the clock of this machine, and what tzdata has for a clock that nobody has set.
_NOWHERE = {"localtime", "Factory"}
# What tzdata calls UTC by, once its links are followed.
_UNIVERSAL = {"Etc/UTC", "Etc/GMT"}
# The regions in the order of a list to choose from, as they are headed there.
_REGIONS = {
    "America": "America",
    "Europe": "Europe",
    "Asia": "Asia",
    "Africa": "Africa",
    "Australia": "Australia",
    "Pacific": "Pacific Ocean",
    "Atlantic": "Atlantic Ocean",
    "Indian": "Indian Ocean",
    "Antarctica": "Antarctica",
    "Arctic": "Arctic",
}
# Places that the names of zones write otherwise than people do.
_PLACES = {
    "DumontDUrville": "Dumont d’Urville",
    "St_Barthelemy": "St. Barthelemy",
    "St_Helena": "St. Helena",
    "St_Johns": "St. John’s",
    "St_Kitts": "St. Kitts",
    "St_Lucia": "St. Lucia",
    "St_Thomas": "St. Thomas",
    "St_Vincent": "St. Vincent",
}


@cache
def known_zones() -> frozenset[str]:
    """The names of all zones that this machine, or the tzdata package, knows."""
    return frozenset(zoneinfo.available_timezones() - _NOWHERE)


def read_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """The zone of this exact IANA name; None for anything else, such as a path, "mars/base" or a NUL."""
    return zoneinfo.ZoneInfo(name) if name in known_zones() else None


def validate_time_zone(name: str) -> None:
    """A validator of model fields."""
    if read_zone(name) is None:
        raise ValidationError("There is no time zone of this name: write one like America/New_York.", code="time_zone")


def zone_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The zones of a list to choose from, as Django takes choices in groups: a region with its (name, label) pairs.

    They are the zones of tzdata's zone.tab, which names each place once, and UTC. A zone by another of its names is not
    among them, though read_zone knows it; see listed_zone.
    """
    groups = {region: [] for region in _REGIONS}
    for name in _listed_names():
        groups[name.partition("/")[0]].append((name, _label(name)))
    choices = [(_REGIONS[region], sorted(zones, key=lambda zone: zone[1])) for region, zones in groups.items()]
    return [*choices, (UTC, [(UTC, UTC)])]


def listed_zone(name: str) -> str:
    """The name under which zone_choices has a zone: Asia/Kolkata for Asia/Calcutta, as some browsers still say.

    The name itself where the list has the zone under no other one, such as Etc/GMT+5.
    """
    if name in _listed_names() or name == UTC:
        return name
    target = _links().get(name, name)
    if target in _UNIVERSAL:
        return UTC
    return target if target in _listed_names() else name


def zone_in_words(zone_name: str, at: datetime.datetime) -> str:
    """How people call a zone, with what holds in it at that instant: "New York time (EST, UTC−5)".

    The short name is left out where tzdata has only a number for it: "Kathmandu time (UTC+5:45)". A zone of no place is
    its offset alone, "UTC−5" for Etc/GMT+5, whose sign is that of POSIX, or its short name, "EST (UTC−5)" for EST5EDT.
    """
    there = at.astimezone(zoneinfo.ZoneInfo(zone_name))
    offset = _offset_in_words(there.utcoffset())
    if zone_name.startswith("Etc/") or _links().get(zone_name, zone_name) in _UNIVERSAL:
        return offset if there.utcoffset() else UTC
    short = there.tzname()
    if short in zone_name:
        return f"{short} ({offset})"
    return f"{_place(zone_name)} time ({f'{short}, {offset}' if short.isalpha() else offset})"


def place_in_words(zone_name: str, at: datetime.datetime) -> str:
    """The zone without what holds in it at an instant: "New York time"."""
    return zone_in_words(zone_name, at).partition(" (")[0]


def offset_in_words(zone_name: str, at: datetime.datetime) -> str:
    """What holds in a zone at an instant: "EST, UTC−5"."""
    return zone_in_words(zone_name, at).partition(" (")[2].rstrip(")")


def time_in_words(at: datetime.datetime, zone_name: str) -> str:
    """What the clock reads there: "2:30 PM". A template has it as `at|timezone:zone_name|date:"g:i A"`."""
    return dateformat.format(at.astimezone(zoneinfo.ZoneInfo(zone_name)), "g:i A")


def day_in_words(at: datetime.datetime, zone_name: str) -> str:
    """The day there: "Tuesday, November 24, 2026". A template has it as `at|timezone:zone_name|date:"l, F j, Y"`."""
    return dateformat.format(at.astimezone(zoneinfo.ZoneInfo(zone_name)), "l, F j, Y")


def _offset_in_words(offset: datetime.timedelta) -> str:
    minutes = offset // datetime.timedelta(minutes=1)
    hours, minutes_left = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{minutes_left:02}" if minutes_left else "")


def _place(zone_name: str) -> str:
    """The last part of a name, as people write it."""
    last = zone_name.rpartition("/")[2]
    return _PLACES.get(last, last.replace("_", " "))


def _label(zone_name: str) -> str:
    """The place, with the state or country that stands between it and the region: "Buenos Aires, Argentina"."""
    _, *between, _ = zone_name.split("/")
    return ", ".join([_place(zone_name), *(part.replace("_", " ") for part in between)])


def _tzdata_lines(name: str) -> list[str]:
    return resources.files("tzdata.zoneinfo").joinpath(name).read_text("utf-8").splitlines()


@cache
def _listed_names() -> frozenset[str]:
    """The names in the third column of zone.tab, as far as this machine knows them."""
    rows = (line.split("\t") for line in _tzdata_lines("zone.tab") if not line.startswith("#"))
    names = {row[2] for row in rows if len(row) > 2}
    return frozenset(name for name in names & known_zones() if name.partition("/")[0] in _REGIONS)


@cache
def _links() -> dict[str, str]:
    """Zones by their other names: the lines `L target name` of tzdata.zi (see zic(8))."""
    links = (line.split() for line in _tzdata_lines("tzdata.zi") if line.startswith("L "))
    return {name: target for _, target, name in links}
