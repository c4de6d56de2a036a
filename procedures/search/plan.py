"""What an engine is asked, and what it answers."""

from dataclasses import dataclass, field, replace

# Candidates and counts are capped for each code system by itself: a cap over all systems would fill up with the first
# of them and give wrong counts for the others.
CAP = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """One question to the engine.

    With `code`, entries whose normalized code begins with it; else entries that hold every one of `words` (the last
    may be the beginning of a word where `last_is_prefix`); with neither, every entry. `ranges` are the id ranges of
    the code systems to look in, first and last id included. `status`, `has_guide` and `has_policy` narrow further;
    empty or None means all. `rarest` is the frequency of the rarest complete word, 0 where a word is unknown: a hint
    for the way to search, without effect on the answer.
    """

    ranges: tuple[tuple[int, int], ...]
    code: str = ""
    words: tuple[str, ...] = ()
    last_is_prefix: bool = True
    rarest: int = 0
    status: frozenset[str] = frozenset()
    has_guide: bool | None = None
    has_policy: bool | None = None
    limit: int = 20
    offset: int = 0

    def with_only(self, **changes) -> "Plan":
        """The same question with some parts replaced."""
        return replace(self, **changes)


@dataclass(slots=True)
class Hits:
    """An engine's answer: the entry ids of the page in order, and how the candidates fall into groups.

    A group's key is the code system's position and the flag bits of the id (entry_ids.py); a system whose groups sum up
    to more than CAP has more hits than were looked at.
    """

    page: list[int] = field(default_factory=list)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)

    def system_count(self, position: int) -> int:
        return sum(count for (found, _), count in self.groups.items() if found == position)
