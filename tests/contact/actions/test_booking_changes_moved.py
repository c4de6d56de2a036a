import datetime

import pytest

from contact import actions
from contact.models import Booking, Host, OutgoingMail
from contact.slots import Reason, Unavailable
from tests.contact.actions.meetings import (
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
from tests.factories import create_booking, create_user

pytestmark = pytest.mark.django_db


def test_move_keeps_the_row_and_its_calendar_uid_and_raises_the_sequence():
    introduction = type_of(host_of_nine_to_five(email="alex@team.example"))
    booking = book(introduction, at(10), visitor=visitor(email="kim@visitor.example"))

    moved = actions.move(booking, at(14), now=NOW)

    stored = Booking.objects.get()
    assert (stored.pk, stored.uid, stored.sequence) == (booking.pk, booking.uid, 1)
    assert (stored.starts_at, stored.ends_at, stored.status) == (at(14), at(14, 30), "confirmed")
    assert (moved.starts_at, moved.sequence) == (at(14), 1)
    assert history(booking)[1:] == [("moved", 1, at(14), None)]
    assert told(booking, sequence=1) == [
        ("moved", "REQUEST", "kim@visitor.example"),
        ("moved", "REQUEST", "alex@team.example"),
    ]


def test_mail_of_a_move_says_when_the_meeting_was_to_be():
    booking = book(type_of(), at(10))

    actions.move(booking, at(14, day=4), now=NOW)

    mail = booking.mails.get(kind="moved", to=booking.email)
    assert "March 3" in mail.text
    assert "March 4" in mail.text


def test_move_by_somebody_who_saw_the_meeting_elsewhere_is_refused():
    booking = book(type_of(), at(10))
    actions.move(booking, at(11), now=NOW)

    with pytest.raises(actions.ChangedMeanwhile):
        actions.move(booking, at(12), now=NOW, seen=0)
    assert Booking.objects.get().starts_at == at(11)
    assert not told(booking, sequence=2)
    # What is asked for is done already.
    assert actions.move(booking, at(11), now=NOW, seen=0).sequence == 1
    assert actions.move(booking, at(12), now=NOW, seen=1).sequence == 2


def test_meeting_that_is_moved_twice_is_one_row_with_one_uid():
    """By somebody whose page shows it where it was at first."""
    booking = book(type_of(), at(10))

    for hour in (11, 12):
        actions.move(booking, at(hour), now=NOW)

    stored = Booking.objects.get()
    assert (stored.starts_at, stored.sequence) == (at(12), 2)
    calendars = [bytes(mail.calendar).decode() for mail in OutgoingMail.objects.exclude(calendar=b"")]
    assert len(calendars) == 6
    assert all(f"UID:{booking.uid}" in calendar.replace("\r\n ", "") for calendar in calendars)


@pytest.mark.parametrize("start", [at(10, 15), at(9, 45)], ids=["later", "earlier"])
@pytest.mark.parametrize("by_staff", [False, True], ids=["visitor", "staff"])
def test_meeting_may_overlap_the_time_it_leaves(start, by_staff):
    introduction = type_of(length_min=30, step_min=15, buffer_before_min=15, buffer_after_min=15)
    booking = book(introduction, at(10))

    moved = actions.move(booking, start, now=NOW, by=create_user("ann") if by_staff else None)

    assert moved.starts_at == start


@pytest.mark.parametrize("by_staff", [False, True], ids=["visitor", "staff"])
def test_move_to_where_it_is_changes_nothing_and_tells_nobody(by_staff):
    """Not even after the cut-off: it is the same form, sent twice."""
    booking = book(type_of(cancel_cutoff_min=60), at(10))
    before = count_rows()

    same = actions.move(booking, at(10), now=at(9, 30), by=create_user("ann") if by_staff else None, host=booking.host)

    assert (same, same.sequence) == (booking, 0)
    assert count_rows() == before
    assert reminders(booking) == [("queued", at(10, day=2))]


def test_move_on_a_full_day_does_not_count_the_meeting_itself():
    introduction = type_of(host_of_nine_to_five(daily_cap=1), daily_cap=1)

    assert actions.move(book(introduction, at(10)), at(14), now=NOW).starts_at == at(14)


MOVES_REFUSED = {
    "beside the grid": (at(11, 5), Reason.NOT_OFFERED),
    "outside of the window": (at(18), Reason.NOT_OFFERED),
    "in the past": (at(9, day=1), Reason.NOT_OFFERED),
    "beyond the horizon": (at(10, day=5), Reason.NOT_OFFERED),
    "in the year 1": (datetime.datetime.min.replace(tzinfo=datetime.UTC), Reason.NOT_OFFERED),
    "in the year 9999": (datetime.datetime.max.replace(tzinfo=datetime.UTC), Reason.NOT_OFFERED),
    "into another meeting": (at(14), Reason.TAKEN),
    "on a full day": (at(10, day=4), Reason.DAY_FULL),
}


@pytest.mark.parametrize(("start", "reason"), MOVES_REFUSED.values(), ids=MOVES_REFUSED)
def test_visitor_does_not_move_to_what_is_not_offered(start, reason):
    introduction = type_of(daily_cap=2, horizon_days=3)
    booking = book(introduction, at(10))
    for start_of_other in (at(14), at(13, day=4), at(14, day=4)):
        create_booking(introduction, booking.host, start_of_other)
    before = count_rows()

    with pytest.raises(Unavailable) as refusal:
        actions.move(booking, start, now=NOW)

    assert refusal.value.reason == reason
    assert count_rows() == before
    stored = Booking.objects.get(pk=booking.pk)
    assert (stored.starts_at, stored.sequence) == (at(10), 0)
    assert reminders(booking) == [("queued", at(10, day=2))]


def test_staff_move_beyond_windows_horizon_and_caps():
    introduction = type_of(host_of_nine_to_five(daily_cap=1), horizon_days=3)
    booking = book(introduction, at(10))
    create_booking(introduction, booking.host, at(14, day=20))

    moved = actions.move(booking, at(20, 3, day=20), now=NOW, by=create_user("ann"))

    assert moved.starts_at == at(20, 3, day=20)
    assert history(booking)[-1] == ("moved", 1, at(20, 3, day=20), "ann")


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (at(14, 29), Reason.TAKEN),
        (at(13, 31), Reason.TAKEN),
        (at(11, 59, day=1), Reason.NOT_OFFERED),
        (at(10).replace(year=9999), Reason.NOT_OFFERED),
    ],
    ids=["into the end", "into the beginning", "in the past", "in the year 9999"],
)
def test_staff_do_not_move_into_another_meeting_or_the_past(start, reason):
    introduction = type_of()
    booking = book(introduction, at(10))
    book(introduction, at(14))
    before = count_rows()

    with pytest.raises(Unavailable) as refusal:
        actions.move(booking, start, now=NOW, by=create_user("ann"))

    assert refusal.value.reason == reason
    assert count_rows() == before


