"""The choice between the engines."""

from functools import cache

from django.db import connection

from procedures.search.engine import Engine
from procedures.search.postgresql import PostgreSQLEngine
from procedures.search.sqlite import SQLiteEngine


@cache
def engine() -> Engine:
    """The engine of the default database."""
    return PostgreSQLEngine() if connection.vendor == "postgresql" else SQLiteEngine()
