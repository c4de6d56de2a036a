import datetime
import random
import uuid

import pytest
from django.db.models import ProtectedError

from contact import actions
from contact.models import AvailabilityWindow, Booking, Host, HostShare, MeetingType, OutgoingMail
from contact.slots import Reason, Unavailable
from tests.contact.actions.meetings import (
    HOUR,
    NOW,
    at,
    book,
    count_rows,
    history,
    host_of_nine_to_five,
    reminders,
    told,
    type_of,
    visitor,
)
from tests.factories import create_booking, create_code

pytestmark = pytest.mark.django_db


def test_booking_holds_what_the_visitor_said_and_what_its_type_was():
    code = create_code("J9302")
    introduction = type_of(length_min=45, step_min=15, buffer_before_min=10, buffer_after_min=5)
    somebody = actions.Visitor(
        name="Kim Lee",
        email="kim@visitor.example",
        organization="Clinic",
        notes="About coverage",
        time_zone="Asia/Kolkata",
        code=code,
        code_text="J9302",
        page="/codes/hcpcs/J9302/",
        looks_like_spam=True,
    )
    key = uuid.uuid4()

    booking, created = actions.book(introduction, at(10), somebody, request_key=key, now=NOW)

    assert created
    stored = Booking.objects.get()
    assert stored == booking
    for field, value in vars(somebody).items():
        assert getattr(stored, field) == value, field
    assert (stored.request_key, stored.created_at, stored.status, stored.sequence) == (key, NOW, "confirmed", 0)
    assert (stored.starts_at, stored.ends_at) == (at(10), at(10, 45))
    assert (stored.blocked_from, stored.blocked_until) == (at(9, 50), at(10, 50))
    assert stored.uid.startswith(str(stored.uuid))


def test_booking_is_recorded_and_told_of():
    introduction = type_of(host_of_nine_to_five(email="alex@team.example"), reminder_min=60)

    booking = book(introduction, at(10), visitor=visitor(email="kim@visitor.example"))

    assert history(booking) == [("booked", 0, at(10), None)]
    assert told(booking, sequence=0) == [
        ("booked", "REQUEST", "kim@visitor.example"),
        ("booked", "REQUEST", "alex@team.example"),
    ]
    assert reminders(booking) == [("queued", at(9))]


def test_change_of_the_type_leaves_booked_meetings_as_they_are():
    introduction = type_of(length_min=30, buffer_after_min=10, step_min=5)
    booking = book(introduction, at(10))
    MeetingType.objects.update(length_min=60, buffer_after_min=0)

    moved = actions.move(booking, at(12), now=NOW)

    assert (moved.ends_at, moved.blocked_until) == (at(12, 30), at(12, 40))


def test_host_with_meetings_is_not_deleted():
    booking = book(type_of(), at(10))

    with pytest.raises(ProtectedError):
        booking.host.delete()


REFUSALS = {
    "beside the grid": (at(10, 5), {}, Reason.NOT_OFFERED),
    "beside the minute": (at(10) + datetime.timedelta(seconds=1), {}, Reason.NOT_OFFERED),
    "before the window": (at(8, 30), {}, Reason.NOT_OFFERED),
    "beyond the end of the window": (at(16, 45), {"step_min": 15}, Reason.NOT_OFFERED),
    "in the past": (at(11, day=1), {}, Reason.NOT_OFFERED),
    "within the notice": (at(13, day=1), {"notice_min": 61}, Reason.NOT_OFFERED),
    "beyond the horizon": (at(10, day=4), {"horizon_days": 2}, Reason.NOT_OFFERED),
    "in the year 9999": (datetime.datetime.max.replace(tzinfo=datetime.UTC), {}, Reason.NOT_OFFERED),
    "in the year 1": (datetime.datetime.min.replace(tzinfo=datetime.UTC), {}, Reason.NOT_OFFERED),
    "of a type that is not offered": (at(10), {"active": False}, Reason.NOT_OFFERED),
    "into another meeting": (at(14), {}, Reason.TAKEN),
    "into the buffer of another meeting": (at(14, 30), {}, Reason.TAKEN),
    "with its own buffer": (at(13, 30), {"buffer_after_min": 5}, Reason.TAKEN),
    "over the cap of the type": (at(10), {"daily_cap": 1}, Reason.DAY_FULL),
}


