import datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from contact.time_zones import (
    day_in_words,
    known_zones,
    listed_zone,
    read_zone,
    time_in_words,
    validate_time_zone,
    zone_choices,
    zone_in_words,
)

NOVEMBER = datetime.datetime(2026, 11, 24, 19, 30, tzinfo=datetime.UTC)
JULY = datetime.datetime(2026, 7, 1, 12, 0, tzinfo=datetime.UTC)

UNKNOWN = [
    "",
    "Mars/Base",
    "../../etc/passwd",
    "/etc/localtime",
    "america/new_york",
    "AMERICA/NEW_YORK",
    "America",
    "America/New_York\n",
    "America/New_York\x00",
    "\x00",
    "x" * 10_240,
    "Europe/Mün\u202echen",
    # The clock of whatever machine this is, and the zone of a clock that nobody has set.
    "localtime",
    "Factory",
]


@pytest.mark.parametrize("name", UNKNOWN, ids=range(len(UNKNOWN)))
def test_zone_that_does_not_exist_is_refused(name):
    assert read_zone(name) is None
    with pytest.raises(ValidationError, match="America/New_York"):
        validate_time_zone(name)


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Kathmandu", "Asia/Calcutta", "Etc/GMT+5", "UTC"])
def test_zone_of_an_exact_name_is_known(name):
    assert read_zone(name) == ZoneInfo(name)
    validate_time_zone(name)


def test_zone_choices_are_grouped_by_region():
    assert [group for group, _ in zone_choices()] == [
        "America",
        "Europe",
        "Asia",
        "Africa",
        "Australia",
        "Pacific Ocean",
        "Atlantic Ocean",
        "Indian Ocean",
        "Antarctica",
        "Arctic",
        "UTC",
    ]


def test_zone_choices_are_known_zones_once_each_and_sorted_by_what_people_read():
    names = [name for _, zones in zone_choices() for name, _ in zones]

    assert len(names) > 350
    assert len(set(names)) == len(names)
    assert set(names) <= known_zones()
    for _, zones in zone_choices():
        labels = [label for _, label in zones]
        assert labels == sorted(labels)
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("group", "name", "label"),
    [
        ("America", "America/New_York", "New York"),
        ("America", "America/Argentina/Buenos_Aires", "Buenos Aires, Argentina"),
        ("America", "America/North_Dakota/New_Salem", "New Salem, North Dakota"),
        ("America", "America/Port-au-Prince", "Port-au-Prince"),
        ("America", "America/St_Johns", "St. John’s"),
        ("Antarctica", "Antarctica/DumontDUrville", "Dumont d’Urville"),
        ("Asia", "Asia/Kolkata", "Kolkata"),
        ("Europe", "Europe/Oslo", "Oslo"),
        ("UTC", "UTC", "UTC"),
    ],
)
def test_zone_choice_reads_as_people_write_it(group, name, label):
    assert (name, label) in dict(zone_choices())[group]


@pytest.mark.parametrize("name", ["US/Eastern", "EST5EDT", "Asia/Calcutta", "Etc/GMT+5", "Japan", "GMT"])
def test_zone_choices_leave_out_other_names(name):
    assert name not in {value for _, zones in zone_choices() for value, _ in zones}


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("America/New_York", "America/New_York"),
        # What Chromium calls some zones by.
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
        ("Europe/Kiev", "Europe/Kyiv"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Eastern", "America/New_York"),
        ("Etc/UTC", "UTC"),
        ("GMT", "UTC"),
        ("UTC", "UTC"),
        ("Etc/GMT+5", "Etc/GMT+5"),
        ("Mars/Base", "Mars/Base"),
    ],
)
def test_zone_is_found_in_the_list_by_its_other_names(name, listed):
    assert listed_zone(name) == listed


def test_zone_of_the_list_has_the_same_clock_as_the_zone_that_it_stands_for():
    for name in known_zones():
        for at in (NOVEMBER, JULY):
            assert at.astimezone(ZoneInfo(name)).utcoffset() == at.astimezone(ZoneInfo(listed_zone(name))).utcoffset()


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        ("America/New_York", NOVEMBER, "New York time (EST, UTC−5)"),
        ("America/New_York", JULY, "New York time (EDT, UTC−4)"),
        ("Europe/London", NOVEMBER, "London time (GMT, UTC+0)"),
        ("Europe/London", JULY, "London time (BST, UTC+1)"),
        ("Asia/Kolkata", JULY, "Kolkata time (IST, UTC+5:30)"),
        ("Asia/Kathmandu", JULY, "Kathmandu time (UTC+5:45)"),
        ("America/St_Johns", NOVEMBER, "St. John’s time (NST, UTC−3:30)"),
        ("Pacific/Marquesas", JULY, "Marquesas time (UTC−9:30)"),
        ("America/Argentina/Buenos_Aires", JULY, "Buenos Aires time (UTC−3)"),
        ("Etc/GMT+5", JULY, "UTC−5"),
        ("Etc/GMT-14", JULY, "UTC+14"),
        ("Etc/GMT", JULY, "UTC"),
        ("Zulu", JULY, "UTC"),
        ("UTC", JULY, "UTC"),
        ("EST5EDT", NOVEMBER, "EST (UTC−5)"),
        ("Japan", JULY, "Japan time (JST, UTC+9)"),
    ],
)
def test_zone_in_words_says_the_place_and_what_holds_there_then(name, at, words):
    assert zone_in_words(name, at) == words


def test_zone_in_words_tells_the_two_hours_of_a_fold_apart():
    first = datetime.datetime(2027, 11, 7, 5, 30, tzinfo=datetime.UTC)
    second = first + datetime.timedelta(hours=1)

    assert {time_in_words(at, "America/New_York") for at in (first, second)} == {"1:30 AM"}
    assert zone_in_words("America/New_York", first) == "New York time (EDT, UTC−4)"
    assert zone_in_words("America/New_York", second) == "New York time (EST, UTC−5)"


def test_every_known_zone_has_words():
    for name in known_zones():
        assert "UTC" in zone_in_words(name, JULY)


@pytest.mark.parametrize(
    ("name", "day", "time"),
    [
        ("America/New_York", "Tuesday, November 24, 2026", "2:30 PM"),
        ("Asia/Kathmandu", "Wednesday, November 25, 2026", "1:15 AM"),
        ("Etc/GMT-5", "Wednesday, November 25, 2026", "12:30 AM"),
        ("Etc/GMT+7", "Tuesday, November 24, 2026", "12:30 PM"),
    ],
)
def test_day_and_time_in_words_are_those_of_the_place(name, day, time):
    assert day_in_words(NOVEMBER, name) == day
    assert time_in_words(NOVEMBER, name) == time
