import psycopg
import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from contact.actions import cancel
from contact.actions.transactions import BeginAgain, in_one_transaction, violates
from contact.models import Booking, Host
from contact.models.hosts import HostQuerySet
from tests.contact.actions.meetings import NOW, at, book, type_of
from tests.factories import create_booking, create_host

transactional = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def failure(kind: type[psycopg.Error]) -> OperationalError:
    error = OperationalError("It failed.")
    error.__cause__ = kind()
    return error


def act_that_raises(*errors: Exception):
    """An act that makes a host, and then raises one of these errors at each call, until there are none left."""
    errors = iter(errors)

    @in_one_transaction
    def act():
        assert connection.in_atomic_block
        create_host()
        if error := next(errors, None):
            raise error
        return "done"

    return act


REPEATED = [psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure]


@transactional
@pytest.mark.parametrize("kind", REPEATED)
def test_transaction_that_was_ended_for_another_is_repeated_once(kind):
    assert act_that_raises(failure(kind))() == "done"
    assert Host.objects.count() == 1

    with pytest.raises(OperationalError):
        act_that_raises(failure(kind), failure(kind))()
    assert Host.objects.count() == 1


@transactional
def test_other_errors_of_the_database_are_not_repeated():
    with pytest.raises(OperationalError):
        act_that_raises(failure(psycopg.errors.QueryCanceled))()
    with pytest.raises(OperationalError):
        act_that_raises(OperationalError("database is locked"))()

    assert not Host.objects.exists()


@transactional
def test_transaction_of_a_caller_is_not_repeated():
    with pytest.raises(OperationalError), transaction.atomic():
        act_that_raises(failure(psycopg.errors.DeadlockDetected))()

    assert not Host.objects.exists()


@pytest.mark.django_db
def test_act_begins_again_as_often_as_it_asks_for_it():
    assert act_that_raises(BeginAgain(), BeginAgain(), BeginAgain())() == "done"

    assert Host.objects.count() == 1


@pytest.mark.django_db
def test_violated_constraint_is_told_by_its_name():
    introduction = type_of()
    booking = book(introduction, at(10))

    with pytest.raises(IntegrityError) as overlap, transaction.atomic():
        create_booking(introduction, booking.host, at(10))
    with pytest.raises(IntegrityError) as repeated, transaction.atomic():
        create_booking(introduction, booking.host, at(12), request_key=booking.request_key)

    names = ["no_overlap", "request_key", "uid"]
    assert [name for name in names if violates(overlap.value, name)] == ["no_overlap"]
    assert [name for name in names if violates(repeated.value, name)] == ["request_key"]


@pytest.mark.django_db
def test_act_begins_again_where_the_meeting_changed_hosts_before_the_lock(monkeypatch):
    """Else it would write while somebody else holds the lock of the new host."""
    booking, other = book(type_of(), at(10)), create_host("Robin Day")
    locked, lock = [], HostQuerySet.lock

    def lock_too_late(hosts, *pks):
        if not locked:
            Booking.objects.update(host=other)
        locked.append(pks)
        return lock(hosts, *pks)

    monkeypatch.setattr(HostQuerySet, "lock", lock_too_late)

    assert cancel(booking, now=NOW)
    # What happened before the lock was undone with the first attempt, so it finds the former host once more.
    assert locked == [(booking.host_id,), (booking.host_id,)]
