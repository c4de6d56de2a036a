"""What is known of the words of a query: how frequent they are, how a half-typed one goes on, what phrases mean."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import connection

from procedures.search.engines import engine
from procedures.search.plan import Meaning, Phrase, Term
from procedures.search.text import as_head, as_stem, phrase_key
from procedures.search.word_forms import stem

# A word that this many entries hold is taken as complete even at the end of a query: as the beginning of longer words
# it would match more than can be ranked quickly.
FREQUENT = 1000

# The words that begin as the last one does are listed up to this number; beyond, the index looks for the beginning.
MOST_CONTINUATIONS = 24

# Fewer letters are mostly the beginning of a word.
SHORTEST_WORD = 3
ENDINGS = ("s", "ed", "ing")

# An everyday phrase has at most so many words, small words left out.
LONGEST_PHRASE = 6


@dataclass(slots=True)
class Vocabulary:
    """`frequencies` are by stem, and `forms` the words of each stem; `continuations` begin as the last word does.

    `meanings` are those of the everyday phrases in the query by key, and `texts` the phrases themselves; `begun` is
    the key of the shortest phrase that goes on as the query begins.
    """

    frequencies: dict[str, int] = field(default_factory=dict)
    forms: dict[str, set[str]] = field(default_factory=dict)
    continuations: dict[str, int] = field(default_factory=dict)
    meanings: dict[str, list[Meaning]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    begun: str = ""

    def knows(self, word: str) -> bool:
        """Whether the word stands somewhere, or is plainly a form of one that does: migrane is none of migrans."""
        forms = self.forms.get(stem(word), ())
        return word in forms or any(word.endswith(ENDINGS) or _may_become(word, form) for form in forms)

    def frequency(self, word: str) -> int:
        return self.frequencies.get(stem(word), 0)

    def term_of(self, word: str) -> Term:
        """The word and, where there are any, its other forms."""
        form = stem(word)
        if self.forms.get(form, {word}) <= {word}:
            return Term((word,))
        return Term((word,), (as_stem(form),) if form == word else (form, as_stem(form)))


def read_vocabulary(words: Sequence[str]) -> Vocabulary:
    """All that is known of these words, in one statement."""
    vocabulary = Vocabulary()
    if not words:
        return vocabulary
    stems = [stem(word) for word in words]
    keys = [phrase_key(list(words[start:stop])) for start, stop in _spans(len(words))]
    begins, beginning = engine().begins_with("text", words[-1])
    goes_on, so_far = engine().begins_with("key", " ".join([*stems[:-1], words[-1]]))
    statement = (
        f"SELECT 0, text, stem, frequency, '', '' FROM procedures_word WHERE stem IN ({_places(stems)}) "
        "UNION ALL SELECT * FROM (SELECT 1, text, stem, frequency, '', '' FROM procedures_word "
        f"WHERE {begins} ORDER BY text LIMIT {MOST_CONTINUATIONS + 1}) AS continuations "
        "UNION ALL SELECT 2, key, words, position, code, phrase FROM procedures_searchphrase "
        f"WHERE key IN ({_places(keys)}) "
        "UNION ALL SELECT 3, key, words, position, code, phrase FROM procedures_searchphrase WHERE key = "
        f"(SELECT key FROM procedures_searchphrase WHERE {goes_on} ORDER BY length(key), key LIMIT 1)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*stems, *beginning, *keys, *so_far])
        for part, text, other, number, code, phrase in cursor.fetchall():
            if part == 0:
                vocabulary.frequencies[other] = max(number, vocabulary.frequencies.get(other, 0))
                vocabulary.forms.setdefault(other, set()).add(text)
            elif part == 1:
                vocabulary.continuations[text] = number
            else:
                # Stems of the meaning: each stands for all forms of its word.
                terms = tuple(Term((form,), (as_stem(form),)) for form in other.split())
                meaning = Meaning(terms, number or 0, code)
                if meaning not in vocabulary.meanings.setdefault(text, []):
                    vocabulary.meanings[text].append(meaning)
                vocabulary.texts.setdefault(text, phrase)
                if part == 3:
                    vocabulary.begun = text
    return vocabulary


def terms_of(words: Sequence[str], vocabulary: Vocabulary) -> tuple[Term, ...]:
    """One term a word; the last one may be half typed unless it is by itself a frequent word."""
    terms = [vocabulary.term_of(word) for word in words]
    if words and vocabulary.frequencies.get(stem(words[-1]), 0) < FREQUENT:
        last = terms[-1]
        # Codes are no words of the vocabulary.
        may_be_code = any(character.isdigit() for character in words[-1])
        if len(vocabulary.continuations) <= MOST_CONTINUATIONS and not may_be_code:
            terms[-1] = replace(last, typed=tuple(dict.fromkeys([words[-1], *vocabulary.continuations])))
        else:
            terms[-1] = replace(last, beginning=words[-1])
    return tuple(terms)


def heads_of(words: Sequence[str]) -> tuple[str, ...]:
    """The marks of descriptions that begin with one of the words."""
    return tuple(dict.fromkeys(as_head(word) for word in words))


def rarest_of(terms: Sequence[Term], vocabulary: Vocabulary) -> int:
    """At most so many entries hold all terms, as far as is known."""
    most = []
    for term in terms:
        if not term.beginning:
            known = [vocabulary.continuations.get(word, 0) for word in term.typed[1:]]
            most.append(vocabulary.frequencies.get(stem(term.typed[0]), 0) + sum(known))
    return min(most, default=10**9)


def phrases_of(words: Sequence[str], vocabulary: Vocabulary) -> tuple[Phrase, ...]:
    """The everyday phrases among the words, the longest first, none of which overlap: a phrase wins over its words.

    Where the last word is half typed and the words together begin a phrase, it is that phrase alone.
    """
    if not vocabulary.meanings:
        return ()
    whole = phrase_key(list(words))
    is_half_typed = len(words[-1]) < SHORTEST_WORD or not vocabulary.knows(words[-1])
    if vocabulary.begun and is_half_typed and whole not in vocabulary.meanings:
        meanings, text = vocabulary.meanings[vocabulary.begun], vocabulary.texts[vocabulary.begun]
        return (Phrase(0, len(words), tuple(meanings), text, is_begun=True),)
    phrases: list[Phrase] = []
    taken: set[int] = set()
    for start, stop in sorted(_spans(len(words)), key=lambda span: (span[0] - span[1], span[0])):
        key = phrase_key(list(words[start:stop]))
        if key in vocabulary.meanings and taken.isdisjoint(range(start, stop)):
            taken.update(range(start, stop))
            phrases.append(Phrase(start, stop, tuple(vocabulary.meanings[key]), vocabulary.texts[key]))
    return tuple(sorted(phrases, key=lambda phrase: phrase.start))


def _may_become(word: str, form: str) -> bool:
    """Whether a known form is the word with an ending."""
    if form.startswith(word):
        return True
    return form.startswith(word[:-1]) and (
        (word[-1] == "e" and form.endswith(("ing", "ed"))) or (word[-1] == "y" and form.endswith(("ies", "ied")))
    )


def _spans(count: int) -> list[tuple[int, int]]:
    """From where to where a phrase of a query of `count` words may go."""
    return [
        (start, stop) for start in range(count) for stop in range(start + 1, min(count, start + LONGEST_PHRASE) + 1)
    ]


def _places(values: Sequence) -> str:
    return ", ".join(["%s"] * len(values))
