"""Fetches addresses that others wrote, so that none leads into a private network.

A host name is resolved once, each of its addresses is judged, and the connection goes to an address that was judged:
a second look-up cannot change it. Redirects are not followed here: who follows one asks again.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

from django.utils.encoding import iri_to_uri

TIMEOUT = 10  # seconds without a byte
LONGEST_EXCHANGE = 30  # seconds for all of it: a server may send one byte after another
PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9a-z._-]{1,253}|[0-9a-f:.]{2,45}")
# IPv6 addresses that stand for IPv4 ones: mapped, and those that a NAT64 gateway translates (RFC 6052).
_TRANSLATED = (ipaddress.ip_network("::ffff:0:0/96"), ipaddress.ip_network("64:ff9b::/96"))
# Tunnels to IPv4 addresses (6to4, Teredo), and the local translation prefix (RFC 8215).
_TUNNELS = tuple(map(ipaddress.ip_network, ("2002::/16", "2001::/32", "64:ff9b:1::/48")))
# What getaddrinfo says of a name that does not exist, in contrast to a name server that does not answer.
_NO_SUCH_HOST = {getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)}


class Refused(Exception):
    """The address may not be visited; the message says why."""


class UnknownHost(Exception):
    """No such host is known."""


class Unreachable(Exception):
    """The host gave no answer that could be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of an address that a request needs; `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    def __str__(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    def redirected(self, location: str) -> "Target":
        """Where a Location header leads from here. Raises Refused where that may not be visited."""
        with contextlib.suppress(UnicodeError):
            # http.client reads headers as Latin-1; servers that send more than ASCII send UTF-8.
            location = location.encode("latin-1").decode()
        try:
            address = urljoin(str(self), location)
        except ValueError as error:
            raise Refused("The address cannot be read") from error
        return read_target(address)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: `headers` by name in any case, `body` as far as it was wanted."""

    status: int
    headers: Message
    body: bytes

    def __str__(self):
        """In the words of the standard, not the server's: "404 Not Found"."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return str(self.status)


def read_target(address: str) -> Target:
    """The parts of an http or https address. Raises Refused for anything else."""
    unreadable = Refused("The address cannot be read")
    try:
        parts = urlsplit(address.strip())
        port = parts.port
        host = (parts.hostname or "").encode("idna" if not address.isascii() else "ascii").decode()
    except ValueError as error:
        raise unreadable from error
    if parts.scheme not in PORTS:
        raise Refused("Only http and https addresses are visited")
    if "@" in parts.netloc:
        raise Refused("The address holds a user name")
    if not _HOST.fullmatch(host) or port == 0:
        raise unreadable
    path = iri_to_uri(parts.path or "/") + (f"?{iri_to_uri(parts.query)}" if parts.query else "")
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path)


def look_up(host: str, port: int) -> list[str]:
    """The IP addresses of a host. Raises UnknownHost or Unreachable."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in _NO_SUCH_HOST:
            raise UnknownHost from error
        raise Unreachable("The name of the host could not be looked up") from error
    except ValueError as error:
        # A part of the name is empty or too long.
        raise UnknownHost from error
    return list(dict.fromkeys(entry[4][0] for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if ip.version == 6:
        if any(ip in network for network in _TRANSLATED):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        elif ip.is_site_local or any(ip in network for network in _TUNNELS):
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


class GuardedFetcher:
    """Sends one request at a time to public hosts, at ports 80 and 443.

    `allowed` are pairs of IP address and port that may be visited although the rules forbid them; `look_up` finds the
    IP addresses of a host; `tls` judges certificates. Proxies that the environment names are not used.
    """

    def __init__(
        self,
        user_agent: str,
        *,
        allowed: Collection[tuple[str, int]] = (),
        look_up: Callable[[str, int], list[str]] = look_up,
        tls: ssl.SSLContext | None = None,
        timeout: float = TIMEOUT,
        longest_exchange: float = LONGEST_EXCHANGE,
    ):
        self.user_agent = user_agent
        self._allowed = frozenset(allowed)
        self._look_up = look_up
        self._tls = tls or ssl.create_default_context()
        self._timeout, self._longest_exchange = timeout, longest_exchange

    def fetch(self, method: str, target: Target, most_bytes: int = 0) -> Answer:
        """The answer to one request, its body up to `most_bytes`. Raises Refused, UnknownHost or Unreachable."""
        ip = self._judged_address(target)
        connection = _Connection(target, ip, self._tls, self._timeout)
        clock = threading.Timer(self._longest_exchange, connection.abort)
        clock.daemon = True
        clock.start()
        try:
            answer = self._exchange(connection, method, target.path, most_bytes)
            if connection.is_aborted:
                # What had come by then may look like the end of an answer.
                raise TimeoutError
            return answer
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(f"Certificate not accepted: {error.verify_message}") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(_in_words(error, connection.is_aborted)) from error
        finally:
            clock.cancel()
            connection.close()

    def _judged_address(self, target: Target) -> str:
        addresses = self._look_up(target.host, target.port)
        if not addresses:
            raise UnknownHost
        for address in addresses:
            if (address, target.port) in self._allowed:
                continue
            if not is_public(address):
                raise Refused("The host is in a private network")
            if target.port not in PORTS.values():
                raise Refused("Only ports 80 and 443 are visited")
        return addresses[0]

    def _exchange(self, connection: "_Connection", method: str, path: str, most_bytes: int) -> Answer:
        headers = {"User-Agent": self.user_agent, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        connection.request(method, path, headers=headers)
        with connection.getresponse() as response:
            return Answer(response.status, response.headers, response.read(most_bytes) if most_bytes else b"")


class _Connection(http.client.HTTPConnection):
    """A connection to an IP address that was judged before, in the name of the host."""

    def __init__(self, target: Target, ip: str, tls: ssl.SSLContext, timeout: float):
        # Left out of the Host header, as servers expect it.
        self.default_port = PORTS[target.scheme]
        super().__init__(target.host, target.port, timeout=timeout)
        self.is_aborted = False
        self._ip, self._tls = ip, tls if target.scheme == "https" else None
        self._open_socket: socket.socket | None = None

    def connect(self):
        self.sock = self._open_socket = socket.create_connection((self._ip, self.port), self.timeout)
        if self._tls:
            # The handshake comes after: it may be slow, and `abort` has to reach it.
            self.sock = self._open_socket = self._tls.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()

    def abort(self):
        """Ends the exchange under whoever waits for it in another thread."""
        self.is_aborted = True
        if self._open_socket:
            with contextlib.suppress(OSError):
                # Not the method of a TLS socket, which would take away its state as well.
                socket.socket.shutdown(self._open_socket, socket.SHUT_RDWR)


def _in_words(error: Exception, is_aborted: bool) -> str:
    if is_aborted or isinstance(error, TimeoutError):
        return "No answer in time"
    if isinstance(error, ssl.SSLError):
        return "No secure connection could be made"
    if isinstance(error, http.client.RemoteDisconnected):
        return "The server ended the connection"
    if isinstance(error, OSError):
        return f"No connection: {error.strerror or error}"
    return "The answer is not HTTP"
