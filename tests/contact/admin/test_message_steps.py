"""What is decided on several messages of the inbox at once; taking them out of the spam folder is in test_messages."""

import datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from contact.admin import message_steps
from contact.models import Message
from tests.contact.admin.inbox import act, assert_log_names_nobody, log
from tests.factories import create_message, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def dana():
    return create_user("dana", groups=["Desk"])


@pytest.fixture
def desk(client, dana):
    """A client logged in as Dana, a member of the group Desk."""
    client.force_login(dana)
    return client


def test_taking_assigns_to_the_editor_but_takes_nothing_away_from_others(desk, dana):
    erin = create_user("erin", groups=["Desk"])
    mine, hers, junk = create_message(), create_message(assignee=erin, status="open"), create_message(status="spam")
    done = create_message(status="done", assignee=dana)

    page = act(desk, "take", mine, hers, junk, done)

    for message in (mine, hers, junk, done):
        message.refresh_from_db()
    assert (mine.status, mine.assignee) == ("open", dana)
    assert (done.status, done.closed_at) == ("open", None)
    assert hers.assignee == erin
    assert (junk.status, junk.assignee) == ("spam", None)
    assert "2 messages are yours now." in page.text
    assert "somebody else answers already: 1." in page.text
    assert "it is in the spam folder: 1." in page.text
    assert log() == ["Took it.", "Took it."]
    assert_log_names_nobody()


@pytest.mark.parametrize(
    ("name", "status", "said", "logged"),
    [
        ("mark_done", "done", "2 messages are marked as done.", "Marked as done."),
        ("mark_spam", "spam", "2 messages are in the spam folder now.", "Marked as spam."),
    ],
)
def test_messages_are_closed_together(desk, name, status, said, logged):
    first, second = create_message(), create_message(status="open")
    already = create_message(status=status, closed_at=timezone.now() - datetime.timedelta(days=3))
    before = already.closed_at

    page = act(desk, name, first, second, already)

    assert said in page.text
    assert set(Message.objects.values_list("status", flat=True)) == {status}
    assert not Message.objects.filter(closed_at=None).exists()
    already.refresh_from_db()
    assert already.closed_at == before
    assert log() == [logged, logged]
    assert_log_names_nobody()


def test_act_that_changes_nothing_says_so(desk):
    assert "No message was changed." in act(desk, "mark_done", create_message(status="done")).text
    assert not LogEntry.objects.exists()


def test_too_many_messages_at_once_are_refused(desk, monkeypatch):
    monkeypatch.setattr(message_steps, "MOST_AT_ONCE", 1)

    page = act(desk, "mark_done", create_message(), create_message())

    assert "Choose at most 1 messages at once." in page.text
    assert not Message.objects.filter(status="done").exists()
