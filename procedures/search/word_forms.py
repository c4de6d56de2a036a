"""The forms of one word: singular and plural, -ing and -ed.

Only endings that do not make another word are taken off: `screening` and `screens` become `screen`, `diagnoses` and
`diagnosis` become `diagnos`, while `container` does not become `contain`, nor `general` what `generic` becomes. A stem
is no word to be shown.
"""

from functools import lru_cache

# Plurals of Greek, Latin and old English, and words whose last letters only look like an ending.
_IRREGULAR = {
    "feet": "foot",
    "teeth": "tooth",
    "children": "child",
    "women": "woman",
    "men": "man",
    "mice": "mouse",
    "lice": "louse",
    "lens": "lens",
    "lenses": "lens",
    "series": "series",
    "species": "species",
    "imaging": "image",
    "bacteria": "bacterium",
    "diverticula": "diverticulum",
    "ova": "ovum",
    "thrombi": "thrombus",
    "emboli": "embolus",
    "calculi": "calculus",
    "bronchi": "bronchus",
    "nuclei": "nucleus",
    "fungi": "fungus",
    "stimuli": "stimulus",
    "varices": "varix",
    "appendices": "appendix",
    "cervices": "cervix",
    "indices": "index",
    "phalanges": "phalanx",
    "meninges": "meninx",
    "biceps": "biceps",
    "triceps": "triceps",
    "quadriceps": "quadriceps",
    "forceps": "forceps",
    "diabetes": "diabetes",
    "herpes": "herpes",
    "rabies": "rabies",
    "scabies": "scabies",
    "caries": "caries",
    "hundred": "hundred",
    "evening": "evening",
}
_VOWELS = frozenset("aeiouy")


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """What is left of a folded word without its ending; words with digits and short words stay as they are."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    return _without_e(_without_ing_and_ed(_singular(word)))


@lru_cache(maxsize=50_000)
def singular(word: str) -> str:
    """The same for a word and its plural alone, by which names are compared: padding is no pad."""
    if len(word) < 4 or not (word.isascii() and word.isalpha()):
        return word
    return _IRREGULAR.get(word) or _without_e(_singular(word))


def _singular(word: str) -> str:
    if word[-1] != "s":
        return word[:-1] if word.endswith("ae") and len(word) > 5 else word
    if word.endswith("sis") and len(word) > 5:
        return word[:-2]
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "xes", "ches", "shes")) or (word.endswith(("ses", "zes")) and len(word) > 5):
        return word[:-2]
    return word[:-1]


def _without_ing_and_ed(word: str) -> str:
    if word.endswith("ied") and len(word) > 5:
        return word[:-3] + "y"
    ending = 3 if word.endswith("ing") else 2 if word.endswith("ed") and not word.endswith("eed") else 0
    base = word[:-ending] if ending else ""
    if len(base) < 4 or not _VOWELS.intersection(base):
        return word
    if base[-1] == base[-2] and base[-1] not in "lsfz":
        return base[:-1]
    return base


def _without_e(word: str) -> str:
    if word[-1] != "e":
        return word
    shortest = 5 if word.endswith(("se", "ze", "che", "she", "xe")) else 6
    return word[:-1] if len(word) >= shortest and word[-2] != "e" else word
