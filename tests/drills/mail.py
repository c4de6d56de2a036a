"""Drill: mails and meetings while the mail server is down, refuses, hangs and defers, and workers are killed.

For each database: 150 mails, and meetings that are booked, moved and cancelled meanwhile; four workers, which are
`manage.py send_mail` but for shorter waits (tests.drills.hasty_worker); 25 SIGKILLs at random moments. In the end every
mail has arrived, once or more, and the calendar objects of each meeting came in order.
"""

import collections
import datetime
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import django
import icalendar
from django.db.models import Sum

from tests.contact import smtp_server
from tests.drills.databases import ROOT, end_in_order, on_each_database

MAILS = 150
BOOKINGS = 30
WORKERS = 4
KILLS = 25
# Of mails, the share that the server defers, and the share that it accepts but says so late.
DEFERRED = 0.3
ANSWERED_LATE = 0.3
# Attempts that fail before the server changes its manners.
ATTEMPTS = 12
# Seconds: from one kill to the next, and until the drill counts as hanging. On an idle machine it takes one minute.
BETWEEN_KILLS = (0.3, 1.2)
LONGEST = 900


def main() -> int:
    """The number of databases on which something went wrong."""
    return on_each_database(lambda database: database.run("-m", "tests.drills.mail", database.name) != 0)


def run_here(name: str) -> int:
    """Runs the drill on the database of this environment; the number of things that went wrong."""
    end_in_order()
    django.setup()
    drill = MailDrill(name)
    drill.run()
    return drill.failures


