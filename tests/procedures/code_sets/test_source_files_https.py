"""Sources that are https addresses, on a server of this machine with a certificate of its own."""

import gzip
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from procedures.code_sets import source_files
from procedures.code_sets.records import RefusedFile
from procedures.code_sets.source_files import choose_member, open_source

LINES = b"one\r\ntwo\r\n"


class Answers(BaseHTTPRequestHandler):
    """What the server says to each path: status, headers and body."""

    answers: dict[str, tuple[int, dict[str, str], bytes]] = {}

    def do_GET(self):
        status, headers, body = self.answers[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def serve(secure: ssl.SSLContext | None) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    if secure:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def authority(monkeypatch, tmp_path):
    """A certificate authority that Python trusts, and no proxy on the way."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return made


@pytest.fixture
def site(authority, monkeypatch):
    """Serves what is put into `Answers.answers`; the value is the address of the https server."""
    monkeypatch.setattr(Answers, "answers", {})
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    server = serve(context)
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def answer(path: str, body: bytes = LINES, status: int = 200, **headers: str) -> None:
    stated = {"Content-Length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    Answers.answers[path] = (status, {name: value for name, value in stated.items() if value}, body)


def refusal_of(address: str) -> str:
    with pytest.raises(RefusedFile) as refusal, open_source(address):
        pass
    return str(refusal.value)


def test_https_address_is_read_and_the_download_deleted(site):
    answer("/files/data%202025.txt.gz?version=2", gzip.compress(LINES))

    with open_source(f"{site}/files/data%202025.txt.gz?version=2") as source:
        assert source.name == "data 2025.txt.gz"
        assert list(choose_member(source, []).lines()) == ["one\n", "two\n"]
    assert not source.path.exists()


def test_https_address_without_a_stated_length_is_read(site):
    answer("/data.txt", Content_Length="")

    with open_source(f"{site}/data.txt") as source:
        assert source.path.read_bytes() == LINES


def test_address_without_a_file_name_gets_one(site):
    answer("/")

    with open_source(f"{site}/") as source:
        assert source.name == "download"


def test_redirect_to_https_is_followed(site):
    answer("/old.txt", b"", 301, Location=f"{site}/older.txt")
    answer("/older.txt", b"", 302, Location="/new.txt")
    answer("/new.txt")

    with open_source(f"{site}/old.txt") as source:
        assert source.path.read_bytes() == LINES


def test_redirect_to_http_is_refused_and_not_followed(site, monkeypatch):
    plain = serve(None)
    try:
        answer("/old.txt", b"", 302, Location=f"http://127.0.0.1:{plain.server_port}/new.txt")
        answer("/new.txt")

        message = refusal_of(f"{site}/old.txt")
    finally:
        plain.shutdown()
        plain.server_close()
    assert message.startswith(f"{site}/old.txt: it redirects to http://127.0.0.1:")
    assert message.endswith("/new.txt, which is not https.")


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/data.txt"])
def test_redirect_to_another_kind_of_address_is_refused(site, target):
    answer("/old.txt", b"", 302, Location=target)

    assert refusal_of(f"{site}/old.txt").startswith(f"{site}/old.txt: ")


def test_redirect_in_a_circle_is_refused(site):
    answer("/old.txt", b"", 302, Location=f"{site}/old.txt")

    assert refusal_of(f"{site}/old.txt").startswith(f"{site}/old.txt: the server answered 302")


@pytest.mark.parametrize(("status", "said"), [(404, "404 Not Found"), (403, "403 Forbidden"), (503, "503 ")])
def test_answer_other_than_200_is_refused_with_its_status(site, status, said):
    answer("/data.txt", b"<h1>Sorry</h1>", status)

    assert refusal_of(f"{site}/data.txt").startswith(f"{site}/data.txt: the server answered {said}")


@pytest.mark.parametrize("stated", ["2000", ""])
def test_download_above_the_limit_is_refused(site, monkeypatch, stated):
    answer("/data.txt", b"x" * 2000, Content_Length=stated)
    monkeypatch.setattr(source_files, "MOST_BYTES", 1000)

    assert refusal_of(f"{site}/data.txt") == f"{site}/data.txt: it holds more than 0 MB."


def test_answer_shorter_than_stated_is_refused(site):
    answer("/data.txt", Content_Length="1000")

    assert refusal_of(f"{site}/data.txt") == f"{site}/data.txt: only 10 of 1,000 bytes arrived."


def test_chunked_answer_that_breaks_off_is_refused(site):
    answer("/data.txt", b"ff\r\nonly the beginning", Content_Length="", Transfer_Encoding="chunked")

    assert refusal_of(f"{site}/data.txt").startswith(f"{site}/data.txt: it could not be fetched (")


def test_empty_answer_is_refused(site):
    answer("/data.txt", b"")

    assert refusal_of(f"{site}/data.txt") == "data.txt: the file is empty."


def test_server_that_nobody_vouches_for_is_refused(site, monkeypatch, tmp_path):
    trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    answer("/data.txt")

    message = refusal_of(f"{site}/data.txt")
    assert message.startswith(f"{site}/data.txt: it could not be fetched (")
    assert "certificate verify failed" in message.lower()


def test_server_that_does_not_answer_is_refused(site, authority):
    closed = serve(None)
    closed.shutdown()
    closed.server_close()

    assert "it could not be fetched (" in refusal_of(f"https://127.0.0.1:{closed.server_port}/data.txt")


@pytest.mark.parametrize("address", ["http://127.0.0.1/data.txt", "ftp://127.0.0.1/data.txt", "file:///etc/hostname"])
def test_other_kinds_of_address_are_refused(address):
    assert refusal_of(address) == f"{address}: only https addresses are read."


@pytest.mark.parametrize("address", ["https://[1/data.txt", "https://", "https:///data.txt", "https://127.0.0.1:x/"])
def test_addresses_that_make_no_sense_are_refused(address):
    assert refusal_of(address).startswith(f"{address}: it could not be fetched (")


def test_address_with_a_line_break_is_refused_in_one_line():
    assert "\n" not in refusal_of("https://127.0.0.1/data.txt\nHost: example.org")
