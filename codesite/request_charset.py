"""Requests in charsets that no browser sends."""

import re
from collections.abc import Callable, Iterable

WsgiApplication = Callable[[dict, Callable], Iterable[bytes]]

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)\"?", re.IGNORECASE)
CHARSETS = {"utf-8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}


def with_known_charsets(application: WsgiApplication) -> WsgiApplication:
    """The application, handed each request without the charset of its Content-Type unless that is one of CHARSETS.

    Django decodes addresses and forms by it, and fails with a server error, before any middleware runs, for one that
    Python knows and that is none of texts, such as zlib.
    """

    def with_known_charset(environ, start_response):
        named = _CHARSET.search(environ.get("CONTENT_TYPE", ""))
        if named and named[1].lower() not in CHARSETS:
            environ["CONTENT_TYPE"] = _CHARSET.sub("", environ["CONTENT_TYPE"])
        return application(environ, start_response)

    return with_known_charset
