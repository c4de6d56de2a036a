"""Signed links to meetings: whatever is no link to a meeting that can still be met is no meeting."""

import datetime
import string
import uuid

import pytest
from django.core import signing
from django.core.signing import Signer
from django.urls import reverse

from contact import links
from contact.links import absolute, booking_address, booking_path, booking_token, calendar_address, find_booking
from contact.models import Booking
from tests.factories import create_booking, create_code, create_host, create_meeting_type

START = datetime.datetime(2027, 3, 1, 15, 0, tzinfo=datetime.UTC)
NOW = START - datetime.timedelta(days=3)
END = START + datetime.timedelta(minutes=30)


@pytest.fixture
def booking(db):
    host = create_host()
    return create_booking(create_meeting_type(hosts=[host]), host, START, code=create_code())


def is_found(token: str, *, now=NOW) -> bool:
    try:
        find_booking(token, now=now)
    except Booking.DoesNotExist:
        return False
    return True


def test_token_finds_its_booking_with_all_that_pages_show(booking, django_assert_num_queries):
    with django_assert_num_queries(1):
        found = find_booking(booking_token(booking), now=NOW)
        assert found == booking
        assert (found.host.name, found.meeting_type.title) == ("Alex Morgan", "Introduction")
        assert found.code.system.slug == "hcpcs"


def test_token_finds_no_other_booking(booking):
    other = create_booking(booking.meeting_type, booking.host, START + datetime.timedelta(hours=1))
    assert find_booking(booking_token(other), now=NOW) == other
    assert booking_token(other) != booking_token(booking)


def test_token_is_the_same_each_time_and_fits_into_a_path(booking):
    token = booking_token(booking)
    assert token == booking_token(Booking.objects.get(pk=booking.pk))
    assert set(token) <= set(string.ascii_letters + string.digits + "-_.:")
    assert booking_path(booking) == f"/meeting/{token}/"


def test_addresses_are_those_of_the_site(booking, settings):
    settings.SITE_URL = "https://codes.example"
    token = booking_token(booking)
    assert booking_address(booking) == f"https://codes.example/meeting/{token}/"
    assert calendar_address(booking) == f"https://codes.example/meeting/{token}/meeting.ics"
    assert absolute("/code/") == "https://codes.example/code/"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://codes.example", "codes.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("https://bücher.example:444", "xn--bcher-kva.example"),
        ("http://[::1]:8000", "localhost"),
        ("codes", "localhost"),
    ],
)
def test_site_host_fits_into_a_message_id(address, expected, settings):
    settings.SITE_URL = address
    assert links.site_host() == expected


def test_no_token_with_a_changed_character_is_accepted(booking):
    token = booking_token(booking)
    others = string.ascii_letters + string.digits + "-_.:=/+ \n\0é"
    changed = (token[:place] + other + token[place + 1 :] for place in range(len(token)) for other in others)
    assert not [each for each in changed if each != token and is_found(each)]


def test_no_token_that_was_cut_or_lengthened_is_accepted(booking):
    token = booking_token(booking)
    pieces = [token[:length] for length in range(len(token))] + [token[start:] for start in range(1, len(token))]
    additions = [f"{token}{end}" for end in "\n\0 =a/:"] + [f"{start}{token}" for start in "\n\0 =a/:"]
    assert not [each for each in pieces + additions if is_found(each)]


@pytest.mark.parametrize(
    "token",
    [
        *["", " ", "\0", "\n", ":", "::", ".", "a:b", "None", "%00", "../../etc/passwd", "é", "😀:😀"],
        *["x" * 10_000, ":" * 10_000, "\udcff", "\udcff:\udcff", "1" * 32, f"{uuid.UUID(int=0)}"],
    ],
    ids=ascii,
)
def test_what_is_no_token_is_no_meeting(db, token):
    assert not is_found(token)


def test_tokens_signed_for_something_else_are_refused(booking):
    named = f"{booking.uuid.hex}.{booking.link_version}"
    assert not is_found(Signer(salt="contact.other").sign(named))
    assert not is_found(Signer().sign(named))
    assert not is_found(signing.dumps({"b": booking.uuid.hex, "v": 1}, salt=links.SALT))


@pytest.mark.parametrize("signed", ["", ".", "x.1", "{}.x", "{}.", "{}", "{}.1.1", "{}.99999999999999999999", "{}.-1"])
def test_signed_text_that_names_nothing_is_refused(booking, signed):
    assert not is_found(Signer(salt=links.SALT).sign(signed.format(booking.uuid.hex)))


def test_link_ends_when_the_meeting_does(booking):
    token = booking_token(booking)
    assert is_found(token, now=END - datetime.timedelta(seconds=1))
    assert not is_found(token, now=END)


def test_rotated_link_is_refused_and_the_new_one_holds(booking):
    old = booking_token(booking)
    booking.rotate_link()
    assert not is_found(old)
    assert is_found(booking_token(booking))


def test_link_of_a_forgotten_visitor_is_refused(booking):
    token = booking_token(booking)
    Booking.objects.filter(pk=booking.pk).forget(now=NOW)
    booking.refresh_from_db()
    assert not is_found(token)
    assert not is_found(booking_token(booking))


def test_link_leads_to_the_meeting_as_it_stands(booking):
    token = booking_token(booking)
    later = START + datetime.timedelta(days=1)
    booking.place(later, length=booking.length, buffers=booking.buffers)
    booking.status = Booking.Status.CANCELLED
    booking.save()
    found = find_booking(token, now=START + datetime.timedelta(hours=12))
    assert (found.pk, found.starts_at, found.status) == (booking.pk, later, "cancelled")


def test_link_of_a_cancelled_meeting_does_not_lead_to_who_has_its_time_now(booking):
    token = booking_token(booking)
    booking.status = Booking.Status.CANCELLED
    booking.save()
    other = create_booking(booking.meeting_type, booking.host, START)
    assert find_booking(token, now=NOW) == booking
    assert find_booking(booking_token(other), now=NOW) == other


def test_links_outlive_a_change_of_the_secret_key(booking, settings):
    settings.SECRET_KEY = "the former key"
    token = booking_token(booking)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the new key", ["the former key"]
    assert is_found(token)
    settings.SECRET_KEY_FALLBACKS = []
    assert not is_found(token)


def test_token_of_the_longest_row_is_not_too_long(booking):
    booking.link_version = 32767
    booking.save()
    assert len(booking_token(booking)) < links.LONGEST_TOKEN
    assert is_found(booking_token(booking))
    assert len(reverse("contact:booking", args=[booking_token(booking)])) < 120
