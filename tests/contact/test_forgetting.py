"""What is held of a visitor and how it is deleted; the page for it is in tests/contact/admin/test_forgetting.py."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contact import forgetting
from contact.forgetting import NotForgotten, delete_messages, forget_bookings, forget_visitor, held_of
from contact.models import Booking, Message, MessageNote, OutgoingMail
from contact.models.hosts import HostQuerySet
from tests.factories import create_booking, create_host, create_mail, create_meeting_type, create_message

pytestmark = pytest.mark.django_db

KIM, JO = "kim@visitor.example", "jo@else.example"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def now():
    return timezone.now().replace(second=0, microsecond=0)


@pytest.fixture
def meeting_type():
    return create_meeting_type(hosts=[create_host()])


def meet(meeting_type, start, **fields) -> Booking:
    return create_booking(meeting_type, meeting_type.shares.get().host, start, **fields)


def test_held_is_what_came_from_the_address_and_the_mails_about_it(now, meeting_type):
    message, past = create_message(), meet(meeting_type, now - 3 * DAY)
    cancelled, ahead = meet(meeting_type, now + DAY, status="cancelled"), meet(meeting_type, now + 2 * DAY)
    mails = [create_mail(message=message), create_mail(booking=past, to="alex@team.example"), create_mail(to=KIM)]
    create_mail(message=create_message(email=JO), to="team@codesite.example")

    held = held_of("KIM@Visitor.example", now=now)

    assert (held.messages, held.meetings) == ([message.pk], [past.pk, cancelled.pk])
    assert held.mails == [mail.pk for mail in mails]
    assert held.upcoming == [ahead]
    assert (held.is_nothing, held.is_needed) == (False, True)
    assert held_of("nobody@visitor.example", now=now).is_nothing


def test_version_is_another_for_other_rows_and_another_address(now):
    message = create_message()
    create_message(email=JO)
    versions = {held_of(KIM, now=now).version, held_of(JO, now=now).version}
    assert held_of(KIM.upper(), now=now).version in versions

    Message.objects.filter(pk=message.pk).update(email=JO)
    create_message(pk=message.pk + 2)

    versions.add(held_of(KIM, now=now).version)
    assert len(versions) == 3
    assert not any(KIM in version for version in versions)


def test_only_unsent_cancellations_of_meetings_ahead_are_waited_for(now, meeting_type):
    ahead = meet(meeting_type, now + DAY, status="cancelled")
    over = meet(meeting_type, now - DAY, status="cancelled")
    wanted = create_mail(booking=ahead, kind="cancelled", calendar_method="CANCEL")
    create_mail(booking=ahead, kind="cancelled", calendar_method="CANCEL", state="failed")
    create_mail(booking=ahead, kind="booked", calendar_method="REQUEST")
    create_mail(booking=over, kind="cancelled", calendar_method="CANCEL")

    assert held_of(KIM, now=now).cancellations == [wanted]


def test_visitor_is_forgotten_and_others_are_not(now, meeting_type):
    past = meet(meeting_type, now - DAY)
    create_mail(booking=past)
    MessageNote.objects.create(message=create_message(), text="Called.")
    kept = create_message(email=JO)
    kept_mail = create_mail(message=kept)

    held = held_of(KIM, now=now)
    assert forget_visitor(KIM, seen=held.version, now=now) == held

    assert list(Message.objects.all()) == [kept]
    assert list(OutgoingMail.objects.all()) == [kept_mail]
    assert not MessageNote.objects.exists()
    past.refresh_from_db()
    assert (past.name, past.email, past.forgotten_at) == ("", "", now)
    assert held_of(KIM, now=now).is_nothing


def test_what_was_not_shown_or_is_still_needed_is_not_forgotten(now, meeting_type):
    message = create_message()
    seen = held_of(KIM, now=now).version
    meet(meeting_type, now + DAY)

    for version in ("", seen, held_of(KIM, now=now).version):
        with pytest.raises(NotForgotten):
            forget_visitor(KIM, seen=version, now=now)
    assert list(Message.objects.all()) == [message]


def test_what_comes_while_it_is_deleted_stays(now, meeting_type, monkeypatch):
    """Committed by others between the look and the deletion, which PostgreSQL allows: nobody has seen it."""
    create_message()
    came = []

    def come_first(keys):
        came.append(create_message("I changed my mind."))
        came.append(create_mail(message=came[0], to=KIM))
        came.append(meet(meeting_type, now + DAY))
        delete_mails(keys)

    delete_mails = forgetting._delete_mails
    monkeypatch.setattr(forgetting, "_delete_mails", come_first)

    forget_visitor(KIM, seen=held_of(KIM, now=now).version, now=now)

    assert [*Message.objects.all(), *OutgoingMail.objects.all(), *Booking.objects.filter(email=KIM)] == came


def test_meeting_that_changed_hosts_before_the_lock_is_looked_at_again(now, meeting_type, monkeypatch):
    """Else somebody who holds the lock of the new host could write what the booking said of the visitor."""
    past, other = meet(meeting_type, now - DAY), create_host("Robin Day")
    lock = HostQuerySet.lock

    def lock_too_late(hosts, *pks):
        Booking.objects.update(host=other)
        return lock(hosts, *pks)

    monkeypatch.setattr(HostQuerySet, "lock", lock_too_late)

    with pytest.raises(NotForgotten):
        forget_visitor(KIM, seen=held_of(KIM, now=now).version, now=now)
    past.refresh_from_db()
    assert past.email == KIM


def test_messages_are_deleted_with_their_notes_and_mails():
    first, second = create_message(), create_message()
    kept = create_message()
    for message in (first, second, kept):
        MessageNote.objects.create(message=message, text="Called.")
        create_mail(message=message)

    assert delete_messages(Message.objects.exclude(pk=kept.pk)) == 2

    assert list(Message.objects.all()) == [kept]
    assert [note.message for note in MessageNote.objects.all()] == [kept]
    assert [mail.message for mail in OutgoingMail.objects.all()] == [kept]


def test_meetings_stay_and_say_nothing_of_their_visitors(now, meeting_type):
    past, kept = meet(meeting_type, now - DAY, notes="About me"), meet(meeting_type, now - 2 * DAY, email=JO)
    for booking in (past, kept):
        create_mail(booking=booking)

    assert forget_bookings(Booking.objects.filter(email=KIM), now=now) == 1

    past.refresh_from_db()
    assert (past.name, past.email, past.notes, past.status) == ("", "", "", "confirmed")
    assert [mail.booking for mail in OutgoingMail.objects.all()] == [kept]
    assert Booking.objects.get(email=JO).link_version == kept.link_version


def test_meeting_is_forgotten_once(now, meeting_type):
    booking = meet(meeting_type, now - 3 * DAY)
    forget_bookings(Booking.objects.all(), now=now)

    forget_bookings(Booking.objects.all(), now=now + DAY)

    assert Booking.objects.filter(pk=booking.pk, forgotten_at=now, link_version=2).exists()


def test_more_rows_take_no_more_queries(now, meeting_type):
    counts = []
    for days in ([1], [2, 3, 4, 5]):
        for number in days:
            MessageNote.objects.create(message=create_message(), text="Called.")
            create_mail(booking=meet(meeting_type, now - number * DAY))
        seen = held_of(KIM, now=now).version
        with CaptureQueriesContext(connection) as queries:
            forget_visitor(KIM, seen=seen, now=now)
        counts.append(len(queries))

    assert counts[0] == counts[1]
