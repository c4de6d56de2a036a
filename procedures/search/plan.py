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
    """An everyday phrase in a query: what stands in place of its terms from `start` to before `stop`.

    `text` is the phrase as editors wrote it. `is_begun` tells that only its beginning was typed.
    """

    start: int
    stop: int
    meanings: tuple[Meaning, ...]
    text: str = ""
    is_begun: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One question to the engine.

    With `code`, entries whose normalized code begins with it; else entries that hold every one of `terms`, or what the
    everyday `phrases` among them mean; with neither, every entry. `modifier` is the query where it may be a modifier of
    two letters; `heads` are the marks of the words that a description may begin with. `key` is the whole query as the
    key of an exact name. `positions` are the code systems to look in. `status`, `has_guide` and `has_policy` narrow
    further; empty or None means all. `rarest` is how many entries hold the rarest term, as far as is known: a hint for
    the way to search, without effect on the answer. `cap` is the number of candidates to look at.
    """

    positions: tuple[int, ...]
    code: str = ""
    modifier: str = ""
    terms: tuple[Term, ...] = ()
    heads: tuple[str, ...] = ()
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

    def meant_by(self, *, codes: bool) -> "Plan":
        """The same question with those meanings alone that are codes, or words."""
        phrases = [
            replace(phrase, meanings=tuple(each for each in phrase.meanings if bool(each.code) == codes))
            for phrase in self.phrases
        ]
        return replace(self, phrases=tuple(phrases))

    @property
    def is_one_phrase(self) -> bool:
        """Whether the whole query is one everyday phrase."""
        return any(phrase.start == 0 and phrase.stop == len(self.terms) for phrase in self.phrases)


@dataclass(slots=True)
class Hits:
    """An engine's answer: (entry id, score) of the page in order, and of what kinds the candidates are.

    A kind's key is what the hits of it share: position of the code system, group (entry_ids.py), whether they have a
    guide, and a policy. `full` are the (position, group) of which there are more hits than were looked at.
    """

    page: list[tuple[int, int]] = field(default_factory=list)
    kinds: dict[tuple[int, int, bool, bool], int] = field(default_factory=dict)
    full: set[tuple[int, int]] = field(default_factory=set)

    def system_count(self, position: int) -> int:
        return sum(count for (found, *_), count in self.kinds.items() if found == position)
