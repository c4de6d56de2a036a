"""Mails that were held back for what looked like spam; how the desk takes messages out is in admin/test_messages.py."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from contact.models import Message, OutgoingMail
from contact.models.outgoing_mail import MAILS_KEPT
from contact.spam_folder import take_out
from tests.factories import create_mail, create_message

pytestmark = pytest.mark.django_db

SECOND = datetime.timedelta(seconds=1)


@pytest.fixture(autouse=True)
def inbox(settings):
    settings.CONTACT_INBOX = "team@codesite.example"


@pytest.fixture
def now():
    return timezone.now()


def mails_of(message) -> list[tuple[str, str]]:
    return sorted(message.mails.values_list("kind", "to"))


BOTH = [("message-notice", "team@codesite.example"), ("message-receipt", "kim@visitor.example")]


def test_mails_that_were_held_back_are_due_now(now):
    messages = [create_message(), create_message(status="done")]

    assert take_out(messages, now=now) == 4

    assert [mails_of(message) for message in messages] == [BOTH, BOTH]
    assert set(OutgoingMail.objects.values_list("state", "due_at")) == {("queued", now)}


@pytest.mark.parametrize("state", ["queued", "failed", "cancelled"])
def test_message_that_has_a_mail_gets_no_other(now, state):
    told, other = create_message(), create_message()
    create_mail(message=told, kind="message-receipt", to=told.email, state=state)

    assert take_out([told, other], now=now) == 2

    assert mails_of(told) == [BOTH[1]]
    assert mails_of(other) == BOTH


def test_message_whose_mails_may_have_been_purged_gets_none(now):
    old = create_message(created_at=now - MAILS_KEPT)
    young = create_message(created_at=now - MAILS_KEPT + SECOND)

    assert take_out([old, young], now=now) == 2

    assert (mails_of(old), mails_of(young)) == ([], BOTH)


def test_message_that_is_still_spam_gets_none(now):
    assert take_out([create_message(status="spam")], now=now) == 0


def test_nothing_is_taken_out_of_an_empty_choice(now):
    assert take_out([], now=now) == 0


def test_more_messages_take_no_more_queries(now):
    counts = []
    for messages in ([create_message()], [create_message() for _ in range(5)]):
        messages = list(Message.objects.filter(pk__in=[message.pk for message in messages]).select_related("code"))
        with CaptureQueriesContext(connection) as queries:
            take_out(messages, now=now)
        counts.append(len(queries))

    assert counts[0] == counts[1]
