"""Calendar objects, read back strictly; and the links to web calendars."""

import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contact.calendar_objects import (
    code_in_words,
    google_link,
    host_calendar,
    invitation,
    mailto,
    make_uid,
    outlook_link,
)
from contact.links import booking_token
from contact.models import Message
from tests.contact.calendar_lines import read_calendar, read_event, unfold
from tests.contact.unsaved_rows import KEY, START, unsaved_booking, unsaved_code, unsaved_host

NOW = datetime.datetime(2026, 11, 20, 9, 0, 0, 123456, tzinfo=datetime.UTC)


@pytest.fixture(autouse=True)
def site(settings):
    settings.SITE_URL = "https://codes.example"
    settings.DEFAULT_FROM_EMAIL = "Codesite team <meet@codes.example>"


def test_uid_is_that_of_the_site():
    assert make_uid(KEY) == f"{KEY}@codes.example"


def test_request_says_when_where_and_with_whom():
    calendar = invitation(unsaved_booking(), method="REQUEST", attendee="kim@visitor.example", now=NOW)
    assert unfold(calendar) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Codesite//Meetings//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "SUMMARY:Introduction with Alex Morgan",
        "DTSTART:20261124T153000Z",
        "DTEND:20261124T160000Z",
        "DTSTAMP:20261120T090000Z",
        f"UID:{KEY}@codes.example",
        "SEQUENCE:0",
        "ATTENDEE;PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:kim@visitor.example",
        "DESCRIPTION:To move or cancel the meeting\\, open its page:"
        f"\\nhttps://codes.example/meeting/{booking_token(unsaved_booking())}/",
        "LOCATION:By video",
        "ORGANIZER;CN=Codesite:mailto:meet@codes.example",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    assert read_event(calendar)


def test_cancel_repeats_what_the_request_said():
    request = read_event(invitation(unsaved_booking(), method="REQUEST", attendee="kim@visitor.example", now=NOW))
    moved_on = unsaved_booking(sequence=1, status="cancelled")
    calendar = invitation(moved_on, method="CANCEL", attendee="kim@visitor.example", now=NOW)
    cancel = read_event(calendar)
    for name in ("UID", "ORGANIZER", "ATTENDEE", "DTSTART", "DTEND", "SUMMARY"):
        assert cancel[name] == request[name]
    assert (request["STATUS"], request["SEQUENCE"]) == ("CONFIRMED", 0)
    assert (cancel["STATUS"], cancel["SEQUENCE"]) == ("CANCELLED", 1)
    assert read_calendar(calendar)["METHOD"] == "CANCEL"


