"""How a word sounds, roughly: words that are heard alike become the same."""

import re

SHORTEST = 3

_SPELLINGS = [
    (re.compile(pattern), sound)
    for pattern, sound in [
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"^x", "s"),
        (r"ph", "f"),
        (r"ght", "t"),
        (r"tch|sch|sh", "j"),
        (r"ck|qu|q", "k"),
        (r"x", "ks"),
        (r"c(?=[eiy])", "s"),
        (r"g(?=[eiy])", "j"),
        (r"c", "k"),
        (r"z", "s"),
        (r"w", "v"),
        (r"d(?=t)", ""),
        (r"(?<!^)[aeiouyh]+", ""),
        (r"^[aeiouyh]+", "a"),
        (r"(.)\1+", r"\1"),
    ]
]


def sound_of(word: str) -> str:
    """The consonants of a folded word as they are heard, a vowel at its start as `a`; "" where that is little."""
    for pattern, sound in _SPELLINGS:
        word = pattern.sub(sound, word)
    return word if len(word) >= SHORTEST else ""
