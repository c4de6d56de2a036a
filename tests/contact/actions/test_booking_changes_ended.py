"""Cancelling and restoring meetings, and those to which the visitor did not come."""

import pytest

from contact import actions
from contact.models import Booking
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
)
from tests.factories import create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return create_user("ann")


@pytest.fixture
def booking():
    return book(type_of(host_of_nine_to_five(email="alex@team.example"), cancel_cutoff_min=60), at(10))


def status_of(booking: Booking) -> str:
    return Booking.objects.get(pk=booking.pk).status


def test_cancelling_is_recorded_and_told_of_with_the_next_sequence(booking):
    assert actions.cancel(booking, now=NOW) is True

    stored = Booking.objects.get()
    assert (stored.status, stored.sequence, stored.starts_at) == ("cancelled", 1, at(10))
    assert history(booking)[1:] == [("cancelled", 1, at(10), None)]
    assert told(booking, sequence=1) == [
        ("cancelled", "CANCEL", booking.email),
        ("cancelled", "CANCEL", "alex@team.example"),
    ]
    assert reminders(booking) == [("cancelled", at(10, day=2))]


def test_cancelling_ten_times_tells_once(booking):
    outcomes = [actions.cancel(booking, now=NOW) for _ in range(10)]

    assert outcomes == [True] + [False] * 9
    assert booking.mails.filter(calendar_method="CANCEL", to=booking.email).count() == 1
    assert [kind for kind, *_ in history(booking)] == ["booked", "cancelled"]


def test_visitor_cancels_until_the_cut_off_and_staff_until_the_end(booking, ann):
    with pytest.raises(actions.TooLate):
        actions.cancel(booking, now=at(9))
    with pytest.raises(actions.TooLate):
        actions.cancel(booking, now=at(10, 30), by=ann)
    assert status_of(booking) == "confirmed"

    assert actions.cancel(booking, now=at(10, 29), by=ann) is True
    assert history(booking)[-1] == ("cancelled", 1, at(10), "ann")


def test_visitor_cancels_just_before_the_cut_off_and_again_after_it(booking):
    assert actions.cancel(booking, now=at(8, 59)) is True
    assert actions.cancel(booking, now=at(9, 30)) is False


def test_meeting_that_was_missed_is_not_cancelled(booking, ann):
    actions.mark_no_show(booking, by=ann, now=at(10, 15))

    with pytest.raises(actions.NotConfirmed):
        actions.cancel(booking, now=at(10, 16), by=ann)


def test_time_of_a_cancelled_meeting_is_booked_by_another(booking):
    actions.cancel(booking, now=NOW)

    assert book(booking.meeting_type, at(10)).starts_at == at(10)


def test_restored_meeting_is_confirmed_told_of_and_reminded_of(booking, ann):
    actions.cancel(booking, now=NOW)

    restored = actions.restore(booking, by=ann, now=NOW)

    assert (restored.status, restored.sequence, status_of(booking)) == ("confirmed", 2, "confirmed")
    assert history(booking)[-1] == ("restored", 2, at(10), "ann")
    assert told(booking, sequence=2) == [
        ("booked", "REQUEST", booking.email),
        ("booked", "REQUEST", "alex@team.example"),
    ]
    assert reminders(booking) == [("cancelled", at(10, day=2)), ("queued", at(10, day=2))]


def test_restoring_what_is_not_cancelled_changes_nothing(booking, ann):
    before = count_rows()

    assert actions.restore(booking, by=ann, now=NOW).sequence == 0
    actions.mark_no_show(booking, by=ann, now=at(10))
    assert actions.restore(booking, by=ann, now=NOW).status == "no-show"

    assert count_rows() == (before[0], before[1] + 1, before[2])


def test_meeting_is_not_restored_into_a_time_that_was_taken(booking, ann):
    actions.cancel(booking, now=NOW)
    book(booking.meeting_type, at(10))
    before = count_rows()

    with pytest.raises(Unavailable) as refusal:
        actions.restore(booking, by=ann, now=NOW)

    assert refusal.value.reason == Reason.TAKEN
    assert (status_of(booking), count_rows()) == ("cancelled", before)


def test_meeting_is_not_restored_after_its_time(booking, ann):
    actions.cancel(booking, now=NOW)

    with pytest.raises(Unavailable) as refusal:
        actions.restore(booking, by=ann, now=at(10, 1))

    assert refusal.value.reason == Reason.NOT_OFFERED


def test_meeting_of_a_forgotten_visitor_is_not_restored(booking, ann):
    actions.cancel(booking, now=NOW)
    Booking.objects.filter(pk=booking.pk).forget(NOW)

    with pytest.raises(actions.Forgotten):
        actions.restore(booking, by=ann, now=NOW)

    assert status_of(booking) == "cancelled"


def test_visitor_did_not_come_only_after_the_meeting_began(booking, ann):
    before = count_rows()

    with pytest.raises(actions.TooEarly):
        actions.mark_no_show(booking, by=ann, now=at(9, 59))
    marked = actions.mark_no_show(booking, by=ann, now=at(10))

    assert (marked.status, marked.sequence, status_of(booking)) == ("no-show", 0, "no-show")
    assert history(booking)[-1] == ("no-show", 0, at(10), "ann")
    # Nobody is told.
    assert count_rows() == (before[0], before[1] + 1, before[2])


def test_mark_is_made_and_taken_back_once(booking, ann):
    for _ in range(2):
        actions.mark_no_show(booking, by=ann, now=at(10))
    for _ in range(2):
        came = actions.take_back_no_show(booking, by=ann, now=at(11))

    assert (came.status, came.sequence) == ("confirmed", 0)
    assert [kind for kind, *_ in history(booking)] == ["booked", "no-show", "came"]


def test_cancelled_meeting_is_not_marked(booking, ann):
    actions.cancel(booking, now=NOW)

    with pytest.raises(actions.NotConfirmed):
        actions.mark_no_show(booking, by=ann, now=at(10))
    assert actions.take_back_no_show(booking, by=ann, now=at(11)).status == "cancelled"


def test_mark_is_not_taken_back_where_the_host_has_met_somebody_else(booking, ann):
    actions.mark_no_show(booking, by=ann, now=at(10, 5))
    actions.move(book(booking.meeting_type, at(14)), at(10, 10), now=at(10, 6), by=ann)

    with pytest.raises(Unavailable) as refusal:
        actions.take_back_no_show(booking, by=ann, now=at(11))

    assert refusal.value.reason == Reason.TAKEN
    assert status_of(booking) == "no-show"


@pytest.mark.parametrize("act", [actions.cancel, actions.restore], ids=["cancel", "restore"])
def test_act_with_mails_that_cannot_be_written_did_not_happen(monkeypatch, booking, ann, act):
    if act is actions.restore:
        actions.cancel(booking, now=NOW)
    before, status = count_rows(), status_of(booking)

    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("contact.mails.of_booking", fail)
    with pytest.raises(RuntimeError):
        act(booking, by=ann, now=NOW)

    assert (count_rows(), status_of(booking)) == (before, status)
