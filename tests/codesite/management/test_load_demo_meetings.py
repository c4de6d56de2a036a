"""The meetings of the demonstration: a visitor can book at once, and a second load changes nothing."""

import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from contact import actions
from contact.demonstration import load_meetings
from contact.models import AvailabilityWindow, Booking, Host, HostShare, MeetingType
from contact.slots import next_free_slots
from tests.own_database import every_row
from tests.procedures.management.running import said_by

pytestmark = pytest.mark.django_db


def test_demo_brings_hosts_and_types_and_says_so_once(codes_only):
    assert "Hosts and types of meetings: 4 added." in said_by("load_demo")
    before = every_row(connection)

    assert "Hosts and types of meetings: 0 added." in said_by("load_demo")
    assert every_row(connection) == before


def test_every_type_of_the_demo_can_be_booked_at_once():
    load_meetings()
    visitor = actions.Visitor(name="Kim Lee", email="kim@visitor.example")

    for meeting_type in MeetingType.objects.bookable():
        [slot] = next_free_slots(meeting_type, after=timezone.now(), count=1)
        assert len({share.host for share in meeting_type.bookable_hosts()}) == 2
        actions.book(meeting_type, slot.start, visitor, request_key=uuid.uuid4())

    assert sorted(Booking.objects.values_list("meeting_type__slug", flat=True)) == ["introduction", "walk-through"]


def test_rows_of_the_demo_are_as_the_forms_would_have_them():
    load_meetings()

    for row in [*Host.objects.all(), *MeetingType.objects.all(), *AvailabilityWindow.objects.all()]:
        try:
            row.full_clean()
        except ValidationError as error:
            pytest.fail(f"{row!r}: {error}")
    assert all(host.email.endswith(".example") and host.user is None for host in Host.objects.all())


def test_demo_changes_nothing_that_somebody_changed():
    load_meetings()
    Host.objects.filter(name="Alex Morgan").update(name="Alexandra Morgan", active=False)
    AvailabilityWindow.objects.filter(host__name="Sam Rivera").delete()
    HostShare.objects.filter(host__name="Sam Rivera").delete()
    MeetingType.objects.filter(slug="introduction").update(title="First talk", length_min=45)
    before = every_row(connection)

    assert load_meetings() == 0
    assert every_row(connection) == before


def test_demo_adds_again_what_was_deleted_and_joins_it_to_the_rest():
    load_meetings()
    Host.objects.filter(name="Sam Rivera").delete()
    MeetingType.objects.filter(slug="introduction").delete()

    assert load_meetings() == 2
    assert HostShare.objects.count() == 4
    assert AvailabilityWindow.objects.filter(host__name="Sam Rivera").count() == 10
