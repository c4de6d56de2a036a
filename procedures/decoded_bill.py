"""Looks up what stands on a bill and answers line by line, in a fixed number of queries whatever the bill."""

import datetime
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.dateformat import format as date_format

from procedures.ambulance_trips import describe_trip, is_ambulance, trip_among
from procedures.bill_lines import BillLine, FoundCode, Reading, read_lines, split_lines
from procedures.code_shapes import (
    CPT,
    CPT_MODIFIER,
    CPT_MODIFIER_CODE,
    HCPCS,
    ICD10CM,
    LICENSED,
    MODIFIER,
    OTHER_KINDS,
    SHAPES,
    respellings,
)
from procedures.models import CodeSystem, MedicalCode, Succession
from procedures.models.codes import Validity

MOST_CODES = 200
# More are not shown, so that a page stays one that a browser can hold.
MOST_LINES = 1_000
# Texts that could be codes: what is looked up at once.
MOST_LOOKED_UP = 2_000
MOST_NEAREST = 6

# What a code says of itself and its successors; the long texts are not shown.
_FACTS = ("system", "listed_in", "first_listed_in", "missing_from")
_LONG_TEXTS = ("long_description", "short_description", "indicators", "remark", "remark_source")


class Status(enum.StrEnum):
    """What became of a code of a bill."""

    FOUND = "found"
    DATE_UNKNOWN = "date-unknown"
    RETIRED = "retired"
    NOT_YET = "not-yet"
    HEADING = "heading"
    UNKNOWN = "unknown"
    NOT_SHOWN = "not-shown"
    OTHER_KIND = "other-kind"


# How the page counts and marks them: in a summary, and beside a code.
SUMMARY_WORDS = {
    Status.FOUND: "found",
    Status.DATE_UNKNOWN: "known, but not for that date",
    Status.RETIRED: "retired",
    Status.NOT_YET: "not yet in use",
    Status.HEADING: "too general",
    Status.UNKNOWN: "unknown",
    Status.NOT_SHOWN: "not shown",
    Status.OTHER_KIND: "of a kind that is not on this site",
}
MARKS = {
    Status.FOUND: "Found",
    Status.DATE_UNKNOWN: "Found, date not known",
    Status.RETIRED: "Retired",
    Status.NOT_YET: "Not yet in use",
    Status.HEADING: "Heading",
    Status.UNKNOWN: "Unknown",
    Status.NOT_SHOWN: "Not shown",
    Status.OTHER_KIND: "Not on this site",
}
_STATUS_OF_STATE = {
    Validity.State.VALID: Status.FOUND,
    Validity.State.UNKNOWN: Status.DATE_UNKNOWN,
    Validity.State.ENDED: Status.RETIRED,
    Validity.State.NOT_YET: Status.NOT_YET,
    Validity.State.HEADER: Status.HEADING,
}


@dataclass(frozen=True, slots=True)
class CodeLink:
    """Another code that the answer names."""

    system: str
    code: str
    title: str
    url: str

    @classmethod
    def to(cls, code: MedicalCode) -> "CodeLink":
        return cls(code.system.slug, code.code, code.title, code.get_absolute_url())


@dataclass(slots=True)
class DecodedModifier:
    """A modifier of a code; without `title` and `url` where this site has none for it. `problem` is a sentence.

    The trip of an ambulance ("From a hospital to the patient’s home") has a title and no page.
    """

    code: str
    status: Status
    title: str = ""
    url: str = ""
    problem: str = ""


@dataclass(slots=True)
class DecodedCode:
    """The answer to one code of a line.

    `typed` is what stands on the bill, `code` how it is written here. `valid_on` is the day that `status` holds for.
    `problem` is a sentence, "" where the code is found and in use. `replaced_by` are the codes that were valid on that
    day in its place; `nearest` are known codes that an unknown one may have been meant for.
    """

    typed: str
    status: Status
    valid_on: datetime.date
    system: str = ""
    system_label: str = ""
    code: str = ""
    title: str = ""
    url: str = ""
    problem: str = ""
    note: str = ""
    units: str = ""
    replaced_by: list[CodeLink] = field(default_factory=list)
    nearest: list[CodeLink] = field(default_factory=list)
    modifiers: list[DecodedModifier] = field(default_factory=list)

    @property
    def mark(self) -> str:
        return MARKS[self.status]


