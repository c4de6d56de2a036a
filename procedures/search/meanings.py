"""What an everyday word would find, for those who write them."""

from collections.abc import Sequence

from procedures.models import CodeSystem
from procedures.models.codes import normalize
from procedures.search.engines import engine
from procedures.search.index import LONGEST_KEY
from procedures.search.plan import Meaning, Phrase, Plan, Term
from procedures.search.text import as_stem, meant_stems, phrase_key, tokenize, without_small_words
from procedures.search.vocabulary import LONGEST_PHRASE

# No entry holds it: what is found is found by the meaning alone.
_NOTHING = Term(("=nothing",))


def is_phrase(text: str) -> bool:
    """Whether search could find the text in a query: it has one to six words, small words left out."""
    words = tokenize(text)
    return 1 <= len(without_small_words(words)) <= LONGEST_PHRASE and 0 < len(phrase_key(words)) <= LONGEST_KEY


def count_meant(words: str, code: str, systems: Sequence[CodeSystem]) -> int:
    """How many codes of these systems an everyday word with this meaning stands for, counted up to 1,001 a system.

    `words` and `code` are those of an EverydayWord, one of them empty: every code that has all of the words in its
    description or names, in any form, or that begins with `code` ("icd10cm:I21").
    """
    slug, _, beginning = code.partition(":")
    if code:
        positions = [system.position for system in systems if system.slug == slug]
        beginning = normalize(beginning)
        meaning = Meaning(position=positions[0], code=beginning) if positions and beginning else None
    else:
        positions = [system.position for system in systems]
        terms = tuple(Term((form,), (as_stem(form),)) for form in meant_stems(words))
        meaning = Meaning(terms) if terms else None
    if meaning is None:
        return 0
    plan = Plan(positions=tuple(positions), terms=(_NOTHING,), phrases=(Phrase(0, 1, (meaning,)),), limit=0)
    return sum(engine().find(plan).kinds.values())
