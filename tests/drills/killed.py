"""Workers of the web server killed by SIGKILL while visitors book, write, move and cancel.

Whoever got an answer was told the truth; of what had none, all was done or nothing.
"""

import contextlib
import http.client
import itertools
import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contact.links import booking_path
from contact.models import Booking, Message
from tests.contact.races.tables import empty_tables, faults_of_tables
from tests.drills.server import Server
from tests.drills.visitors import READING, Form
from tests.drills.web_scenarios import (
    at,
    booked,
    booking_form,
    cancel_form,
    message_form,
    move_form,
    new_address,
    open_type,
)

KILLS = 25
# Visitors who book and write, with so many forms open at a time; and those who change meetings, with so many each.
BOOKERS, FORMS = 4, 8
MOVERS, MEETINGS = 4, 12
# Of changes, the share that cancels.
CANCELS = 0.06
# Answers from one kill to the next: by them, not by seconds, so that it meets a server at work on any machine.
BETWEEN_KILLS = (3, 40)
# Seconds until the drill counts as hanging.
LONGEST = 900
SLOT = timedelta(minutes=15)

NO_ANSWER = "no answer"
# How a browser meets the end of a worker.
LOST = (OSError, http.client.HTTPException)
CONFIRMED, CANCELLED = "confirmed", "cancelled"


def sent(form: Form) -> str:
    """What was told to who sent it, or NO_ANSWER where the worker died of it."""
    try:
        return form.send()
    except LOST:
        return NO_ANSWER


@dataclass
class Meeting:
    """A meeting as its visitor knows it, by two times of its own between which it is moved.

    `possible` are the states (start, status) that it can have by what the visitor was told; `changes` how many
    there were of it, at least and at most.
    """

    path: str
    pk: int
    starts: tuple[datetime, datetime]
    possible: set[tuple[datetime, str]] = field(default_factory=set)
    changes: tuple[int, int] = (0, 0)

    def learn(self, states: set[tuple[datetime, str]], told: str) -> None:
        """Notes that it was to be brought into one of these states, and what came of it."""
        fewest, most = self.changes
        if told == NO_ANSWER:
            self.changes = (fewest, most + 1)
            self.possible |= states
        else:
            self.changes = (fewest + (not states & self.possible), most + (states != self.possible))
            self.possible = states

    def is_as_told(self, stored: Booking) -> bool:
        fewest, most = self.changes
        return (stored.starts_at, stored.status) in self.possible and fewest <= stored.sequence <= most


