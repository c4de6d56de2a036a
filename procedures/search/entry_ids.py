"""The id of a search entry, which holds the code system, the static rank and the flags of the code.

    bits 48..55  position of the code system
    bits 46..47  group: 0 in use, 1 heading, 2 retired
    bit  45      without a guide
    bits 37..44  words of the description (0 to 255)
    bit  36      without a policy
    bits 0..35   primary key of the code

A range of ids is therefore a code system, or one of its groups, with the codes in order that most visitors look for
first: with a guide, shortly described. That is what a capped scan sees first; and facets are counted from the ids
alone. Headings are a group so that they can be counted by themselves; in results they stand among the codes in use.
"""

from procedures.models import MedicalCode

SYSTEM_SHIFT = 48
RANK_SHIFT = 36
CODE_MASK = (1 << RANK_SHIFT) - 1

GROUP_SHIFT = 46
GROUP_BITS = 3
NO_GUIDE_SHIFT = 45
WORDS_SHIFT = 37
MOST_TITLE_WORDS = 255
# A heading ranks as if its description were so much longer: a code that can be used is mostly wanted.
WORDS_OF_A_HEADING = 3

STATUS_OF_GROUP = (MedicalCode.Status.ACTIVE, MedicalCode.Status.HEADER, MedicalCode.Status.RETIRED)
GROUP_OF_STATUS = {status: group for group, status in enumerate(STATUS_OF_GROUP)}
IN_USE, HEADING, RETIRED = range(3)


def group_range(position: int, first: int = IN_USE, last: int = RETIRED) -> tuple[int, int]:
    """First and last possible entry id of a code system, or of its groups from `first` to `last`."""
    start = position << SYSTEM_SHIFT
    return start | first << GROUP_SHIFT, (start | (last + 1) << GROUP_SHIFT) - 1


def system_of(entry_id: int) -> int:
    """The position of the entry's code system."""
    return entry_id >> SYSTEM_SHIFT


def group_of(entry_id: int) -> int:
    return entry_id >> GROUP_SHIFT & GROUP_BITS


def has_guide(entry_id: int) -> bool:
    return not entry_id >> NO_GUIDE_SHIFT & 1


def has_policy(entry_id: int) -> bool:
    return not entry_id >> RANK_SHIFT & 1


def code_id(entry_id: int) -> int:
    """The primary key of the entry's code."""
    return entry_id & CODE_MASK


def place_of(entry_id: int) -> tuple[int, ...]:
    """Where the entry stands among results of one tier: retired last, with a guide, short, and so on."""
    group = entry_id >> GROUP_SHIFT & GROUP_BITS
    rank = entry_id >> RANK_SHIFT & 0x3FF
    return (group == RETIRED, rank >> 1, group, rank & 1, entry_id >> SYSTEM_SHIFT, entry_id & CODE_MASK)


def make_entry_id(position: int, code_pk: int, status: str, has_guide: bool, has_policy: bool, words: int) -> int:
    group = GROUP_OF_STATUS[status]
    words = min(words + WORDS_OF_A_HEADING * (group == HEADING), MOST_TITLE_WORDS)
    rank = (not has_guide) << 9 | words << 1 | (not has_policy)
    return position << SYSTEM_SHIFT | group << GROUP_SHIFT | rank << RANK_SHIFT | code_pk


def marks_of(entry_id: int) -> list[str]:
    """Words by which an index finds the entries of a group, and those with a guide or a policy.

    No word of a text or query begins with `=`, so they never meet.
    """
    return [
        group_mark(system_of(entry_id), group_of(entry_id)),
        guide_mark(has_guide(entry_id)),
        policy_mark(has_policy(entry_id)),
    ]


def filter_marks(has_guide: bool | None, has_policy: bool | None) -> list[str]:
    """The marks that an entry has to have for these filters; None means all."""
    marks = [guide_mark(has_guide)] if has_guide is not None else []
    return marks + ([policy_mark(has_policy)] if has_policy is not None else [])


def group_mark(position: int, group: int) -> str:
    return f"=.{position}.{group}"


def guide_mark(has_guide: bool) -> str:
    return "=.guide" if has_guide else "=.noguide"


def policy_mark(has_policy: bool) -> str:
    return "=.policy" if has_policy else "=.nopolicy"
