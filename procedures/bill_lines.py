"""Reads what stands on a bill, on an explanation of benefits or in a photographed text: codes, dates, units, prices.

It takes any text, never fails and knows no database: of a text that could be a code it tells every way to read it,
and whether its place on the line makes it one. procedures.decoded_bill asks the lists of codes.
"""

import datetime
import re
import unicodedata
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from procedures.bill_words import (
    CPT_MODIFIERS,
    DIAGNOSIS_LABELS,
    IDENTIFIER_LABELS,
    MODIFIER_LABELS,
    MONTHS,
    NAME_LABELS,
    NUMBER_LABELS,
    NUMBER_MARKS,
    NUMBER_WORDS,
    PROCEDURE_LABELS,
    SMALL_WORDS,
    STATES,
    STREETS,
    THINGS_WITH_NUMBERS,
    UNITS,
)
from procedures.code_shapes import (
    CDT,
    CPT,
    CPT_MODIFIER,
    CPT_MODIFIER_CODE,
    DRG,
    HCPCS,
    HCPCS_CODE,
    HCPCS_LETTERS,
    ICD9,
    ICD10CM,
    ICD10CM_CODE,
    ICD10PCS,
    ICD10PCS_CODE,
    MODIFIER,
    NDC,
    REVENUE,
)

MOST_MODIFIERS = 4


