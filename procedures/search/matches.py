"""Says why a result is there: by its code, its description, another name, what an everyday word means, or its guide."""

import re
from collections.abc import Sequence
from html import escape

from procedures.models import CodeName, Guide
from procedures.models.guides import sections_in_order
from procedures.search.engine import EXACT_CODE, MEANT_BY
from procedures.search.names import names_for
from procedures.search.plan import Plan, Term
from procedures.search.text import as_stem, fold, text_of_html
from procedures.search.word_forms import stem

EXCERPT_LENGTH = 160

# Words and what stands between them: every second piece is a word.
_PIECES = re.compile(r"([^\W_]+)")
_DOSE = re.compile(r"(\d+(?:\.\d+)?)([a-z]+)")
_NAME_KINDS = {str(kind): str(label) for kind, label in CodeName.Kind.choices}


class Marker:
    """Tells which words of a text a plan looked for.

    It remembers each word that it met, because the texts of one page share most of theirs.
    """

    def __init__(self, terms: Sequence[Term], meant: Sequence[Term] = ()):
        self._wanted: dict[str, set[int]] = {}
        self._beginnings: list[tuple[str, int]] = []
        self._met: dict[str, frozenset[int]] = {}
        self._all = frozenset(range(len(terms)))
        for number, term in enumerate(terms):
            for text in (*term.typed, *term.forms):
                for part in self._parts_of(text):
                    self._wanted.setdefault(part, set()).add(number)
            if term.beginning:
                self._beginnings.append((term.beginning, number))
        for term in meant:
            for text in (*term.typed, *term.forms):
                self._wanted.setdefault(text, set()).add(-1)

    @staticmethod
    def _parts_of(text: str) -> list[str]:
        """10mg stands in texts as a number and a unit, 0.5 as two numbers."""
        dose = _DOSE.fullmatch(text)
        if dose or text[0].isdigit():
            return [part for piece in (dose.groups() if dose else [text]) for part in piece.split(".")]
        return [text]

    def _terms_in(self, word: str) -> frozenset[int]:
        found = self._met.get(word)
        if found is None:
            folded = fold(word)
            numbers = {*self._wanted.get(folded, ()), *self._wanted.get(as_stem(stem(folded)), ())}
            numbers.update(number for beginning, number in self._beginnings if folded.startswith(beginning))
            found = self._met[word] = frozenset(numbers)
        return found

    def marked(self, text: str) -> tuple[str, bool]:
        """The text as HTML with its words marked, and whether all terms are in it."""
        pieces = _PIECES.split(text)
        seen: set[int] = set()
        safe = not ("&" in text or "<" in text or ">" in text or '"' in text or "'" in text)
        for at in range(1, len(pieces), 2):
            found = self._terms_in(pieces[at])
            if found:
                seen |= found
                pieces[at] = f"<mark>{pieces[at]}</mark>"
        if not safe:
            for at in range(0, len(pieces), 2):
                pieces[at] = escape(pieces[at])
        return "".join(pieces), seen >= self._all

    def holds_all(self, text: str) -> bool:
        seen: set[int] = set()
        for word in _PIECES.findall(text):
            seen |= self._terms_in(word)
        return seen >= self._all

    def holds_any(self, text: str) -> bool:
        return any(self._terms_in(word) for word in _PIECES.findall(text))


def find_matches(plan: Plan, found: list[tuple[int, int, str, str]]) -> dict[int, dict[str, str]]:
    """For each result (primary key, score, code, title): {"kind", "label", "text", "html", "title_html"}.

    `kind` is code, description, name, everyday or guide; `label` says the same to a reader, with the kind of a name;
    `text` is the code, the title, the name, the everyday phrase, or a passage of the guide; `html` is the
    text with the words marked that were looked for, and `title_html` the title. A result whose words are found only
    together, some here and some there, counts as matched by its description.
    """
    if plan.code:
        return {pk: _by_code(plan.code, code, title) for pk, _, code, title in found}
    meant = [term for phrase in plan.phrases for meaning in phrase.meanings for term in meaning.terms]
    marker, meanings = Marker(plan.terms), Marker(plan.terms, meant) if plan.phrases else None
    matches: dict[int, dict[str, str]] = {}
    elsewhere: list[int] = []
    for pk, score, code, title in found:
        if score == EXACT_CODE:
            matches[pk] = _by_code(plan.modifier, code, title)
            continue
        if meanings and score in MEANT_BY:
            text = ", ".join(phrase.text for phrase in plan.phrases)
            marked = {"html": escape(text), "title_html": meanings.marked(title)[0]}
            matches[pk] = {"kind": "everyday", "label": "Everyday word", "text": text, **marked}
            continue
        html, is_there = marker.marked(title)
        told = {"kind": "description", "label": "In its description", "text": title}
        matches[pk] = {**told, "html": html, "title_html": html}
        if not is_there:
            elsewhere.append(pk)
    if elsewhere:
        for pk, match in _matches_elsewhere(marker, elsewhere).items():
            matches[pk] |= match
    return matches


def _by_code(typed: str, code: str, title: str) -> dict[str, str]:
    at, left = 0, len(typed)
    while at < len(code) and left:
        left -= code[at] != "."
        at += 1
    return {
        "kind": "code",
        "label": "Code",
        "text": code,
        "html": f"<mark>{escape(code[:at])}</mark>{escape(code[at:])}",
        "title_html": escape(title),
    }


def _matches_elsewhere(marker: Marker, pks: list[int]) -> dict[int, dict[str, str]]:
    matches: dict[int, dict[str, str]] = {}
    left = []
    names = names_for(pks)
    for pk in pks:
        name = next((each for each in names.get(pk, ()) if marker.holds_all(each.text)), None)
        if name is None:
            left.append(pk)
            continue
        label = _NAME_KINDS[name.kind].capitalize()
        if name.of:
            label += f" of {name.of}, which this code replaces"
        matches[pk] = {"kind": "name", "label": label, "text": name.text, "html": marker.marked(name.text)[0]}
    if left:
        for pk, html in Guide.objects.published().filter(code_id__in=left).values_list("code_id", "html"):
            sections = [text_of_html(section) for section in sections_in_order(html)]
            text = next((section for section in sections if marker.holds_all(section)), " ".join(sections))
            if marker.holds_all(text):
                passage = _excerpt(marker, text)
                marked = marker.marked(passage)[0]
                matches[pk] = {"kind": "guide", "label": "In the guide", "text": passage, "html": marked}
    return matches


def _excerpt(marker: Marker, text: str) -> str:
    """About 160 characters of the text, from a little before the first word that was searched."""
    words = text.split()
    at = next((i for i, word in enumerate(words) if marker.holds_any(word)), 0)
    start = max(0, at - 8)
    excerpt = ""
    for word in words[start:]:
        if len(excerpt) + len(word) >= EXCERPT_LENGTH:
            return ("… " if start else "") + excerpt.strip() + " …"
        excerpt += " " + word
    return ("… " if start else "") + excerpt.strip()