@pytest.mark.parametrize(("status", "expected"), [("confirmed", "CONFIRMED"), ("cancelled", "CANCELLED")])
def test_publish_names_no_attendee_and_the_status_as_it_is(status, expected):
    calendar = invitation(unsaved_booking(status=status), method="PUBLISH", attendee="kim@visitor.example", now=NOW)
    assert read_calendar(calendar)["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in read_event(calendar)
    assert read_event(calendar)["STATUS"] == expected
    assert b"kim@" not in calendar


def test_times_are_in_utc_whatever_zone_they_come_in():
    tokyo = datetime.timezone(datetime.timedelta(hours=9))
    booking = unsaved_booking(start=START.astimezone(tokyo))
    calendar = invitation(booking, method="REQUEST", attendee="kim@visitor.example", now=NOW.astimezone(tokyo))
    assert {"DTSTART:20261124T153000Z", "DTEND:20261124T160000Z", "DTSTAMP:20261120T090000Z"} <= set(unfold(calendar))
    assert b"VTIMEZONE" not in calendar


def test_visitor_reads_nothing_that_was_typed_and_no_address_of_the_host():
    typed = {"name": "TYPED", "organization": "TYPED", "notes": "TYPED", "code_text": "TYPED", "page": "/TYPED"}
    for method in ("REQUEST", "CANCEL", "PUBLISH"):
        calendar = invitation(unsaved_booking(**typed), method=method, attendee="kim@visitor.example", now=NOW)
        assert b"TYPED" not in calendar
        assert b"team.example" not in calendar
        assert b"/admin/" not in calendar


def test_host_reads_all_that_the_visitor_gave():
    booking = unsaved_booking(organization="Clinic; North", notes="First,\nsecond", code=unsaved_code())
    event = read_event(invitation(booking, method="REQUEST", attendee="alex@team.example", for_host=True, now=NOW))
    assert event["SUMMARY"] == "Introduction: Kim Lee"
    assert event["ATTENDEE"] == "mailto:alex@team.example"
    assert str(event["DESCRIPTION"]) == (
        "Kim Lee <kim@visitor.example>\nClinic; North\n\nFirst,\nsecond\n\n"
        "HCPCS code J9302: Injection, ofatumumab, 10 mg\nhttps://codes.example/code/hcpcs/J9302-injection\n\n"
        "https://codes.example/admin/contact/booking/7/change/"
    )


def test_host_reads_that_a_visitor_was_forgotten():
    booking = unsaved_booking(name="", email="", forgotten_at=NOW)
    event = read_event(invitation(booking, method="PUBLISH", attendee="", for_host=True, now=NOW))
    assert event["SUMMARY"] == "Introduction: a visitor"
    assert event["DESCRIPTION"] == "https://codes.example/admin/contact/booking/7/change/"


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://meet.example/a?b=c;d,e", "https://meet.example/a?b=c;d,e"),
        ("http://meet.example/é", "http://meet.example/%C3%A9"),
        ("By video: https://meet.example/a", None),
        ("https://", None),
        ("https:meet", None),
        ("http://[", None),
        ("javascript:alert(1)", None),
        ("Room 4; second floor, left", None),
    ],
)
def test_location_that_is_an_address_can_be_opened(location, expected):
    calendar = invitation(unsaved_booking(location=location), method="REQUEST", attendee="kim@visitor.example", now=NOW)
    event = read_event(calendar)
    assert event["LOCATION"] == location
    assert event.get("URL") == expected
    assert event.get("CONFERENCE") == expected
    if expected:
        assert f"CONFERENCE;LABEL=Join the meeting;VALUE=URI:{expected}" in unfold(calendar)


def test_cancelled_meeting_has_nothing_to_join():
    booking = unsaved_booking(location="https://meet.example/a", status="cancelled")
    event = read_event(invitation(booking, method="CANCEL", attendee="kim@visitor.example", now=NOW))
    assert "URL" not in event
    assert "CONFERENCE" not in event


HARD = [
    "👩‍⚕️👨‍👩‍👧‍👦" * 5,
    "كيم لي وأصدقاؤها في العيادة الشمالية من المدينة الكبيرة",
    'O\'Neil "Kim" ^n; Lee, Jr. \\n \\\\ :: \\',
    "BEGIN:VEVENT\r\nUID:forged\r\nEND:VEVENT\n\n",
    "\u202eeviL\u2066\x00\x1b\x07\x85\u2028\u2029\x7f",
    "é" * 100,
    "a" * 100,
    " ;,;,:=\t\"'",
]


@pytest.mark.parametrize("text", HARD, ids=ascii)
@pytest.mark.parametrize("for_host", [True, False])
@pytest.mark.parametrize("method", ["REQUEST", "CANCEL", "PUBLISH"])
def test_object_is_well_formed_whatever_was_typed(text, for_host, method):
    texts = dict.fromkeys(["name", "organization", "notes", "code_text", "title", "location"], text)
    booking = unsaved_booking(host=unsaved_host(text), **texts)
    event = read_event(invitation(booking, method=method, attendee="kim@visitor.example", for_host=for_host, now=NOW))
    assert event["UID"] == f"{KEY}@codes.example"
    assert event["SUMMARY"].count("forged") == text.count("forged") * 2


