import logging
import logging.config

import pytest
from django.conf import settings

from codesite.log_lines import redact


@pytest.mark.parametrize(
    ("line", "redacted"),
    [
        ("Not Found: /meeting/eyJiIjoi:1t:x-y_z/", "Not Found: /meeting/…/"),
        ('"POST /meeting/eyJiIjoi:1t:x/?change=time HTTP/1.1" 302 0', '"POST /meeting/…/?change=time HTTP/1.1" 302 0'),
        ("Not Found: /meeting/abc/meeting.ics", "Not Found: /meeting/…/meeting.ics"),
        ("Not Found: /calendars/s3cr-et.ics", "Not Found: /calendars/…"),
        ("Forbidden: /preview/abc:def/", "Forbidden: /preview/…/"),
        ("refused <kim.lee+x@visitor.example>: 550", "refused <…>: 550"),
        ("{'kim@visitor.example': (550, b'no such kim@visitor.example')}", "{'…': (550, b'no such …')}"),
        ("to=kim@visitor.example", "to=…"),
        ("kim@localhost refused", "… refused"),
        ("kim@[192.0.2.1] refused", "… refused"),
        ('"GET /admin/?q=kim%40visitor.example&p=1 HTTP/1.1" 200', '"GET /admin/?q=…&p=1 HTTP/1.1" 200'),
        ("wrong\nDETAIL:  Failing row contains (1, Kim Lee, I have\nleukemia).", "wrong\nDETAIL: …"),
        (
            "DETAIL:  Failing row contains (1, Kim).\n\nThe above exception was the direct cause",
            "DETAIL: …\n\nThe above exception was the direct cause",
        ),
        ("/contact/meeting/?type=introduction", "/contact/meeting/?type=introduction"),
        ("/code/hcpcs/J9302-injection", "/code/hcpcs/J9302-injection"),
        ('    @wraps(view)\n  File "views.py"', '    @wraps(view)\n  File "views.py"'),
        ("@ 10:30", "@ 10:30"),
    ],
)
def test_line_withholds_secrets_and_addresses_and_keeps_the_rest(line, redacted):
    assert redact(line) == redacted


@pytest.fixture
def formatter():
    """That of the site's own log."""
    made = logging.config.DictConfigurator(settings.LOGGING)
    return made.configure_formatter(settings.LOGGING["formatters"]["line"])


def test_log_of_the_site_withholds_what_a_traceback_tells(formatter):
    try:
        raise ValueError("Key (email)=(kim@visitor.example) already exists, /meeting/token/")
    except ValueError as error:
        record = logging.LogRecord(
            "site", logging.ERROR, "", 1, "At %s", ("/meeting/token/",), (ValueError, error, None)
        )

    line = formatter.format(record)

    assert "At /meeting/…/" in line
    assert "already exists" in line
    assert "token" not in line
    assert "kim" not in line


def test_every_handler_of_the_site_uses_it():
    assert {handler["formatter"] for handler in settings.LOGGING["handlers"].values()} == {"line"}
    assert settings.LOGGING["loggers"]["django.server"]["handlers"] == ["console"]
