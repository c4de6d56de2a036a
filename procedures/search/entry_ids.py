"""The id of a search entry, which holds the code system, the static rank and the flags of the code.

    bits 48..55  position of the code system
    bits 36..47  static rank: retired, without a guide, words of the title (0 to 255), header, without a policy
    bits 0..35   primary key of the code

A range of ids is therefore a code system in the order of the static rank. Its first rows are the ones that most
visitors look for (living, with a guide, shortly titled), which is what a capped scan sees first; and facets are counted
from the ids alone.
"""

from procedures.models import MedicalCode

SYSTEM_SHIFT = 48
RANK_SHIFT = 36
RANK_BITS = (1 << (SYSTEM_SHIFT - RANK_SHIFT)) - 1
CODE_MASK = (1 << RANK_SHIFT) - 1

RETIRED = 1 << 11
NO_GUIDE = 1 << 10
HEADER = 1 << 1
NO_POLICY = 1
TITLE_WORDS_SHIFT = 2
MOST_TITLE_WORDS = 255
# A heading ranks as if its description were so much longer: a code that can be used is mostly wanted.
WORDS_OF_A_HEADING = 3


def system_range(position: int) -> tuple[int, int]:
    """First and last possible entry id of a code system."""
    return position << SYSTEM_SHIFT, ((position + 1) << SYSTEM_SHIFT) - 1


def code_id(entry_id: int) -> int:
    """The primary key of the entry's code."""
    return entry_id & CODE_MASK


def make_entry_id(position: int, code_pk: int, status: str, has_guide: bool, has_policy: bool, words: int) -> int:
    is_heading = status == MedicalCode.Status.HEADER
    rank = min(words + WORDS_OF_A_HEADING * is_heading, MOST_TITLE_WORDS) << TITLE_WORDS_SHIFT
    if status == MedicalCode.Status.RETIRED:
        rank |= RETIRED
    if is_heading:
        rank |= HEADER
    if not has_guide:
        rank |= NO_GUIDE
    if not has_policy:
        rank |= NO_POLICY
    return position << SYSTEM_SHIFT | rank << RANK_SHIFT | code_pk
