"""Drill: fifty visitors at once over HTTP against gunicorn with several workers, and workers killed meanwhile.

For each database: one time, overlapping times of two types, one form sent fifty times, fifty meetings moved to one
time, the limits by address, and SIGKILLs while visitors book and write. Each visitor sees a page that says what
happened, no server error is logged, and the database holds all of a booking or message, with its mails, or nothing.
"""

import collections
import contextlib
import http.client
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from tests.drills.databases import ROOT, each_database
from tests.pages import Page

VISITORS = 50
WORKERS = 4
KILLS = 25
# Seconds between the opening of a form and its sending, more than contact.form_guard asks for.
READING = 3.3


def main() -> int:
    """The number of databases on which something went wrong."""
    return sum(database.run("-m", "tests.drills.web", database.name).returncode != 0 for database in each_database())


class Browser:
    """A visitor's browser: one host, cookies, no script."""

    def __init__(self, port: int):
        self.port = port
        self.cookies: dict[str, str] = {}

    def get(self, address: str) -> tuple[int, str]:
        """Status and page."""
        status, _, page = self._ask("GET", address)
        return status, page

    def post(self, address: str, fields: dict[str, str]) -> tuple[int, str]:
        """Status and where the answer leads ("" if nowhere)."""
        status, headers, _ = self._ask("POST", address, urlencode(fields))
        return status, headers.get("Location") or ""

    def _ask(self, method: str, address: str, body: str | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, address, body, headers)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers, page


def hidden_fields(page: str) -> dict[str, str]:
    inputs = [element.attributes for element in Page(page).all("input")]
    return {each["name"]: each.get("value") or "" for each in inputs if each.get("type") == "hidden"}


class Form:
    """A form that a visitor has opened and filled in, ready to be sent."""

    def __init__(self, browser: Browser, address: str, **typed: str):
        status, page = browser.get(address)
        assert status == 200, f"{urlsplit(address).path} answered {status}"
        self.browser, self.path = browser, urlsplit(address).path
        self.fields = {**hidden_fields(page), **typed}

    def send(self) -> tuple[int, str]:
        return self.browser.post(self.path, self.fields)


def all_at_once(acts: list[Callable[[], tuple[int, str]]]) -> list[tuple[int, str]]:
    """What each act answers; they begin at the same moment."""
    barrier = threading.Barrier(len(acts))

    def run(act):
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def statuses(answers: list[tuple[int, str]]) -> dict[int, int]:
    return dict(sorted(collections.Counter(status for status, _ in answers).items()))


@contextlib.contextmanager
def gunicorn(drill: "WebDrill", **settings: str) -> Iterator[tuple[int, subprocess.Popen]]:
    """A server of WORKERS processes on the database of this environment: its port, and its first process.

    What it logs is judged at its end.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "codesite.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--threads", "4", "--log-level", "critical", "--no-control-socket"]
    environment = {**os.environ, "ALLOWED_HOSTS": "127.0.0.1", **settings}
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log) as server,
    ):
        try:
            for _ in range(200):
                try:
                    if Browser(port).get("/livez")[0] == 200:
                        break
                except OSError:
                    time.sleep(0.1)
            else:
                raise SystemExit(f"{drill.name}: the server did not start")
            yield port, server
        finally:
            server.terminate()
            server.wait()
        log.seek(0)
        errors = [line for line in log if line.startswith("ERROR")]
        drill.say("errors in the server's log", not errors, "".join(errors) or "none")


def run_here(name: str) -> int:
    """Runs everything on the database of this environment; 1 where something went wrong."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    drill = WebDrill(name)
    with gunicorn(drill) as (port, server):
        drill.one_time(port)
        drill.overlapping_times(port)
        drill.one_form_fifty_times(port)
        drill.moves_to_one_time(port)
        drill.killed_workers(port, server)
    with gunicorn(drill, RATE_LIMITS="1") as (port, _):
        drill.limits(port)
    return 1 if drill.failures else 0


