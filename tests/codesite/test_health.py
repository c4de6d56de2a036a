import pytest
from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder

from codesite import health


def test_livez_answers_without_a_database(client):
    response = client.get("/livez")

    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


@pytest.mark.django_db
def test_readyz_answers_when_everything_is_there(client):
    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {"database": True, "migrations": True}
    assert "no-store" in response.headers["Cache-Control"]
    assert not response.cookies


@pytest.mark.django_db
def test_readyz_fails_while_a_migration_is_missing(client):
    MigrationRecorder.Migration.objects.filter(app="procedures").latest("id").delete()

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": True, "migrations": False}


def test_readyz_fails_without_a_database(client, monkeypatch):
    def refuse(connection):
        raise DatabaseError("the server has gone away at 10.0.0.7")

    monkeypatch.setattr(health, "MigrationExecutor", refuse)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json() == {"database": False, "migrations": False}
    assert b"10.0.0.7" not in response.content


@pytest.mark.parametrize("address", ["/livez", "/readyz"])
def test_health_refuses_post(client, address):
    assert client.post(address).status_code == 405


def test_livez_is_not_redirected_to_https(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]

    assert client.get("/livez").status_code == 200
