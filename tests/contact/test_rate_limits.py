"""Floods are stopped by counts in the database, which hold when requests come at the same time."""

import datetime
import uuid

import pytest

from contact import rate_limits
from contact.models import RateBucket
from contact.rate_limits import (
    Limit,
    TooManyRequests,
    give_back,
    take,
    take_all,
    take_booking,
    take_message,
    take_move,
    take_receipt,
)
from tests.own_database import make_own_database

NOW = datetime.datetime(2027, 3, 3, 14, 20, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
THREE_AN_HOUR = Limit("test", 3, 3600)


def count_takes(limit, key, *, tries, now=NOW):
    """How many of so many tries pass."""
    passed = 0
    for _ in range(tries):
        try:
            take(limit, key, now=now)
        except TooManyRequests:
            continue
        passed += 1
    return passed


@pytest.mark.django_db
def test_limit_holds_until_its_period_ends():
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=5) == 3
    with pytest.raises(TooManyRequests) as refusal:
        take(THREE_AN_HOUR, "192.0.2.1", now=NOW)
    assert refusal.value.retry_after == 40 * 60
    assert refusal.value.wait_in_words == "40 minutes"

    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=5, now=NOW + datetime.timedelta(minutes=39, seconds=59)) == 0
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=5, now=NOW + datetime.timedelta(minutes=40)) == 3


@pytest.mark.django_db
def test_others_and_other_limits_are_counted_apart():
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=4) == 3
    assert count_takes(THREE_AN_HOUR, "192.0.2.2", tries=4) == 3
    assert count_takes(Limit("another", 3, 3600), "192.0.2.1", tries=4) == 3


@pytest.mark.django_db
def test_one_address_counts_as_one_however_it_is_capitalized():
    assert count_takes(THREE_AN_HOUR, "kim@visitor.example", tries=2) == 2
    assert count_takes(THREE_AN_HOUR, "Kim@Visitor.Example", tries=2) == 1


@pytest.mark.django_db
def test_nothing_is_counted_where_limits_are_off(settings):
    settings.RATE_LIMITS = False

    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=9) == 9
    assert not RateBucket.objects.exists()


@pytest.mark.django_db
def test_row_says_nothing_of_the_visitor():
    take(THREE_AN_HOUR, "kim@visitor.example", now=NOW)

    bucket = RateBucket.objects.get()
    assert len(bucket.key) == 64
    assert "kim" not in bucket.key
    assert bucket.starts_at == datetime.datetime(2027, 3, 3, 14, tzinfo=datetime.UTC)
    assert bucket.ends_at - bucket.starts_at == HOUR


@pytest.mark.django_db
def test_digest_depends_on_the_key_of_the_site(settings):
    take(THREE_AN_HOUR, "kim@visitor.example", now=NOW)
    settings.SECRET_KEY = "another key"
    take(THREE_AN_HOUR, "kim@visitor.example", now=NOW)

    assert RateBucket.objects.count() == 2


@pytest.mark.django_db
def test_messages_of_one_network_are_limited_by_hour_and_day():
    for number in range(5):
        take_message("192.0.2.1", f"kim{number}@visitor.example", now=NOW)
    with pytest.raises(TooManyRequests):
        take_message("192.0.2.1", "kim@visitor.example", now=NOW)
    for hour in range(1, 4):
        for number in range(5):
            take_message("192.0.2.1", f"kim{hour}{number}@visitor.example", now=NOW + hour * HOUR)
    with pytest.raises(TooManyRequests) as refusal:
        take_message("192.0.2.1", "kim@visitor.example", now=NOW + 4 * HOUR)
    assert refusal.value.wait_in_words == "6 hours"


@pytest.mark.django_db
def test_messages_of_one_address_are_limited_by_day():
    for number in range(5):
        take_message(f"192.0.2.{number}", "kim@visitor.example", now=NOW)
    with pytest.raises(TooManyRequests):
        take_message("192.0.2.9", "KIM@visitor.example", now=NOW + HOUR)


@pytest.mark.django_db
def test_receipts_are_limited_for_one_address_and_for_everybody(monkeypatch):
    assert [take_receipt("kim@visitor.example", now=NOW) for _ in range(4)] == [True, True, True, False]
    assert take_receipt("ann@visitor.example", now=NOW)

    monkeypatch.setattr(rate_limits, "RECEIPTS", Limit("receipt-hour", 4, 3600))
    assert not take_receipt("bob@visitor.example", now=NOW)
    assert take_receipt("bob@visitor.example", now=NOW + HOUR)


