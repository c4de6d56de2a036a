"""What the tests of the inbox have in common: acts on its list, and what the log says of them."""

from django.contrib.admin.models import LogEntry

from tests.pages import read_page

MESSAGES = "/admin/contact/message/"
PERSONAL = ("Kim", "Lee", "visitor.example", "covered")


def act(client, name, *messages, query="status=all"):
    keys = [message.pk for message in messages]
    address = f"{MESSAGES}?{query}"
    return read_page(client.post(address, {"action": name, "_selected_action": keys}, follow=True))


def log() -> list[str]:
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def assert_log_names_nobody():
    for entry in LogEntry.objects.all():
        assert not [word for word in PERSONAL if word in f"{entry.object_repr} {entry.change_message}"]
