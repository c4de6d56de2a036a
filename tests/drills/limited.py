"""What fifty visitors do at once where RATE_LIMITS=1: they all come from one network."""

from collections import Counter
from collections.abc import Callable

from django.db.models import Sum

from contact.actions.bookings import MOST_UPCOMING
from contact.models import Booking, RateBucket
from contact.rate_limits import BOOKINGS_OF_NETWORK
from tests.contact.races.scenarios import Race
from tests.drills.web_scenarios import VISITORS, at, bookings, by_title, new_address, open_type

# By which a booking is counted: those of its network, of its e-mail address, and of everybody.
LIMITS_OF_BOOKING = len(BOOKINGS_OF_NETWORK) + 2


def fifty_times(port: int) -> Race:
    short = open_type(length_min=15, step_min=15)
    acts = bookings(port, [(short, at(0, 15 * number)) for number in range(VISITORS)])
    return _race(acts, booked=min(limit.count for limit in BOOKINGS_OF_NETWORK), refusals={"429"})


def one_time(port: int) -> Race:
    """Whoever finds the time taken is not counted in the end, but for a moment the limit may be reached."""
    return _race(bookings(port, [(open_type(), at(10))] * VISITORS), booked=1, refusals={"409 taken", "429"})


def fifty_times_for_one_email_address(port: int) -> Race:
    """It may have few meetings ahead, and its other forms do not count."""
    short = open_type(length_min=15, step_min=15)
    acts = bookings(port, [(short, at(0, 15 * number)) for number in range(VISITORS)], email=new_address())
    return _race(acts, booked=MOST_UPCOMING, refusals={"422", "429"})


def _race(acts: list[Callable[[], str]], *, booked: int, refusals: set[str]) -> Race:
    """So many book, the others are refused in one of these words, and what was booked is what was counted."""
    RateBucket.objects.all().delete()

    def right(outcomes: Counter) -> list[str]:
        meetings = Booking.objects.count()
        # In a race across the full hour, the limits of an hour hold for each of the two.
        hours = len({booking.created_at.hour for booking in Booking.objects.all()})
        counted = RateBucket.objects.aggregate(total=Sum("count"))["total"]
        faults = []
        if not outcomes.keys() <= {"booked", *refusals}:
            faults.append(f"no refusals but {', '.join(sorted(refusals))} were to be expected")
        if outcomes["booked"] != meetings or not booked <= meetings <= booked * hours:
            faults.append(f"{meetings} meetings instead of {booked}")
        if counted != meetings * LIMITS_OF_BOOKING:
            faults.append(f"{counted} counted instead of {meetings * LIMITS_OF_BOOKING}")
        return faults

    return Race(acts, right)


LIMITED = by_title(fifty_times, one_time, fifty_times_for_one_email_address)