class WebDrill:
    """The scenarios, each on a day of its own."""

    def __init__(self, name: str):
        from contact.models import HostShare, MeetingType
        from tests.factories import create_host

        self.name = name
        self.failures = 0
        self.host = create_host("Alex Morgan", time_zone="UTC", hours=(0, 0))
        shape = {"location": "By video", "notice_min": 0, "horizon_days": 60, "cancel_cutoff_min": 0}
        self.type = MeetingType.objects.create(slug="short", title="Short", length_min=20, step_min=20, **shape)
        self.long = MeetingType.objects.create(
            slug="long", title="Long", length_min=45, step_min=15, buffer_before_min=10, **shape
        )
        for meeting_type in (self.type, self.long):
            HostShare.objects.create(meeting_type=meeting_type, host=self.host)
        self.starts = self._starts()

    def _starts(self) -> Iterator[str]:
        """Free times, hours apart, as addresses name them."""
        from django.utils import timezone

        at = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=2)
        while True:
            yield at
            at += timedelta(hours=4)

    def say(self, what: str, is_right: bool, found) -> None:
        self.failures += not is_right
        print(f"{'PASS' if is_right else 'FAIL'} {self.name}: {what}: {found}", flush=True)

    def form(self, port: int, start, visitor: str, *, meeting_type=None) -> Form:
        query = {"type": (meeting_type or self.type).slug, "zone": "UTC", "start": f"{start:%Y-%m-%dT%H:%M:%SZ}"}
        typed = {"name": "Kim Lee", "email": f"{visitor}@visitor.example", "notes": "About J9302"}
        return Form(Browser(port), f"/contact/meeting/?{urlencode(query)}", **typed)

    def one_time(self, port: int) -> None:
        start = next(self.starts)
        forms = [self.form(port, start, f"one{number}") for number in range(VISITORS)]
        time.sleep(READING)
        found = statuses(all_at_once([form.send for form in forms]))
        self.say("fifty visitors, one time", found == {302: 1, 409: VISITORS - 1}, found)

    def overlapping_times(self, port: int) -> None:
        start = next(self.starts)
        forms = [
            self.form(port, start, f"short{number}")
            if number % 2
            else self.form(port, start + timedelta(minutes=15), f"long{number}", meeting_type=self.long)
            for number in range(VISITORS)
        ]
        time.sleep(READING)
        found = statuses(all_at_once([form.send for form in forms]))
        self.say("fifty visitors, times of two types that overlap", found == {302: 1, 409: VISITORS - 1}, found)

    def one_form_fifty_times(self, port: int) -> None:
        from contact.models import Booking

        form = self.form(port, next(self.starts), "double")
        time.sleep(READING)
        found = statuses(all_at_once([form.send] * VISITORS))
        booked = Booking.objects.filter(email="double@visitor.example").count()
        is_right = found == {302: VISITORS} and booked == 1
        self.say("one form sent fifty times", is_right, f"{found}, {booked} booked")

    def moves_to_one_time(self, port: int) -> None:
        from contact.links import booking_path
        from contact.models import Booking
        from tests.factories import create_booking

        goal = next(self.starts)
        at = next(self.starts)
        forms = []
        for number in range(VISITORS):
            while Booking.objects.blocking(at, at + self.type.length).exists():
                at += self.type.length
            booking = create_booking(self.type, self.host, at, email=f"move{number}@visitor.example")
            at += self.type.length
            moved = f"{booking_path(booking)}?change=time&day={goal:%Y-%m-%d}&zone=UTC"
            forms.append(Form(Browser(port), moved, start=f"{goal:%Y-%m-%dT%H:%M:%SZ}"))
        found = statuses(all_at_once([form.send for form in forms]))
        self.say("fifty meetings moved to one time", found == {302: 1, 409: VISITORS - 1}, found)
        Booking.objects.filter(email__startswith="move").delete()

    def limits(self, port: int) -> None:
        from contact.models import Booking
        from contact.views.meetings import BOOKINGS_OF_NETWORK

        allowed = min(limit.count for limit in BOOKINGS_OF_NETWORK)
        forms = [self.form(port, next(self.starts), f"limit{number}") for number in range(VISITORS)]
        time.sleep(READING)
        found = statuses(all_at_once([form.send for form in forms]))
        booked = Booking.objects.filter(email__startswith="limit").count()
        is_right = found == {302: allowed, 429: VISITORS - allowed} and booked == allowed
        self.say("fifty times from one address with limits", is_right, f"{found}, {booked} booked")

    def killed_workers(self, port: int, server: subprocess.Popen) -> None:
        """Visitors book and write while workers are killed; each thread goes on until all kills are done."""
        done = threading.Event()
        answers: list[tuple[str, int]] = []
        prepared = self._prepared(port)
        threads = [
            threading.Thread(target=self._send_until, args=(done, share, answers), daemon=True)
            for share in (prepared[number::8] for number in range(8))
        ]
        time.sleep(READING)
        for thread in threads:
            thread.start()
        chance, kills = random.Random(7), 0
        while kills < KILLS and any(thread.is_alive() for thread in threads):
            time.sleep(chance.uniform(0.05, 0.9))
            # One that was killed just now may be listed still.
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(chance.choice(children_of(server.pid)), signal.SIGKILL)
                kills += 1
        done.set()
        for thread in threads:
            thread.join()
        self._judge(answers, kills, len(prepared))

    def _prepared(self, port: int) -> list[tuple[str, Form]]:
        """Forms of bookings and messages by the visitor who has filled them in."""
        prepared = []
        for number in range(400):
            visitor = f"kill{number}"
            if number % 2:
                typed = {"name": "Kim Lee", "email": f"{visitor}@visitor.example", "message": "Is J9302 covered?"}
                prepared.append((visitor, Form(Browser(port), "/contact/message/", **typed)))
            else:
                at = next(self.starts)
                prepared.append((visitor, self.form(port, at, visitor)))
        return prepared

    @staticmethod
    def _send_until(done: threading.Event, forms: list[tuple[str, Form]], answers: list[tuple[str, int]]) -> None:
        for visitor, form in forms:
            if done.is_set():
                return
            try:
                status, _ = form.send()
            except (OSError, http.client.HTTPException):
                status = 0
            answers.append((visitor, status))

    def _judge(self, answers: list[tuple[str, int]], kills: int, prepared: int) -> None:
        from contact.models import Booking, Message

        counts = dict(sorted(collections.Counter(status for _, status in answers).items()))
        promised = {f"{visitor}@visitor.example" for visitor, status in answers if status == 302}
        bookings = Booking.objects.filter(email__startswith="kill").prefetch_related("mails", "changes")
        messages = Message.objects.filter(email__startswith="kill").prefetch_related("mails")
        halves = [booking for booking in bookings if not is_whole(booking)]
        halves += [message for message in messages if len(message.mails.all()) != 1]
        held = {row.email for row in [*bookings, *messages]}
        lost = promised - held
        is_right = not halves and not lost and kills == KILLS and set(counts) <= {0, 302}
        self.say(
            f"{kills} workers killed while {len(answers)} of {prepared} forms were sent",
            is_right,
            f"answers {counts}, {len(held)} stored, {len(halves)} in part, {len(lost)} promised and lost",
        )


def is_whole(booking) -> bool:
    """Whether the booking has its first step and its mails: to the visitor, to the host, and the reminder."""
    kinds = sorted(mail.kind for mail in booking.mails.all())
    return kinds == ["booked", "booked", "reminder"] and [step.kind for step in booking.changes.all()] == ["booked"]


def children_of(process: int) -> list[int]:
    listed = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, text=True, check=False).stdout
    return [int(pid) for pid in re.findall(r"\d+", listed)]


if __name__ == "__main__":
    sys.exit(run_here(sys.argv[1]) if len(sys.argv) > 1 else main())
