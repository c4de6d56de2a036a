import datetime

import pytest
from django.http import QueryDict

from contact.meeting_forms import BookingForm, MeetingAddress
from contact.meeting_pages import MeetingDetailsPage, MeetingStartPage, MeetingTimesPage, ZoneChoice
from contact.origin import Origin
from tests.factories import create_code, create_host, create_meeting_type

# A Monday, 7 in the morning in New York.
NOW = datetime.datetime(2026, 11, 23, 12, tzinfo=datetime.UTC)


def test_zones_stand_under_their_regions_once():
    zones = ZoneChoice("Europe/London", NOW)
    values = [value for group in zones.groups for value, _ in group["zones"]]

    assert zones.chosen == "Europe/London"
    assert zones.groups[0]["label"] == "America"
    assert len(values) == len(set(values))


def test_zone_that_is_not_listed_stands_first():
    zones = ZoneChoice("Etc/GMT+5", NOW)

    assert zones.groups[0] == {"label": "Chosen", "zones": [("Etc/GMT+5", "UTC−5")]}


def test_zone_by_a_former_name_is_the_listed_one():
    assert ZoneChoice("Asia/Calcutta", NOW).chosen == "Asia/Kolkata"


@pytest.fixture
def meeting_type(db):
    return create_meeting_type(hosts=[create_host()])


def test_addresses_carry_type_zone_and_origin_along(meeting_type):
    origin = Origin(create_code(), "/code/hcpcs/J9302")
    asked = MeetingAddress(QueryDict("zone=Asia/Kolkata"))
    page = MeetingTimesPage(asked, origin, meeting_type, is_only=True, now=NOW)

    assert page.address(day="2026-11-24") == (
        "/contact/meeting/?type=introduction&zone=Asia/Kolkata&code=hcpcs:J9302&page=/code/hcpcs/J9302&day=2026-11-24"
    )
    assert page.start_url == "/contact/meeting/?zone=Asia/Kolkata&code=hcpcs:J9302&page=/code/hcpcs/J9302"
    assert page.message_url == "/contact/message/?code=hcpcs:J9302&page=/code/hcpcs/J9302"


def test_page_without_types_has_a_zone_all_the_same(db):
    page = MeetingStartPage(MeetingAddress(QueryDict("")), Origin(), [], is_type_gone=False, now=NOW)

    assert page.zone_name == "UTC"
    assert page.kinds == []


@pytest.mark.parametrize(
    ("start", "first"),
    [
        ("2026-11-24T15:30:00Z", "2026-11-24T15:30:00Z"),
        ("2026-11-24T15:31:00Z", "2026-11-24T16:00:00Z"),
        ("2026-11-01T15:30:00Z", "2026-11-23T14:00:00Z"),
        ("2028-01-01T00:00:00Z", "2026-11-23T14:00:00Z"),
        ("", "2026-11-23T14:00:00Z"),
    ],
)
def test_alternatives_are_the_next_free_times_or_the_first_of_all(meeting_type, start, first):
    asked = MeetingAddress(QueryDict(f"start={start}"))
    page = MeetingDetailsPage(asked, Origin(), meeting_type, is_only=True, now=NOW, form=BookingForm())

    assert page.alternatives[0].value == first
    assert len(page.alternatives) == 6


def test_time_of_the_host_is_known_only_where_all_who_are_free_share_a_zone(db):
    london, berlin = create_host(time_zone="Europe/London"), create_host("Noor", time_zone="Europe/Berlin")
    meeting_type = create_meeting_type(hosts=[london, berlin])

    def host_time(start):
        asked = MeetingAddress(QueryDict(f"zone=America/New_York&start={start}"))
        return MeetingDetailsPage(asked, Origin(), meeting_type, is_only=True, now=NOW, form=BookingForm()).host_time

    assert host_time("2026-11-24T15:30:00Z") is None
    assert host_time("2026-11-24T08:30:00Z").hours == "9:30 AM to 10:00 AM"
