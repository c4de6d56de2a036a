"""What an everyday word has to be, whether it comes from a form or from a sheet."""

import unicodedata
from collections.abc import Sequence

from django.core.exceptions import ValidationError

from procedures.models import CodeSystem, EverydayWord
from procedures.models.codes import normalize
from procedures.search import tokenize
from procedures.search.meanings import count_meant, is_phrase
from procedures.search.text import SMALL_WORDS

# Beside letters and digits: "can't sleep", "24/7 nurse", "50% loss", "a+d ointment".
PHRASE_SIGNS = " -'’/.%+"


def tidy(word: EverydayWord, systems: Sequence[CodeSystem]) -> None:
    """Writes the word as it is kept: phrase and words in lower case with single blanks, the code as icd10cm:I21.0."""
    word.phrase = unicodedata.normalize("NFC", " ".join(word.phrase.lower().split()))
    word.words = " ".join(word.words.lower().split())
    slug, colon, beginning = word.code.partition(":")
    slug, beginning = slug.strip().lower(), normalize(beginning)
    if any(system.slug == slug and system.code_has_dot for system in systems) and len(beginning) > 3:
        beginning = f"{beginning[:3]}.{beginning[3:]}"
    word.code = f"{slug}:{beginning}" if colon else word.code.strip()


def check(word: EverydayWord, systems: Sequence[CodeSystem]) -> int:
    """How many codes a tidy word stands for, counted up to 1,001 a code system.

    Raises ValidationError, by field, for a phrase that search cannot meet and for a meaning that finds nothing.
    """
    check_phrase(word.phrase)
    if bool(word.words) == bool(word.code):
        raise ValidationError("Give either words or a code; for both, make two rows.")
    if word.code:
        _check_system(word.code, systems)
    if found := count_meant(word.words, word.code, systems):
        return found
    if word.code:
        slug, _, beginning = word.code.partition(":")
        [name] = [system.name for system in systems if system.slug == slug]
        raise ValidationError(
            {"code": f"No code of {name} begins with “{beginning}”. Look it up, or import the release that has it."}
        )
    if not tokenize(word.words):
        raise ValidationError({"words": "Give words of letters or digits."})
    raise ValidationError(
        {
            "words": f"No code has all of the words “{word.words}” in its description or names. Take fewer words, or "
            "those of the official description: an everyday word that they hold is not looked up again."
        }
    )


def check_phrase(phrase: str) -> None:
    """Raises ValidationError, for the field, for a tidy phrase that nobody would type or search cannot meet."""
    other = next((sign for sign in phrase if not (sign.isalnum() or sign in PHRASE_SIGNS)), "")
    if other:
        message = (
            f"A phrase has letters, digits, blanks, hyphens, apostrophes, slashes, periods, % and +, but no “{other}”."
        )
    elif not is_phrase(phrase):
        message = "A phrase has one to six words of letters or digits, without counting words like “of”."
    elif not any(sign.isalpha() for sign in phrase):
        message = "A phrase has at least one letter: a number by itself could mean anything."
    elif SMALL_WORDS.issuperset(tokenize(phrase)):
        message = "Words like “of” and “the” are passed over by search: add a word that says something."
    else:
        return
    raise ValidationError({"phrase": message})


def _check_system(code: str, systems: Sequence[CodeSystem]) -> None:
    slug, _, beginning = code.partition(":")
    known = ", ".join(system.slug for system in systems)
    if not beginning:
        raise ValidationError({"code": f"Write the code with its code system, such as icd10cm:I21. Known: {known}."})
    if slug not in [system.slug for system in systems]:
        raise ValidationError({"code": f"No codes of the code system “{slug}” are loaded. Known: {known}."})
