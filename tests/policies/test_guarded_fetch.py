"""Fetching addresses that others wrote: which are refused, and what a server can do to whoever asks it."""

import socket
import ssl
import threading
import time

import pytest
import trustme

from policies.guarded_fetch import Refused, UnknownHost, Unreachable, is_public, look_up, read_target
from tests.policies.local_sites import LocalSites, serve


def fetch(sites, address, method="GET", most_bytes=100, **options):
    return sites.fetcher(**options).fetch(method, read_target(address), most_bytes)


@pytest.mark.parametrize(
    "ip",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "0.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::127.0.0.1",
        "100::1",
        "4000::1",
        "no address",
        "",
    ],
)
def test_addresses_outside_the_public_internet_are_known(ip):
    assert not is_public(ip)


@pytest.mark.parametrize(
    "ip", ["8.8.8.8", "23.1.2.3", "2600:1400::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "172.32.0.1", "100.128.0.1"]
)
def test_addresses_of_the_public_internet_are_known(ip):
    assert is_public(ip)


@pytest.mark.parametrize(
    "address",
    [
        "ftp://docs.example/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "docs.example/a",
        "//docs.example/a",
        "http://",
        "http:///a",
        "http://user@docs.example/",
        "http://user:word@docs.example/",
        "http://docs.example:0/",
        "http://docs.example:99999/",
        "http://docs.example:x/",
        "http://[::1/",
        "http://[fe80::1%25eth0]/",
        "http://docs example/",
        "http://docs%00.example/",
        "http://docs\x01.example/",
        f"http://{'a' * 64}é.example/",
        f"http://{'a' * 300}/",
        "",
    ],
)
def test_what_is_no_address_of_a_web_page_is_refused(address):
    with pytest.raises(Refused):
        read_target(address)


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("http://Docs.Example", "http://docs.example/"),
        ("HTTPS://docs.example:443/a#part", "https://docs.example/a"),
        ("http://docs.example:443/a?b=c d", "http://docs.example:443/a?b=c%20d"),
        ("http://docs.example/a b/ü?q=%2F", "http://docs.example/a%20b/%C3%BC?q=%2F"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[2600:1400::1]:443/", "http://[2600:1400::1]:443/"),
    ],
)
def test_address_is_read_as_it_is_asked_for(address, read):
    assert str(read_target(address)) == read


def test_answer_has_status_headers_and_the_beginning_of_the_body(sites):
    sites.reply("docs.example/a", 200, b"x" * 1000, X_Name="value")

    answer = fetch(sites, sites.address("docs.example", "/a"))

    assert (str(answer), answer.headers["x-name"], answer.body) == ("200 OK", "value", b"x" * 100)
    assert sites.agents == {"codesite-links/1.0 (+https://codes.example)"}


@pytest.mark.parametrize("ip", ["10.1.2.3", "127.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1"])
def test_host_with_a_private_address_is_refused_without_a_connection(sites, monkeypatch, ip):
    sites.ips["docs.example"] = [ip]
    monkeypatch.setattr(socket, "create_connection", lambda *arguments: pytest.fail("it connected"))

    with pytest.raises(Refused, match="private network"):
        fetch(sites, "http://docs.example/a", allowed=())


def test_host_with_one_private_address_among_public_ones_is_refused(sites):
    sites.ips["docs.example"] = ["8.8.8.8", "10.0.0.1"]

    with pytest.raises(Refused, match="private network"):
        fetch(sites, "http://docs.example/a")


def test_other_ports_are_refused_without_a_connection(sites, monkeypatch):
    sites.ips["docs.example"] = ["8.8.8.8"]
    monkeypatch.setattr(socket, "create_connection", lambda *arguments: pytest.fail("it connected"))

    with pytest.raises(Refused, match="Only ports 80 and 443"):
        fetch(sites, "http://docs.example:8080/a")


def test_connection_goes_to_the_address_that_was_judged(sites, monkeypatch):
    """A name server that says something else the second time changes nothing: there is no second time."""
    looked_up, connected = [], []
    monkeypatch.setattr(
        socket, "create_connection", lambda address, timeout: connected.append(address) or fail_to_connect()
    )

    def change_each_time(host, port):
        looked_up.append(host)
        return ["8.8.8.8"] if len(looked_up) == 1 else ["127.0.0.1"]

    with pytest.raises(Unreachable):
        fetch(sites, "http://docs.example/a", look_up=change_each_time)

    assert (looked_up, connected) == (["docs.example"], [("8.8.8.8", 80)])