@pytest.mark.parametrize(("start", "fields", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_visitor_does_not_get_what_is_not_offered(start, fields, reason):
    host = host_of_nine_to_five()
    introduction = type_of(host, **{"buffer_after_min": 0, **fields})
    other = create_booking(introduction, host, at(14))
    Booking.objects.filter(pk=other.pk).update(blocked_until=at(14, 40))
    before = count_rows()

    with pytest.raises(Unavailable) as refusal:
        book(introduction, start)

    assert refusal.value.reason == reason
    assert count_rows() == before


def test_visitor_does_not_get_a_host_whose_day_is_full():
    introduction = type_of(host_of_nine_to_five(daily_cap=1))
    book(introduction, at(14))

    with pytest.raises(Unavailable) as refusal:
        book(introduction, at(10))

    assert refusal.value.reason == Reason.DAY_FULL


@pytest.mark.parametrize(
    "gone",
    [
        lambda: Host.objects.update(active=False),
        lambda: HostShare.objects.all().delete(),
        lambda: AvailabilityWindow.objects.all().delete(),
    ],
    ids=["inactive", "not of the type", "without windows"],
)
def test_visitor_does_not_get_a_host_who_is_not_offered_any_more(gone):
    """Since the page with the times was shown."""
    introduction = type_of()
    gone()

    with pytest.raises(Unavailable) as refusal:
        book(introduction, at(10))

    assert refusal.value.reason == Reason.NOT_OFFERED


def test_overlap_that_only_the_database_sees_is_told_as_taken(monkeypatch):
    introduction = type_of()
    book(introduction, at(10))
    before = count_rows()
    monkeypatch.setattr("contact.actions.bookings.require_offered", lambda *args, **kwargs: None)

    with pytest.raises(Unavailable) as refusal:
        book(introduction, at(10))

    assert refusal.value.reason == Reason.TAKEN
    assert count_rows() == before


def test_form_that_is_sent_twice_books_once():
    introduction, key = type_of(), uuid.uuid4()
    booking = book(introduction, at(10), request_key=key)
    before = count_rows()

    again = actions.book(introduction, at(10), visitor(), request_key=key, now=NOW)

    assert again == (booking, False)
    assert count_rows() == before


def test_form_that_is_sent_again_after_the_meeting_was_cancelled_books_nothing():
    introduction, key = type_of(), uuid.uuid4()
    booking = book(introduction, at(10), request_key=key)
    actions.cancel(booking, now=NOW)

    again, created = actions.book(introduction, at(10), visitor(), request_key=key, now=NOW)

    assert (again, created, again.status) == (booking, False, "cancelled")


def test_form_that_is_sent_again_by_a_visitor_with_all_their_meetings_books_nothing():
    introduction, kim, key = type_of(), visitor(), uuid.uuid4()
    book(introduction, at(9), visitor=kim)
    booking = book(introduction, at(10), visitor=kim, request_key=key)

    assert actions.book(introduction, at(10), kim, request_key=key, now=NOW) == (booking, False)


def test_third_meeting_of_an_email_address_is_refused():
    introduction = type_of()
    for hour in (9, 10):
        book(introduction, at(hour), visitor=visitor(email="kim@visitor.example"))

    with pytest.raises(actions.TooManyMeetings):
        book(introduction, at(11), visitor=visitor(email="Kim@Visitor.example"))

    assert Booking.objects.count() == 2
    assert book(introduction, at(11), visitor=visitor(email="lee@visitor.example"))


def test_meetings_that_are_cancelled_or_over_do_not_count_for_an_email_address():
    introduction, kim = type_of(), visitor()
    actions.cancel(book(introduction, at(9), visitor=kim), now=NOW)
    book(introduction, at(10), visitor=kim)
    book(introduction, at(11), visitor=kim)

    assert book(introduction, at(16), visitor=kim, now=at(10, 30))


def test_email_addresses_are_not_counted_with_rate_limits_off(settings):
    settings.RATE_LIMITS = False
    introduction, kim = type_of(), visitor()

    for hour in (9, 10, 11):
        assert book(introduction, at(hour), visitor=kim)


def test_host_with_fewest_meetings_for_their_weight_is_next():
    hosts = [host_of_nine_to_five("Alex Morgan"), host_of_nine_to_five("Robin Day")]
    introduction = type_of(*hosts)
    introduction.shares.filter(host=hosts[0]).update(weight=3)

    booked = [book(introduction, at(9) + HOUR * number).host for number in range(8)]

    assert (booked.count(hosts[0]), booked.count(hosts[1])) == (6, 2)
    # They take turns, and not the one after the other has had all.
    assert 1 <= booked[:4].count(hosts[1]) <= 2


@pytest.mark.parametrize("chosen", [0, 1])
def test_host_is_chosen_by_chance_among_equals(monkeypatch, chosen):
    hosts = [host_of_nine_to_five("Alex Morgan"), host_of_nine_to_five("Robin Day")]
    order = [hosts[chosen].pk, hosts[1 - chosen].pk]
    monkeypatch.setattr(random, "sample", lambda population, k: [pk for pk in order if pk in population])

    assert book(type_of(*hosts), at(10)).host == hosts[chosen]


@pytest.mark.parametrize(
    "other",
    [
        {"start": at(10, day=20)},
        {"start": at(10, day=2), "status": "cancelled"},
        {"start": at(10, day=2), "slug": "training"},
    ],
    ids=["weeks away", "cancelled", "of another type"],
)
def test_meetings_that_do_not_count_for_turns(monkeypatch, other):
    busy, idle = host_of_nine_to_five("Alex Morgan"), host_of_nine_to_five("Robin Day")
    introduction = type_of(busy, idle)
    counted = type_of(busy, slug=other["slug"]) if "slug" in other else introduction
    create_booking(counted, busy, other["start"], status=other.get("status", "confirmed"))
    monkeypatch.setattr(random, "sample", lambda population, k: [busy.pk, idle.pk])

    assert book(introduction, at(10)).host == busy


def test_next_host_is_taken_where_the_first_one_is_not_free():
    busy, other = host_of_nine_to_five("Alex Morgan"), host_of_nine_to_five("Robin Day")
    introduction = type_of(busy, other)
    introduction.shares.filter(host=busy).update(weight=10)
    create_booking(introduction, busy, at(10))

    assert book(introduction, at(10)).host == other
    with pytest.raises(Unavailable) as refusal:
        book(introduction, at(10))
    assert refusal.value.reason == Reason.TAKEN


@pytest.mark.parametrize(
    ("states", "reason"),
    [
        (["not offered", "day full", "taken"], Reason.TAKEN),
        (["not offered", "day full"], Reason.DAY_FULL),
        (["not offered"], Reason.NOT_OFFERED),
        ([], Reason.NOT_OFFERED),
    ],
    ids=["taken", "day full", "not offered", "no host"],
)
def test_reason_of_several_hosts_is_the_one_that_gives_most_hope(states, reason):
    introduction = type_of(host_of_nine_to_five("Inactive", active=False))
    for state in states:
        host = host_of_nine_to_five(state, hours=None if state == "not offered" else (9, 17))
        HostShare.objects.create(meeting_type=introduction, host=host)
        if state == "day full":
            create_booking(introduction, host, at(14))
            Host.objects.filter(pk=host.pk).update(daily_cap=1)
        if state == "taken":
            create_booking(introduction, host, at(10))

    with pytest.raises(Unavailable) as refusal:
        book(introduction, at(10))

    assert refusal.value.reason == reason


def test_booking_with_mails_that_cannot_be_written_is_not_there(monkeypatch):
    introduction, key = type_of(), uuid.uuid4()

    def fail(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("contact.mails.of_booking", fail)
        with pytest.raises(RuntimeError):
            book(introduction, at(10), request_key=key)

    assert count_rows() == (0, 0, 0)
    assert book(introduction, at(10), request_key=key)


def test_each_booking_takes_as_many_queries_whatever_is_booked(django_assert_max_num_queries):
    introduction = type_of(host_of_nine_to_five("Alex Morgan"), host_of_nine_to_five("Robin Day"))
    for number in range(12):
        book(introduction, at(9) + HOUR / 2 * number)

    with django_assert_max_num_queries(25):
        book(introduction, at(16))

    assert OutgoingMail.objects.filter(kind="booked").count() == 26
