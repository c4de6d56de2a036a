"""The tabular list of ICD-10-CM as NCHS publishes it in XML: inclusion terms, and notes to those who code.

Layout: version, then chapter > section > diag, and diag within diag. Beside a name each diag may have inclusionTerm,
includes, excludes1, excludes2, codeFirst, useAdditionalCode, codeAlso and notes, each with notes of text. Codes of
seven characters are not listed: theirs are the notes of the codes above them.
"""

import re
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from xml.parsers import expat

from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import Member
from procedures.models import CodeNote
from procedures.models.codes import normalize
from procedures.name_sources.names import LONGEST_NAME, ListingReport, month_label, refuse_bad_release, release_in

FAMILY = "ICD-10-CM tabular list"
WHAT = "the tabular list of ICD-10-CM in XML"
WANTED = [re.compile(r"(?i)^(?!.*(?:addenda|index)).*tabular.*\.xml$")]

ROOT = "ICD10CM.tabular"
KINDS = {
    "includes": CodeNote.Kind.INCLUDES.value,
    "excludes1": CodeNote.Kind.EXCLUDES1.value,
    "excludes2": CodeNote.Kind.EXCLUDES2.value,
    "codeFirst": CodeNote.Kind.CODE_FIRST.value,
    "useAdditionalCode": CodeNote.Kind.USE_ADDITIONAL_CODE.value,
    "codeAlso": CodeNote.Kind.CODE_ALSO.value,
    "notes": CodeNote.Kind.NOTE.value,
}
INCLUSION_TERM = "inclusionTerm"
TEXT_ELEMENTS = {"name", "note", "version"}

DEEPEST = 20
LONGEST_TEXT = 10_000
MOST_NOTES = 1000
# What the parser may hold back of a token that does not end.
MOST_PENDING = 1024 * 1024

_CODE = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.[0-9A-Z]{1,4})?")
# An inclusion term that is none: "This category is to be used when ...".
_SENTENCE = re.compile(r"(?:This|These) (?:category|categories|code|codes)\b")


@dataclass(slots=True)
class Diagnosis:
    """What the list says of one code: inclusion terms, and notes as pairs of kind and text, in official order."""

    code: str
    terms: list[str] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class TabularList:
    """The list as it was read: the normalized codes that it names, and of those with terms or notes what it says."""

    source: str
    version: str
    listed: set[str]
    diagnoses: dict[str, Diagnosis]
    report: ListingReport


def read_tabular(member: Member, version: str = "") -> TabularList:
    """The list in a file; `version` (2026-04) where neither its name nor the file itself tells it.

    Raises RefusedFile for a file that is something else, is damaged, or declares a document type, which could make a
    small file a large one.
    """
    with closing(member.chunks()) as chunks:
        return parse_tabular(chunks, file=member.name, names=[member.name, member.source.name], version=version)


def parse_tabular(chunks: Iterable[bytes], *, file: str, names: Iterable[str] = (), version: str = "") -> TabularList:
    """The list in the pieces of an XML document. `names` may tell its month. Errors as for `read_tabular`."""
    parsing = _Parsing(file)
    for chunk in chunks:
        parsing.feed(chunk)
    parsing.finish()
    version = version or release_in(*names) or _fiscal_year(parsing.year)
    if not version:
        raise RefusedFile(file, "it does not tell its year and month: give them with --release YYYY-MM.")
    refuse_bad_release(file, version)
    return TabularList(f"{FAMILY}, {month_label(version)}", version, parsing.listed, parsing.diagnoses, parsing.report)


def _fiscal_year(year: str) -> str:
    """The month in which the list of a fiscal year takes effect: that of 2026 in 2025-10."""
    return f"{int(year) - 1}-10" if re.fullmatch(r"20\d\d", year) else ""