def fail_to_connect():
    raise ConnectionRefusedError(111, "Connection refused")


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "localhost"])
def test_other_ways_to_write_this_machine_lead_to_its_address(host, sites):
    """The resolver of the system reads them; its answer is judged like any other."""
    with pytest.raises(Refused, match="private network"):
        fetch(sites, f"http://{host}/", look_up=lambda host, port: ["127.0.0.1"], allowed=())
    assert not is_public(look_up("localhost", 80)[0])


def test_unknown_host_and_silent_name_server_are_told_apart(monkeypatch):
    def fail(number):
        def getaddrinfo(*arguments, **options):
            raise socket.gaierror(number, "because")

        return getaddrinfo

    monkeypatch.setattr(socket, "getaddrinfo", fail(socket.EAI_NONAME))
    with pytest.raises(UnknownHost):
        look_up("docs.example", 80)
    monkeypatch.setattr(socket, "getaddrinfo", fail(socket.EAI_AGAIN))
    with pytest.raises(Unreachable, match="could not be looked up"):
        look_up("docs.example", 80)


def test_name_that_no_resolver_takes_is_unknown(monkeypatch):
    def getaddrinfo(host, *arguments, **options):
        return host.encode("idna")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(UnknownHost):
        look_up("a..example", 80)


def test_closed_port_is_told_in_words(sites):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable, match="No connection: Connection refused"):
        fetch(sites, f"http://docs.example:{port}/", allowed={("127.0.0.1", port)})


@pytest.fixture
def odd_server():
    """Starts a server that does with its one connection what a function says; gives its port."""
    servers = []

    def start(behave) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def run():
            try:
                connection, _ = server.accept()
                with connection:
                    behave(connection)
            except OSError:
                pass

        threading.Thread(target=run, daemon=True).start()
        return server.getsockname()[1]

    yield start
    for server in servers:
        server.close()


def fetch_odd(sites, port, **options):
    return fetch(sites, f"http://docs.example:{port}/", allowed={("127.0.0.1", port)}, **options)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"", "The server ended the connection"),
        (b"SSH-2.0-OpenSSH_9.0\r\n", "The answer is not HTTP"),
        (b"HTTP/1.1 abc OK\r\n\r\n", "The answer is not HTTP"),
        (b"HTTP/1.1 200 " + b"O" * 70_000 + b"\r\n\r\n", "The answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "The answer is not HTTP"),
    ],
)
def test_server_that_speaks_something_else_is_told_in_words(sites, odd_server, said, words):
    def behave(connection):
        connection.recv(1000)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(100_000)

    with pytest.raises(Unreachable, match=words):
        fetch_odd(sites, odd_server(behave))


def test_silent_server_is_waited_for_no_longer_than_said(sites, odd_server):
    with pytest.raises(Unreachable, match="No answer in time"):
        fetch_odd(sites, odd_server(lambda connection: connection.recv(1) and time.sleep(1)), timeout=0.2)


def test_server_that_drips_is_cut_off(sites, odd_server):
    def drip(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"A: b\r\n"[:1])
            time.sleep(0.05)

    with pytest.raises(Unreachable, match="No answer in time"):
        fetch_odd(sites, odd_server(drip), longest_exchange=0.5)


# TLS


@pytest.fixture
def secure_sites():
    """Local sites by https, and what trusts their certificate, which names docs.example alone."""
    authority, made = trustme.CA(), LocalSites()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("docs.example").configure_cert(context)
    server = serve(made, context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    yield made, trusting
    server.shutdown()
    server.server_close()


def test_https_is_judged_by_the_name_of_the_host(secure_sites):
    sites, trusting = secure_sites
    sites.reply("docs.example/a", 200, b"secret")

    answer = fetch(sites, sites.address("docs.example", "/a", "https"), tls=trusting)

    assert (answer.status, answer.body) == (200, b"secret")
    with pytest.raises(Unreachable, match="Certificate not accepted: Hostname mismatch"):
        fetch(sites, sites.address("other.example", "/a", "https"), tls=trusting)


def test_certificate_that_nobody_vouches_for_is_told_in_words(secure_sites):
    sites, _ = secure_sites

    with pytest.raises(Unreachable, match="Certificate not accepted: "):
        fetch(sites, sites.address("docs.example", "/a", "https"))


def test_http_server_at_an_https_address_is_told_in_words(sites):
    with pytest.raises(Unreachable, match="No secure connection could be made"):
        fetch(sites, sites.address("docs.example", "/a", "https"))
