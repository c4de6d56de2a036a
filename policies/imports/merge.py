"""Brings together what a source said last, what the policy says, and what the source says now.

For each field, and for each key of the codes:

- the source says what it said: the policy stays, with what an editor made of it;
- the policy says what the source said last: the source is followed;
- both have changed, and differ: the editor decides, and until then the policy stays.

What the source states for the first time fills a field that is empty; where an editor filled it, the editor decides.
Where in a document a code was found is nothing to decide.

Sources of other kinds tell of the same policy too. Plans, related documents and codes of all of them stand side by
side, and none takes away what another one states.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from policies.facts import LIST_FACTS, Codes, Facts
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


def merge(
    base: Sides,
    current: Sides,
    now: Sides,
    *,
    number: str,
    withheld: Sides | None = None,
    others: Collection[Sides] = (),
) -> Merged:
    """Compares the last state of the source with the policy and the new state of the source.

    `base` and `now` are whole states: what the source does not state this time is in both of them, or in neither.
    `current` has all facts. `withheld` is what an editor has to decide already, of whatever source; `others` are the
    last states of sources of other kinds.
    """
    listed = [name for name in LIST_FACTS if name in base.facts or any(name in other.facts for other in others)]
    base = Sides({**base.facts, **_together(base, others, listed)}, base.codes)
    now = _beside(now, others, base.codes)
    facts, open_facts = _merge_facts(base.facts, current.facts, now.facts, number, others)
    codes, open_codes = _merge_codes(base.codes, current.codes, now.codes)
    if withheld is not None:
        sources = [now, *others]
        open_facts = _open_facts(withheld.facts, {**current.facts, **facts}, sources) | open_facts
        open_codes = _open_codes(withheld.codes, {**current.codes, **codes}, sources) | open_codes
    return Merged(facts, codes, open_facts, open_codes)


def agrees(current: Sides, now: Sides, *, states_codes: bool, others: Collection[Sides] = ()) -> bool:
    """Whether a policy says in each field what its source says now, and with `states_codes` names the same codes.

    What other sources add to lists is no difference.
    """
    beside = _beside(now, others, [key for other in others for key in other.codes])
    if any(current.facts[name] != value for name, value in beside.facts.items()):
        return False
    if not states_codes:
        return True
    return current.codes.keys() == beside.codes.keys() and all(
        _say_the_same(columns, beside.codes[key]) for key, columns in current.codes.items()
    )


def is_blank(name: str, value: object, number: str) -> bool:
    """Whether a policy with this number says nothing in this field."""
    return not value or (name == "status" and value == "unknown") or (name == "title" and value == number)


def _beside(side: Sides, others: Collection[Sides], keys: Collection[str]) -> Sides:
    """What a source says, with what others state of the same lists, and of those of these codes that it lacks."""
    facts = {**side.facts, **_together(side, others, [name for name in LIST_FACTS if name in side.facts])}
    kept = {key: columns for other in others for key, columns in other.codes.items() if key in keys}
    return Sides(facts, {**kept, **side.codes} if kept else side.codes)


def _together(side: Sides, others: Collection[Sides], names: Collection[str]) -> Facts:
    return {name: sorted({value for each in (side, *others) for value in each.facts.get(name, ())}) for name in names}


def _merge_facts(
    base: Facts, current: Facts, now: Facts, number: str, others: Collection[Sides]
) -> tuple[Facts, Facts]:
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
            is_stated = name not in LIST_FACTS and any(other.facts.get(name) == ours for other in others)
            if not (is_stated and is_blank(name, value, number)):
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
        elif not _say_the_same(ours, value):
            withheld[key] = value
    return taken, withheld


def _say_the_same(ours: dict | None, theirs: dict | None) -> bool:
    """Whether two rows of a code differ in nothing, or in where it was found."""
    if ours is None or theirs is None:
        return ours is theirs
    return {**ours, "source": ""} == {**theirs, "source": ""}


def _open_facts(withheld: Facts, after: Facts, sources: Collection[Sides]) -> Facts:
    """What was withheld, is still what a source says, and differs from the policy."""
    return {
        name: value
        for name, value in withheld.items()
        if after[name] != value and any(name in side.facts and side.facts[name] == value for side in sources)
    }


def _open_codes(withheld: dict, after: dict, sources: Collection[Sides]) -> dict:
    still_open = {}
    for key, columns in withheld.items():
        said = [side.codes[key] for side in sources if key in side.codes]
        is_said = columns in said if columns is not None else not said
        if is_said and not _say_the_same(after.get(key), columns):
            still_open[key] = columns
    return still_open
