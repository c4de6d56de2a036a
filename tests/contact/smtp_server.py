"""A real SMTP server on this machine, for tests and drills of mail: it answers as told and keeps what came."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller

OK = "250 OK"


@dataclass
class SMTPServer:
    """Its replies may be changed while it runs, by the test's own thread.

    `on_sender`, `on_recipient` and `on_data` are replies such as "451 4.7.1 Later"; the last may be a function that
    makes one of the mail. With `hangs` it says nothing more once a mail came, with `drops` it keeps the mail and cuts
    the connection instead of replying, and `delay` makes the seconds between keeping a mail and saying so.
    """

    port: int = 0
    on_sender: str = OK
    on_recipient: str = OK
    on_data: str | Callable[[bytes], str] = OK
    hangs: bool = False
    drops: bool = False
    delay: Callable[[], float] | None = None
    received: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)

    @property
    def mails(self) -> list[EmailMessage]:
        """The mails that it accepted, in order, one that came twice twice."""
        return [message_from_bytes(raw, policy=policy.default) for raw in self.received]

    @property
    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]

    @property
    def message_ids(self) -> list[str]:
        return [message_id(mail) for mail in self.mails]


def message_id(mail: EmailMessage) -> str:
    """Its Message-ID. A long one stands on a line of its own (RFC 5322, 2.2.3); Python keeps the blank before it."""
    return mail["Message-ID"].strip()


class _Handler:
    """What aiosmtpd asks. Not the server itself: aiosmtpd reads every attribute of it at every connection."""

    def __init__(self, server: SMTPServer):
        self.server = server

    async def handle_MAIL(self, smtp, session, envelope, address, options):
        if self.server.on_sender.startswith("2"):
            envelope.mail_from = address
        return self.server.on_sender

    async def handle_RCPT(self, smtp, session, envelope, address, options):
        if self.server.on_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
            self.server.recipients.append(address)
        return self.server.on_recipient

    async def handle_DATA(self, smtp, session, envelope):
        server = self.server
        if server.hangs:
            # Longer than any test waits; the end of the server ends it.
            await asyncio.sleep(3600)
        reply = server.on_data(envelope.content) if callable(server.on_data) else server.on_data
        if reply.startswith("2"):
            server.received.append(envelope.content)
            if server.delay:
                await asyncio.sleep(server.delay())
        if server.drops:
            smtp.transport.abort()
        return reply


@contextmanager
def run(server: SMTPServer | None = None, *, port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[SMTPServer]:
    """Runs a server in a thread, on a free port unless one is given; with `tls` it offers STARTTLS."""
    server = server or SMTPServer()
    server.port = port or free_port()
    controller = Controller(
        _Handler(server), hostname="127.0.0.1", port=server.port, server_hostname="localhost", tls_context=tls
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


def use(settings, port: int, timeout: float = 5) -> None:
    """Has the site send by the server at this port; `settings` is the fixture, `timeout` is in seconds."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, timeout


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def silent_port(port: int = 0) -> Iterator[int]:
    """A port, a free one unless one is given, that takes connections and never says a word."""
    with _listening(port) as listening:
        yield listening.getsockname()[1]


@contextmanager
def refusing_port(greeting: bytes, port: int = 0) -> Iterator[int]:
    """A port, a free one unless one is given, that greets with a line such as b"421 4.3.2 Closing" and hangs up."""
    with _listening(port) as listening:

        def greet():
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                # The other side may have gone.
                with connection, suppress(OSError):
                    connection.sendall(greeting + b"\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            # Closing alone does not wake up who waits in accept().
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def _listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=100)
