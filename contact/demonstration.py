"""The hosts and types of meetings that load_demo ships, so that a visitor of the demonstration can book at once."""

import datetime

from django.db import transaction

from contact.models import AvailabilityWindow, Host, HostShare, MeetingType

# Of nobody: the domain is set aside for examples (RFC 2606), so no invitation can arrive anywhere.
HOSTS = [
    {"name": "Alex Morgan", "email": "alex.morgan@team.example", "time_zone": "America/New_York"},
    {"name": "Sam Rivera", "email": "sam.rivera@team.example", "time_zone": "Europe/London"},
]
WEEKDAYS = range(5)
HOURS = [(datetime.time(9), datetime.time(12)), (datetime.time(13), datetime.time(17))]

MEETING_TYPES = [
    {
        "slug": "introduction",
        "title": "Introduction",
        "description": "Who we are, what you look for, and whether we are of use to you.",
        "location": "By video. Your host sends the link before the meeting.",
        "position": 1,
        "length_min": 30,
        "step_min": 30,
        "buffer_after_min": 10,
    },
    {
        "slug": "walk-through",
        "title": "Walk-through",
        "description": "We go through codes, guides and policies of your choice together and answer questions.",
        "location": "By video. Your host sends the link before the meeting.",
        "position": 2,
        "length_min": 60,
        "step_min": 30,
        "notice_min": 24 * 60,
        "buffer_before_min": 10,
        "buffer_after_min": 15,
        "daily_cap": 3,
    },
]


@transaction.atomic
def load_meetings() -> int:
    """Adds the hosts (with their hours) and types that are missing, and answers how many.

    What is there stays as it is: a host is known by the address of e-mail, a type by its slug. Who hosts what is said
    of new hosts and types alone, so that what somebody took away stays away.
    """
    hosts = [_find_or_add(Host, each, "email") for each in HOSTS]
    types = [_find_or_add(MeetingType, each, "slug") for each in MEETING_TYPES]
    AvailabilityWindow.objects.bulk_create(
        AvailabilityWindow(host=host, weekday=weekday, start=start, end=end)
        for host, is_new in hosts
        if is_new
        for weekday in WEEKDAYS
        for start, end in HOURS
    )
    HostShare.objects.bulk_create(
        HostShare(meeting_type=meeting_type, host=host)
        for meeting_type, type_is_new in types
        for host, host_is_new in hosts
        if type_is_new or host_is_new
    )
    return sum(is_new for _, is_new in [*hosts, *types])


def _find_or_add(model, fields: dict, key: str):
    """The row with this value of the key, made of the fields where it is missing, and whether it was made."""
    row = model.objects.filter(**{key: fields[key]}).first()
    return (row, False) if row else (model.objects.create(**fields), True)
