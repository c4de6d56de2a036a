"""What an engine is asked, and what it answers."""

from dataclasses import dataclass, field, replace

# Candidates and counts are capped for each code system by itself: a cap over all systems would fill up with the first
# of them and give wrong counts for the others.
CAP = 1000


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: an entry holds it that holds one of these words, or one that begins with `beginning`.

    `typed` are the words as they were typed, with those that a half-typed one may become; `forms` are other forms of
    the word, as they are indexed. `beginning` is "" unless more words begin so than can be listed.
    """

    typed: tuple[str, ...]
    forms: tuple[str, ...] = ()
    beginning: str = ""

    def as_typed(self) -> "Term":
        """The same word without its other forms."""
        return replace(self, forms=())


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an everyday phrase means: words of the classification, all of them, in a description or in names.

    Or, where `code` is given, every code of the system at `position` that begins with it.
    """

    terms: tuple[Term, ...] = ()
    position: int = 0
    code: str = ""


@dataclass(frozen=True, slots=True)
class Phrase:
    """An everyday phrase in a query: what stands in place of its terms from `start` to before `stop`."""

    start: int
    stop: int
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """One question to the engine.

    With `code`, entries whose normalized code begins with it; else entries that hold every one of `terms`, or what the
    everyday `phrases` among them mean; with neither, every entry. `key` is the whole query as the key of an exact name.
    `ranges` are the id ranges of the code systems to look in, first and last id included. `status`, `has_guide` and
    `has_policy` narrow further; empty or None means all. `rarest` is how many entries hold the rarest term, as far as
    is known: a hint for the way to search, without effect on the answer. `cap` is the number of candidates to look at.
    """

    ranges: tuple[tuple[int, int], ...]
    code: str = ""
    terms: tuple[Term, ...] = ()
    phrases: tuple[Phrase, ...] = ()
    key: str = ""
    rarest: int = 0
    status: frozenset[str] = frozenset()
    has_guide: bool | None = None
    has_policy: bool | None = None
    limit: int = 20
    offset: int = 0
    cap: int = CAP

    def with_only(self, **changes) -> "Plan":
        """The same question with some parts replaced."""
        return replace(self, **changes)

    @property
    def has_forms(self) -> bool:
        """Whether some word has forms by which it is found beside the typed one."""
        return any(term.forms for term in self.terms)

    def as_typed(self) -> "Plan":
        """The same question without the other forms of words."""
        return replace(self, terms=tuple(term.as_typed() for term in self.terms))

    @property
    def is_one_phrase(self) -> bool:
        """Whether the whole query is one everyday phrase."""
        return any(phrase.start == 0 and phrase.stop == len(self.terms) for phrase in self.phrases)


@dataclass(slots=True)
class Hits:
    """An engine's answer: (entry id, score) of the page in order, and how the candidates fall into groups.

    A group's key is the code system's position and the flag bits of the id (entry_ids.py); a system whose groups sum up
    to more than CAP has more hits than were looked at.
    """

    page: list[tuple[int, int]] = field(default_factory=list)
    groups: dict[tuple[int, int], int] = field(default_factory=dict)

    def system_count(self, position: int) -> int:
        return sum(count for (found, _), count in self.groups.items() if found == position)
