"""The web server of a drill: gunicorn with several workers, as in a deployment, on the database of the environment."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.drills.databases import running
from tests.drills.visitors import Browser

WORKERS = 4
THREADS = 4
# Seconds, on a busy machine.
LONGEST_START = 120


@dataclass
class Server:
    """A server that runs; `errors` are the lines of its log that tell of one, known once it has ended."""

    port: int
    process: subprocess.Popen
    errors: list[str] = field(default_factory=list)

    def workers(self) -> list[int]:
        """The process ids of those that run; one that was killed just now may be among them."""
        command = ["pgrep", "-P", str(self.process.pid)]
        listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return [int(pid) for pid in re.findall(r"\d+", listed)]


@contextlib.contextmanager
def serve(**settings: str) -> Iterator[Server]:
    """A server with these settings changed, which answers already."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "codesite.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--threads", str(THREADS), "--log-level", "critical", "--no-control-socket"]
    # So that who takes the place of a killed worker does so at once.
    command += ["--preload"]
    environment = {**os.environ, "ALLOWED_HOSTS": "127.0.0.1", **settings}
    with tempfile.TemporaryFile("w+") as log, running(command, env=environment, stderr=log) as process:
        server = Server(port, process)
        _wait_for(server)
        yield server
        process.terminate()
        process.wait()
        log.seek(0)
        server.errors += [line.strip() for line in log if line.startswith("ERROR")]


def _wait_for(server: Server) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until and server.process.poll() is None:
        with contextlib.suppress(OSError):
            if Browser(server.port).get("/livez")[0] == 200:
                return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")
