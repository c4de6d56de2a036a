import pytest
from django.http import JsonResponse
from django.urls import path

from codesite.client_address import client_address, client_network

urlpatterns = [
    path("address", lambda request: JsonResponse({"is": client_address(request), "counts as": client_network(request)}))
]
pytestmark = pytest.mark.urls(__name__)


def addresses(client, connection="192.0.2.1", forwarded=None):
    """What the site makes of a request over a connection from an address, with this X-Forwarded-For."""
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    return client.get("/address", REMOTE_ADDR=connection, headers=headers).json()


def test_address_is_that_of_the_connection_without_proxies(client):
    assert addresses(client)["is"] == "192.0.2.1"
    assert addresses(client, forwarded="198.51.100.9")["is"] == "192.0.2.1"


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (2, "198.51.100.9, 10.0.0.2", "198.51.100.9"),
        (2, "203.0.113.5,198.51.100.9,10.0.0.2", "198.51.100.9"),
        (1, " 198.51.100.9 ", "198.51.100.9"),
        (1, "198.51.100.9:4711", "198.51.100.9"),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, "[2001:0DB8::0007]:4711", "2001:db8::7"),
        (1, "[2001:db8::7]", "2001:db8::7"),
        (1, "fe80::7%eth0", "fe80::7"),
        (1, "::ffff:198.51.100.9", "198.51.100.9"),
    ],
)
def test_address_is_what_the_outermost_proxy_saw(client, settings, proxies, forwarded, address):
    settings.TRUSTED_PROXY_COUNT = proxies

    assert addresses(client, forwarded=forwarded)["is"] == address


@pytest.mark.parametrize(
    "forwarded",
    [None, "", ",", "unknown", "198.51.100.9, unknown", "1.2.3", "1.2.3.4.5", "a:b", "[", "\x00", "\xb2.1.1.1"],
)
def test_address_is_that_of_the_connection_where_the_header_names_none(client, settings, forwarded):
    settings.TRUSTED_PROXY_COUNT = 1

    assert addresses(client, forwarded=forwarded)["is"] == "192.0.2.1"


def test_header_shorter_than_the_proxies_is_not_believed(client, settings):
    settings.TRUSTED_PROXY_COUNT = 2

    assert addresses(client, forwarded="198.51.100.9")["is"] == "192.0.2.1"


def test_address_that_nobody_knows_is_still_one(client):
    assert addresses(client, connection="") == {"is": "0.0.0.0", "counts as": "0.0.0.0"}


def test_addresses_of_one_household_count_as_one(client):
    assert addresses(client, connection="2001:db8:1:2::a")["counts as"] == "2001:db8:1:2::"
    assert addresses(client, connection="2001:db8:1:2:ffff::b")["counts as"] == "2001:db8:1:2::"
    assert addresses(client, connection="2001:db8:1:3::a")["counts as"] == "2001:db8:1:3::"
    assert addresses(client, connection="192.0.2.1")["counts as"] == "192.0.2.1"