@dataclass(slots=True)
class DecodedLine:
    """A line of the bill with its answers; `date` is the day of service that the line or a heading above it gives."""

    number: int
    text: str
    date: datetime.date | None
    prices: list[str]
    codes: list[DecodedCode] = field(default_factory=list)


@dataclass(slots=True)
class DecodedBill:
    """All lines of a bill. `codes_left_out` and `lines_left_out` count what is beyond 200 codes and 1,000 lines.

    `undated_on` is the day that codes without a date were checked for, and `is_only_date` tells that it is the only day
    of service on the bill.
    """

    lines: list[DecodedLine]
    undated_on: datetime.date
    is_only_date: bool = False
    codes_left_out: int = 0
    lines_left_out: int = 0

    @property
    def codes(self) -> Iterator[DecodedCode]:
        return (code for line in self.lines for code in line.codes)

    @property
    def counts(self) -> dict[str, int]:
        """How many codes there are of each status, and in all ("codes")."""
        found = dict.fromkeys(Status, 0)
        for code in self.codes:
            found[code.status] += 1
        return {"codes": sum(found.values())} | {status.value: count for status, count in found.items()}

    @property
    def summary(self) -> str:
        """ "12 codes: 9 found, 1 retired, 2 not shown"."""
        counts = self.counts
        total = counts["codes"]
        if not total:
            return "No codes were found in the text"
        parts = [f"{counts[status]} {words}" for status, words in SUMMARY_WORDS.items() if counts[status]]
        return f"{total} code{'' if total == 1 else 's'}: {', '.join(parts)}"

    def as_json(self) -> dict:
        """The answer as JSON: lines that are not blank, in order, and counts.

        {"lines": [{"number": 1, "text": "J9302-JW 01/15/2018 x10 $1,234.56", "date": "2018-01-15" or null,
                    "prices": ["$1,234.56"],
                    "codes": [{"typed": "J9302", "system": "hcpcs", "code": "J9302", "title": ..., "url": "/code/...",
                               "status": ..., "valid_on": "2018-01-15", "problem": "", "note": "", "units": "10",
                               "replaced_by": [{"system", "code", "title", "url"}], "nearest": [the same],
                               "modifiers": [{"code": "JW", "status", "title", "url", "problem"}]}]}],
         "counts": {"codes": 1, "found": 1, "date-unknown": 0, "retired": 0, "not-yet": 0, "heading": 0, "unknown": 0,
                    "not-shown": 0, "other-kind": 0},
         "codes_left_out": 0, "lines_left_out": 0}

        `valid_on` is the day for which `status` holds: that of the line, else the one that was asked for, else the only
        day of service on the bill, else today.
        `status` is `found` (in use on that day), `date-unknown` (known, but the releases here do not tell of that day),
        `retired`, `not-yet`, `heading` (choose a more specific code), `unknown`, `not-shown` (its description needs a
        license: CPT, CDT) or `other-kind` (NDC, revenue code, MS-DRG, ICD-9-CM). `system` is a slug of this site, or
        `ndc`, `revenue`, `ms-drg`, `icd9`, `modifier`, `cpt-modifier`; `title` and `url` are "" where there is no page.
        `problem` and `note` are sentences or "".
        """
        return {
            "lines": [
                {
                    "number": line.number,
                    "text": line.text,
                    "date": line.date.isoformat() if line.date else None,
                    "prices": line.prices,
                    "codes": [_code_as_json(code) for code in line.codes],
                }
                for line in self.lines
            ],
            "counts": self.counts,
            "codes_left_out": self.codes_left_out,
            "lines_left_out": self.lines_left_out,
        }


