import pytest

from tests.contact import smtp_server


@pytest.fixture
def server(settings):
    """A mail server that the settings name."""
    with smtp_server.run() as server:
        smtp_server.use(settings, server.port)
        yield server


@pytest.fixture
def refused_port(settings):
    """The settings name a port on which no server listens."""
    smtp_server.use(settings, smtp_server.free_port())
