"""What fifty visitors do at once over HTTP, and the only ends of it that are right. See also tests.contact.races."""

import itertools
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from contact import actions
from contact.links import booking_path
from contact.models import Booking, Host, MeetingType, Message, OutgoingMail
from tests.contact.races.scenarios import Race
from tests.drills.visitors import READING, Browser, Form, opened
from tests.factories import PASSWORD, create_host, create_meeting_type, create_user

VISITORS = 50
# Midnight of a day on which nobody has met yet.
DAY = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=3)
_numbers = itertools.count(1)


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


def open_host(**fields) -> Host:
    """A host who can be met at any time."""
    return create_host(f"Host {next(_numbers)}", time_zone="UTC", hours=(0, 0), **fields)


def open_type(slug: str = "introduction", *, hosts: list[Host] | None = None, **fields) -> MeetingType:
    return create_meeting_type(slug, hosts=hosts or [open_host()], **fields)


def new_address() -> str:
    """The e-mail address of somebody whom nobody else is."""
    return f"visitor-{next(_numbers)}@visitor.example"


def booked(meeting_type: MeetingType, start: datetime) -> Booking:
    visitor = actions.Visitor(name="Kim Lee", email=new_address())
    return actions.book(meeting_type, start, visitor, request_key=uuid.uuid4())[0]


def write(start: datetime) -> str:
    """An instant as addresses and forms name it."""
    return f"{start:%Y-%m-%dT%H:%M:%SZ}"


def booking_form(port: int, slug: str, start: datetime, email: str) -> Form:
    query = urlencode({"type": slug, "zone": "UTC", "start": write(start)})
    typed = {"name": "Kim Lee", "email": email, "notes": "About J9302"}
    return Form(Browser(port), f"{reverse('contact:meeting')}?{query}", **typed)


def message_form(port: int, email: str) -> Form:
    typed = {"name": "Kim Lee", "email": email, "message": "Is J9302 covered?"}
    return Form(Browser(port), reverse("contact:message"), **typed)


def move_form(port: int, path: str, start: datetime) -> Form:
    """`path` is that of the booking, as are its other forms."""
    query = urlencode({"change": "time", "zone": "UTC", "day": f"{start:%Y-%m-%d}"})
    return Form(Browser(port), f"{path}?{query}", start=write(start))


def cancel_form(port: int, path: str) -> Form:
    return Form(Browser(port), f"{path}?change=cancel")


def bookings(
    port: int, wanted: list[tuple[MeetingType, datetime]], *, email: str | None = None
) -> list[Callable[[], str]]:
    """What visitors are about to do who have all opened and filled in their forms; all with one address if given."""
    forms = opened(
        [
            lambda slug=meeting_type.slug, start=start: booking_form(port, slug, start, email or new_address())
            for meeting_type, start in wanted
        ]
    )
    time.sleep(READING)
    return [form.send for form in forms]


def one_wins(word: str) -> dict[str, int]:
    return {word: 1, "409 taken": VISITORS - 1}


def one_time(port: int) -> Race:
    return Race(bookings(port, [(open_type(), at(10))] * VISITORS), one_wins("booked"))


def overlapping_times_of_two_types(port: int) -> Race:
    host = open_host()
    short = open_type("short", hosts=[host], length_min=20, step_min=20)
    long = open_type("long", hosts=[host], length_min=45, step_min=15, buffer_before_min=10)
    wanted = [(short, at(10)) if number % 2 else (long, at(10, 15)) for number in range(VISITORS)]
    return Race(bookings(port, wanted), one_wins("booked"))


def adjacent_times(port: int) -> Race:
    short = open_type(length_min=15, step_min=15)
    return Race(bookings(port, [(short, at(0, 15 * n)) for n in range(VISITORS)]), {"booked": VISITORS})


def a_random_day(port: int) -> Race:
    host, chance = open_host(), random.Random(VISITORS)
    types = [open_type(f"of-{length}", hosts=[host], length_min=length, step_min=5) for length in (15, 30, 45, 60)]
    wanted = [(chance.choice(types), at(0, chance.randrange(0, 23 * 60, 5))) for _ in range(VISITORS)]

    def right(outcomes: Counter) -> list[str]:
        meetings = Booking.objects.confirmed()
        free = [start for kind, start in wanted if not meetings.blocking(start, start + kind.length).exists()]
        faults = [f"{len(free)} refused times are free"] if free else []
        if outcomes != {"booked": meetings.count(), "409 taken": VISITORS - meetings.count()}:
            faults.append(f"{meetings.count()} meetings")
        return faults

    return Race(bookings(port, wanted), right)


def daily_cap_of_a_host(port: int) -> Race:
    short = open_type(hosts=[open_host(daily_cap=3)], length_min=15, step_min=15)
    wanted = [(short, at(0, 15 * number)) for number in range(VISITORS)]
    return Race(bookings(port, wanted), {"booked": 3, "409 day full": VISITORS - 3})


def daily_cap_of_a_type(port: int) -> Race:
    short = open_type(length_min=15, step_min=15, daily_cap=3)
    wanted = [(short, at(0, 15 * number)) for number in range(VISITORS)]
    return Race(bookings(port, wanted), {"booked": 3, "409 day full": VISITORS - 3})


