"""Reads iCalendar objects strictly: first line by line by the rules of RFC 5545, then with icalendar."""

import re
from collections import Counter

from icalendar import Calendar, Event

# RFC 5545, 3.1: a name, parameters whose values are quoted where they hold one of ,;: and a value.
PARAMETER = r';[A-Z0-9-]+=(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x08\x0a-\x1f\x7f]*)'
LINE = re.compile(rf"([A-Z0-9-]+)((?:{PARAMETER})*):([^\x00-\x08\x0a-\x1f\x7f-\x9f]*)")
# 3.3.11: a backslash stands before each of \ ; , n and nowhere else.
TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
TEXTS = {"SUMMARY", "DESCRIPTION", "LOCATION", "UID", "NAME", "X-WR-CALNAME", "STATUS", "METHOD", "PRODID"}
ONCE_IN_CALENDAR = {"VERSION", "PRODID", "METHOD"}
ONCE_IN_EVENT = {"UID", "SEQUENCE", "DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "STATUS", "SUMMARY", "DESCRIPTION"}
MOST_ONCE_IN_EVENT = {"ATTENDEE", "URL", "CONFERENCE", "LOCATION"}
IN_UTC = re.compile(r"\d{8}T\d{6}Z")


def unfold(calendar: bytes) -> list[str]:
    """The content lines of an object; asserts that it keeps to 3.1: CRLF, at most 75 octets, whole characters."""
    assert calendar.endswith(b"\r\n")
    physical = calendar[:-2].split(b"\r\n")
    for line in physical:
        assert b"\r" not in line
        assert b"\n" not in line
        assert 0 < len(line) <= 75, len(line)
        # Raises where a character of several octets was cut.
        line.decode()
    return calendar[:-2].replace(b"\r\n ", b"").decode().split("\r\n")


def read_calendar(calendar: bytes) -> Calendar:
    """The object by icalendar; asserts that each of its lines is well-formed and that none is twice or missing."""
    opened, names = [], [Counter()]
    for line in unfold(calendar):
        match = LINE.fullmatch(line)
        assert match, line
        name, parameters, value = match.groups()
        if name == "BEGIN":
            opened.append(value)
            names.append(Counter())
        elif name == "END":
            assert opened.pop() == value
            _check_names(value, names.pop())
        else:
            names[-1][name] += 1
        if name in TEXTS:
            assert TEXT.fullmatch(value), line
        if name.startswith("DT"):
            assert not parameters, line
            assert IN_UTC.fullmatch(value), line
    assert not opened
    assert names == [Counter()]
    return Calendar.from_ical(calendar)


def read_event(calendar: bytes) -> Event:
    """The one event of an object."""
    [event] = read_calendar(calendar).walk("VEVENT")
    return event


def _check_names(component: str, names: Counter) -> None:
    once = {"VCALENDAR": ONCE_IN_CALENDAR, "VEVENT": ONCE_IN_EVENT}[component]
    assert {name: names[name] for name in once} == dict.fromkeys(once, 1)
    assert all(names[name] <= 1 for name in MOST_ONCE_IN_EVENT)
