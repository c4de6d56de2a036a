import datetime

import pytest
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from codesite import health
from contact.models import MailWorker
from procedures.models import ContentVersion
from tests.factories import create_code, create_mail

ALL_WELL = {"database": True, "migrations": True, "search_index": True, "booking_guard": True}
NO_MAIL = {"waiting": 0, "failed": 0, "oldest_unsent_seconds": None, "worker_seen_seconds": None}


def test_livez_answers_without_a_database(client):
    response = client.get("/livez")

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


@pytest.mark.django_db
def test_readyz_answers_when_everything_is_there(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {**ALL_WELL, "mail": NO_MAIL}
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


@pytest.mark.django_db
def test_readyz_fails_while_a_migration_is_missing(client):
    MigrationRecorder.Migration.objects.filter(app="procedures").latest("id").delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {**ALL_WELL, "migrations": False, "search_index": False, "mail": NO_MAIL}


@pytest.mark.parametrize("error", [DatabaseError, InterfaceError])
def test_readyz_fails_without_a_database(client, monkeypatch, error):
    def refuse(connection):
        raise error("the server has gone away at 10.0.0.7")

    monkeypatch.setattr(health, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {**dict.fromkeys(ALL_WELL, False), "mail": None}
    assert b"10.0.0.7" not in response.content


@pytest.mark.django_db
def test_readyz_fails_while_meetings_could_overlap(client):
    drop = {
        "sqlite": "DROP TRIGGER contact_booking_no_overlap_update",
        "postgresql": "ALTER TABLE contact_booking DROP CONSTRAINT contact_booking_no_overlap",
    }
    with connection.cursor() as cursor:
        cursor.execute(drop[connection.vendor])

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {**ALL_WELL, "booking_guard": False, "mail": NO_MAIL}


@pytest.mark.django_db
def test_readyz_tells_of_mail_that_waits_and_stays_ready(client):
    now = timezone.now()
    hour = datetime.timedelta(hours=1)
    create_mail(to="kim@visitor.example", wanted_at=now - hour)
    create_mail(state="failed")
    MailWorker.objects.create(seen_at=now - 2 * hour)

    response = client.get("/readyz")

    mail = response.json()["mail"]
    assert response.status_code == 200
    assert (mail["waiting"], mail["failed"]) == (1, 1)
    assert 3600 <= mail["oldest_unsent_seconds"] < 7200 <= mail["worker_seen_seconds"]
    assert b"kim" not in response.content


@pytest.mark.django_db
def test_readyz_answers_where_mail_cannot_be_counted(client, monkeypatch):
    def refuse():
        raise DatabaseError("no such table: contact_outgoingmail")

    monkeypatch.setattr("contact.outbox.state", refuse)

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {**ALL_WELL, "mail": None}


@pytest.mark.django_db
def test_readyz_fails_while_the_search_index_is_of_a_former_version(client):
    create_code()
    ContentVersion.objects.update(index_format=1)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {**ALL_WELL, "search_index": False, "mail": NO_MAIL}


@pytest.mark.django_db
def test_readyz_asks_little_of_the_database(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        client.get("/readyz")


@pytest.mark.parametrize("address", ["/livez", "/readyz"])
def test_health_refuses_post(client, address):
    assert client.post(address).status_code == 405


def test_livez_is_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]

    assert client.get("/livez").status_code == 200
