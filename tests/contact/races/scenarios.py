"""What many do at once, by contact.actions, and the only ends of it that are right."""

import random
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from contact import actions
from contact.models import Booking, BookingChange, HostShare
from tests.contact.races.acts import (
    NOW,
    Act,
    at,
    booked,
    books,
    cancels,
    confirms_past_the_actions,
    moves,
    open_host,
    open_type,
    restores,
    sends_message,
    staff,
)
from tests.factories import create_booking


@dataclass
class Race:
    """What each racer does, and the right end: how many met which outcome, or a function that judges that.

    The function gives what is not right, in sentences. `written_past_the_actions` says that histories and mails
    cannot fit.
    """

    acts: list[Act]
    right: dict[str, int] | Callable[[Counter], list[str]]
    written_past_the_actions: bool = False

    def faults(self, outcomes: Counter) -> list[str]:
        if callable(self.right):
            return self.right(outcomes)
        return [] if outcomes == self.right else [f"{dict(outcomes)} instead of {self.right}"]


def one_wins(racers: int, word: str) -> dict[str, int]:
    return {word: 1, "taken": racers - 1}


def same_slot(racers: int) -> Race:
    introduction = open_type()
    return Race([books(introduction, at(10)) for _ in range(racers)], one_wins(racers, "booked"))


def overlapping_slots_of_different_types(racers: int) -> Race:
    """All of them last at half past ten, whatever their lengths, steps and buffers."""
    host = open_host()
    types = [
        open_type("short", hosts=[host], length_min=15, step_min=5),
        open_type("usual", hosts=[host], length_min=30, step_min=15, buffer_before_min=10, buffer_after_min=5),
        open_type("long", hosts=[host], length_min=45, step_min=5, buffer_before_min=15),
        open_type("longest", hosts=[host], length_min=120, step_min=30),
    ]
    acts = []
    for number in range(racers):
        chosen = types[number % len(types)]
        starts = [minute for minute in range(630, 630 - chosen.length_min, -5) if minute % chosen.step_min == 0]
        acts.append(books(chosen, at(0, starts[number % len(starts)])))
    return Race(acts, one_wins(racers, "booked"))


def slots_that_overlap_by_their_buffers(racers: int) -> Race:
    host = open_host()
    before = open_type("before", hosts=[host], buffer_after_min=15)
    after = open_type("after", hosts=[host], buffer_before_min=5)
    acts = [books(before, at(10)) if number % 2 else books(after, at(10, 30)) for number in range(racers)]
    return Race(acts, one_wins(racers, "booked"))


def random_day(racers: int) -> Race:
    host, chance = open_host(), random.Random(racers)
    types = [open_type(f"of-{length}", hosts=[host], length_min=length, step_min=5) for length in (15, 30, 45, 60)]
    wanted = [(chance.choice(types), at(0, chance.randrange(0, 23 * 60, 5))) for _ in range(racers)]

    def right(outcomes: Counter) -> list[str]:
        meetings = Booking.objects.confirmed()
        free = [start for kind, start in wanted if not meetings.blocking(start, start + kind.length).exists()]
        faults = [f"{len(free)} refused times are free"] if free else []
        if outcomes != {"booked": meetings.count(), "taken": racers - meetings.count()}:
            faults.append(f"{dict(outcomes)} with {meetings.count()} meetings")
        return faults

    return Race([books(kind, start) for kind, start in wanted], right)


def adjacent_slots(racers: int) -> Race:
    introduction = open_type(length_min=15, step_min=15)
    return Race([books(introduction, at(0, 15 * number)) for number in range(racers)], {"booked": racers})


def double_submit(racers: int) -> Race:
    introduction, key = open_type(), uuid.uuid4()
    acts = [books(introduction, at(10), key=key) for _ in range(racers)]
    return Race(acts, {"booked": 1, "same": racers - 1})


def double_submit_with_three_hosts(racers: int) -> Race:
    introduction, key = open_type(hosts=[open_host() for _ in range(3)]), uuid.uuid4()
    acts = [books(introduction, at(10), key=key) for _ in range(racers)]
    return Race(acts, {"booked": 1, "same": racers - 1})


def double_submit_to_two_hosts(racers: int) -> Race:
    """They wait for different locks: the unique constraint decides."""
    types, key = [open_type("one"), open_type("other")], uuid.uuid4()
    acts = [books(types[number % 2], at(10), key=key) for number in range(racers)]
    return Race(acts, {"booked": 1, "same": racers - 1})