@pytest.mark.django_db
def test_what_is_given_back_can_be_taken_again():
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=3) == 3
    give_back(THREE_AN_HOUR, "192.0.2.1", now=NOW)
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=3) == 1

    for _ in range(5):
        give_back(THREE_AN_HOUR, "192.0.2.1", now=NOW)
    assert not RateBucket.objects.exists()
    assert count_takes(THREE_AN_HOUR, "192.0.2.1", tries=5) == 3


@pytest.mark.django_db
def test_of_several_limits_all_are_counted_or_none():
    narrow = Limit("narrow", 1, 3600)
    take_all((THREE_AN_HOUR, "a"), (narrow, "b"), now=NOW)
    with pytest.raises(TooManyRequests) as refusal:
        take_all((THREE_AN_HOUR, "a"), (narrow, "b"), now=NOW)

    assert refusal.value.limit == narrow
    assert count_takes(THREE_AN_HOUR, "a", tries=5) == 2


@pytest.mark.django_db
def test_bookings_are_limited_by_network_address_and_for_everybody(monkeypatch):
    for number in range(4):
        take_booking(f"192.0.2.{number}", "kim@visitor.example", now=NOW)
    with pytest.raises(TooManyRequests) as refusal:
        take_booking("192.0.2.9", "kim@visitor.example", now=NOW + HOUR)
    assert refusal.value.limit == rate_limits.BOOKINGS_OF_EMAIL

    for number in range(5):
        take_booking("192.0.2.9", f"kim{number}@visitor.example", now=NOW)
    with pytest.raises(TooManyRequests) as refusal:
        take_booking("192.0.2.9", "ann@visitor.example", now=NOW)
    assert refusal.value.limit in rate_limits.BOOKINGS_OF_NETWORK

    monkeypatch.setattr(rate_limits, "BOOKINGS", Limit("booking-hour", 9, 3600))
    with pytest.raises(TooManyRequests) as refusal:
        take_booking("198.51.100.1", "bob@visitor.example", now=NOW)
    assert refusal.value.limit == rate_limits.BOOKINGS
    take_booking("198.51.100.1", "bob@visitor.example", now=NOW + HOUR)


@pytest.mark.django_db
def test_moves_are_limited_for_each_meeting():
    meeting, other = uuid.UUID(int=1), uuid.UUID(int=2)
    for _ in range(10):
        take_move(meeting, now=NOW)
    with pytest.raises(TooManyRequests):
        take_move(meeting, now=NOW + HOUR)
    take_move(other, now=NOW)
    take_move(meeting, now=NOW + 10 * HOUR)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "1 minute"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (5400, "90 minutes"),
        (5401, "2 hours"),
        (86400, "24 hours"),
    ],
)
def test_wait_is_told_in_words(seconds, words):
    assert TooManyRequests(seconds).wait_in_words == words


RACE = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from contact.models import RateBucket
from contact.rate_limits import Limit, TooManyRequests, take

def take_once(_):
    try:
        take(Limit("test", 7, 10**9), "192.0.2.1")
        return 1
    except TooManyRequests:
        return 0
    finally:
        connection.close()

with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(take_once, range(40))), *RateBucket.objects.values_list("count", flat=True))
"""


# Of those who take one, every other one gives it back at once.
RACE_WITH_RETURNS = """
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
from django.utils import timezone
from contact.models import RateBucket
from contact.rate_limits import Limit, TooManyRequests, take_all

def take_once(number):
    try:
        taken = take_all((Limit("test", 7, 10**9), "192.0.2.1"))
        if number % 2:
            taken.give_back()
        return 1 - number % 2
    except TooManyRequests:
        return 0
    finally:
        connection.close()

with ThreadPoolExecutor(8) as pool:
    kept = sum(pool.map(take_once, range(60)))
print(kept <= 7, kept == sum(RateBucket.objects.values_list("count", flat=True)))
"""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("race", "end"), [(RACE, ["7", "7"]), (RACE_WITH_RETURNS, ["True", "True"])], ids=["taken", "given-back"]
)
def test_limit_is_exact_for_requests_at_the_same_time(tmp_path, race, end):
    with make_own_database(tmp_path) as own:
        result = own.run("manage.py", "shell", "--verbosity=0", "--command", race)

    assert (result.stderr, result.stdout.split()) == ("", end)
