"""Reads the settings of one deployment from the environment, strictly.

A value that cannot be read is an error at start, never a silent default: a misspelt boolean must not switch a
safeguard off. An `.env` file beside manage.py fills in only what the environment does not say.
"""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


class Environment:
    """The environment's values by name, each read by the type that it must have.

    Every reader raises ImproperlyConfigured, naming the variable, for a value that is not of its type.
    """

    def __init__(self, values):
        self.values = dict(values)

    @classmethod
    def with_file(cls, path: Path) -> "Environment":
        """The process environment, with the lines of `path` (NAME=value) where it is silent."""
        return cls({**read_env_file(path), **os.environ})

    def text(self, name: str, default: str = "") -> str:
        """The value without surrounding blanks; `default` where it is missing or empty."""
        return self.values.get(name, "").strip() or default

    def boolean(self, name: str, default: bool) -> bool:
        """True for 1 or true, False for 0 or false (any case)."""
        value = self.text(name)
        if not value:
            return default
        try:
            return BOOLEANS[value.lower()]
        except KeyError:
            raise ImproperlyConfigured(f"{name}={value!r} is not a boolean: write 1, true, 0 or false.") from None

    def integer(self, name: str, default: int) -> int:
        """A whole number from 0 upward."""
        value = self.text(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit()):
            raise ImproperlyConfigured(f"{name}={value!r} is not a whole number from 0 upward.")
        return int(value)

    def words(self, name: str, default: list[str]) -> list[str]:
        """The parts of a comma-separated value."""
        value = self.text(name)
        return [part.strip() for part in value.split(",") if part.strip()] if value else default


def read_env_file(path: Path) -> dict[str, str]:
    """The NAME=value lines of an .env file; blank lines and # lines are passed over; {} where there is no file.

    A value may stand in a pair of quotes. Raises ImproperlyConfigured for a file that is not UTF-8, and with the line
    number for any other line.
    """
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{path.name} is not a text file in UTF-8.") from None
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ImproperlyConfigured(f"{path.name} line {number} is not NAME=value.")
        values[name.strip()] = without_quotes(value.strip())
    return values


def without_quotes(value: str) -> str:
    """The value without the pair of quotes around it; a single quote, as a random key may have, is a part of it."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value


def keep_new_secret(path: Path, name: str) -> str:
    """Makes a random secret and adds it to an .env file, which only its owner may read from then on."""
    secret = secrets.token_urlsafe(50)
    line = f"{name}={secret}\n"
    if path.exists() and path.read_bytes()[-1:] not in (b"", b"\n"):
        line = "\n" + line
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
    path.chmod(0o600)
    return secret