def test_staff_move_to_a_host_who_does_not_take_such_meetings():
    other = host_of_nine_to_five("Robin Day", active=False)

    assert actions.move(book(type_of(), at(10)), at(10), now=NOW, by=create_user("ann"), host=other).host == other


@pytest.mark.parametrize("status", ["cancelled", "no-show"])
@pytest.mark.parametrize("start", [at(10), at(14)], ids=["to where it is", "elsewhere"])
def test_meeting_that_is_not_confirmed_is_not_moved(status, start):
    booking = book(type_of(), at(10))
    Booking.objects.update(status=status)
    before = count_rows()

    for by in (None, create_user("ann")):
        with pytest.raises(actions.NotConfirmed):
            actions.move(booking, start, now=NOW, by=by)

    assert count_rows() == before


def test_visitor_moves_until_the_cut_off_and_staff_until_the_end():
    introduction, ann = type_of(cancel_cutoff_min=60), create_user("ann")
    booking = book(introduction, at(10))

    with pytest.raises(actions.TooLate):
        actions.move(booking, at(14), now=at(9))
    assert actions.move(booking, at(14), now=at(8, 59)).starts_at == at(14)
    assert actions.move(booking, at(15), now=at(14, 15), by=ann).starts_at == at(15)
    with pytest.raises(actions.TooLate):
        actions.move(booking, at(16), now=at(15, 30), by=ann)


def test_move_to_another_host_takes_it_out_of_the_calendar_of_the_former():
    alex, robin = (host_of_nine_to_five(name) for name in ("Alex", "Robin"))
    booking = book(type_of(alex), at(10))

    moved = actions.move(booking, at(10), now=NOW, by=create_user("ann"), host=robin)

    assert (moved.host, moved.sequence) == (robin, 1)
    assert Booking.objects.get().host == robin
    assert booking.changes.get(kind="moved").host == robin
    assert sorted(told(booking, sequence=1)) == [
        ("cancelled", "CANCEL", alex.email),
        ("moved", "REQUEST", booking.email),
        ("moved", "REQUEST", robin.email),
    ]


def test_meeting_is_not_moved_to_a_host_who_has_another_one_then():
    alex, robin = (host_of_nine_to_five(name) for name in ("Alex", "Robin"))
    introduction, ann = type_of(alex, robin), create_user("ann")
    booking, other = book(introduction, at(10)), book(introduction, at(10))
    assert {booking.host, other.host} == {alex, robin}

    with pytest.raises(Unavailable) as refusal:
        actions.move(booking, at(10), now=NOW, by=ann, host=other.host)

    assert refusal.value.reason == Reason.TAKEN
    assert Booking.objects.get(pk=booking.pk).host == booking.host


def test_visitor_does_not_move_to_a_host_who_is_not_offered_any_more():
    booking = book(type_of(), at(10))
    Host.objects.update(active=False)

    with pytest.raises(Unavailable):
        actions.move(booking, at(14), now=NOW)


def test_reminder_of_the_former_time_is_not_sent():
    booking = book(type_of(reminder_min=60), at(10))
    other = book(booking.meeting_type, at(12))

    actions.move(booking, at(14), now=NOW)

    assert reminders(booking) == [("cancelled", at(9)), ("queued", at(13))]
    assert reminders(other) == [("queued", at(11))]


def test_reminder_that_was_sent_stays_so_and_one_that_is_being_sent_is_not_tried_again():
    booking = book(type_of(reminder_min=60), at(10))
    booking.mails.filter(kind="reminder").update(state="sent", sent_at=NOW)
    actions.move(booking, at(14), now=NOW)
    booking.mails.filter(kind="reminder", state="queued").update(state="sending", lease_until=at(13, 1))

    actions.move(booking, at(16), now=NOW)

    assert [state for state, _ in reminders(booking)] == ["sent", "cancelled", "queued"]


def test_move_with_mails_that_cannot_be_written_did_not_happen(monkeypatch):
    booking = book(type_of(), at(10))
    before = count_rows()

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("contact.mails.of_booking", fail)
    with pytest.raises(RuntimeError):
        actions.move(booking, at(14), now=NOW)

    stored = Booking.objects.get()
    assert (stored.starts_at, stored.sequence) == (at(10), 0)
    assert count_rows() == before
    assert reminders(booking) == [("queued", at(10, day=2))]
