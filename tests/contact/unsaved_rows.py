"""Rows that need no database: for what is made of a row, and for properties over many rows."""

import datetime
import uuid

from contact.models import Booking, Host, MeetingType
from procedures.models import CodeSystem, MedicalCode

KEY = uuid.UUID("0b1dca7c-2f3c-4d13-9a0b-0d3b7a1f5c11")
# 10:30 AM in New York.
START = datetime.datetime(2026, 11, 24, 15, 30, tzinfo=datetime.UTC)


def unsaved_host(name: str = "Alex Morgan", **fields) -> Host:
    fields = {"pk": 1, "email": "alex@team.example", "time_zone": "America/New_York", **fields}
    return Host(name=name, **fields)


def unsaved_booking(
    *, host: Host | None = None, title: str = "Introduction", location: str = "By video", start=START, **fields
) -> Booking:
    """A meeting of 30 minutes, of a type with a cut-off of an hour and a reminder a day before."""
    fields = {"name": "Kim Lee", "email": "kim@visitor.example", "time_zone": "Europe/London", **fields}
    fields = {"pk": 7, "uuid": KEY, "uid": f"{KEY}@codes.example", **fields}
    meeting_type = MeetingType(pk=1, slug="introduction", title=title, location=location)
    booking = Booking(host=host or unsaved_host(), meeting_type=meeting_type, **fields)
    booking.place(start, length=datetime.timedelta(minutes=30), buffers=(datetime.timedelta(0),) * 2)
    return booking


def unsaved_code(*, licence: str = "public-domain") -> MedicalCode:
    system = CodeSystem(slug="hcpcs", label="HCPCS code", licence=licence)
    return MedicalCode(pk=1, system=system, code="J9302", title="Injection, ofatumumab, 10 mg", slug="injection")
