"""Which row of the code sets a system and a normalized code mean, for many codes at once."""

from collections.abc import Iterable

from procedures.batches import batches
from procedures.models import MedicalCode

# Slug of the code system, normalized code.
CodeName = tuple[str, str]


def ids_of_codes(names: Iterable[CodeName]) -> dict[CodeName, int]:
    """The primary keys of the codes with these names; those that are not held are absent."""
    wanted = set(names)
    found = {}
    for batch in batches(sorted({normalized for _, normalized in wanted})):
        rows = MedicalCode.objects.filter(normalized__in=batch).order_by()
        for system, normalized, pk in rows.values_list("system__slug", "normalized", "pk"):
            found[system, normalized] = pk
    return {name: found[name] for name in wanted & found.keys()}


def names_of_codes(pks: Iterable[int]) -> dict[int, CodeName]:
    """The names of the codes with these primary keys."""
    found = {}
    for batch in batches(pks):
        rows = MedicalCode.objects.filter(pk__in=batch).order_by().values_list("pk", "system__slug", "normalized")
        found.update((pk, (system, normalized)) for pk, system, normalized in rows)
    return found
