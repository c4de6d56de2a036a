"""What every test gets: fast passwords, no network, an empty cache, and the folders of real data if there are any."""

import gc
import ipaddress
import os
import socket
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.cache import cache
from django.db import connection

from tests.own_database import keep_migrated_database

RELEASES_MISSING = "RELEASES_DIR is not set: folder of real releases"
SEEDS_MISSING = "SEEDS_DIR is not set and no seeds are beside RELEASES_DIR: folder of example guide documents"


class NetworkBlocked(RuntimeError):
    """A test tried to reach another host. Not an OSError, so that code which expects a dead network cannot hide it."""


def pytest_configure():
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests read static files where they are written, without collectstatic.
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.WHITENOISE_AUTOREFRESH = True
    settings.WHITENOISE_USE_FINDERS = True
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("postgresql"):
        # Nothing of a test has to survive the server.
        database["OPTIONS"]["options"] += " -c synchronous_commit=off"


def pytest_collection_finish():
    # Thousands of tests stay until the end: the collector need not look through them again and again.
    gc.collect()
    gc.freeze()


def asks_the_database(item) -> bool:
    return bool(item.get_closest_marker("django_db") or {"db", "transactional_db"}.intersection(item.fixturenames))


def pytest_collection_modifyitems(config, items):
    if os.environ.get("CODESITE_ONLY_DATABASE_TESTS"):
        config.hook.pytest_deselected(items=[item for item in items if not asks_the_database(item)])
        items[:] = [item for item in items if asks_the_database(item)]
    if os.environ.get("RELEASES_DIR"):
        return
    for item in items:
        if item.get_closest_marker("releases"):
            item.add_marker(pytest.mark.skip(reason=RELEASES_MISSING))


def is_local(host) -> bool:
    """Whether a host of a socket address (name, IP address, None or empty for this machine) is this machine."""
    host = host.decode() if isinstance(host, bytes) else host
    if not host or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session", autouse=True)
def no_network():
    """Refuses connections and name look-ups of other hosts; Unix sockets and this machine stay open.

    It sees only Python's own sockets; what a C library opens (libpq) passes by it.
    """
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse_other_hosts(host):
        if not is_local(host):
            raise NetworkBlocked(f"Tests may not reach other hosts, and this one tried {host!r}.")

    def guarded_connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse_other_hosts(address[0])
        return connect(self, address)

    def guarded_connect_ex(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            refuse_other_hosts(address[0])
        return connect_ex(self, address)

    def guarded_getaddrinfo(host, *args, **kwargs):
        refuse_other_hosts(host)
        return getaddrinfo(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The database as the migrations leave it, without the everyday words that they bring.

    These are texts that editors change: what they mean would decide what a test finds. A test makes those it needs.
    """
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch, keep_migrated_database():
        if connection.vendor == "postgresql":
            patch.setattr(type(connection.ops), "sql_flush", delete_from_tables)
        # Past the history, which would note each of them as deleted.
        apps.get_model("procedures", "EverydayWord").objects.all()._raw_delete(connection.alias)
        # What tests without a transaction are put back to was read before.
        if hasattr(connection, "_test_serialized_contents"):
            connection._test_serialized_contents = connection.creation.serialize_db_to_string()
        with django_db_blocker.block():
            yield


def delete_from_tables(operations, style, tables, **options) -> list[str]:
    """What empties the tables after a test of transactions on PostgreSQL: TRUNCATE makes hundreds of files anew,
    which takes a second where there are a handful of rows to delete."""
    deletions = [f"DELETE FROM {operations.quote_name(table)};" for table in tables]
    return [" ".join(deletions)] if deletions else []


@pytest.fixture(autouse=True)
def empty_cache():
    """The cache of one test is not the cache of the next."""
    cache.clear()


def folder_named_by(variable: str) -> Path | None:
    """The folder that an environment variable names; None without the variable; the test fails if it is not there."""
    named = os.environ.get(variable)
    if not named:
        return None
    if not Path(named).is_dir():
        pytest.fail(f"{variable} names {named}, which is not a folder")
    return Path(named)


@pytest.fixture(scope="session")
def releases_dir() -> Path:
    """The folder of real releases that RELEASES_DIR names; the test is skipped without it."""
    return folder_named_by("RELEASES_DIR") or pytest.skip(RELEASES_MISSING)


@pytest.fixture(scope="session")
def seeds_dir() -> Path:
    """The folder of example guide documents: SEEDS_DIR, or `seeds` beside RELEASES_DIR; skipped without either."""
    folder = folder_named_by("SEEDS_DIR")
    if folder is None and (releases := folder_named_by("RELEASES_DIR")):
        beside = releases.resolve().parent / "seeds"
        folder = beside if beside.is_dir() else None
    return folder or pytest.skip(SEEDS_MISSING)