class _Parsing:
    """Follows the elements as they come; holds nothing but what is wanted."""

    def __init__(self, file: str):
        self.file = file
        self.year = ""
        self.listed: set[str] = set()
        self.diagnoses: dict[str, Diagnosis] = {}
        self.report = ListingReport()
        self._path: list[str] = []
        self._open: list[Diagnosis] = []
        self._section, self._of_section = "", []
        self._text: list[str] = []
        self._length = 0
        self._fed = 0
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        parser.EntityDeclHandler = self._refuse_document_type

    def feed(self, chunk: bytes) -> None:
        self._parse(chunk, False)
        self._fed += len(chunk)
        if self._fed - self._parser.CurrentByteIndex > MOST_PENDING:
            self._refuse("this is not a file that can be read: a part of it does not end.")

    def finish(self) -> None:
        if not self._fed:
            raise RefusedFile(self.file, "the file is empty.")
        self._parse(b"", True)
        if not self.listed:
            self._refuse(f"this is not {WHAT}: it names no code.")

    def _parse(self, data: bytes, is_final: bool) -> None:
        try:
            self._parser.Parse(data, is_final)
        except expat.ExpatError as error:
            reason = expat.errors.messages.get(error.code, "damaged")
            raise RefusedFile(self.file, f"this is not {WHAT}, or it is damaged ({reason}).", error.lineno) from error
        except (LookupError, ValueError) as error:
            # An encoding that is not known.
            raise RefusedFile(self.file, f"it cannot be read ({error}).", 1) from error

    def _refuse(self, message: str):
        raise RefusedFile(self.file, message, self._parser.CurrentLineNumber)

    def _refuse_document_type(self, *_):
        self._refuse("it declares a document type, which the list of NCHS does not: it is not read.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._path and name != ROOT:
            self._refuse(f"this is not {WHAT}.")
        if len(self._path) == DEEPEST:
            self._refuse(f"its elements are nested more than {DEEPEST} deep.")
        self._path.append(name)
        self._text.clear()
        self._length = 0
        if name == "section":
            self._section, self._of_section = attributes.get("id", ""), []
        elif name == "diag":
            self._open.append(Diagnosis(""))

    def _characters(self, text: str) -> None:
        if self._path[-1] in TEXT_ELEMENTS:
            self._length += len(text)
            if self._length > LONGEST_TEXT:
                self._refuse(f"a text is longer than {LONGEST_TEXT:,} characters.")
            self._text.append(text)

    def _end(self, name: str) -> None:
        self._path.pop()
        around = self._path[-1] if self._path else ""
        if name == "diag":
            self._close(self._open.pop())
        elif name in TEXT_ELEMENTS:
            text = " ".join(printable(" ".join("".join(self._text).split())).split())
            self._text.clear()
            if name == "note":
                self._note(around, self._path[-2] if len(self._path) > 1 else "", text)
            elif name == "name" and around == "diag":
                self._open[-1].code = text
            elif name == "version" and around == ROOT:
                self.year = text

    def _note(self, element: str, holder: str, text: str) -> None:
        """A note in an element such as excludes1, which belongs to a diagnosis, a section or a chapter."""
        if not text or (element not in KINDS and element != INCLUSION_TERM):
            return
        if holder == "diag":
            self._add(self._open[-1], element, text)
        elif holder == "section" and self._section and "-" not in self._section:
            # A section of a single category (T07) is its category.
            self._of_section.append((element, text))
        elif holder in ("section", "chapter"):
            self.report.drop("notes of chapters and blocks, which have no code")

    def _add(self, diagnosis: Diagnosis, element: str, text: str) -> None:
        if len(diagnosis.terms) + len(diagnosis.notes) >= MOST_NOTES:
            self._refuse(f"a code has more than {MOST_NOTES:,} notes.")
        if element != INCLUSION_TERM:
            note = (KINDS[element], text)
            if note not in diagnosis.notes:
                diagnosis.notes.append(note)
        elif len(text) > LONGEST_NAME or _SENTENCE.match(text):
            self.report.read["inclusion terms that are notes"] += 1
            diagnosis.notes.append((CodeNote.Kind.NOTE.value, text))
        elif text.endswith(":"):
            # The beginning of a list that the file does not give.
            self.report.drop("inclusion term without an end", f"line {self._parser.CurrentLineNumber}")
        elif text not in diagnosis.terms:
            diagnosis.terms.append(text)

    def _close(self, diagnosis: Diagnosis) -> None:
        if not _CODE.fullmatch(diagnosis.code):
            self.report.drop("diagnosis without a code", f"line {self._parser.CurrentLineNumber}")
            return
        key = normalize(diagnosis.code)
        self.report.read["codes"] += 1
        if key in self.listed:
            self.report.drop("code that is listed twice", f"line {self._parser.CurrentLineNumber}")
            return
        self.listed.add(key)
        if diagnosis.code == self._section:
            own, diagnosis.notes = diagnosis.notes, []
            for element, text in self._of_section:
                self._add(diagnosis, element, text)
            diagnosis.notes += [note for note in own if note not in diagnosis.notes]
        if diagnosis.terms or diagnosis.notes:
            self.diagnoses[key] = diagnosis
            self.report.read["inclusion terms"] += len(diagnosis.terms)
            self.report.read["notes"] += len(diagnosis.notes)
