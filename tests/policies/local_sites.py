"""Web sites on this machine that go by invented host names, for tests of what visits addresses."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from policies.guarded_fetch import GuardedFetcher, UnknownHost

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class LocalSites:
    """A server whose replies are set by host, path and, where it matters, method; it notes what it was asked.

    `replies` has keys such as "docs.example/a" and "HEAD docs.example/a"; without one the answer is 404.
    """

    port: int = 0
    replies: dict[str, Reply | Callable[[], Reply]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    agents: set[str] = field(default_factory=set)
    ips: dict[str, list[str]] = field(default_factory=dict)

    def address(self, host: str, path: str = "/", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def reply(self, place: str, status: int = 200, body: bytes = b"", **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.replies[place] = (status, named, body)

    def look_up(self, host: str, port: int) -> list[str]:
        """Hosts under .example are here, unless `ips` says otherwise; names under .invalid are unknown."""
        if host.endswith(".invalid"):
            raise UnknownHost
        return self.ips.get(host, ["127.0.0.1"] if host.endswith(".example") else [host])

    def fetcher(self, **options) -> GuardedFetcher:
        options = {"allowed": {("127.0.0.1", self.port)}, "look_up": self.look_up, "timeout": 2, **options}
        return GuardedFetcher("codesite-links/1.0 (+https://codes.example)", **options)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, sites: LocalSites, *arguments):
        self.sites = sites
        super().__init__(*arguments)

    def answer(self):
        place = self.headers["Host"].partition(":")[0] + self.path
        self.sites.asked.append(f"{self.command} {place}")
        self.sites.agents.add(self.headers["User-Agent"])
        replies = self.sites.replies
        found = replies.get(f"{self.command} {place}", replies.get(place, (404, {}, b"")))
        status, headers, body = found() if callable(found) else found
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = answer

    def log_message(self, *arguments):
        pass


def serve(sites: LocalSites, tls: ssl.SSLContext | None = None) -> ThreadingHTTPServer:
    """Starts the server of these sites; the caller shuts it down."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, sites))
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    sites.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server