def _code_as_json(code: DecodedCode) -> dict:
    links = {
        name: [{"system": each.system, "code": each.code, "title": each.title, "url": each.url} for each in found]
        for name, found in (("replaced_by", code.replaced_by), ("nearest", code.nearest))
    }
    return {
        "typed": code.typed,
        "system": code.system,
        "code": code.code,
        "title": code.title,
        "url": code.url,
        "status": code.status.value,
        "valid_on": code.valid_on.isoformat(),
        "problem": code.problem,
        "note": code.note,
        "units": code.units,
        **links,
        "modifiers": [
            {
                "code": each.code,
                "status": each.status.value,
                "title": each.title,
                "url": each.url,
                "problem": each.problem,
            }
            for each in code.modifiers
        ],
    }


def decode_bill(text: str, on: datetime.date | None, today: datetime.date) -> DecodedBill:
    """Answers for every line of any text.

    `on` is the day of service of the lines that give none; without it, the only one on the bill counts, else today.
    """
    written = split_lines(text)
    left_out = max(0, len(written) - MOST_LINES)
    lines = read_lines(written[:MOST_LINES], today)
    known = _KnownCodes(lines)
    chosen = [(line, [found for code in line.codes if (found := known.choose(code))]) for line in lines]
    days = {code.date for _, found in chosen for code, *_ in found if code.date}
    is_only_date = on is None and len(days) == 1
    bill = DecodedBill(
        [], on or (min(days) if is_only_date else today), is_only_date=is_only_date, lines_left_out=left_out
    )
    room = MOST_CODES
    for line, found in chosen:
        prices = [*line.prices, *(code.typed for code in line.codes if known.is_amount(code))]
        answered = DecodedLine(line.number, line.text, line.date, prices)
        answers = [_Answer(known, *each, each[0].date or bill.undated_on, today) for each in found[:room]]
        answered.codes = [answer.make() for answer in answers]
        bill.codes_left_out += len(found) - len(answers)
        room -= len(answers)
        bill.lines.append(answered)
    return bill


class _KnownCodes:
    """The codes of all lines that are on this site, found at once."""

    def __init__(self, lines: Iterable[BillLine]):
        self.systems = {system.slug: system for system in CodeSystem.objects.searchable()}
        # Where there are too many, those that only a list could make codes are text.
        found = sorted((code for line in lines for code in line.codes), key=lambda code: not code.kind)[:MOST_LOOKED_UP]
        self.looked_up = {id(code) for code in found}
        wanted = {(each.system, each.spelling) for code in found for each in code.readings}
        wanted |= {(HCPCS, each.typed) for code in found for reading in code.readings for each in reading.modifiers}
        self.codes: dict[tuple[str, str], MedicalCode] = {}
        self._look_up(wanted)
        missing = [reading for code in found if not self._known_reading(code) for reading in code.readings]
        # Each missing reading may bring 32 spellings: those of the first ones are enough for a real bill.
        slips = [(each.system, new) for each in missing for new in respellings(each.system, each.spelling)]
        beside = [pair for code in found if code.kind for each in code.readings[:1] for pair in _beside(each)]
        self._look_up({*islice(dict.fromkeys(slips), MOST_LOOKED_UP), *islice(dict.fromkeys(beside), MOST_LOOKED_UP)})
        prefetch_related_objects(list(self.codes.values()), *_SUCCESSIONS)

    def _look_up(self, wanted: set[tuple[str, str]]) -> None:
        spellings = {spelling for system, spelling in wanted - self.codes.keys() if system in self.systems}
        if not spellings:
            return
        # The systems are named because the index begins with them.
        codes = MedicalCode.objects.filter(system__in=self.systems.values(), normalized__in=spellings)
        for code in codes.select_related(*_FACTS).defer(*_LONG_TEXTS).order_by():
            self.codes[code.system.slug, code.normalized] = code

    def get(self, reading: Reading) -> MedicalCode | None:
        return self.codes.get((reading.system, reading.spelling))

    def _known_reading(self, found: FoundCode) -> Reading | None:
        is_modifier = len(found.typed) == 2
        for reading in found.readings:
            code = self.get(reading)
            if code and (code.kind == MedicalCode.Kind.MODIFIER) is is_modifier:
                return reading
        return None

    def is_amount(self, found: FoundCode) -> bool:
        """Whether a number is an amount because a list of codes has the code before it on a row of columns."""
        return bool(found.amount_of and (reading := self._known_reading(found.amount_of)) and reading.system == HCPCS)

    def choose(self, found: FoundCode) -> tuple[FoundCode, Reading | None, MedicalCode | None, bool] | None:
        """The reading that a list of codes has, with the code and whether its spelling was corrected.

        Without code where the text is still to be answered, and None where it is plain text.
        """
        if self.is_amount(found):
            return None
        if reading := self._known_reading(found):
            return found, reading, self.get(reading), False
        if id(found) in self.looked_up:
            for reading in found.readings:
                for spelling in respellings(reading.system, reading.spelling):
                    if code := self.get(Reading(reading.system, spelling)):
                        return found, reading, code, True
        if not found.kind:
            return None
        reading = next((each for each in found.readings if each.system == found.kind), None)
        return found, reading, None, False

    def modifier(self, spelling: str) -> MedicalCode | None:
        code = self.codes.get((HCPCS, spelling))
        return code if code and code.kind == MedicalCode.Kind.MODIFIER else None

    def nearest(self, reading: Reading) -> list[MedicalCode]:
        found = [self.codes[pair] for pair in _beside(reading) if pair in self.codes]
        return found[: 1 if reading.system == ICD10CM else MOST_NEAREST]


