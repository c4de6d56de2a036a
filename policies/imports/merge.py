"""Brings together what a source said last, what the policy says, and what the source says now.

For each field, and for each key of the codes:

- the source says what it said: the policy stays, with what an editor made of it;
- the policy says what the source said last: the source is followed;
- both have changed, and differ: the editor decides, and until then the policy stays.

What the source states for the first time fills a field that is empty; where an editor filled it, the editor decides.
"""

from dataclasses import dataclass, field

from policies.facts import Codes, Facts
from policies.imports.checks import contradiction

# These together may not contradict each other, whoever wrote which of them.
DEPENDENT = ("status", "effective", "retired")


@dataclass(slots=True)
class Sides:
    """The facts and codes on one side: `facts` only those that it states, `codes` by the keys of policies.facts."""

    facts: Facts = field(default_factory=dict)
    codes: Codes = field(default_factory=dict)


@dataclass(slots=True)
class Merged:
    """What follows for the policy: what is taken over, and what an editor has to decide. None drops a code."""

    taken_facts: Facts
    taken_codes: dict[str, dict | None]
    withheld_facts: Facts
    withheld_codes: dict[str, dict | None]


def merge(base: Sides, current: Sides, now: Sides, *, number: str, withheld: Sides | None = None) -> Merged:
    """Compares the last state of the source with the policy and the new state of the source.

    `base` and `now` are whole states: what the source does not state this time is in both of them, or in neither.
    `current` has all facts. `withheld` is what an editor has to decide already.
    """
    facts, open_facts = _merge_facts(base.facts, current.facts, now.facts, number)
    codes, open_codes = _merge_codes(base.codes, current.codes, now.codes)
    if withheld is not None:
        after = {**current.codes, **codes}
        open_facts = _still_open(withheld.facts, {**current.facts, **facts}, now.facts) | open_facts
        open_codes = _still_open(withheld.codes, after, now.codes) | open_codes
    return Merged(facts, codes, open_facts, open_codes)


def is_blank(name: str, value: object, number: str) -> bool:
    """Whether a policy with this number says nothing in this field."""
    return not value or (name == "status" and value == "unknown") or (name == "title" and value == number)


def _merge_facts(base: Facts, current: Facts, now: Facts, number: str) -> tuple[Facts, Facts]:
    taken, withheld = {}, {}
    for name, value in now.items():
        ours = current[name]
        if ours == value:
            continue
        if name not in base:
            if is_blank(name, ours, number):
                taken[name] = value
            elif not is_blank(name, value, number):
                withheld[name] = value
        elif base[name] == ours:
            taken[name] = value
        elif base[name] != value:
            withheld[name] = value
    if contradiction({**current, **taken}):
        withheld |= {name: taken.pop(name) for name in DEPENDENT if name in taken}
    return taken, withheld


def _merge_codes(base: Codes, current: Codes, now: Codes) -> tuple[dict, dict]:
    taken, withheld = {}, {}
    # What is the same in `base` and `now` stays as it is.
    for key in sorted(key for key in base.keys() | now.keys() if base.get(key) != now.get(key)):
        ours, value = current.get(key), now.get(key)
        if ours == value:
            continue
        if ours == base.get(key):
            taken[key] = value
        else:
            withheld[key] = value
    return taken, withheld


def _still_open(withheld: dict, after: dict, now: dict) -> dict:
    """What was withheld, is still what the source says, and differs from the policy."""
    return {name: value for name, value in withheld.items() if now.get(name) == value and after.get(name) != value}
