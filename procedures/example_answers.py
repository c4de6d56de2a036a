"""Questions and answers that the page for developers shows: real ones, so that they cannot differ from the site's."""

import json
from dataclasses import dataclass

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from procedures.code_parameters import find_codes
from procedures.decoded_bill import decode_bill
from procedures.models import CodeSystem, MedicalCode
from procedures.results_page import ResultsPage
from procedures.search import Filters, search, tokenize
from procedures.suggestions import suggestions_as_json

PREFERRED = "hcpcs:J9302"
WITHOUT_CODES = "ofatumumab"
TYPED_LETTERS = 6


@dataclass(frozen=True, slots=True)
class ExampleAnswer:
    """What is asked (an address, or the text of a bill) and the beginning of its answer, as JSON in lines."""

    asked: str
    answer: str


def example_of_search(systems: list[CodeSystem]) -> ExampleAnswer:
    """A search for a word of a code's title in its code system, with the first of its results."""
    code = _example_code(systems)
    parameters = QueryDict(mutable=True)
    parameters["q"] = _longest_word(code)
    if code:
        parameters["system"] = code.system.slug
    filters = Filters(systems=frozenset(parameters.getlist("system")))
    answer = ResultsPage(parameters, search(parameters["q"], systems, filters), filters, systems).as_json()
    parameters["format"] = "json"
    return _example(_address("procedures:codes", parameters), {**answer, "results": answer["results"][:1]})


def example_of_suggestions(systems: list[CodeSystem]) -> ExampleAnswer:
    """The suggestions for the beginning of a word, with the first of them."""
    parameters = QueryDict(mutable=True)
    parameters["q"] = _longest_word(_example_code(systems))[:TYPED_LETTERS]
    answer = suggestions_as_json(parameters["q"], systems)
    return _example(_address("procedures:suggest", parameters), {**answer, "suggestions": answer["suggestions"][:1]})


def example_of_decoding(systems: list[CodeSystem]) -> ExampleAnswer:
    """A bill of one line."""
    code = _example_code(systems)
    text = f"{code.code if code else WITHOUT_CODES} x10 $1,234.56"
    return _example(text, decode_bill(text, None, timezone.localdate()).as_json())


def _example_code(systems: list[CodeSystem]) -> MedicalCode | None:
    """The usual example of this site, or else the first code in use of the first code system."""
    preferred = find_codes([PREFERRED])[PREFERRED]
    if preferred or not systems:
        return preferred
    return systems[0].codes.in_use().select_related("system").order_by("normalized").first()


def _longest_word(code: MedicalCode | None) -> str:
    words = tokenize(code.title) if code else []
    return max(words, key=len, default=WITHOUT_CODES)


def _address(name: str, parameters: QueryDict) -> str:
    return f"{reverse(name)}?{parameters.urlencode()}"


def _example(asked: str, answer: dict) -> ExampleAnswer:
    return ExampleAnswer(asked, json.dumps(answer, indent=2, ensure_ascii=False))