def one_time_of_three_hosts(port: int) -> Race:
    introduction = open_type(hosts=[open_host() for _ in range(3)])

    def right(outcomes: Counter) -> list[str]:
        counts = list(Host.objects.annotate(meetings=Count("bookings")).values_list("meetings", flat=True))
        faults = [] if counts == [1, 1, 1] else [f"meetings of the hosts: {counts}"]
        wanted = {"booked": 3, "409 taken": VISITORS - 3}
        return faults if outcomes == wanted else [*faults, f"instead of {wanted}"]

    return Race(bookings(port, [(introduction, at(10))] * VISITORS), right)


def cancelled_time_booked_again(port: int) -> Race:
    introduction = open_type()
    told = cancel_form(port, booking_path(booked(introduction, at(10)))).send()
    assert told == "cancelled", told
    return Race(bookings(port, [(introduction, at(10))] * VISITORS), one_wins("booked"))


def one_form_sent_by_fifty_clicks(port: int) -> Race:
    """Of three hosts, so that a second meeting would find one."""
    [send] = bookings(port, [(open_type(hosts=[open_host() for _ in range(3)]), at(10))])

    def right(outcomes: Counter) -> list[str]:
        count = Booking.objects.count()
        return [] if outcomes == {"booked": VISITORS} and count == 1 else [f"{count} meetings"]

    return Race([send] * VISITORS, right)


def one_message_sent_by_fifty_clicks(port: int) -> Race:
    form = message_form(port, new_address())
    time.sleep(READING)

    def right(outcomes: Counter) -> list[str]:
        count = Message.objects.count()
        return [] if outcomes == {"done": VISITORS} and count == 1 else [f"{count} messages"]

    return Race([form.send] * VISITORS, right)


def moves_to_one_time(port: int) -> Race:
    short = open_type(length_min=15, step_min=15)
    paths = [booking_path(booked(short, at(0, 15 * number))) for number in range(VISITORS)]
    forms = opened([lambda path=path: move_form(port, path, at(23)) for path in paths])
    return Race([form.send for form in forms], one_wins("moved"))


def cancels_of_one_meeting(port: int) -> Race:
    path = booking_path(booked(open_type(), at(10)))
    forms = opened([lambda: cancel_form(port, path)] * VISITORS)

    def right(outcomes: Counter) -> list[str]:
        wanted = {"cancelled": 1, "cancelled-before": VISITORS - 1}
        return [*([] if outcomes == wanted else [f"instead of {wanted}"]), *_faults_of_cancels(recipients=2)]

    return Race([form.send for form in forms], right)


def cancels_against_moves_of_one_meeting(port: int) -> Race:
    path = booking_path(booked(open_type(length_min=15, step_min=15), at(23)))
    forms = opened(
        [
            lambda n=n: move_form(port, path, at(0, 15 * n)) if n % 5 else cancel_form(port, path)
            for n in range(VISITORS)
        ]
    )
    acts = [form.send for form in forms]
    random.shuffle(acts)

    def right(outcomes: Counter) -> list[str]:
        end = Booking.objects.get()
        cancels = {"cancelled": 1, "cancelled-before": VISITORS // 5 - 1}
        is_right = (
            {word: count for word, count in outcomes.items() if word.startswith("cancelled")} == cancels
            and outcomes.keys() <= {*cancels, "moved", "409 changed meanwhile", "409 not booked"}
            and (end.status, end.sequence) == ("cancelled", outcomes["moved"] + 1)
        )
        faults = [] if is_right else [f"then {end.status} with sequence {end.sequence}"]
        return [*faults, *_faults_of_cancels(recipients=2)]

    return Race(acts, right)


def _faults_of_cancels(*, recipients: int) -> list[str]:
    """Whether so many people have got one CANCEL each."""
    mails = Counter(OutgoingMail.objects.filter(calendar_method="CANCEL").values_list("to", flat=True))
    return [] if sorted(mails.values()) == [1] * recipients else [f"{sorted(mails.values())} mails of cancellation"]


def restores_to_one_time(port: int) -> Race:
    """By somebody of the team, in fifty windows."""
    introduction, ann = open_type(), create_user(groups=["Desk"])
    desk = Browser(port)
    told = Form(desk, reverse("admin:login"), username=ann.username, password=PASSWORD).send()
    assert told == "done", told
    addresses = []
    for _ in range(VISITORS):
        meeting = booked(introduction, at(10))
        actions.cancel(meeting)
        addresses.append(reverse("admin:contact_booking_step", args=[meeting.pk, "restore"]))
    forms = opened([lambda address=address: Form(Browser(port, desk.cookies), address) for address in addresses])

    def right(outcomes: Counter) -> list[str]:
        count = Booking.objects.confirmed().count()
        # A page of the desk that refuses is no error of HTTP.
        wanted = {"done": 1, "200 taken": VISITORS - 1}
        return [] if outcomes == wanted and count == 1 else [f"instead of {wanted}, {count} meetings"]

    return Race([form.send for form in forms], right)


def by_title(*scenarios: Callable[[int], Race]) -> dict[str, Callable[[int], Race]]:
    return {scenario.__name__.replace("_", " "): scenario for scenario in scenarios}


SCENARIOS = by_title(
    one_time,
    overlapping_times_of_two_types,
    adjacent_times,
    a_random_day,
    daily_cap_of_a_host,
    daily_cap_of_a_type,
    one_time_of_three_hosts,
    cancelled_time_booked_again,
    one_form_sent_by_fifty_clicks,
    one_message_sent_by_fifty_clicks,
    moves_to_one_time,
    cancels_of_one_meeting,
    cancels_against_moves_of_one_meeting,
    restores_to_one_time,
)
