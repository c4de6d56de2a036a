"""Runs a command as its operator does, and gives what it says."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.own_database import every_row


def said_by(command: str, *arguments: str) -> str:
    """What the command says on its standard output."""
    said = io.StringIO()
    call_command(command, *arguments, stdout=said)
    return said.getvalue()


def refusal_by(command: str, *arguments: str) -> str:
    """What the command says when it refuses; it must have changed nothing."""
    before = every_row(connection)
    with pytest.raises(CommandError) as refusal:
        said_by(command, *arguments)
    assert every_row(connection) == before
    return str(refusal.value)
