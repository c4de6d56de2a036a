"""Requests in odd charsets, past the test client, which knows none."""

import io

import pytest
from django.core.handlers.wsgi import WSGIRequest

from codesite.request_charset import with_known_charsets

FORM = "application/x-www-form-urlencoded"


def request_with(content_type: str, *, query: str = "", body: bytes = b"") -> WSGIRequest:
    """The request as Django gets it from the application."""
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/codes/",
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.input": io.BytesIO(body),
    }
    received = []
    with_known_charsets(lambda environ, start_response: received.append(WSGIRequest(environ)))(environ, None)
    return received[0]


@pytest.mark.parametrize("charset", ["zlib", "base64", "hex", "rot13", "idna", "punycode", "undefined", "nosuch"])
def test_charset_that_is_none_does_not_keep_a_request_from_being_read(charset):
    request = request_with(f"{FORM}; charset={charset}", query="q=%FFabc", body=b"name=Kim%FF")

    assert request.GET["q"] == "\ufffdabc"
    assert request.POST["name"] == "Kim\ufffd"


@pytest.mark.parametrize(
    ("charset", "read"),
    [("utf-8", "é"), ("UTF-8", "é"), ('"utf-8"', "é"), ("iso-8859-1", "Ã©"), ("windows-1252", "Ã©")],
)
def test_charset_of_texts_is_kept(charset, read):
    assert request_with(f"{FORM}; charset={charset}", query="q=%C3%A9").GET["q"] == read


def test_type_without_a_charset_is_left_as_it_is():
    assert request_with("multipart/form-data; boundary=abc").content_params == {"boundary": "abc"}
