import socket
import urllib.request

import pytest

from tests.conftest import NetworkBlocked


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("example.com", 80)])
def test_network_refuses_other_hosts_by_name_and_number(address):
    with pytest.raises(NetworkBlocked, match=address[0]):
        socket.create_connection(address, timeout=1)


def test_network_refuses_a_socket_connected_by_hand():
    with socket.socket() as one, pytest.raises(NetworkBlocked):
        one.connect(("192.0.2.1", 80))
    with socket.socket() as one, pytest.raises(NetworkBlocked):
        one.connect_ex(("192.0.2.1", 80))


def test_network_error_is_not_taken_for_a_dead_network():
    with pytest.raises(NetworkBlocked):
        urllib.request.urlopen("https://example.com/")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_network_leaves_this_machine_open(host):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert socket.getaddrinfo(host, server.getsockname()[1])
        assert client.getpeername() == server.getsockname()