@dataclass
class Workers:
    """Processes that send mail to this port, of which one may be killed at a time and is replaced."""

    port: int
    folder: Path
    running: list[tuple[subprocess.Popen, Path]] = field(default_factory=list)
    started: int = 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process, _ in self.running:
            process.kill()
            process.wait()

    def start(self) -> None:
        self.started += 1
        log = self.folder / f"worker-{self.started}.log"
        environment = {**os.environ, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": str(self.port)}
        with log.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.drills.hasty_worker"],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.running.append((process, log))

    def kill_one(self, chance: random.Random) -> bool:
        """Kills one of those that have begun to work, and starts another; False if none has."""
        at_work = [each for each in self.running if each[1].stat().st_size]
        if not at_work:
            return False
        process, log = chance.choice(at_work)
        process.kill()
        process.wait()
        self.running.remove((process, log))
        self.start()
        return True

    def end(self) -> list[int]:
        """The exit codes of the workers, told to end when each has begun."""
        for process, log in self.running:
            while not log.stat().st_size and process.poll() is None:
                time.sleep(0.1)
            process.send_signal(signal.SIGTERM)
        return [process.wait() for process, _ in self.running]

    def logged(self) -> str:
        return "".join(log.read_text() for log in sorted(self.folder.glob("worker-*.log")))


class MailDrill:
    def __init__(self, name: str):
        self.name = name
        self.failures = 0
        self.kills = 0
        self.acts_left = True
        self.chance = random.Random(20261120)
        self.server = smtp_server.SMTPServer(on_data=self.reply, delay=self.delay)
        self.began = time.monotonic()

    def say(self, what: str, is_right: bool, figures: str) -> None:
        self.failures += not is_right
        print(f"{'PASS' if is_right else 'FAIL'} {self.name}: {what}: {figures}", flush=True)

    def reply(self, content: bytes) -> str:
        return "451 4.7.1 Try later" if self.chance.random() < DEFERRED else smtp_server.OK

    def delay(self) -> float:
        """Whoever is killed meanwhile does not hear that the mail was accepted."""
        return 0.2 if self.chance.random() < ANSWERED_LATE else 0

    def run(self) -> None:
        acts = self.acts()
        for _ in range(BOOKINGS):
            next(acts)
        create_mails()
        port = smtp_server.free_port()
        folder = tempfile.TemporaryDirectory(prefix="codesite-drill-")
        with folder, Workers(port, Path(folder.name)) as workers:
            for _ in range(WORKERS):
                workers.start()
            self.pass_time(workers, acts, until=self.attempted())
            with smtp_server.refusing_port(b"421 4.3.2 Too busy", port):
                self.pass_time(workers, acts, until=self.attempted())
            with smtp_server.silent_port(port):
                self.pass_time(workers, acts, until=self.attempted())
            self.say("nothing arrived while the server was down, refused and hung", not self.server.received, "none")
            with smtp_server.run(self.server, port=port):
                self.pass_time(workers, acts, until=self.done)
                codes = workers.end()
            logged = workers.logged()
        self.judge_workers(codes, logged)
        self.judge_mails()
        self.judge_meetings()

    def acts(self) -> Iterator[None]:
        """Books BOOKINGS meetings, then moves and cancels some of them, one act at a time."""
        from contact.actions import Visitor, book, cancel, move
        from tests.factories import create_host, create_meeting_type

        hosts = [create_host(f"Host {number}", time_zone="UTC", hours=(0, 23)) for number in range(3)]
        meeting_type = create_meeting_type(hosts=hosts, reminder_min=60)
        starts = hours_ahead()
        bookings = []
        for number in range(BOOKINGS):
            visitor = Visitor(name=f"Visitor {number}", email=f"visitor{number}@visitor.example")
            bookings.append(book(meeting_type, next(starts), visitor, request_key=uuid.uuid4())[0])
            yield
        for _ in range(2 * BOOKINGS):
            number = self.chance.randrange(len(bookings))
            if self.chance.random() < 0.25:
                cancel(bookings.pop(number))
            else:
                bookings[number] = move(bookings[number], next(starts))
            yield

    def pass_time(self, workers: Workers, acts: Iterator[None], until: Callable[[], bool]) -> None:
        """Kills workers and changes meetings until that is so, or the drill hangs."""
        while not until() and time.monotonic() < self.began + LONGEST:
            time.sleep(self.chance.uniform(*BETWEEN_KILLS))
            if self.kills < KILLS:
                self.kills += workers.kill_one(self.chance)
            self.acts_left = next(acts, self) is not self

    def attempted(self) -> Callable[[], bool]:
        """Whether ATTEMPTS more were made since."""
        from contact.models import OutgoingMail

        def count():
            return OutgoingMail.objects.aggregate(total=Sum("attempts"))["total"]

        before = count()
        return lambda: count() >= before + ATTEMPTS

    def done(self) -> bool:
        from contact.models import OutgoingMail

        return self.kills == KILLS and not self.acts_left and not OutgoingMail.objects.overdue().exists()

    def judge_workers(self, codes: list[int], logged: str) -> None:
        seconds = time.monotonic() - self.began
        is_right = self.kills == KILLS and not any(codes)
        self.say("workers killed", is_right, f"{self.kills} in {seconds:.0f} s; the others ended with {codes}")
        is_clean = "Traceback" not in logged and "visitor.example" not in logged
        self.say("log", is_clean, f"{logged.count('WARNING')} warnings, none names a recipient" if is_clean else logged)

    def judge_mails(self) -> None:
        from contact.models import OutgoingMail

        rows = OutgoingMail.objects.filter(wanted_at__lte=datetime.datetime.now(datetime.UTC))
        wanted = set(rows.values_list("internet_message_id", flat=True))
        arrived = collections.Counter(self.server.message_ids)
        lost, unknown = wanted - arrived.keys(), arrived.keys() - wanted
        states = dict(collections.Counter(rows.values_list("state", flat=True)))
        self.say(
            "every mail arrived",
            not lost and not unknown and states == {"sent": len(wanted)},
            f"{len(wanted)} mails, {len(lost)} lost, {arrived.total() - len(arrived)} duplicates, states {states}, "
            f"at most {max(rows.values_list('attempts', flat=True))} attempts",
        )

    def judge_meetings(self) -> None:
        from contact.models import Booking, OutgoingMail

        rows = OutgoingMail.objects.exclude(calendar_method="").order_by("sequence", "pk")
        written = collections.defaultdict(list)
        for row in rows.select_related("booking"):
            written[row.booking.uid, row.to].append((row.sequence, row.calendar_method, row.internet_message_id))
        arrived, wrong = collections.defaultdict(list), []
        for mail in self.server.mails:
            for part in mail.walk():
                if part.get_content_type() != "text/calendar":
                    continue
                calendar = icalendar.Calendar.from_ical(part.get_content())
                [event] = calendar.events
                first = (int(event["SEQUENCE"]), str(calendar["METHOD"]), smtp_server.message_id(mail))
                if part.get_param("method") != calendar["METHOD"]:
                    wrong.append(mail)
                # A mail that came twice counts when it came first.
                if first not in arrived[str(event["UID"]), mail["To"]]:
                    arrived[str(event["UID"]), mail["To"]].append(first)
        out_of_order = [key for key in written if written[key] != arrived[key]]
        self.say(
            "calendar objects of each meeting: one UID, each change, in order",
            not out_of_order and not wrong and arrived.keys() == written.keys(),
            f"{Booking.objects.count()} meetings, {rows.count()} objects to {len(written)} recipients, "
            f"highest SEQUENCE {rows.last().sequence}, {len(out_of_order)} disordered, {len(wrong)} of another METHOD",
        )


def create_mails() -> None:
    from tests.factories import create_mail

    for number in range(MAILS):
        create_mail(subject=f"Mail {number}", to=f"reader{number}@visitor.example")


def hours_ahead() -> Iterator[datetime.datetime]:
    """Starts of meetings that do not touch, from the day after tomorrow on."""
    today = datetime.datetime.now(datetime.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(2, 50):
        for hour in range(1, 21):
            yield today + datetime.timedelta(days=day, hours=hour)


if __name__ == "__main__":
    sys.exit(run_here(sys.argv[1]) if len(sys.argv) > 1 else main())