@given(
    texts=st.fixed_dictionaries(
        {
            "name": st.text(max_size=100),
            "organization": st.text(max_size=150),
            "notes": st.text(max_size=400),
            "code_text": st.text(max_size=60),
            "title": st.text(max_size=100),
            "location": st.text(max_size=300) | st.text(max_size=100).map("https://meet.example/{}".format),
            "host": st.text(max_size=100).map(unsaved_host),
        }
    ),
    for_host=st.booleans(),
    method=st.sampled_from(["REQUEST", "CANCEL", "PUBLISH"]),
)
def test_object_is_well_formed_for_every_row(texts, for_host, method):
    event = read_event(
        invitation(unsaved_booking(**texts), method=method, attendee="kim@visitor.example", for_host=for_host, now=NOW)
    )
    assert event.start == START
    assert event.end == START + datetime.timedelta(minutes=30)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("kim@visitor.example", "mailto:kim@visitor.example"),
        ("kim+a'b@visitor.example", "mailto:kim+a'b@visitor.example"),
        ("kim@bücher.example", "mailto:kim@xn--bcher-kva.example"),
        ('"a;b:c@d"@visitor.example', "mailto:%22a%3Bb%3Ac%40d%22@visitor.example"),
        ("a?b&c=d%e@visitor.example", "mailto:a%3Fb%26c%3Dd%25e@visitor.example"),
        ("kim@" + "ü" * 70 + ".example", "mailto:kim@" + "%C3%BC" * 70 + ".example"),
    ],
)
def test_address_as_a_uri_is_plain_ascii(address, expected):
    assert mailto(address) == expected
    calendar = invitation(unsaved_booking(email=address), method="REQUEST", attendee=address, now=NOW)
    assert read_event(calendar)["ATTENDEE"] == expected


def test_code_in_words_has_a_title_only_where_it_may_be_shown():
    assert code_in_words(unsaved_booking(code=unsaved_code())) == (
        "HCPCS code J9302: Injection, ofatumumab, 10 mg\nhttps://codes.example/code/hcpcs/J9302-injection"
    )
    assert code_in_words(unsaved_booking(code=unsaved_code(licence="not-licensed"))) == "HCPCS code J9302"
    assert code_in_words(Message(code_text="99213\nor so")) == "99213 or so"
    assert code_in_words(Message()) == ""


def test_feed_has_each_meeting_once_with_what_its_host_needs():
    bookings = [
        unsaved_booking(pk=number, uid=f"{number}@codes.example", sequence=number, name=f"Visitor {number}")
        for number in range(3)
    ]
    calendar = host_calendar(bookings[0].host, bookings, now=NOW)
    read = read_calendar(calendar)
    events = read.walk("VEVENT")
    assert [str(event["SUMMARY"]) for event in events] == [f"Introduction: Visitor {number}" for number in range(3)]
    assert len({event["UID"] for event in events}) == 3
    assert read["METHOD"] == "PUBLISH"
    assert b"ATTENDEE" not in calendar
    lines = unfold(calendar)
    assert "X-WR-CALNAME:Codesite meetings of Alex Morgan" in lines
    assert "NAME:Codesite meetings of Alex Morgan" in lines
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in lines
    assert "X-PUBLISHED-TTL:PT1H" in lines


def test_feed_without_meetings_is_a_calendar():
    calendar = read_calendar(host_calendar(unsaved_host('Alex, "Al"; Morgan\n'), [], now=NOW))
    assert calendar.walk("VEVENT") == []


def test_google_link_holds_the_meeting_in_utc():
    link = urlsplit(google_link(unsaved_booking(title="Codes & more", location="Room 4\n#2")))
    assert (link.scheme, link.netloc, link.path) == ("https", "calendar.google.com", "/calendar/render")
    asked = parse_qs(link.query)
    assert asked["action"] == ["TEMPLATE"]
    assert asked["text"] == ["Codes & more with Alex Morgan"]
    assert asked["dates"] == ["20261124T153000Z/20261124T160000Z"]
    assert asked["location"] == ["Room 4 #2"]


def test_outlook_link_holds_the_meeting_in_utc():
    link = urlsplit(outlook_link(unsaved_booking(title="Codes & more")))
    assert (link.scheme, link.netloc) == ("https", "outlook.office.com")
    asked = parse_qs(link.query)
    assert asked["subject"] == ["Codes & more with Alex Morgan"]
    assert (asked["startdt"], asked["enddt"]) == (["2026-11-24T15:30:00Z"], ["2026-11-24T16:00:00Z"])


@pytest.mark.parametrize("link_to", [google_link, outlook_link])
def test_links_to_other_sites_hold_no_token_and_nothing_typed(link_to):
    typed = {"name": "TYPED", "organization": "TYPED", "notes": "TYPED", "code_text": "TYPED"}
    booking = unsaved_booking(**typed)
    link = link_to(booking)
    assert "TYPED" not in link
    assert booking.uuid.hex not in link
    assert str(booking.uuid) not in link
    assert "kim" not in link
    assert link.isascii()
    assert " " not in link
