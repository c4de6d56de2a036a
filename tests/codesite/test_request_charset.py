"""The site as a server calls it, past the test client: requests that Django itself would fail for."""

import io
import sys

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test.client import FakePayload

from codesite.request_charset import with_known_charsets

pytestmark = pytest.mark.django_db


def ask(method: str, path: str, content_type: str, body: bytes = b"", query: str = "") -> str:
    """The status line of the answer."""
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": FakePayload(body) if body else io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    statuses = []
    answer = with_known_charsets(WSGIHandler())(environ, lambda status, headers, exc_info=None: statuses.append(status))
    getattr(answer, "close", lambda: None)()
    return statuses[0]


@pytest.mark.parametrize("charset", ["zlib", "base64", "hex", "rot13", "idna", "punycode", "undefined", "nosuch"])
def test_charset_that_is_none_does_not_break_a_page(charset):
    form = f"application/x-www-form-urlencoded; charset={charset}"

    assert ask("GET", "/codes/", form, query="q=%FFabc").startswith("200")
    # Without a token of the form.
    assert ask("POST", "/contact/message/", form, b"name=Kim%FF").startswith("403")


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "iso-8859-1"])
def test_charset_of_texts_is_kept(charset):
    assert ask("GET", "/codes/", f"text/plain; charset={charset}", query="q=abc").startswith("200")


def test_request_without_a_charset_is_left_as_it_is():
    assert ask("GET", "/codes/", "multipart/form-data; boundary=abc", query="q=abc").startswith("200")
