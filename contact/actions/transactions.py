"""How an act becomes one transaction, and what the database says when it refuses."""

import functools
from collections.abc import Callable

from django.db import IntegrityError, OperationalError, connection, transaction

# SQLSTATE of PostgreSQL: serialization_failure, deadlock_detected. Repeated, the transaction may succeed.
_REPEATABLE = ("40001", "40P01")


class BeginAgain(Exception):
    """What the act locked is not what it needs any more: it is to begin again, with other locks."""


def in_one_transaction(act: Callable) -> Callable:
    """Runs `act` in a transaction, or within the caller's, as often as it raises BeginAgain.

    A transaction that PostgreSQL ended for the sake of another is repeated once; one of the caller's is not ours to
    repeat.
    """

    @functools.wraps(act)
    def run(*args, **kwargs):
        may_repeat = not connection.in_atomic_block
        while True:
            try:
                with transaction.atomic():
                    return act(*args, **kwargs)
            except BeginAgain:
                continue
            except OperationalError as error:
                if not may_repeat or getattr(error.__cause__, "sqlstate", None) not in _REPEATABLE:
                    raise
                may_repeat = False

    return run


def violates(error: IntegrityError, constraint: str) -> bool:
    """Whether the violated constraint has this word in its name.

    PostgreSQL tells the name. SQLite tells the columns of a unique constraint, and for a trigger what the trigger says.
    """
    diagnosis = getattr(error.__cause__, "diag", None)
    told = (diagnosis.constraint_name or "") if diagnosis else str(error)
    return constraint in told