def daily_cap_of_a_host(racers: int) -> Race:
    introduction = open_type(hosts=[open_host(daily_cap=3)], length_min=15, step_min=15)
    acts = [books(introduction, at(0, 15 * number)) for number in range(racers)]
    return Race(acts, {"booked": 3, "day full": racers - 3})


def daily_cap_of_a_type(racers: int) -> Race:
    introduction = open_type(length_min=15, step_min=15, daily_cap=3)
    acts = [books(introduction, at(0, 15 * number)) for number in range(racers)]
    return Race(acts, {"booked": 3, "day full": racers - 3})


def most_meetings_of_an_email_address(racers: int) -> Race:
    introduction = open_type(length_min=15, step_min=15)
    acts = [books(introduction, at(0, 15 * number), email="kim@visitor.example") for number in range(racers)]
    return Race(acts, {"booked": 2, "too many": racers - 2})


def same_slot_of_three_hosts(racers: int) -> Race:
    introduction = open_type(hosts=[open_host() for _ in range(3)])
    return Race([books(introduction, at(10)) for _ in range(racers)], {"booked": 3, "taken": racers - 3})


def turns_of_two_hosts(racers: int) -> Race:
    """Of weights 3 and 2, so that of five meetings one has three and the other two."""
    introduction = open_type(hosts=[open_host(), open_host()], length_min=15, step_min=15)
    for share, weight in zip(introduction.shares.order_by("pk"), (3, 2), strict=True):
        HostShare.objects.filter(pk=share.pk).update(weight=weight)

    def right(outcomes: Counter) -> list[str]:
        counts = [share.host.bookings.count() for share in introduction.shares.order_by("-weight")]
        wanted = [racers * 3 // 5, racers * 2 // 5]
        unfair = abs(counts[0] - wanted[0]) > racers % 5
        return [] if outcomes == {"booked": racers} and not unfair else [f"{dict(outcomes)}, {counts} not {wanted}"]

    return Race([books(introduction, at(0, 15 * number)) for number in range(racers)], right)


def moves_into_one_slot(racers: int) -> Race:
    introduction = open_type(length_min=15, step_min=15)
    meetings = [booked(introduction, at(0, 15 * number)) for number in range(racers)]
    return Race([moves(meeting, at(23)) for meeting in meetings], one_wins(racers, "moved"))


def moves_of_one_meeting_that_all_have_seen(racers: int) -> Race:
    """Several windows of one visitor: only the first moves what it shows."""
    introduction = open_type(length_min=15, step_min=15)
    meeting = booked(introduction, at(23))
    acts = [moves(meeting, at(0, 15 * number), seen=meeting.sequence) for number in range(racers)]
    return Race(acts, {"moved": 1, "changed meanwhile": racers - 1})


def cancelled_slot_booked_again(racers: int) -> Race:
    introduction = open_type()
    actions.cancel(booked(introduction, at(10)), now=NOW)
    return Race([books(introduction, at(10)) for _ in range(racers)], one_wins(racers, "booked"))


def restores_into_one_slot(racers: int) -> Race:
    introduction, ann = open_type(), staff()
    meetings = []
    for _ in range(racers):
        meetings.append(booked(introduction, at(10)))
        actions.cancel(meetings[-1], now=NOW)
    return Race([restores(meeting, ann) for meeting in meetings], one_wins(racers, "restored"))


def restores_of_one_meeting(racers: int) -> Race:
    meeting, ann = booked(open_type(), at(10)), staff()
    actions.cancel(meeting, now=NOW)

    def right(outcomes: Counter) -> list[str]:
        restored = meeting.changes.filter(kind=BookingChange.Kind.RESTORED).count()
        return [] if outcomes == {"restored": racers} and restored == 1 else [f"{dict(outcomes)}, {restored} times"]

    return Race([restores(meeting, ann) for _ in range(racers)], right)


def cancels_of_one_meeting(racers: int) -> Race:
    meeting = booked(open_type(), at(10))
    return Race([cancels(meeting) for _ in range(racers)], {"cancelled": 1, "was cancelled": racers - 1})


def cancels_against_moves_of_one_meeting(racers: int) -> Race:
    introduction = open_type(length_min=15, step_min=15)
    meeting = booked(introduction, at(23))
    acts = [moves(meeting, at(0, 15 * n)) if n % 5 else cancels(meeting) for n in range(racers)]
    random.shuffle(acts)

    def right(outcomes: Counter) -> list[str]:
        end = Booking.objects.get()
        cancels = {"cancelled": 1, "was cancelled": (racers + 4) // 5 - 1}
        is_right = (
            {word: count for word, count in outcomes.items() if "cancelled" in word} == cancels
            and outcomes.keys() <= {*cancels, "moved", "not confirmed"}
            and (end.status, end.sequence) == ("cancelled", outcomes["moved"] + 1)
        )
        return [] if is_right else [f"{dict(outcomes)}, then {end.status} with sequence {end.sequence}"]

    return Race(acts, right)


def staff_against_visitors(racers: int) -> Race:
    """Staff move meetings there, some of them beside the grid; visitors book."""
    introduction, ann = open_type(), staff()
    visits = [booked(introduction, at(12 + number)) for number in range(10)]
    acts = []
    for number in range(racers):
        choices = [
            moves(visits[number % 5], at(10), by=ann),
            moves(visits[5 + number % 5], at(10, 7), by=ann),
            books(introduction, at(10)),
        ]
        acts.append(choices[number % 3])

    def right(outcomes: Counter) -> list[str]:
        winners = Booking.objects.confirmed().blocking(at(10), at(10, 31))
        if len(winners) != 1:
            return [f"{dict(outcomes)}, and {len(winners)} have the time"]
        # Who moves the same meeting to where it already is, changes nothing.
        moved = sum(winners[0] == visits[(n % 3) * 5 + n % 5] for n in range(racers) if n % 3 < 2)
        wanted = {"moved": moved} if moved else {"booked": 1}
        wanted["taken"] = racers - sum(wanted.values())
        return [] if outcomes == wanted else [f"{dict(outcomes)} instead of {wanted}"]

    return Race(acts, right)


def moves_to_the_other_host(racers: int) -> Race:
    """In both directions, so that each transaction needs the locks of both."""
    hosts, ann = [open_host(), open_host()], staff()
    introduction = open_type(hosts=hosts, length_min=15, step_min=15)
    meetings = [booked(introduction, at(0, 15 * number)) for number in range(racers)]
    others = {hosts[0]: hosts[1], hosts[1]: hosts[0]}
    acts = [moves(meeting, meeting.starts_at, by=ann, host=others[meeting.host]) for meeting in meetings]
    return Race(acts, {"moved": racers})


def moves_of_one_meeting_between_hosts(racers: int) -> Race:
    """Its host changes while others wait for the lock of the former one."""
    hosts, ann = [open_host(), open_host()], staff()
    meeting = booked(open_type(hosts=hosts, length_min=15, step_min=15), at(23))
    acts = [moves(meeting, at(0, 15 * n), by=ann, host=hosts[n % 2]) for n in range(racers)]

    def right(outcomes: Counter) -> list[str]:
        sequence = Booking.objects.get().sequence
        return [] if outcomes == {"moved": racers} and sequence == racers else [f"{dict(outcomes)}, {sequence} changes"]

    return Race(acts, right)


def writes_past_the_actions(racers: int) -> Race:
    """The constraint alone decides."""
    introduction = open_type()
    [share] = introduction.bookable_hosts()
    meetings = [create_booking(introduction, share.host, at(10), status="cancelled") for _ in range(racers)]
    acts = [confirms_past_the_actions(meeting) for meeting in meetings]
    return Race(acts, {"confirmed": 1, "refused": racers - 1}, written_past_the_actions=True)


def double_submit_of_a_message(racers: int) -> Race:
    key = uuid.uuid4()
    return Race([sends_message(key) for _ in range(racers)], {"sent": 1, "same": racers - 1})


SCENARIOS: dict[str, Callable[[int], Race]] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        same_slot,
        overlapping_slots_of_different_types,
        slots_that_overlap_by_their_buffers,
        random_day,
        adjacent_slots,
        double_submit,
        double_submit_with_three_hosts,
        double_submit_to_two_hosts,
        daily_cap_of_a_host,
        daily_cap_of_a_type,
        most_meetings_of_an_email_address,
        same_slot_of_three_hosts,
        turns_of_two_hosts,
        moves_into_one_slot,
        moves_of_one_meeting_that_all_have_seen,
        cancelled_slot_booked_again,
        restores_into_one_slot,
        restores_of_one_meeting,
        cancels_of_one_meeting,
        cancels_against_moves_of_one_meeting,
        staff_against_visitors,
        moves_to_the_other_host,
        moves_of_one_meeting_between_hosts,
        writes_past_the_actions,
        double_submit_of_a_message,
    )
}
