"""Two to four codes side by side: what an address asks for, and each part in which they are the same or differ."""

import datetime
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, groupby
from urllib.parse import urlencode

from django.db.models import Count
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from procedures.code_parameters import code_parameter, find_codes
from procedures.guide_sections import SECTIONS
from procedures.models import CodeName, MedicalCode
from procedures.presenters import CodePage
from procedures.text_diff import compare

MOST_CODES = 4
# Of what an address names; the rest is not looked at.
MOST_READ = 40
MOST_NAMED = 10
LONGEST_SHOWN = 40

_NO_WORD = re.compile(r"\W+")
# What a mark has at its ends that says nothing; signs that stand alone may be all that differs.
_END_OF_WORDS = re.compile(r"^[\s,;:]+|[\s,;:]+$")
_END_OF_SIGNS = re.compile(r"^\s+|\s+$")
_BETWEEN = re.compile(r"[\s,;|]+")

STATUS = {MedicalCode.Status.RETIRED: "Retired", MedicalCode.Status.HEADER: "Heading, not for bills"}
NAMES = [
    (CodeName.Kind.BRAND, "Brand names"),
    (CodeName.Kind.GENERIC, "Generic names"),
    (CodeName.Kind.COMMON, "Common names"),
    (CodeName.Kind.TECHNICAL, "Technical or medical terms"),
    (CodeName.Kind.INCLUSION, "Inclusion terms"),
]
NO_GUIDE = "No guide yet"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said of a code, with the address to which it leads, or ""."""

    text: str
    url: str = ""


@dataclass(slots=True)
class Row:
    """One fact of each code: a cell a code, each with its lines. A code of which nothing is known has none."""

    label: str
    codes: list[MedicalCode]
    cells: list[list[Line]]

    @property
    def by_code(self) -> list[tuple[MedicalCode, list[Line]]]:
        return list(zip(self.codes, self.cells, strict=True))

    @property
    def is_same(self) -> bool:
        """Whether the same words stand in all cells; they may lead to a page of each code."""
        return all([line.text for line in cell] == [line.text for line in self.cells[0]] for cell in self.cells)

    @property
    def once(self) -> list[Line]:
        """What is the same for all codes, without addresses that are those of one code."""
        return [lines[0] if len(set(lines)) == 1 else Line(lines[0].text) for lines in zip(*self.cells, strict=True)]


@dataclass(slots=True)
class Table:
    """Facts on one subject."""

    heading: str
    anchor: str
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Run:
    """A run of words; `differs` where another code does not have them too."""

    text: str
    differs: bool


@dataclass(slots=True)
class TextCell:
    """What one code has to say in a section: runs of words, or the HTML of a guide, or a note why there is neither."""

    code: MedicalCode
    runs: list[Run] = field(default_factory=list)
    html: str = ""
    note: str = ""

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(slots=True)
class TextSection:
    """A text of each code; `is_same` where it is word for word the same, so that it is shown once."""

    heading: str
    anchor: str
    cells: list[TextCell]
    is_same: bool


class Comparison:
    """The comparison that the parameters of an address ask for, on one day, in seven queries.

    `code` names codes, several in one value too, in the order of the columns. What cannot be read is left out and named
    in `problems`; with fewer than two codes there is nothing to compare yet.
    """

    def __init__(self, parameters: QueryDict, on: datetime.date):
        self.problems: list[str] = []
        self.codes = self._read_codes(parameters.getlist("code"))
        self.pages = [CodePage(code, as_of=None, today=on) for code in self.codes]

    # What was asked for

    def _read_codes(self, values: Iterable[str]) -> list[MedicalCode]:
        texts = [text for value in values for text in _BETWEEN.split(value) if text][:MOST_READ]
        found = find_codes(texts) if texts else {}
        unknown = [text for text, code in found.items() if code is None]
        self.problems += [
            f"“{_shown(text)}” is no code on this site; it was left out." for text in unknown[:MOST_NAMED]
        ]
        if len(unknown) > MOST_NAMED:
            self.problems.append(f"{len(unknown) - MOST_NAMED} more are not known here either.")
        named = [found[text] for text in texts if found[text]]
        codes = list({code.pk: code for code in named}.values())
        repeated = [code for code in codes if named.count(code) > 1]
        self.problems += [f"{code.code} was named more than once; it is shown once." for code in repeated[:MOST_NAMED]]
        if left_out := [code.code for code in codes[MOST_CODES:]]:
            self.problems.append(f"At most four codes fit here. Left out: {', '.join(left_out)}.")
        pks = [code.pk for code in codes[:MOST_CODES]]
        read = MedicalCode.objects.with_page_data().in_bulk(pks) if pks else {}
        return [read[pk] for pk in pks if pk in read]

    @property
    def is_ready(self) -> bool:
        """Whether there are codes to compare."""
        return len(self.codes) > 1

    @property
    def is_full(self) -> bool:
        return len(self.codes) == MOST_CODES

    @property
    def same_words(self) -> str:
        return "The same for both" if len(self.codes) == 2 else f"The same for all {len(self.codes)}"

    @property
    def code_values(self) -> list[str]:
        return [code_parameter(code) for code in self.codes]

    @property
    def chosen(self) -> list[dict[str, str]]:
        """The codes, each with the address of the same comparison without it."""
        values = self.code_values
        return [
            {"label": code.code, "url": comparison_address(each for each in values if each != value)}
            for code, value in zip(self.codes, values, strict=True)
        ]

    # What the codes have in common, and in what they differ

    @cached_property
    def tables(self) -> list[Table]:
        tables = [
            Table("At a glance", "facts", self._facts()),
            Table("Other names", "names", self._names()),
            Table("How Medicare handles it", "medicare-indicators", self._indicators()),
            Table("Policies and guides", "policies", [self._row("Policies", self._policies), *self._guides()]),
        ]
        for table in tables:
            table.rows = [row for row in table.rows if any(row.cells)]
        return [table for table in tables if table.rows]

    @cached_property
    def description(self) -> TextSection:
        texts = [code.long_description for code in self.codes]
        cells = [TextCell(code, runs) for code, runs in zip(self.codes, mark_differences(texts), strict=True)]
        for cell in cells:
            if all(run.differs or not re.search(r"\w", run.text) for run in cell.runs):
                cell.runs = [Run(cell.text, differs=False)]
                cell.note = "No words that all of them have"
        return TextSection("Official description", "official-description", cells, len(set(texts)) == 1)

    @cached_property
    def guide_sections(self) -> list[TextSection]:
        """The sections that at least one of the public guides has."""
        sections = []
        for section in SECTIONS:
            texts = [page.guide.html.get(section.field, "") if page.guide else None for page in self.pages]
            if any(texts):
                cells = [
                    TextCell(page.code, html=text or "", note=_note(text))
                    for page, text in zip(self.pages, texts, strict=True)
                ]
                anchor = section.field.replace("_", "-")
                sections.append(TextSection(section.heading, anchor, cells, len(set(texts)) == 1))
        return sections

    @cached_property
    def differing(self) -> list[str]:
        """In what the codes differ, in the order of the page."""
        facts = [row.label for table in self.tables[:1] for row in table.rows if not row.is_same]
        description = [] if self.description.is_same else [self.description.heading]
        others = [row.label for table in self.tables[1:] for row in table.rows if not row.is_same]
        sections = [section.heading for section in self.guide_sections if not section.is_same]
        return [*facts, *description, *others, *sections]

    def _row(self, label: str, say) -> Row:
        return Row(label, self.codes, [say(page) for page in self.pages])

    def _facts(self) -> list[Row]:
        return [
            self._row("Code system", lambda page: [Line(page.code.system.name, page.code.system.get_absolute_url())]),
            self._row("Status", lambda page: [Line(_status(page))]),
            self._row("Kind", lambda page: [Line("Modifier: added to another code")] if _is_modifier(page) else []),
            self._row("Heading above", lambda page: [_line_of(code) for code in page.ancestors[-1:]]),
            self._row("Valid from", lambda page: _day(page.code.added)),
            self._row("Last change took effect", lambda page: _day(page.code.effective)),
            self._row("Last day of use", lambda page: _day(page.code.terminated)),
            self._row("Replaced by", lambda page: [_line_of(code) for code in page.successors]),
            self._row("Replaces", lambda page: [_line_of(code) for code in page.predecessors]),
            self._row("Short description", lambda page: _text(page.code.short_description)),
        ]

    def _names(self) -> list[Row]:
        return [self._row(label, lambda page, kind=kind: _names_of(page, kind)) for kind, label in NAMES]

    def _indicators(self) -> list[Row]:
        """A row an indicator that one of the codes has, in the order of the first code that has it."""
        said = [
            {indicator.name: [_line_of_indicator(*pair) for pair in indicator.values] for indicator in page.indicators}
            for page in self.pages
        ]
        names = dict.fromkeys(name for each in said for name in each)
        return [Row(name, self.codes, [each.get(name, []) for each in said]) for name in names]

    @cached_property
    def _policy_counts(self) -> dict[int, int]:
        counted = MedicalCode.objects.filter(pk__in=[code.pk for code in self.codes]).order_by()
        return dict(counted.values_list("pk").annotate(count=Count("policy_codes__policy", distinct=True)))

    def _policies(self, page: CodePage) -> list[Line]:
        count = self._policy_counts.get(page.code.pk, 0)
        if not count:
            return [Line("No policy on this site names it")]
        words = f"{count:,} policies name it" if count > 1 else "1 policy names it"
        return [Line(words, f"{page.code.get_absolute_url()}#policies")]

    def _guides(self) -> list[Row]:
        return [self._row("Guide", _guide), self._row("Checked by a clinician", _review)]


def mark_differences(texts: Sequence[str]) -> list[list[Run]]:
    """Each text as runs of words, with what it does not share with every other text marked; joined, they are the text.

    Two texts are compared as `text_diff.compare` does it.
    """
    differs = [[False] * len(text) for text in texts]
    for one, other in combinations(range(len(texts)), 2):
        at = [0, 0]
        for piece in compare(texts[one], texts[other]):
            for side, (text, kind) in enumerate([(one, "removed"), (other, "added")]):
                if piece.kind in ("same", kind):
                    if piece.kind == kind:
                        differs[text][at[side] : at[side] + len(piece.text)] = [True] * len(piece.text)
                    at[side] += len(piece.text)
    return [_runs(text, marks) for text, marks in zip(texts, differs, strict=True)]


def _runs(text: str, marks: list[bool]) -> list[Run]:
    """The text cut where the marks change. What differs with mere punctuation between is one run."""
    for match in _NO_WORD.finditer(text):
        if match.start() > 0 and match.end() < len(text) and marks[match.start() - 1] and marks[match.end()]:
            marks[match.start() : match.end()] = [True] * (match.end() - match.start())
    tidied = [False] * len(text)
    at = 0
    for mark, run in groupby(marks):
        start, at = at, at + len(list(run))
        if mark:
            first, last = _ends(text, start, at)
            tidied[first:last] = [True] * (last - first)
    pairs = groupby(zip(text, tidied, strict=True), key=lambda pair: pair[1])
    return [Run("".join(character for character, _ in run), mark) for mark, run in pairs]


def _ends(text: str, start: int, end: int) -> tuple[int, int]:
    """Where a mark begins and ends: without white space, at words if it has any, and with both of its brackets."""
    marked = text[start:end]
    left_out = _END_OF_WORDS if re.search(r"\w", marked) else _END_OF_SIGNS
    for match in left_out.finditer(marked):
        if match.start() == 0:
            start += match.end()
        else:
            end -= match.end() - match.start()
    marked = text[start:end]
    if marked.count("(") == marked.count(")") + 1 and text.startswith(")", end):
        end += 1
    elif marked.count(")") == marked.count("(") + 1 and text.endswith("(", 0, start):
        start -= 1
    return start, end


def comparison_address(values: Iterable[str]) -> str:
    """The address that compares the codes with these parameters: hcpcs:J9302."""
    pairs = [("code", value) for value in values]
    address = reverse("procedures:compare")
    return f"{address}?{urlencode(pairs, safe=':')}" if pairs else address


def _shown(text: str) -> str:
    return text.replace("\0", "")[:LONGEST_SHOWN]


def _text(text: str) -> list[Line]:
    return [Line(text)] if text else []


def _day(day: datetime.date | None) -> list[Line]:
    return [Line(date_format(day, "j F Y"))] if day else []


def _line_of(code: MedicalCode) -> Line:
    return Line(f"{code.code} {code.title}", code.get_absolute_url())


def _line_of_indicator(raw: str, meaning: str) -> Line:
    return Line(f"{raw}: {meaning}" if meaning else raw)


def _status(page: CodePage) -> str:
    if page.code.added and page.code.added > page.today and page.status == MedicalCode.Status.ACTIVE:
        return "Not yet in use"
    return STATUS.get(page.status, "In use")


def _is_modifier(page: CodePage) -> bool:
    return page.code.kind == MedicalCode.Kind.MODIFIER


def _names_of(page: CodePage, kind: str) -> list[Line]:
    return [Line(name.text) for name in page.known_names() if name.kind == kind]


def _guide(page: CodePage) -> list[Line]:
    if page.guide:
        changed = timezone.localdate(page.guide.changed_at)
        return [Line(f"Last changed on {date_format(changed, 'j F Y')}", page.code.get_absolute_url())]
    if page.withdrawn_guide:
        return [Line(f"Taken off its page: {page.withdrawn_guide.unpublish_reason}")]
    return [Line(NO_GUIDE)]


def _review(page: CodePage) -> list[Line]:
    if not page.guide:
        return []
    if not page.guide.reviewed_on:
        return [Line("Not yet")]
    late = "; the text was changed since" if page.guide.was_changed_since_review else ""
    late = "; the next review is overdue" if page.review_is_overdue else late
    return [Line(f"{date_format(page.guide.reviewed_on, 'j F Y')}, by {page.guide.reviewed_by}{late}")]


def _note(text: str | None) -> str:
    """Why a cell of a section is empty; `text` is None without a guide."""
    if text is None:
        return NO_GUIDE
    return "" if text else "The guide says nothing here"
