"""Writers of the index at the same time. SQLite lets only one write at all, so this is a matter of PostgreSQL."""

import threading

import pytest
from django.db import connection, transaction

from procedures.models import CodeName
from procedures.search import reindex
from tests.factories import create_code
from tests.procedures.search.questions import codes

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite queues whole transactions"),
]

LONGEST_WAIT = 20  # seconds, for a test that hangs


def add_name(code, indexed: threading.Event, finish: threading.Event):
    """Adds a name in a transaction that stays open after it was indexed."""
    try:
        with transaction.atomic():
            CodeName.objects.create(code=code, kind="brand", text="Kesimpta", source="Test")
            reindex([code.pk])
            indexed.set()
            assert finish.wait(LONGEST_WAIT)
    finally:
        connection.close()


def test_reindex_of_codes_that_bring_the_same_new_word_at_the_same_time_waits():
    first, second = create_code("J9302"), create_code("J9303", "Injection, panitumumab, 10 mg")
    indexed, finish = threading.Event(), threading.Event()
    other_editor = threading.Thread(target=add_name, args=(first, indexed, finish))
    other_editor.start()
    assert indexed.wait(LONGEST_WAIT)
    threading.Timer(0.3, finish.set).start()

    CodeName.objects.create(code=second, kind="brand", text="Kesimpta", source="Test")
    reindex([second.pk])
    other_editor.join(LONGEST_WAIT)

    assert codes("kesimpta") == ["J9302", "J9303"]


def test_reindex_of_the_same_code_at_the_same_time_waits():
    code = create_code("J9302")
    indexed, finish = threading.Event(), threading.Event()
    other_editor = threading.Thread(target=add_name, args=(code, indexed, finish))
    other_editor.start()
    assert indexed.wait(LONGEST_WAIT)
    threading.Timer(0.3, finish.set).start()

    reindex([code.pk])
    other_editor.join(LONGEST_WAIT)

    assert codes("kesimpta") == ["J9302"]
