"""The settings as a process meets them at its start: what is wrong in the environment stops it with a sentence."""

import json
import subprocess
import sys

import pytest

from tests.suite import ROOT, environment_of_tests


def check(*arguments, **environment):
    """Runs `manage.py check` with the tests' environment changed by `environment`."""
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=ROOT,
        env={**environment_of_tests("sqlite://:memory:"), **environment},
        capture_output=True,
        text=True,
    )


def test_settings_of_a_deployment_pass_its_check():
    process = check(
        *("--deploy", "--fail-level", "WARNING"),
        HTTPS_ONLY="1",
        ALLOWED_HOSTS="codes.example",
        SITE_URL="https://codes.example",
        DEFAULT_FROM_EMAIL="team@codes.example",
        CONTACT_INBOX="team@codes.example",
        # The browser tests set it for their own process.
        DJANGO_ALLOW_ASYNC_UNSAFE="",
    )

    assert process.returncode == 0, process.stderr
    assert "no issues" in process.stdout


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SECRET_KEY", "", "SECRET_KEY is not set"),
        ("DEBUG", "flase", "DEBUG='flase' is not a boolean: write 1, true, 0 or false."),
        ("HTTPS_ONLY", "no", "HTTPS_ONLY='no' is not a boolean: write 1, true, 0 or false."),
        ("DATABASE_URL", "mysql://root@127.0.0.1/codes", "write sqlite:///... or postgresql://..."),
        ("DATABASE_URL", "codes.sqlite3", "write sqlite:///... or postgresql://..."),
        ("TRUSTED_PROXY_COUNT", "yes", "TRUSTED_PROXY_COUNT='yes' is not a whole number from 0 upward."),
    ],
)
def test_settings_that_are_wrong_stop_every_command_with_a_sentence(name, value, sentence):
    process = check(**{name: value})

    assert process.returncode != 0
    assert sentence in process.stderr.splitlines()[-1]


def settings_of(*names, **environment) -> list:
    """The values of these settings in a process with that environment."""
    script = "import json, sys; from django.conf import settings; " + (
        "print(json.dumps([getattr(settings, name) for name in sys.argv[1:]], default=str))"
    )
    process = subprocess.run(
        [sys.executable, "-c", script, *names],
        cwd=ROOT,
        env={**environment_of_tests("sqlite://:memory:"), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(process.stdout)


def test_settings_default_to_a_safe_site():
    names = ("DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS")

    debug, *safeguards = settings_of(*names, DEBUG="", HTTPS_ONLY="")

    assert debug is False
    assert all(safeguards)


def test_settings_under_debug_serve_plain_http():
    assert settings_of("DEBUG", "SECURE_SSL_REDIRECT", DEBUG="1", HTTPS_ONLY="") == [True, False]


@pytest.mark.parametrize(
    ("https_only", "proxies", "believed"), [("1", "0", False), ("1", "1", True), ("0", "1", False), ("1", "", False)]
)
def test_settings_believe_in_https_only_what_a_proxy_says(https_only, proxies, believed):
    [header] = settings_of("SECURE_PROXY_SSL_HEADER", HTTPS_ONLY=https_only, TRUSTED_PROXY_COUNT=proxies)

    assert header == (["HTTP_X_FORWARDED_PROTO", "https"] if believed else None)


@pytest.mark.parametrize(
    ("debug", "name", "shown"), [("1", "", "development"), ("0", "", ""), ("0", "staging", "staging")]
)
def test_settings_name_the_environment(debug, name, shown):
    assert settings_of("ENVIRONMENT_NAME", DEBUG=debug, ENVIRONMENT_NAME=name) == [shown]


def test_settings_use_a_sqlite_file_that_is_written_ahead_by_default():
    [databases] = settings_of("DATABASES", DATABASE_URL="")
    database = databases["default"]

    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["NAME"] == str(ROOT / "codesite.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert not database.get("ATOMIC_REQUESTS")


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_settings_use_postgresql_with_a_pool(scheme):
    [databases] = settings_of(
        "DATABASES", DATABASE_URL=f"{scheme}://editor:p%40ss@db.example:5433/codes?sslmode=require"
    )
    database = databases["default"]

    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example", 5433, "codes")
    assert (database["USER"], database["PASSWORD"]) == ("editor", "p@ss")
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]
