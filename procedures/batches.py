"""Long lists of parameters and rows in pieces that every database takes."""

from collections.abc import Iterable

# Parameters of one query: SQLite may take only 999.
PK_BATCH = 900


def batches(items: Iterable, size: int = PK_BATCH) -> list[list]:
    items = list(items)
    return [items[start : start + size] for start in range(0, len(items), size)]
