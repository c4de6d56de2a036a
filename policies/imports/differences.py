"""Two states of a policy side by side, in words, for reports of imports and for editors."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from policies.changes import said_of_code
from policies.facts import CODE_COLUMNS, FACTS, LIST_FACTS, split_code_key
from policies.models import Policy

LONGEST_SHOWN = 80
MOST_CODES_SHOWN = 20
NOTHING = "none"


class Difference(NamedTuple):
    """What differs ("Effective date", "J9302 Arzerra"), and what is said of it on the one and the other side."""

    what: str
    ours: str
    theirs: str


def fact_differences(
    ours: Mapping[str, object], theirs: Mapping[str, object], names: Mapping[str, str] | None = None
) -> list[Difference]:
    """The fields of `theirs` that differ, in the order of FACTS.

    `names` are those of plans by slug, and of documents by their keys in facts.
    """
    return [
        Difference(_field_label(name), fact_words(name, ours.get(name), names), fact_words(name, theirs[name], names))
        for name in FACTS
        if name in theirs and ours.get(name) != theirs[name]
    ]


def code_differences(
    ours: Mapping[str, dict | None], theirs: Mapping[str, dict | None], displays: Mapping[str, str] | None = None
) -> list[Difference]:
    """The keys of `theirs` that differ; None and absence both mean that the code is not named.

    `displays` are codes as they are shown (C84.02) by what stands before the first bar of a key (icd10cm:C8402).
    """
    found = []
    for key in sorted(theirs):
        mine, other = ours.get(key), theirs[key]
        if mine == other:
            continue
        code, label = split_code_key(key)[1::2]
        code = (displays or {}).get(key.partition("|")[0], code)
        words = _code_words(key, mine), _code_words(key, other)
        if words[0] == words[1]:
            words = _columns_that_differ(mine, other)
        found.append(Difference(f"{code} {label}".strip(), *words))
    return found


def fact_words(name: str, value: object, names: Mapping[str, str] | None = None) -> str:
    """A fact as a person reads it; "none" for an empty one."""
    if not value:
        return NOTHING
    if name in LIST_FACTS:
        return ", ".join((names or {}).get(key) or key.partition(":")[2] or key for key in value)
    choices = dict(Policy._meta.get_field(name).flatchoices)
    return str(choices.get(value, value))


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """The text on one line, cut with an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def listed(codes: Iterable[str]) -> str:
    """The first twenty of these codes, and how many more there are."""
    codes = list(dict.fromkeys(codes))
    more = len(codes) - MOST_CODES_SHOWN
    return ", ".join(codes[:MOST_CODES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def code_of(key: str) -> str:
    return split_code_key(key)[1]


def _field_label(name: str) -> str:
    label = str(Policy._meta.get_field(name).verbose_name)
    return label[:1].upper() + label[1:]


def _code_words(key: str, columns: dict | None) -> str:
    """What is said of a code apart from its label, which names it in a list."""
    if columns is None:
        return NOTHING
    system_and_code, listed_as, _ = key.split("|", 2)
    return said_of_code(f"{system_and_code}|{listed_as}|", columns)


def _columns_that_differ(ours: dict, theirs: dict) -> tuple[str, str]:
    names = [name for name in CODE_COLUMNS if ours.get(name) != theirs.get(name)]
    return tuple("; ".join(f"{name}: {side.get(name) or NOTHING}" for name in names) for side in (ours, theirs))