@dataclass(frozen=True, slots=True)
class FoundModifier:
    """Two characters after a code, in capitals. `is_attached`: with a hyphen or nothing between, so surely meant."""

    typed: str
    is_attached: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text as a code: the code system and the normalized spelling in it."""

    system: str
    spelling: str
    modifiers: tuple[FoundModifier, ...] = ()


@dataclass(slots=True)
class FoundCode:
    """A text that is a code, or that is one if a list of codes has it.

    `readings` are in order of preference. `kind` (procedures.code_shapes) is what it is taken for where no list has a
    reading, "" for plain text; `is_sure` tells whether its place says so too. `units` are as written ("10", "2.5").
    `date` is the day of service that the line gives, and `start` its place on the line. `amount_of` is the code before
    it on a row of columns: if a list of codes has that, this number is an amount of money.
    """

    typed: str
    start: int
    readings: tuple[Reading, ...]
    kind: str = ""
    is_sure: bool = True
    units: str = ""
    date: datetime.date | None = None
    amount_of: "FoundCode | None" = None


@dataclass(slots=True)
class BillLine:
    """A line that is not blank: its number (from 1, blank lines counted), its text, and what was found on it.

    `date` is the first day of service on the line, or of a heading above it ("Date of service: ..."); `prices` are
    amounts as they are written.
    """

    number: int
    text: str
    codes: list[FoundCode] = field(default_factory=list)
    date: datetime.date | None = None
    prices: list[str] = field(default_factory=list)


def read_bill(text: str, today: datetime.date) -> list[BillLine]:
    """The lines of any text that are not blank, in order. `today` decides the century of a year of two digits."""
    return read_lines(split_lines(text), today)


def split_lines(text: str) -> list[tuple[int, str]]:
    """The lines of a text that are not blank, without what nobody sees, and with their numbers."""
    lines = ((number, _clean(line)) for number, line in enumerate(_LINE_BREAK.split(text), 1))
    return [(number, line) for number, line in lines if line]


def read_lines(lines: Iterable[tuple[int, str]], today: datetime.date) -> list[BillLine]:
    """What stands on lines that `split_lines` made."""
    found = []
    heading_date = None
    remarks = _RemarkColumn()
    for number, shown in lines:
        line, dates = _LineReader(number, shown, today, remarks.find(shown)).read()
        if dates and _SERVICE_HEADING.search(shown):
            heading_date = dates[0]
        line.date = dates[0] if dates else heading_date
        for code in line.codes:
            code.date = code.date or line.date
        found.append(line)
    return found


_LINE_BREAK = re.compile("\r\n?|[\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def _clean(raw: str) -> str:
    return _UNSEEN.sub("", raw.replace("\xa0", " ")).strip()


def _plain(text: str) -> str:
    """The text in ASCII where it can be, character by character, so that places stay: wide letters, dashes, blanks."""
    return text if text.isascii() else "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isascii():
        return character
    if character in "×✕✖":
        return "x"
    category = unicodedata.category(character)
    if category in ("Pd", "Zs") or character == "\N{MINUS SIGN}":
        return " " if category == "Zs" else "-"
    plain = unicodedata.normalize("NFKC", character)
    # A letter that no code has stays a letter: it may not end the word around it.
    return plain if len(plain) == 1 and plain.isascii() else ("é" if character.isalnum() else "~")


# What was read already is covered with this character, which no cleaned text holds.
_COVER = "\0"

_DAY, _MONTH, _YEAR = r"(?P<day>\d{1,2})", r"(?P<month>\d{1,2})", r"(?P<year>\d{4})"
_NAME = rf"(?P<name>{'|'.join(MONTHS)})[a-z]{{0,6}}\.?"
_DATES = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"(?<![\d/.$-]){_YEAR}(?P<mark>[-/.]){_MONTH}(?P=mark){_DAY}(?![\d/]|[.-]\d)",
        # "1-15-18", "01/15/2018"; where the first number is above twelve, the day came first.
        rf"(?<![\d/.$-]){_MONTH}(?P<mark>[-/.]){_DAY}(?P=mark)(?P<year>\d{{4}}|\d\d)(?![\d/]|[.-]\d)",
        rf"(?<![a-z\d]){_NAME}\s{{0,2}}(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?:,?\s{{1,2}}{_YEAR}|,\s?'?(?P<short>\d\d))(?!\d)",
        rf"(?<![\w.$]){_DAY}(?:[-\s]{_NAME}[-\s,]{{1,2}}|{_NAME.replace('name', 'glued')})"
        r"(?P<year>\d{4}|(?<=-)\d\d)(?!\d)",
        # As machines write it, and as the form CMS-1500 does, whose "from" and "to" stand side by side.
        r"(?<![\w.$#-])(?P<month>[01]\d)(?P<day>[0-3]\d)(?P<year>(?:19|20)\d\d)(?![\w.]|-\d)",
        r"(?<![\w.$#-])(?P<year>(?:19|20)\d\d)(?P<month>[01]\d)(?P<day>[0-3]\d)(?![\w.]|-\d)",
        r"(?<![\w.$-])(?P<month>[01]\d) (?P<day>[0-3]\d) (?P<year>20\d\d|\d\d)"
        r"(?=\s{1,3}[01]\d [0-3]\d (?:20)?\d\d(?!\d))",
        r"(?<=\0\s)(?P<month>[01]\d) (?P<day>[0-3]\d) (?P<year>20\d\d|\d\d)(?![\w.-])",
    )
]
# Between the first and the last day of a service.
_THROUGH = re.compile(r"\s*(?:-|to|thru|through|until)?\s*", re.IGNORECASE)
# Before a date that is no day of service.
_OTHER_DATE = re.compile(
    r"\b(?:dob|d\.o\.b|birth|born|statement|printed|issued|due|paid|posted|received|processed|expires|exp)\b[^\d\0]{0,15}$",
    re.IGNORECASE,
)
_SERVICE_HEADING = re.compile(r"\b(?:dates? of (?:service|visit)|(?:service|visit) dates?|dos)\b", re.IGNORECASE)

# Numbers that are no codes: addresses on the web, social security and telephone numbers, longer postal codes, times.
_NO_CODES = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        r"(?:https?://|www\.)[^\s\0]{1,300}",
        r"[\w.+-]{1,64}@[\w.-]{1,255}",
        r"(?<![\w-])\d{3}-\d\d-\d{4}(?![\w-])",
        r"(?<!\w)(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}(?!\w)",
        r"(?<![\w-])\d{3}-\d{4}(?![\w-])",
        r"(?<![\w-])\d{5}-\d{4}(?![\w-])",
        r"(?<!\d)\d{1,2}:\d\d(?::\d\d)?\s?(?:[ap]\.?m\b)?",
        r"\d{1,3}(?:\.\d{1,2})?\s?%",
    )
]
_NDC = re.compile(
    r"(?<![\w-])(?:N4)?(?P<code>\d{5}-\d{4}-\d{1,2}|\d{5}-\d{3}-\d\d|\d{4}-\d{4}-\d\d|(?<=N4)\d{11})(?!\d|-\d)",
    re.IGNORECASE | re.ASCII,
)
_LABELED_NDC = re.compile(r"\bNDC[\s:#.]{0,4}(?P<code>\d{10,11})(?!\d)", re.IGNORECASE | re.ASCII)
_PRICE = re.compile(
    r"(?:\$\s?\d[\d,]{0,14}(?:\.\d{1,2})?|(?<![\w.,-])\d{1,3}(?:,\d{3}){1,4}(?:\.\d\d)?|(?<![\w.,])\d{1,9}\.\d\d)"
    r"(?![\w]|[.,]\d|\s?(?:mg|mcg|ml|g|kg|cm|mm|cc|units?|un)\b)",
    re.IGNORECASE | re.ASCII,
)
_DOTTED = re.compile(r"(?<![\w.])(?P<code>[A-Z][\dOILS][\dA-Z]\.[\dA-Z]{1,4})(?![\w]|\.\w)", re.IGNORECASE | re.ASCII)
_DOTTED_ICD9 = re.compile(r"(?<![\w.])(?P<code>E\d{3}\.\d)(?![\w]|\.\w)", re.IGNORECASE | re.ASCII)
# What stands behind this label up to another one is ICD-9-CM: without a dot or with two digits before it only where
# nothing but marks stands between, else also among words.
_ICD9_LABEL = re.compile(r"(?<![a-z\d])ICD[- ]?9(?:[- ]?CM)?(?![\w-])(?: codes?\b)?[\s:#()=-]{0,4}", re.IGNORECASE)
_OTHER_LABEL = re.compile(
    r"(?<![a-z])(?:ICD[- ]?10|CPT|HCPCS|NDC|REV|REVENUE|DRG|MODIFIERS?|CHARGES?|PRICE|AMOUNT|TOTAL|PAID|DUE)(?![a-z])",
    re.IGNORECASE,
)
_ICD9_BESIDE = re.compile(
    r"[ ,;/&]*(?P<code>\d{2,3}\.\d{1,2}|\d{3,5}|V\d\d(?:\.?\d{1,2})?|E\d{3}(?:\.?\d)?)(?![\w]|[./-]\d)",
    re.IGNORECASE | re.ASCII,
)
_ICD9_AMONG_WORDS = re.compile(
    r"(?<![\w.$])(?P<code>\d{3}\.\d{1,2}|V\d\d(?:\.\d{1,2})?|E\d{3}(?:\.\d)?)(?![\w]|[./-]\d|\s?(?:mg|mcg|ml|g|kg)\b)",
    re.IGNORECASE | re.ASCII,
)

# Codes by which a health plan gives its reasons: RARC (N130, MA01, M15) and CARC (45, CO-45, B7).
_REASON = (
    r"(?:(?:CO|PR|OA|PI|CR)[- ]?)?(?:MA?\d{1,3}|N\d{1,4}|[ABPWY]\d{1,2}|\d{1,3})(?![\w]|[./-]\d)"
    r"(?!\s?(?:units?|un|ea|mg|mcg|ml|g|kg)\b)"
)
_REASONS = rf"(?P<reasons>{_REASON}(?:[\s,;/&]{{1,3}}{_REASON})*)"
_LABELED_REASONS = re.compile(
    rf"(?<![a-z])(?:remarks?|reason\s+codes?|[RC]ARCs?)(?:\s+codes?)?[\s:#=-]{{1,4}}{_REASONS}",
    re.IGNORECASE | re.ASCII,
)
_ONLY_REASONS = re.compile(_REASONS, re.IGNORECASE | re.ASCII)
_REMARK_HEADING = re.compile(
    r"(?<![a-z])(?:remarks?|rmk|[RC]ARC|reasons?|adj(?:ustment)? codes?)(?![a-z])", re.IGNORECASE
)
_COLUMNS = re.compile(r"[|\t]| {2,}|;")
_DOSE = re.compile(r"\d(?:mg|mcg|ml|g|kg|cm|mm|cc)$", re.IGNORECASE | re.ASCII)

_COUNT = r"(?P<count>\d{1,6}(?:\.\d{1,3})?)"
# The surest first.
_UNITS = [
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (
        rf"(?<![a-z])(?:qty|quantity|units?)\s{{0,3}}[:=.#]?\s{{0,3}}{_COUNT}(?![\w]|[./]\d)",
        rf"(?<![a-z])x\s?{_COUNT}(?![\w]|[./]\d)",
        r"(?<![\w.$])(?P<count>\d{1,4})\s?x(?![a-z\d])",
        rf"(?<![\w.$,/-]){_COUNT}\s?(?:units?|un|ea|each)\b",
    )
]
# Without a code before it, this is no count: X9999.
_LIKE_A_CODE = re.compile(r"X\d{4}", re.ASCII)
# "per 50 units" and "up to 100 units" tell what a code is, not how many there were.
_OF_THE_CODE = re.compile(r"(?:\bper|\bup to|\beach|,)\s*$", re.IGNORECASE)

_TOKEN = re.compile(r"[A-Za-z0-9é]+")
_FOUR_DIGITS = re.compile(r"\d{4}", re.ASCII)
_GAP_OF_LABEL = re.compile(r" ?[.:#]{0,3} ?#?")
_BARE_NUMBER = re.compile(r"(?<!\w)\d+(?!\w)", re.ASCII)
_COLUMN_GAP = re.compile(r"[ \t|]{1,40}")
_GAP_BEFORE_MODIFIER = re.compile(r"[ \t]{0,4}[-,:/|;]?[ \t]{0,4}")
_GLUED_UNITS = re.compile(r"(?:QTY|UNITS?|UN|X)\d{0,6}")

# Codes of these kinds are not counted.
_WITHOUT_UNITS = frozenset([ICD10CM, ICD10PCS, ICD9, DRG, MODIFIER, CPT_MODIFIER])

_CPT = re.compile(r"(?P<code>\d{5}|\d{4}[FMTU])(?P<rest>(?:[A-Z][A-Z0-9]){0,2})", re.ASCII)
_LETTER_AND_DIGITS = re.compile(r"(?P<code>[A-Z]\d{4})(?P<rest>[A-Z0-9]*)", re.ASCII)
_GLUED_MODIFIERS = re.compile(r"(?:[A-Z][A-Z0-9]|\d\d){1,4}", re.ASCII)
# Of ICD-10-PCS; no code of CPT begins so.
_TRANSFUSION = re.compile(r"302[34]\d[A-Z]\d", re.ASCII)
# The sections of ICD-10-PCS that begin with a digit, each with its body systems.
_ICD10PCS_BEGINNING = re.compile(r"0[0-9B-DF-HJ-NP-Y]|10|2[WY]|3[0CE]|4[AB]|5[A1]|6A|7W|8[CE]|9W", re.ASCII)
_GARBLED_HCPCS = re.compile(rf"[{HCPCS_LETTERS}][\dOILS]{{4}}", re.ASCII)
_GARBLED_ICD = re.compile(r"[A-Z][\dOILS][\dA-Z]{2,5}", re.ASCII)


@dataclass(slots=True)
class _Token:
    text: str
    start: int
    end: int
    upper: str


class _RemarkColumn:
    """The column of remarks, from the line that names the columns on."""

    def __init__(self):
        self.place: int | None = None
        self.columns = 0

    def find(self, shown: str) -> tuple[int, int]:
        """Where on a line the codes of that column stand; (0, 0) for none."""
        cells = _cells(shown)
        if len(cells) < 2:
            return 0, 0
        texts = [shown[start:end] for start, end in cells]
        named = [place for place, text in enumerate(texts) if _REMARK_HEADING.search(text)]
        if named and not any(character.isdigit() for character in shown):
            self.place, self.columns = named[0], len(cells)
        elif self.place is not None:
            # A row may end before its empty cells, or leave some out where blanks stand between.
            is_last = self.place == self.columns - 1
            place = -1 if is_last else self.place
            if (is_last or len(cells) == self.columns) and _ONLY_REASONS.fullmatch(texts[place].strip()):
                return cells[place]
        return 0, 0


def _cells(text: str) -> list[tuple[int, int]]:
    """The places of the cells of a row of columns."""
    marks = [match.span() for match in _COLUMNS.finditer(text)]
    return list(zip([0, *(end for _, end in marks)], [*(start for start, _ in marks), len(text)], strict=True))


class _LineReader:
    """Reads one line: what is surely no code is covered first, then the rest is read word by word."""

    def __init__(self, number: int, shown: str, today: datetime.date, remarks: tuple[int, int]):
        self.line = BillLine(number, shown)
        self.today = today
        self.remarks = remarks
        # Places in it are places in the line.
        self.text = _plain(shown)
        self.codes: list[FoundCode] = []
        self.has_service_facts = False
        # Whether a number in a column is an amount: the row has a date and columns, and no amount written as one.
        self.is_bare_row = False

    def read(self) -> tuple[BillLine, list[datetime.date]]:
        """The line, and the days of service that stand on it."""
        self._cover(*self.remarks)
        dates = self._read_dates()
        for match in list(_LABELED_REASONS.finditer(self.text)):
            self._cover(*match.span("reasons"))
        self._read_codes_with_marks()
        for pattern in _NO_CODES:
            self._cover_all(pattern)
        prices = self._cover_all(_PRICE)
        self.line.prices = [self.line.text[start:end] for start, end in prices]
        units = self._read_units()
        self.has_service_facts = bool(dates or prices or units)
        self.is_bare_row = bool(dates and not prices and len(_COLUMNS.findall(self.line.text)) >= 2)
        units += self._read_words({start for start, _ in prices})
        self.codes.sort(key=lambda code: code.start)
        self._give_units(units)
        if self.is_bare_row and not units:
            self._read_bare_row()
        self._give_dates(dates)
        self.line.codes = self.codes
        return self.line, [day for _, day in dates]

    def _cover(self, start: int, end: int) -> None:
        self.text = self.text[:start] + _COVER * (end - start) + self.text[end:]

    def _cover_all(self, pattern: re.Pattern) -> list[tuple[int, int]]:
        spans = [match.span() for match in pattern.finditer(self.text)]
        if spans:
            self.text = pattern.sub(lambda match: _COVER * len(match[0]), self.text)
        return spans

    # Dates

    def _read_dates(self) -> list[tuple[int, datetime.date]]:
        """Days of service with their places; the last day of a span and other dates are covered and left out."""
        found: list[tuple[int, int, datetime.date]] = []
        for pattern in _DATES:
            matches = [(match, day) for match in pattern.finditer(self.text) if (day := self._as_day(match))]
            for match, day in matches:
                found.append((*match.span(), day))
            for match, _ in matches:
                self._cover(*match.span())
        found.sort()
        ends = {
            second[0]
            for first, second in pairwise(found)
            if _THROUGH.fullmatch(self.text, first[1], second[0]) and second[2] >= first[2]
        }
        return [
            (start, day)
            for start, _, day in found
            if start not in ends and not _OTHER_DATE.search(self.text[max(0, start - 40) : start])
        ]

    def _as_day(self, match: re.Match) -> datetime.date | None:
        parts = match.groupdict()
        name = parts.get("name") or parts.get("glued")
        month = MONTHS.index(name.lower()) + 1 if name else int(parts["month"])
        day = int(parts["day"])
        written = parts.get("year") or parts["short"]
        year = int(written)
        if len(written) == 2:
            year += 2000 if year <= (self.today.year + 1) % 100 else 1900
        if month > 12 >= day:
            month, day = day, month
        try:
            return datetime.date(year, month, day) if 1900 <= year <= 2100 else None
        except ValueError:
            return None

    # Codes that punctuation tells

    def _read_icd9_lists(self) -> None:
        labels = list(_ICD9_LABEL.finditer(self.text))
        ends = [label.start() for label in labels[1:]] + [len(self.text)]
        for label, end in zip(labels, ends, strict=False):
            other = _OTHER_LABEL.search(self.text, label.end(), end)
            end = other.start() if other else end
            place = label.end()
            while match := _ICD9_BESIDE.match(self.text, place, end):
                self._take_icd9(*match.span("code"))
                place = match.end()
            for match in list(_ICD9_AMONG_WORDS.finditer(self.text, place, end)):
                self._take_icd9(*match.span("code"))

    def _take_icd9(self, start: int, end: int) -> None:
        self.codes.append(FoundCode(self.line.text[start:end], start, (), ICD9))
        self._cover(start, end)

    def _read_codes_with_marks(self) -> None:
        self._read_icd9_lists()
        for pattern, kind in ((_NDC, NDC), (_LABELED_NDC, NDC), (_DOTTED_ICD9, ICD9), (_DOTTED, ICD10CM)):
            for match in list(pattern.finditer(self.text)):
                start, end = match.span("code")
                typed = self.line.text[start:end]
                readings: tuple[Reading, ...] = ()
                if kind == ICD10CM:
                    if _DOSE.search(typed):
                        continue
                    readings = (Reading(ICD10CM, match["code"].upper().replace(".", "")),)
                self.codes.append(FoundCode(typed, start, readings, kind))
                self._cover(start, end)

    # Units

    def _read_units(self) -> list[tuple[int, int, str]]:
        """Place, rank (0 is surest) and count."""
        found = []
        for rank, pattern in enumerate(_UNITS):
            for match in list(pattern.finditer(self.text)):
                before = self.text[max(0, match.start() - 8) : match.start()]
                if _LIKE_A_CODE.fullmatch(match[0]) and not re.search(r"\d{4}", self.line.text[: match.start()]):
                    continue
                if pattern is not _UNITS[-1] or not _OF_THE_CODE.search(before):
                    found.append((match.start(), rank, match["count"]))
                self._cover(*match.span())
        return found

    def _read_bare_row(self) -> None:
        """On a row such as "06/05/2018||C9028||27|40000": units, and numbers written as codes that are amounts."""
        code = next((each for each in self.codes if _LETTER_AND_DIGITS.fullmatch(each.typed.upper())), None)
        is_drug = bool(code)
        code = code or next((each for each in self.codes if each.kind == CPT), None)
        if code is None:
            return
        cells = [(start, self.text[start:end].strip()) for start, end in _cells(self.text) if start > code.start]
        taken = {modifier.typed for reading in code.readings[:1] for modifier in reading.modifiers}
        numbers = [each for each in cells if re.fullmatch(r"\d{1,9}", each[1], re.ASCII) and each[1] not in taken]
        amounts = [start for start, cell in numbers if len(cell) >= 5]
        counts = [(start, cell) for start, cell in numbers if len(cell) < 5 and int(cell)]
        before = [cell for start, cell in counts if amounts and start < amounts[0]]
        # Beside an amount, or the first of two numbers, of which the other is the amount.
        if before or (is_drug and counts and (amounts or len(numbers) == 2)):
            code.units = before[-1] if before else counts[0][1]
        for other in list(self.codes):
            if other.kind == CPT and any(0 <= other.start - start <= 4 for start in amounts):
                if is_drug:
                    other.amount_of = code
                elif before:
                    self.codes.remove(other)
                    self.line.prices.append(other.typed)

    def _give_units(self, units: list[tuple[int, int, str]]) -> None:
        """To the code before them, else to the first one; of several for one code the surest, then the last."""
        takers = [code for code in self.codes if code.kind not in _WITHOUT_UNITS]
        places = [code.start for code in takers]
        ranks: dict[int, int] = {}
        for start, rank, count in sorted(units) if takers else []:
            index = max(0, bisect(places, start) - 1)
            if rank <= ranks.get(index, rank):
                takers[index].units = count
                ranks[index] = rank

    def _give_dates(self, dates: list[tuple[int, datetime.date]]) -> None:
        """Where a date comes first, each code has the last one before it; else the first one after it."""
        if not dates or not self.codes:
            return
        places = [start for start, _ in dates]
        dates_come_first = places[0] < self.codes[0].start
        for code in self.codes:
            after = bisect(places, code.start)
            index = after - 1 if dates_come_first else min(after, len(dates) - 1)
            code.date = dates[index][1]

    # Words

    def _read_words(self, prices: set[int]) -> list[tuple[int, int, str]]:
        """Reads the codes among the words; returns counts that stand without a word before a price."""
        tokens = self._tokens()
        taken: set[int] = set()
        counts = []
        for index, token in enumerate(tokens):
            if index in taken or not (2 <= len(token.text) <= 16):
                continue
            for code, used in self._codes_at(tokens, index):
                self.codes.append(code)
                taken.update(range(index, index + 1 + used))
        first = min((code.start for code in self.codes), default=len(self.text))
        for index, token in enumerate(tokens):
            if index in taken or token.start < first:
                continue
            if re.fullmatch(r"\d{1,4}", token.text) and self._stands_before(token, prices):
                counts.append((token.start, 1, token.text))
        return counts

    def _tokens(self) -> list[_Token]:
        """The words; a letter apart from its four digits, as in J-9302, is one word with them."""
        tokens: list[_Token] = []
        for match in _TOKEN.finditer(self.text):
            token = _Token(match[0], *match.span(), match[0].upper())
            if tokens and _FOUR_DIGITS.fullmatch(token.text) and self._belongs_to_letter(tokens, token):
                letter = tokens.pop()
                token = _Token(letter.text + token.text, letter.start, token.end, letter.upper + token.upper)
            tokens.append(token)
        return tokens

    def _belongs_to_letter(self, tokens: list[_Token], digits: _Token) -> bool:
        letter = tokens[-1]
        if (
            len(letter.text) != 1
            or letter.upper not in HCPCS_LETTERS
            or re.match(r"[-.,/]?\d", self.text[digits.end :])
        ):
            return False
        before = self.text[tokens[-2].end if len(tokens) > 1 else 0 : letter.start]
        gap = self.text[letter.end : digits.start]
        if gap not in ("-", " ") or before.endswith("-"):
            return False
        # An initial, "vitamin B 1000", "Part B 4034": behind a word it is one only after a label.
        previous = tokens[-2].text if len(tokens) > 1 else ""
        return not previous.isalpha() or previous.lower() in PROCEDURE_LABELS or bool(re.search(r"[,;|\t\0]", before))

    def _stands_before(self, token: _Token, prices: set[int]) -> bool:
        gap = _COLUMN_GAP.match(self.text, token.end)
        return bool(gap and gap.end() in prices)

    def _codes_at(self, tokens: list[_Token], index: int) -> Iterator[tuple[FoundCode, int]]:
        """The code that begins with this word, if any, and how many of the next words belong to it."""
        token = tokens[index]
        labels = self._labels(tokens, index)
        if not any(character.isdigit() for character in token.text):
            yield from self._code_without_digit(token, labels)
            return
        if token.text.isdigit():
            yield from self._number(tokens, index, labels)
            return
        if self._is_identifier(tokens, index):
            return
        if token.end - token.start > len(token.text) and self._is_no_code(tokens, index):
            return
        is_name = self._is_somebodys_number(tokens, index, NAME_LABELS)
        spelling = token.upper
        if len(spelling) == 2:
            yield from self._modifier_alone(token, labels)
            return
        match = None if _TRANSFUSION.fullmatch(spelling) else _CPT.fullmatch(spelling)
        if match and not is_name:
            modifiers, used = self._modifiers(tokens, index, match["rest"])
            is_sure = bool(modifiers) or self._is_procedure(labels)
            yield self._code(token, match.end("code"), [Reading(CPT, match["code"], modifiers)], CPT, is_sure), used
            return
        readings, kind, used = self._readings_of_word(tokens, index, labels)
        if is_name:
            # What a list of codes has may still be one; shorter texts are rooms and vitamins.
            readings, kind = ([each for each in readings if len(each.spelling) >= 5], "")
        if readings:
            end = len(spelling)
            if (match := _LETTER_AND_DIGITS.fullmatch(spelling)) and _GLUED_UNITS.fullmatch(match["rest"]):
                end = match.end("code")
            yield self._code(token, end, readings, kind), used

    def _readings_of_word(self, tokens: list[_Token], index: int, labels: list[str]) -> tuple[list[Reading], str, int]:
        """Readings of letters and digits, what the word is where no list has one, and how many words were used."""
        spelling = tokens[index].upper
        readings: list[Reading] = []
        kind, used = "", 0
        if len(spelling) == 7 and ICD10PCS_CODE.fullmatch(spelling):
            readings.append(Reading(ICD10PCS, spelling))
            letters = sum(character.isalpha() for character in spelling)
            is_usual = 2 <= letters <= 6 and ("Z" in spelling or "X" in spelling)
            if is_usual or (tokens[index].text == spelling and _ICD10PCS_BEGINNING.match(spelling)):
                kind = ICD10PCS
        if ICD10CM_CODE.fullmatch(spelling):
            readings.append(Reading(ICD10CM, spelling))
        match = _LETTER_AND_DIGITS.fullmatch(spelling)
        if match:
            code, rest = match["code"], match["rest"]
            system = CDT if code[0] == "D" else HCPCS if HCPCS_CODE.fullmatch(code) else ICD10CM
            if rest and (_GLUED_UNITS.fullmatch(rest) or (system != ICD10CM and _GLUED_MODIFIERS.fullmatch(rest))):
                glued = "" if _GLUED_UNITS.fullmatch(rest) else rest
                modifiers, used = self._modifiers(tokens, index, glued)
                readings.append(Reading(system, code, modifiers))
                # S7200XA has the seven characters of an injury, filled up with X.
                is_injury = len(spelling) == 7 and re.fullmatch(r"X[ADGKN]", rest)
                kind = ICD10CM if is_injury else system
            elif not rest:
                modifiers, used = self._modifiers(tokens, index, "") if system != ICD10CM else ((), 0)
                diagnoses = [each for each in readings if each.system == ICD10CM]
                procedure = [Reading(system, code, modifiers)] if system != ICD10CM else []
                is_diagnosis = self._is_diagnosis(labels)
                # A dental code is on no list here: what ICD-10-CM has comes first.
                first_is_diagnosis = is_diagnosis or system == CDT
                readings = [*diagnoses, *procedure] if first_is_diagnosis else [*procedure, *diagnoses]
                kind = ICD10CM if is_diagnosis else system
        elif not kind and not readings and _is_garbled(spelling):
            readings += [Reading(ICD10CM, spelling)] if _GARBLED_ICD.fullmatch(spelling) else []
        if not match and _GARBLED_HCPCS.fullmatch(spelling) and _is_garbled(spelling):
            modifiers, used = self._modifiers(tokens, index, "")
            readings.insert(0, Reading(HCPCS, spelling, modifiers))
        return readings, kind, used

    def _code_without_digit(self, token: _Token, labels: list[str]) -> Iterator[tuple[FoundCode, int]]:
        if len(token.text) == 7 and token.text.isupper() and ICD10PCS_CODE.fullmatch(token.text):
            yield self._code(token, 7, [Reading(ICD10PCS, token.upper)], ""), 0
        elif len(token.text) == 2 and token.text.isupper():
            yield from self._modifier_alone(token, labels)

    def _modifier_alone(self, token: _Token, labels: list[str]) -> Iterator[tuple[FoundCode, int]]:
        """Two characters without a code: a modifier after the word "modifier", or as a whole line."""
        if not token.text.isascii():
            return
        # The modifiers of a list are passed over: "modifiers RT, 59".
        label = next((each for each in reversed(labels) if len(each) > 2), "")
        is_labeled = label in MODIFIER_LABELS
        is_whole_line = token.text.isupper() and len(self.line.text) == 2
        if is_labeled or is_whole_line:
            kind = CPT_MODIFIER if CPT_MODIFIER_CODE.fullmatch(token.upper) else MODIFIER
            readings = [] if kind == CPT_MODIFIER else [Reading(HCPCS, token.upper)]
            yield self._code(token, 2, readings, kind if is_labeled else ""), 0

    def _number(self, tokens: list[_Token], index: int, labels: list[str]) -> Iterator[tuple[FoundCode, int]]:
        """What a word of digits can be."""
        token = tokens[index]
        number = token.text
        last = labels[-1] if labels else ""
        if len(number) == 2:
            yield from self._modifier_alone(token, labels)
        elif last == "drg" and len(number) in (3, 4):
            yield self._code(token, len(number), [], DRG), 0
        elif len(number) in (3, 4) and (last in ("rev", "revenue") or labels[-2:] == ["revenue", "code"]):
            yield self._code(token, len(number), [], REVENUE), 0
        elif len(number) == 4 and re.fullmatch(r"0[1-9]\d\d", number):
            if self._is_revenue_column(tokens, index):
                yield self._code(token, 4, [], REVENUE), 0
        elif len(number) == 7 and number[0] == "0" and not self._is_somebodys_number(tokens, index):
            yield self._code(token, 7, [Reading(ICD10PCS, number)], ""), 0
        elif len(number) == 5 and not self._is_no_code(tokens, index):
            modifiers, used = self._modifiers(tokens, index, "")
            is_sure = bool(modifiers) or self._is_procedure(labels) or self.has_service_facts
            yield self._code(token, 5, [Reading(CPT, number, modifiers)], CPT, is_sure), used

    def _code(self, token: _Token, length: int, readings: list[Reading], kind: str, is_sure: bool = True) -> FoundCode:
        is_apart = token.end - token.start > len(token.text)
        if is_apart:
            # Surely a code only where a list has it.
            kind = ""
        end = token.start + length + is_apart
        return FoundCode(self.line.text[token.start : end], token.start, tuple(readings), kind, is_sure)

    def _is_revenue_column(self, tokens: list[_Token], index: int) -> bool:
        """A number with a leading zero at the beginning, after a date, or right beside a code of a procedure."""
        token = tokens[index]
        before = self.text[max(0, token.start - 40) : token.start].strip(" \t|")
        beside = tokens[index + 1].upper if index + 1 < len(tokens) else ""
        is_beside_a_code = bool(_LETTER_AND_DIGITS.match(beside) or re.match(r"\d{5}(?!\d)", beside))
        if is_beside_a_code:
            return True
        return self.has_service_facts and (not before or before.endswith(_COVER))

    def _is_no_code(self, tokens: list[_Token], index: int) -> bool:
        """Whether five digits are a postal code, a house, an account, a dose or a price."""
        token = tokens[index]
        around = self.text[max(0, token.start - 2) : token.start]
        if around.endswith(("#", "$")) or around == "# ":
            return True
        if self.text[token.end : token.end + 1] in (".", ",") and self.text[token.end + 1 : token.end + 2].isdigit():
            return True
        if self._is_somebodys_number(tokens, index):
            return True
        following = tokens[index + 1 : index + 5]
        if following and following[0].text.lower() in UNITS and following[0].start - token.end <= 1:
            return True
        gap = self.text[token.end : following[-1].end] if following else ""
        street = next((each for each in following if each.text.lower() in STREETS), None)
        if street and street is not following[0] and _COVER not in gap:
            return True
        return self._is_after_state(tokens, index)

    def _is_somebodys_number(self, tokens: list[_Token], index: int, labels: frozenset[str] = NUMBER_LABELS) -> bool:
        """ "Account 12345", "claim no. 12345", "zip code: 12345"; not "procedure no. 99213"."""
        words: list[str] = []
        end = tokens[index].start
        for each in reversed(tokens[max(0, index - 2) : index]):
            if not each.text.isalpha() or not _GAP_OF_LABEL.fullmatch(self.text, each.end, end):
                break
            words.append(each.text.lower())
            end = each.start
        if len(words) == 2 and words[0] in NUMBER_WORDS:
            is_labeled = words[0] in labels and words[1] not in PROCEDURE_LABELS
            return is_labeled or words[1] in labels or words[1] in THINGS_WITH_NUMBERS
        return bool(words) and words[0] in labels

    def _is_identifier(self, tokens: list[_Token], index: int) -> bool:
        """ "Group #E0100", "Policy no. J1100", "Member ID: E0100"; "claim J9302" may still be about the code."""
        start = tokens[index].start
        words: list[str] = []
        end = start
        for each in reversed(tokens[max(0, index - 2) : index]):
            if not _GAP_OF_LABEL.fullmatch(self.text, each.end, end):
                break
            words.append(each.text.lower())
            end = each.start
        if not words:
            return False
        if words[0] in NUMBER_MARKS:
            return words[0] == "id" or (len(words) == 2 and words[1] in IDENTIFIER_LABELS)
        gap = self.text[tokens[index - 1].end : start]
        return words[0] in IDENTIFIER_LABELS and ("#" in gap or ":" in gap)

    def _is_after_state(self, tokens: list[_Token], index: int) -> bool:
        """ "Boise, ID 83702", but not "J9302 GA 99213"."""
        if not index or tokens[index - 1].text not in STATES:
            return False
        if self.text[tokens[index - 1].end : tokens[index].start].strip(" .,"):
            return False
        if index == 1:
            return True
        town = tokens[index - 2]
        return town.text.isalpha() and not self.text[town.end : tokens[index - 1].start].strip(" .,")

    def _labels(self, tokens: list[_Token], index: int) -> list[str]:
        """The words before this one that may tell what it is: those since the last covered text, at most four.

        Numbers and codes between are passed over, so that "DX: E119 I10" labels both.
        """
        labels: list[str] = []
        for each in reversed(tokens[max(0, index - 16) : index]):
            if each.text.isalpha():
                labels.insert(0, each.text.lower())
                if len(labels) == 4:
                    break
            elif not labels and not each.text.isdigit() and len(each.text) < 3:
                break
        return labels

    def _is_procedure(self, labels: list[str]) -> bool:
        return bool(labels) and labels[-1] in PROCEDURE_LABELS

    def _is_diagnosis(self, labels: list[str]) -> bool:
        return bool(labels) and (labels[-1] in DIAGNOSIS_LABELS or (len(labels) > 1 and labels[-2] in DIAGNOSIS_LABELS))

    def _modifiers(self, tokens: list[_Token], index: int, glued: str) -> tuple[tuple[FoundModifier, ...], int]:
        """The modifiers of the code at this word, and how many of the next words they are."""
        found = [FoundModifier(glued[place : place + 2], True) for place in range(0, len(glued), 2)]
        is_cpt = tokens[index].text[:5].isdigit() or tokens[index].text[:1].isdigit()
        used = 0
        while len(found) < MOST_MODIFIERS and index + used + 1 < len(tokens):
            previous, token = tokens[index + used], tokens[index + used + 1]
            gap = self.text[previous.end : token.start]
            if len(token.text) != 2 or not token.text.isascii() or not _GAP_BEFORE_MODIFIER.fullmatch(gap):
                break
            is_attached = "-" in gap and "\t" not in gap
            if not (is_attached or self._is_meant_as_modifier(tokens, index + used + 1, is_cpt)):
                break
            found.append(FoundModifier(token.upper, is_attached))
            used += 1
        return tuple(found), used

    def _is_meant_as_modifier(self, tokens: list[_Token], index: int, is_cpt: bool) -> bool:
        """Whether two characters after a code, without a hyphen, can be its modifier."""
        token = tokens[index]
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        after = self.text[token.end : token.end + 3]
        if token.text.isdigit():
            if token.text not in CPT_MODIFIERS or re.match(r"[./:]\d", after):
                return False
            if following and following.text.lower() in UNITS:
                return False
            if self.is_bare_row and not is_cpt and len(_BARE_NUMBER.findall(self.text, token.start)) < 3:
                return False
            # After a drug, a number is more often a count: it is a modifier where another number follows.
            return is_cpt or bool(following and (following.text.isdigit() or following.upper in CPT_MODIFIERS))
        if not token.text.isupper() or re.match(r"\.[A-Za-z0-9]", after):
            return False
        is_word = token.text in SMALL_WORDS or token.text in STATES
        if is_word and following and following.text.isalpha() and len(following.text) > 2:
            return False
        # A letter in front, or one digit and a P.
        return not token.text[0].isdigit() or bool(CPT_MODIFIER_CODE.fullmatch(token.text))


def _is_garbled(spelling: str) -> bool:
    """Whether a code may hide in it behind letters that a machine took for digits: it has two true digits."""
    return sum(character.isdigit() for character in spelling) >= 2 and any(each in "OILS" for each in spelling[1:])
