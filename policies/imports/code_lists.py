"""Reads the codes out of a list as people write it: "J9302, J9301 - J9306; C91.1 | No HCPCS"."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from policies.imports.code_table import MOST_IN_RANGE, CodeTable
from policies.imports.differences import shortened
from policies.licensed_numbers import CDT_DROPPED, CPT_DROPPED, hide_licensed_numbers, is_cdt, is_cpt
from procedures.models.codes import normalize

# Shapes of codes in capitals. One text can have the shape of several systems: M5416 is also ICD-10-CM M54.16.
_HCPCS = re.compile(r"[A-CE-V]\d{4}")
_ICD10CM = re.compile(r"[A-Z]\d[0-9A-Z]{1,5}")
_DOTTED = re.compile(r"(?=.*\d)[A-Z][0-9A-Z]{2}\.[0-9A-Z]{1,4}")
_ICD10PCS = re.compile(r"(?=.*\d)(?=.*[A-Z])[0-9A-HJ-NP-Z]{7}")
# These are codes only where the table has them: GZFZZZZ and QA00 are, BENEFIT and ONE are not.
_RARE = {"icd10cm": re.compile(r"[A-Z][0-9A-Z]{2,6}"), "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}")}
_NUMBERED_SYSTEMS = ("hcpcs", "cpt4", "cdt")

_SEPARATORS = re.compile(r"[,;|\r\n]+")
_NO_CODE = re.compile(
    r"n/?a|none|nil|tbd|not (?:applicable|available|assigned)|-+"
    r"|(?:no|without)(?: (?:specific|applicable|assigned|valid|hcpcs|icd-?10|cpt))*(?: codes?)?",
    re.IGNORECASE,
)
_NOT_APPLICABLE = re.compile(r"(?<!\w)n/a(?!\w)", re.IGNORECASE)
_CODE = r"((?:[A-Za-z][\w-]*\s?:\s?)?[A-Za-z0-9]{3,7}(?:\.[A-Za-z0-9]{1,4})?)"
_TO = r"(?:\s?-\s?|\s(?:to|thru|through)\s)"
_RANGE = re.compile(rf"(?<![\w.:-]){_CODE}{_TO}{_CODE}(?![\w-]|[.:]\w)", re.IGNORECASE)
_RANGE_GOES_ON = re.compile(rf"{_TO}{_CODE}(?!\w)", re.IGNORECASE)
_OPEN_END = re.compile(r"\s(?:-|to|thru|through)$", re.IGNORECASE)
_TOKEN = re.compile(r"(?:([A-Za-z][\w-]*)\s?:\s?)?([^\s/]+)")
_MODIFIERS = re.compile(r"([^-]+)-([A-Z0-9]{2}(?:-[A-Z0-9]{2})*)")
_AROUND = "()[]{}<>\"'“”‘’•·†‡#.:-"

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-") | dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))

# What lists write before codes: names of systems as people spell them, and words that say nothing.
_SPELLINGS = {"hcpcslevelii": "hcpcs", "icd10": "icd10cm", "icd": "icd10cm", "icd10diagnosis": "icd10cm", "cpt": "cpt4"}
_LABELS = {"and", "or", "code", "codes", "level", "ii", "diagnosis", "procedure", "procedures", "dx"}
LONGEST_PROBLEM = 200
_MOST_NAMED = 10


@dataclass(slots=True)
class CodeList:
    """What a list names.

    `codes` are (slug of the code system, normalized code, range or ""), each code once, in the order of the list;
    `unknown` the codes and ranges that no loaded code system has and `dropped` the reasons why others were left out,
    with how often. `problems` are what cannot be read with certainty; `notes` what was read but is no code.
    """

    codes: list[tuple[str, str, str]] = field(default_factory=list)
    unknown: Counter = field(default_factory=Counter)
    dropped: Counter = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_code_list(text: str, table: CodeTable) -> CodeList:
    """Reads any text; never fails. Unless they are licensed, CPT and CDT numbers stand nowhere in the result."""
    return _Reading(table).read(text)


def display_form(system: str, normalized: str) -> str:
    """A code as it is shown: with a dot after the third character in ICD-10-CM."""
    if system == "icd10cm" and len(normalized) > 3:
        return f"{normalized[:3]}.{normalized[3:]}"
    return normalized


class _Reading:
    """One list being read. `found` holds the range, "" for none, by (system, normalized)."""

    def __init__(self, table: CodeTable):
        self.table, self.list = table, CodeList()
        self.found: dict[tuple[str, str], str] = {}
        self.words: list[str] = []
        self.modifiers: list[str] = []

    def read(self, text: str) -> CodeList:
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text).translate(_DASHES)
        for part in _SEPARATORS.split(text):
            self._read_part(" ".join(part.split()))
        self.list.codes = [(system, normalized, named) for (system, normalized), named in self.found.items()]
        for what, words in (("no codes", self.words), ("modifiers, left out", self.modifiers)):
            if words:
                self.list.notes.append(f"{what}: {_named(words)}")
        return self.list

    def _read_part(self, part: str) -> None:
        if _NO_CODE.fullmatch(part.strip(" .()")):
            self.list.notes.append(f"no code: “{part[:60]}”")
        elif part.isalnum():
            self._read_token("", part)
        else:
            # The bullet of a list is no beginning of a range.
            part = _NOT_APPLICABLE.sub(" ", part).removeprefix("- ")
            self._read_words(self._read_ranges(part))

    def _read_ranges(self, part: str) -> str:
        """Reads the ranges and gives what is left."""
        left, start, at = [], 0, 0
        while match := _RANGE.search(part, at):
            if not (self._can_be_code(match[1]) and self._can_be_code(match[2])):
                at = match.start(2)
                continue
            left.append(part[start : match.start()])
            start = at = match.end()
            more = _RANGE_GOES_ON.match(part, at)
            if more and self._can_be_code(more[1]):
                self._problem(f"“{part[match.start() : more.end()]}” is no range that can be read")
                start = at = more.end()
            else:
                self._read_range(match[1], match[2])
        return " ".join([*left, part[start:]])

    def _read_words(self, part: str) -> None:
        for match in _TOKEN.finditer(_OPEN_END.sub("-", part.strip())):
            label, word = match.groups(default="")
            is_open = word.endswith(".-") or (word.endswith("-") and match.end() == match.endpos)
            if is_open and self._can_be_code(word.strip(_AROUND)):
                self._problem(f"“{word}” is a range without its end")
            else:
                self._read_token(label, word)

    def _read_token(self, label: str, word: str) -> None:
        system, label_is_known = self._system(label)
        code = word.strip(_AROUND).upper()
        if not label_is_known:
            if any(map(str.isdigit, code)):
                known = ", ".join(sorted(self.table.systems))
                self._problem(f"“{label}:{word}” names no known code system ({known})")
            else:
                self.words += [f"{label}:", word]
            return
        if label.lower() != system and system not in _systems(code):
            # "CPT: J9302" means no code of CPT.
            system = ""
        if code.endswith("*"):
            code = code.rstrip("*")
            if not _HCPCS.fullmatch(code):
                self._problem(f"“{code}*” names no certain codes: write a range, such as J9301-J9306")
                return
        if "-" not in code and self._read_code(system, code):
            return
        if self._system(code)[1]:
            return
        if "-" in code:
            self._read_hyphenated(system, code)
        elif any(map(str.isalnum, word)):
            self.words.append(word)

    def _read_code(self, system: str, code: str) -> bool:
        """Whether the text is a code, known or not, or a CPT or CDT number; what it is has been noted then."""
        systems = [system] if system else _systems(code)
        normalized = normalize(code) if system else code.replace(".", "")
        for slug in systems:
            if self.table.has(slug, normalized):
                self.found[slug, normalized] = ""
                return True
        if dropped := _dropped(system, code):
            self.list.dropped[dropped] += 1
            return True
        if systems and normalized.isalnum():
            self.list.unknown[display_form(systems[-1] if "." in code else systems[0], normalized)[:40]] += 1
            return True
        rare = self._rare_system(normalized)
        if rare:
            self.found[rare, normalized] = ""
        return bool(rare)

    def _read_hyphenated(self, system: str, code: str) -> None:
        match = _MODIFIERS.fullmatch(code)
        is_number = match and not self.table.has("cpt4", match[1]) and is_cpt(match[1])
        if match and (is_number or not match[2][0].isdigit()) and self._read_code(system, match[1]):
            self.modifiers += [] if is_number else match[2].split("-")
        elif any(self._can_be_code(part) for part in code.split("-")):
            self._problem(f"“{code}” is no range that can be read: write both ends in full, as J9301-J9306")
        else:
            self.words.append(code)

    def _read_range(self, first: str, last: str) -> None:
        (label, first), (other_label, last) = _labelled(first), _labelled(last)
        shown = f"{first.upper()}-{last.upper()}"
        (system, is_known), (other, other_is_known) = self._system(label), self._system(other_label)
        if not (is_known and other_is_known):
            self._problem(f"the range {shown} is of no known code system")
            return
        systems = [slug for slug in _systems(first) if slug in _systems(last)]
        if system or other:
            systems = [system or other] if (other or system) == (system or other) else []
        if not systems:
            self._problem(f"the range {shown} begins in one code system and ends in another")
            return
        ends = normalize(first), normalize(last)
        for slug in systems:
            # M5400 to M5499 are HCPCS codes first, and D0120 to D0180 CDT numbers rather than a piece of ICD-10-CM.
            is_certain = bool(system or other) or slug == _systems(first)[0] == _systems(last)[0]
            is_certain = is_certain or all(self.table.has(slug, end) for end in ends)
            if is_certain and self.table.holds(slug):
                if problem := _range_problem(slug, *ends):
                    self._problem(f"the range {shown} {problem}")
                    return
                if codes := self.table.in_range(slug, *ends):
                    self._add_range(slug, ends, codes)
                    return
        if not (system or other) and _systems(first)[0] != _systems(last)[0]:
            self._problem(f"the range {shown} begins in one code system and ends in another")
        elif dropped := _dropped(system or other, first):
            self.list.dropped[dropped] += 1
        elif problem := _range_problem(systems[0], *ends):
            self._problem(f"the range {shown} {problem}")
        else:
            self.list.unknown["-".join(display_form(systems[0], end) for end in ends)] += 1

    def _add_range(self, system: str, ends: tuple[str, str], codes: list[str]) -> None:
        named = "-".join(display_form(system, end) for end in ends)
        if len(codes) > MOST_IN_RANGE:
            self._problem(f"the range {named} holds more than {MOST_IN_RANGE:,} codes")
            return
        for normalized in codes:
            # A code that is also named by itself keeps that.
            self.found.setdefault((system, normalized), named)

    def _system(self, label: str) -> tuple[str, bool]:
        """The slug that a label such as "HCPCS" means, "" for none, and whether the label is known."""
        if not label:
            return "", True
        name = re.sub(r"[\W_]+", "", label).lower()
        name = _SPELLINGS.get(name, name)
        return (name, True) if name in self.table.systems else ("", label.lower() in _LABELS)

    def _can_be_code(self, text: str) -> bool:
        code = _labelled(text)[1].upper()
        return bool(_systems(code) or self._rare_system(code))

    def _rare_system(self, code: str) -> str:
        return next((slug for slug, shape in _RARE.items() if shape.fullmatch(code) and self.table.has(slug, code)), "")

    def _problem(self, text: str) -> None:
        self.list.problems.append(shortened(hide_licensed_numbers(text), LONGEST_PROBLEM))


def _systems(code: str) -> list[str]:
    """The code systems of which a text has the shape, the likeliest first."""
    code = code.upper()
    if _HCPCS.fullmatch(code):
        return ["hcpcs", "icd10cm"]
    if is_cpt(code):
        return ["cpt4"]
    if is_cdt(code):
        return ["cdt", "icd10cm"]
    if "." in code:
        return ["icd10cm"] if _DOTTED.fullmatch(code) else []
    shapes = (("icd10cm", _ICD10CM), ("icd10pcs", _ICD10PCS))
    return [system for system, shape in shapes if shape.fullmatch(code)]


def _dropped(system: str, code: str) -> str:
    """Why a text that is no known code may not be named; "" where it may."""
    code = code.upper()
    if system == "cpt4" or is_cpt(code):
        return CPT_DROPPED
    return CDT_DROPPED if system == "cdt" or (system != "icd10cm" and is_cdt(code)) else ""


def _range_problem(system: str, first: str, last: str) -> str:
    if first > last:
        return "runs backwards"
    if system in _NUMBERED_SYSTEMS and _number(last) - _number(first) >= MOST_IN_RANGE:
        return f"spans more than {MOST_IN_RANGE:,} numbers"
    return ""


def _number(code: str) -> int:
    """A code of letters and digits as a number, so that B0000 follows A9999."""
    digits = "".join(filter(str.isdigit, code))
    return int(digits or 0) + (ord(code[0]) - ord("A")) * 10_000 * code[0].isalpha()


def _labelled(text: str) -> tuple[str, str]:
    label, _, code = text.rpartition(":")
    return label.strip(), code.strip()


def _named(words: list[str]) -> str:
    words = list(dict.fromkeys(words))
    named = ", ".join(hide_licensed_numbers(word)[:40] for word in words[:_MOST_NAMED])
    return f"{named} and {len(words) - _MOST_NAMED:,} more" if len(words) > _MOST_NAMED else named
