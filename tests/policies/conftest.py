import pytest

from tests.policies.local_sites import LocalSites, serve


@pytest.fixture
def sites():
    """Web sites on this machine that go by invented host names."""
    made = LocalSites()
    server = serve(made)
    yield made
    server.shutdown()
    server.server_close()
