"""What the index page of the desk says of outgoing mail."""

import datetime

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from contact.models import MailWorker
from tests.factories import create_mail, create_user
from tests.pages import read_page

pytestmark = pytest.mark.django_db

MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def desk(client):
    """The browser of somebody who may see outgoing mail."""
    client.force_login(create_user(groups=["Desk"]))
    return client


def worker_seen(ago):
    MailWorker.objects.update_or_create(pk=1, defaults={"seen_at": timezone.now() - ago})


def warning(client):
    """The lines of the warning by their class, "error" or "warning"; empty where there is none."""
    page = read_page(client.get("/admin/"))
    return {
        element.attributes["class"]: element.text
        for element in page.all("li")
        if element.attributes.get("class") in ("error", "warning")
    }


def test_nothing_is_said_while_all_is_well(desk):
    worker_seen(ago=10 * datetime.timedelta(seconds=1))
    create_mail(wanted_at=timezone.now() - 2 * MINUTE)
    create_mail(state="sent", sent_at=timezone.now(), wanted_at=timezone.now() - 60 * MINUTE)

    assert warning(desk) == {}


def test_mail_that_waits_without_a_worker_is_red(desk):
    worker_seen(ago=9 * MINUTE)
    create_mail(wanted_at=timezone.now() - 7 * MINUTE)

    text = warning(desk)["error"]

    assert "The oldest unsent mail has waited 7 minutes." in text
    assert "No worker has looked into the outbox for 9 minutes: is manage.py send_mail running?" in text


def test_mail_that_waits_for_its_server_is_red_without_a_word_on_workers(desk):
    worker_seen(ago=MINUTE)
    create_mail(wanted_at=timezone.now() - 61 * MINUTE, attempts=3)

    text = warning(desk)["error"]

    assert "The oldest unsent mail has waited 1 hour." in text
    assert "worker" not in text


def test_worker_that_never_ran_is_said_before_mail_waits(desk):
    assert "No worker has ever looked into the outbox" in warning(desk)["warning"]


def test_mail_that_failed_is_red_and_linked(desk):
    worker_seen(ago=MINUTE)
    create_mail(state="failed", to="kim@visitor.example")
    create_mail(state="failed")

    response = desk.get("/admin/")

    assert "2 mails could not be sent." in warning(desk)["error"]
    assert "kim" not in response.content.decode()
    [address] = [each for each in read_page(response).links if "state__exact=failed" in each]
    assert "kim@visitor.example" in desk.get(address).content.decode()


def test_nothing_is_said_to_those_who_may_not_see_mail(client):
    user = create_user()
    user.user_permissions.add(Permission.objects.get(codename="view_guide"))
    client.force_login(user)
    create_mail(state="failed")

    assert warning(client) == {}


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(6, "6 minutes"), (60, "1 hour"), (119, "1 hour"), (120, "2 hours"), (1440, "1 day"), (4500, "3 days")],
)
def test_waiting_is_said_in_its_largest_unit(desk, minutes, words):
    create_mail(wanted_at=timezone.now() - minutes * MINUTE)

    assert f"has waited {words}." in warning(desk)["error"]
