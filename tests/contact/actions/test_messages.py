import uuid

import pytest

from contact import actions
from contact.actions import messages
from contact.models import Message, OutgoingMail
from tests.contact.actions.meetings import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def inbox(settings):
    settings.CONTACT_INBOX = "team@codesite.example"


def message(**fields) -> Message:
    fields = {"name": "Kim Lee", "email": "kim@visitor.example", "request_key": uuid.uuid4(), **fields}
    return Message(text="Is J9302 covered?", **fields)


def recipients() -> set[tuple[str, str]]:
    return set(OutgoingMail.objects.values_list("kind", "to"))


def test_message_is_saved_with_its_mails():
    sent, created = actions.send_message(message(), now=NOW)

    assert created
    assert Message.objects.get() == sent
    assert sent.created_at == NOW
    assert recipients() == {("message-notice", "team@codesite.example"), ("message-receipt", "kim@visitor.example")}
    assert set(OutgoingMail.objects.values_list("message", flat=True)) == {sent.pk}


def test_of_what_looks_like_spam_nobody_is_told():
    suspect = message()
    suspect.set_status(Message.Status.SPAM)

    assert actions.send_message(suspect)[1]

    assert Message.objects.get().status == "spam"
    assert recipients() == set()


def test_form_that_is_sent_twice_is_one_message():
    key = uuid.uuid4()
    first, _ = actions.send_message(message(request_key=key))

    assert actions.send_message(message(request_key=key, name="Lee Kim")) == (first, False)

    assert Message.objects.get().name == "Kim Lee"
    assert OutgoingMail.objects.count() == 2


def test_message_gets_a_thread_of_its_own_even_where_chance_repeats_itself(monkeypatch):
    actions.send_message(message(public_id="0badcafe"))
    drawn = iter(["0badcafe", "0badbeef"])
    monkeypatch.setattr(messages, "make_public_id", lambda: next(drawn))

    second, created = actions.send_message(message(public_id="0badcafe"))

    assert (created, second.public_id) == (True, "0badbeef")
    assert Message.objects.count() == 2
    assert OutgoingMail.objects.filter(message=second).count() == 2


def test_message_with_mails_that_cannot_be_written_is_not_there(monkeypatch):
    unlucky = message()

    def fail(*args, **kwargs):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("contact.mails.of_message", fail)
        with pytest.raises(RuntimeError):
            actions.send_message(unlucky)

    assert not Message.objects.exists()