class KillDrill:
    def __init__(self, server: Server):
        self.server = server
        self.done = threading.Event()
        self.kills = 0
        # What everybody was told, in a word: appended to by all threads.
        self.told: list[str] = []
        # Of bookings and messages, by the address of the visitor.
        self.promised: set[str] = set()
        self.faults: list[str] = []
        # The times of bookings, after those of the meetings that are moved.
        self.starts = (at(48) + SLOT * number for number in itertools.count())
        self.starts_lock = threading.Lock()

    def run(self) -> tuple[str, list[str]]:
        """What happened, in words, and what is not right."""
        empty_tables()
        self.type = open_type(length_min=15, step_min=15)
        shares = [[self._booked(MEETINGS * n + number) for number in range(MEETINGS)] for n in range(MOVERS)]
        with ThreadPoolExecutor(BOOKERS + MOVERS) as pool:
            visitors = [pool.submit(self._book_and_write) for _ in range(BOOKERS)]
            visitors += [pool.submit(self._move_and_cancel, share, n) for n, share in enumerate(shares)]
            try:
                self._kill(visitors)
            finally:
                self.done.set()
        for visitor in visitors:
            visitor.result()
        self._judge([meeting for share in shares for meeting in share])
        counts = ", ".join(f"{count} {word}" for word, count in sorted(Counter(self.told).items()))
        return f"{self.kills} kills, {counts}", self.faults

    def _booked(self, number: int) -> Meeting:
        starts = at(0) + SLOT * 2 * number, at(0) + SLOT * (2 * number + 1)
        booking = booked(self.type, starts[0])
        return Meeting(booking_path(booking), booking.pk, starts, {(starts[0], CONFIRMED)})

    def _kill(self, visitors: list[Future]) -> None:
        chance, until, answers = random.Random(7), time.monotonic() + LONGEST, 0
        while self.kills < KILLS and not any(visitor.done() for visitor in visitors):
            if time.monotonic() > until:
                self.faults.append(f"no end after {LONGEST} seconds")
                return
            time.sleep(chance.uniform(0.001, 0.02))
            if len(self.told) < answers:
                continue
            # One that was killed just now may be listed still.
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(self.server.workers()), signal.SIGKILL)
                self.kills += 1
            answers = len(self.told) + chance.randint(*BETWEEN_KILLS)

    def _book_and_write(self) -> None:
        """Opens several forms, reads, and sends them; a form that had no answer is sent once more, as people do."""
        while not self.done.is_set():
            forms = []
            for number in range(FORMS):
                email = new_address()
                with contextlib.suppress(*LOST):
                    port = self.server.port
                    forms.append((email, message_form(port, email) if number % 2 else self._booking_form(email)))
            self.done.wait(READING)
            for email, form in forms:
                if self.done.is_set():
                    return
                told = sent(form)
                self.told.append(told)
                if told == NO_ANSWER:
                    told = sent(form)
                    self.told.append(told)
                if told in ("booked", "done"):
                    self.promised.add(email)
                elif told != NO_ANSWER:
                    self.faults.append(f"a form was answered by {told}")

    def _booking_form(self, email: str) -> Form:
        with self.starts_lock:
            start = next(self.starts)
        return booking_form(self.server.port, self.type.slug, start, email)

    def _move_and_cancel(self, meetings: list[Meeting], number: int) -> None:
        """Changes one meeting after the other, for as long as workers are killed; the first is never cancelled."""
        chance, left = random.Random(number), list(meetings)
        while not self.done.is_set():
            meeting = chance.choice(left)
            if meeting != meetings[0] and chance.random() < CANCELS:
                told = self._cancel(meeting)
            else:
                told = self._move(meeting, chance.choice(meeting.starts))
            self.told.append(told)
            if all(status == CANCELLED for _, status in meeting.possible):
                left.remove(meeting)

    def _move(self, meeting: Meeting, start: datetime) -> str:
        try:
            form = move_form(self.server.port, meeting.path, start)
        except LOST:
            return NO_ANSWER
        if "action" not in form.fields:
            return self._seen_as_cancelled(meeting)
        told = sent(form)
        if told in ("moved", NO_ANSWER):
            meeting.learn({(start, CONFIRMED)}, told)
        # What had no answer may have been done after this page was read.
        elif len(meeting.possible) == 1 or told not in ("409 changed meanwhile", "409 not booked"):
            self.faults.append(f"a move was answered by {told}")
        return told

    def _cancel(self, meeting: Meeting) -> str:
        try:
            form = cancel_form(self.server.port, meeting.path)
        except LOST:
            return NO_ANSWER
        if "action" not in form.fields:
            return self._seen_as_cancelled(meeting)
        told = sent(form)
        may_be_cancelled = any(status == CANCELLED for _, status in meeting.possible)
        if told in ("cancelled", NO_ANSWER) or (told == "cancelled-before" and may_be_cancelled):
            meeting.learn({(start, CANCELLED) for start, _ in meeting.possible}, told)
        else:
            self.faults.append(f"a cancellation was answered by {told}")
        return told

    def _seen_as_cancelled(self, meeting: Meeting) -> str:
        """The page has no form to change it any more."""
        seen = {state for state in meeting.possible if state[1] == CANCELLED}
        if not seen:
            self.faults.append("a meeting was cancelled that nobody cancelled")
        meeting.possible = seen or {(start, CANCELLED) for start in meeting.starts}
        return "seen as cancelled"

    def _judge(self, meetings: list[Meeting]) -> None:
        told, stored = Counter(self.told), Booking.objects.in_bulk([meeting.pk for meeting in meetings])
        if self.kills < KILLS:
            self.faults.append(f"{self.kills} kills instead of {KILLS}")
        # Without these, the kills proved nothing.
        if missing := {"booked", "done", "moved", "cancelled", NO_ANSWER} - told.keys():
            self.faults.append(f"nobody was told: {', '.join(sorted(missing))}")
        if otherwise := sum(not meeting.is_as_told(stored[meeting.pk]) for meeting in meetings):
            self.faults.append(f"{otherwise} meetings are not as their visitors were told")
        bookings = Booking.objects.exclude(pk__in=stored).values_list("email", flat=True)
        held = Counter([*bookings, *Message.objects.values_list("email", flat=True)])
        if lost := self.promised - held.keys():
            self.faults.append(f"{len(lost)} promised and lost")
        if twice := [email for email, count in held.items() if count > 1]:
            self.faults.append(f"{len(twice)} stored twice")
        self.faults += [f"{count} {what}" for what, count in faults_of_tables().items() if count]