_SUCCESSOR = Succession.objects.select_related(*(f"successor__{name}" for name in _FACTS)).defer(
    *(f"successor__{name}" for name in _LONG_TEXTS)
)
_PREDECESSOR = Succession.objects.select_related(*(f"predecessor__{name}" for name in _FACTS)).defer(
    *(f"predecessor__{name}" for name in _LONG_TEXTS)
)
_SUCCESSIONS = (Prefetch("successions", _SUCCESSOR), Prefetch("precessions", _PREDECESSOR))


def _beside(reading: Reading) -> list[tuple[str, str]]:
    """Spellings near one that may be unknown, the nearest first: other last digits, or the headings above."""
    spelling = reading.spelling
    if reading.system == HCPCS and spelling[-1:].isdigit():
        digits = sorted("0123456789", key=lambda digit: abs(int(digit) - int(spelling[-1])))
        return [(HCPCS, spelling[:-1] + digit) for digit in digits[1:]]
    if reading.system == ICD10CM:
        return [(ICD10CM, spelling[:length]) for length in range(len(spelling) - 1, 2, -1)]
    return []


@dataclass(slots=True)
class _Answer:
    """What is said of one code on one day."""

    known: _KnownCodes
    found: FoundCode
    reading: Reading | None
    code: MedicalCode | None
    is_corrected: bool
    on: datetime.date
    today: datetime.date

    def make(self) -> DecodedCode:
        answer = self._known() if self.code else self._not_known()
        answer.units = self.found.units
        answer.modifiers = list(self._modifiers())
        return answer

    def _known(self) -> DecodedCode:
        code = self.code
        state = code.validity(self.on).state
        answer = DecodedCode(
            self.found.typed,
            _STATUS_OF_STATE[state],
            self.on,
            system=code.system.slug,
            system_label=f"{code.system.name} modifier" if len(code.normalized) == 2 else code.system.label,
            code=code.code,
            title=code.title,
            url=code.get_absolute_url(),
        )
        if answer.status in (Status.RETIRED, Status.NOT_YET):
            answer.replaced_by = [CodeLink.to(each) for each in self._valid_instead()]
        answer.problem = self._problem(answer)
        answer.note = self._note()
        return answer

    def _valid_instead(self) -> list[MedicalCode]:
        """Successors and predecessors that were valid on the day."""
        related = [each.successor for each in self.code.successions.all()]
        related += [each.predecessor for each in self.code.precessions.all()]
        shown = [each for each in related if each.system.slug in self.known.systems]
        return [each for each in shown if each.validity(self.on).state == Validity.State.VALID]

    def _problem(self, answer: DecodedCode) -> str:
        code, day = self.code, _in_words(self.on)
        if answer.status == Status.RETIRED:
            if code.terminated:
                said = f"Not in use on {day}: its last day was {_in_words(code.terminated)}."
            else:
                said = f"Not in use on {day}: the release of {code.missing_from.label} does not list it."
            return said if answer.replaced_by else f"{said} This site knows of no code in its place on that day."
        if answer.status == Status.NOT_YET:
            return f"Not yet in use on {day}: its first day {self._is_or_was(code.added)} {_in_words(code.added)}."
        if answer.status == Status.HEADING:
            return "A heading is never valid by itself: choose a more specific code."
        if answer.status == Status.DATE_UNKNOWN:
            return f"The releases on this site do not tell whether it was in use on {day}."
        return ""

    def _is_or_was(self, day: datetime.date) -> str:
        return "is" if day > self.today else "was"

    def _note(self) -> str:
        if self.is_corrected:
            return f"The text says {self.found.typed}. That is no known code; {self.code.code} is, and looks alike."
        others = [
            other
            for each in self.found.readings
            if each != self.reading and not each.modifiers and (other := self.known.get(each))
        ]
        if others and len(others[0].normalized) == len(self.code.normalized):
            return f"Written so, it could also be the {others[0].system.label} {others[0].code}, {others[0].title}."
        if licensed := next((each for each in self.found.readings if each.system in LICENSED), None):
            return f"Written so, it could also be {SHAPES[licensed.system].name}."
        return ""

    def _not_known(self) -> DecodedCode:
        kind = self.found.kind
        status = Status.NOT_SHOWN if kind in LICENSED else Status.OTHER_KIND if kind in OTHER_KINDS else Status.UNKNOWN
        nearest = self.known.nearest(self.reading) if self.reading and status == Status.UNKNOWN else []
        is_sure = self.found.is_sure or kind != CPT
        has_modifiers = bool(self.reading and self.reading.modifiers)
        return DecodedCode(
            self.found.typed,
            status,
            self.on,
            system=kind,
            code=self.reading.spelling if has_modifiers else self.found.typed.upper(),
            problem=SHAPES[kind].sentence(self.found.typed, is_sure=is_sure),
            nearest=[CodeLink.to(each) for each in nearest],
        )

    def _modifiers(self) -> Iterator[DecodedModifier]:
        """What a list has is a modifier; what else stands there is one only if it was attached to the code."""
        trip = self._trip()
        for each in self.reading.modifiers if self.reading else ():
            code = self.known.modifier(each.typed)
            if each.typed == trip:
                yield DecodedModifier(trip, Status.FOUND, describe_trip(trip))
            elif code:
                yield self._known_modifier(code)
            elif CPT_MODIFIER_CODE.fullmatch(each.typed):
                problem = SHAPES[CPT_MODIFIER].sentence(each.typed)
                yield DecodedModifier(each.typed, Status.NOT_SHOWN, problem=problem)
            elif each.is_attached:
                yield DecodedModifier(each.typed, Status.UNKNOWN, problem=SHAPES[MODIFIER].sentence(each.typed))
            else:
                # What stands behind plain text does so, too.
                return

    def _trip(self) -> str:
        """The modifier that tells the trip of an ambulance, whatever it means elsewhere."""
        if not self.reading or self.reading.system != HCPCS:
            return ""
        spelling = self.code.normalized if self.code else self.reading.spelling
        return trip_among([each.typed for each in self.reading.modifiers]) if is_ambulance(spelling) else ""

    def _known_modifier(self, code: MedicalCode) -> DecodedModifier:
        status = _STATUS_OF_STATE[code.validity(self.on).state]
        said = {
            Status.RETIRED: f"Not in use on {_in_words(self.on)}.",
            Status.NOT_YET: f"Not yet in use on {_in_words(self.on)}.",
        }
        return DecodedModifier(code.code, status, code.title, code.get_absolute_url(), said.get(status, ""))


def _in_words(day: datetime.date) -> str:
    return date_format(day, "j F Y")
