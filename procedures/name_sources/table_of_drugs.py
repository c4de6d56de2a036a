"""The Table of Drugs of CMS: generic names with their codes, and other names that point to them ("Arzerra, see
Ofatumumab").

Read as csv with the columns kind (drug or see), name, target_or_dosage, route, code. The table is published as a PDF:
names run on into the column of the dose, words are broken, and some codes are not those of the drug. So a name counts
only where the official description of its code bears it out, and what "see" points to is looked for step by step.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import Member
from procedures.name_sources.drug_names import (
    BRAND,
    GENERIC,
    are_alike,
    clean_name,
    is_branded,
    is_catch_all,
    is_in_description,
    kind_of,
    names_in,
    significant_words,
    substance_words,
    without_dose,
    words_of,
)
from procedures.name_sources.names import LEVEL_II, LONGEST_NAME, ListingReport, NameRecord, year_in

FAMILY = "CMS Table of Drugs"
WHAT = "a Table of Drugs"
WANTED = [re.compile(r"(?i)table.*drugs.*\.csv$")]
HEADER = ["kind", "name", "target_or_dosage", "route", "code"]

_FORM_AND_NUMBER = re.compile(r"(form)(?=\d)")
_CODE = re.compile(r"\b[A-Z]\d{4}\b")
_ALTERNATIVES = re.compile(r"\s+or\s+|\s+and\s+|;|,")
# A name that the description of its code does not have may be a brand: Alphanate.
_PROPER_NAME = re.compile(r"[A-Z][A-Za-z-]{5,}")
LONGEST_CELL = 500
# All that editors could look up by hand are named.
MOST_UNRESOLVED = 200
# In chains of "see": a table that points in a circle ends here.
LONGEST_CHAIN = 5
# What leads to more codes than this is a group of drugs (immune globulin), and names of one of them are not of all.
MOST_CODES = 6
SHORTEST_WORD = 4
_BROKEN_UNIT = re.compile(r"(\d) m g\b")

# Letters of HCPCS under which there are drugs.
_DRUG_LETTERS = frozenset("ACJPQS")
# A brand of the original drug is no name of "infliximab-dyyb, biosimilar".
_BIOSIMILAR = re.compile(r"(?i)(?<!excludes )biosimilar|(?<!non)-[a-z]{4}[ ,]")
_UNCLASSIFIED = re.compile(r"(?i)otherwise classified|unclassified")
# Words behind the name of a substance that another entry may do without.
_LEFT_OUT = {"sulfate", "hydrochloride", "sodium", "etc", "otn"}
_WORDS_OF_FORMS = frozenset(
    words_of(
        "oral injection parenteral inhalation solution compounded lyophilized and or with tablets form unit dose oth"
    )
)


@dataclass(frozen=True, slots=True)
class DrugRow:
    line: int
    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeeRow:
    line: int
    name: str
    target: str


@dataclass(slots=True)
class TableOfDrugs:
    """The table as it was read; `report.examples` names the "see" entries whose drug has no code in it."""

    source: str
    file: str
    drugs: list[DrugRow] = field(default_factory=list)
    references: list[SeeRow] = field(default_factory=list)
    report: ListingReport = field(default_factory=ListingReport)

    def names(self, descriptions: Mapping[str, str]) -> Iterator[NameRecord]:
        """The names of the drugs at their codes, then those that point to them."""
        matching = _Matching(descriptions)
        above = ""
        for row in self.drugs:
            for code in row.codes:
                if name := self._own_name(row, code, above, matching):
                    above = clean_name(name)
                    matching.learn(name, code)
                    is_borne_out = is_in_description(clean_name(name), descriptions.get(code, name))
                    for text in self._texts(name, code):
                        if not is_borne_out or is_in_description(text, descriptions.get(code, text)):
                            kind = kind_of(text, descriptions.get(code, ""), GENERIC if is_borne_out else BRAND)
                            yield NameRecord(code, kind, text)
        matching.learn_references(self.references)
        for row in self.references:
            name = clean_name(row.name)
            if not name or is_catch_all(name):
                self.report.drop("“see” without a name", f"line {row.line}")
                continue
            codes = matching.codes_of_reference(name, row.target)
            if not codes:
                example = f"line {row.line} ({name}, see {row.target})"
                self.report.drop("“see” whose drug has no code", example, most_examples=MOST_UNRESOLVED)
                continue
            self.report.read["“see” resolved"] += 1
            for code in sorted(codes):
                for text in self._texts(row.name, code):
                    yield NameRecord(code, kind_of(text, descriptions.get(code, ""), BRAND), text)

    def _own_name(self, row: DrugRow, code: str, above: str, matching: "_Matching") -> str:
        """The name of a drug row as it fits the code; "" where it does not.

        A row that has only another dose is of the drug `above`, where the description of its code says so too.
        """
        name = matching.mend(row.name)
        cleaned = clean_name(name)
        if not cleaned and above and is_in_description(above, matching.descriptions.get(code, "")):
            name = cleaned = above
        if not cleaned:
            self.report.drop("dose without a name", f"line {row.line}")
            return ""
        if is_catch_all(cleaned) or is_catch_all(name):
            self.report.drop("catch-all, no drug", f"line {row.line}")
            return ""
        description = matching.descriptions.get(code)
        if description is not None and _UNCLASSIFIED.search(description):
            self.report.drop("catch-all, no drug", f"line {row.line}")
            return ""
        if description is None or is_in_description(cleaned, description):
            return name
        if _PROPER_NAME.fullmatch(cleaned) and not matching.codes_described_as(cleaned):
            return name
        self.report.drop("name that is not of its code", f"line {row.line} ({cleaned}, {code})")
        return ""

    def _texts(self, name: str, code: str) -> Iterator[str]:
        for text in names_in(name):
            if len(text) <= LONGEST_NAME:
                yield text
            else:
                self.report.drop("name longer than 300 characters", code)


class _Matching:
    """Finds the codes of a drug by any of the ways in which the table and the descriptions write its name."""

    def __init__(self, descriptions: Mapping[str, str]):
        self.descriptions = descriptions
        self.codes: dict[tuple[str, ...], set[str]] = {}
        self.targets: dict[tuple[str, ...], list[str]] = {}
        self.vocabulary: set[str] = set()
        self.by_word: dict[str, set[str]] = {}
        for code, description in descriptions.items():
            if code[0] not in _DRUG_LETTERS:
                continue
            for word in words_of(without_dose(description)):
                self.vocabulary.add(word)
                self.by_word.setdefault(word, set()).add(code)

    def learn(self, name: str, code: str) -> None:
        """Notes that the table gives the code to this name, also under its shorter forms."""
        for text in {name, *names_in(name)}:
            if key := tuple(words_of(text)):
                self.codes.setdefault(key, set()).add(code)
                self.vocabulary.update(key)

    def learn_references(self, references: Iterable[SeeRow]) -> None:
        for row in references:
            for text in {row.name, clean_name(row.name)} - {""}:
                self.targets.setdefault(tuple(words_of(text)), []).append(row.target)

    def mend(self, text: str) -> str:
        """The text with words joined that the PDF broke ("P egfilgrastim"), as far as descriptions know them."""
        words = _BROKEN_UNIT.sub(r"\1 mg", text).split()
        mended: list[str] = []
        for word in words:
            joined = (mended[-1] + word).casefold() if mended else ""
            if mended and joined in self.vocabulary and word.casefold() not in self.vocabulary:
                mended[-1] += word
            else:
                mended.append(word)
        return " ".join(mended)

    def codes_of_reference(self, name: str, target: str) -> set[str]:
        """The codes of "name, see target": those whose description itself names it, where there are any."""
        named = self._described(significant_words(name))
        exact = self._exactly(self._forms(self.mend(target)))
        stated = {code for code in _CODE.findall(target) if LEVEL_II.fullmatch(code)}
        codes = exact or stated or self.codes_of(target)
        branded = {code for code in named if is_branded(name, self.descriptions[code])}
        if best := (named & codes) or branded:
            return best
        return codes if exact or len(codes) <= MOST_CODES else set()

    def codes_of(self, target: str, depth: int = 0) -> set[str]:
        """The codes of what a "see" points to, found in the way that is surest; empty where nothing can be meant."""
        if depth == LONGEST_CHAIN:
            return set()
        target = self.mend(target)
        forms = self._forms(target)
        return (
            self._exactly(forms)
            or self._of_chain(forms, depth)
            or self._of_same_substance(target)
            or self._of_spelling(forms)
            or self._described_first(target)
            or self._of_longer(forms)
            or self._described_loosely(target)
            or self._of_parts(target, depth)
            or self._of_shorter(target)
        )

    def codes_described_as(self, name: str) -> set[str]:
        """The codes of drugs whose description has all the words of the name but those of forms."""
        return self._described(substance_words(name))

    def _described(self, words: list[str]) -> set[str]:
        if all(len(word) < SHORTEST_WORD for word in words):
            return set()
        found = set.intersection(*(self.by_word.get(word, set()) for word in words))
        original = {code for code in found if not _BIOSIMILAR.search(self.descriptions[code])}
        return original or found

    def _described_first(self, target: str) -> set[str]:
        """The codes whose description begins with the target: "Injection, aztreonam, 100 mg"."""
        words = substance_words(target)
        codes = self._described(words)
        return {code for code in codes if substance_words(self.descriptions[code])[: len(words)] == words}

    def _described_loosely(self, target: str) -> set[str]:
        """The codes whose description begins with the first word of the target and has the others somewhere."""
        words = substance_words(target)
        codes = self._described(words)
        return {code for code in codes if substance_words(self.descriptions[code])[:1] == words[:1]}

    @staticmethod
    def _forms(target: str) -> list[str]:
        return list(dict.fromkeys(filter(None, (target, clean_name(target)))))

    def _exactly(self, forms: Iterable[str]) -> set[str]:
        return next((codes for form in forms if (codes := self.codes.get(tuple(words_of(form))))), set())

    def _of_chain(self, forms: Iterable[str], depth: int) -> set[str]:
        """Those of "X, see Y" where Y is itself an entry that points on."""
        targets = [target for form in forms for target in self.targets.get(tuple(words_of(form)), ())]
        return set().union(*(self.codes_of(target, depth + 1) for target in targets))

    def _of_longer(self, forms: Iterable[str]) -> set[str]:
        """Entries that begin with the target: Biperiden, Biperiden lactate."""
        for form in forms:
            words = tuple(words_of(form))
            if significant_words(form) and (longer := [key for key in self.codes if key[: len(words)] == words]):
                return set().union(*(self.codes[key] for key in longer))
        return set()

    def _of_shorter(self, target: str) -> set[str]:
        """The entry with which the target begins, where only a form follows, or a stray word of the next line."""
        words = target.split()
        for length in range(len(words) - 1, 0, -1):
            rest = words[length:]
            is_stray = len(rest) == 1 and rest[0][:1].isupper()
            is_form = not set(words_of(" ".join(rest))) - _LEFT_OUT - _WORDS_OF_FORMS
            codes = self.codes.get(tuple(words_of(" ".join(words[:length]))))
            if codes and (is_stray or is_form):
                return codes
        return set()

    def _of_parts(self, target: str, depth: int) -> set[str]:
        """Targets such as "A or B" and "A; and B", of which each is an entry; a combination is no single drug."""
        parts = [part for part in _ALTERNATIVES.split(target) if set(words_of(part)) - _WORDS_OF_FORMS - {"etc"}]
        if len(parts) < 2:
            return set()
        forms = [self._forms(part.strip()) for part in parts]
        found = [self._exactly(form) or self._of_chain(form, depth) or self._of_longer(form) for form in forms]
        return set().union(*found) if all(found) else set()

    def _of_same_substance(self, target: str) -> set[str]:
        """The entries that differ from the target only in forms and small words."""
        wanted = set(substance_words(target))
        found = [key for key in self.codes if set(substance_words(" ".join(key))) == wanted] if wanted else []
        return set().union(*(self.codes[key] for key in found))

    def _of_spelling(self, forms: Iterable[str]) -> set[str]:
        """The entry whose words are those of the target, but for a word that nothing knows and that is like another."""
        for form in forms:
            words = tuple(words_of(form))
            if not words or all(word in self.vocabulary for word in words):
                continue
            found = {key for key in self.codes if len(key) == len(words) and all(map(self._may_be, words, key))}
            if found:
                best = max(sorted(found), key=lambda key: SequenceMatcher(None, "".join(words), "".join(key)).ratio())
                return self.codes[best]
        return set()

    def _may_be(self, word: str, other: str) -> bool:
        if word == other:
            return True
        return word not in self.vocabulary and abs(len(word) - len(other)) <= 1 and are_alike(word, other)


def read_table_of_drugs(member: Member, version: str = "") -> TableOfDrugs:
    """The table of a csv; `version` (2019-01) where its name does not tell the year.

    Raises RefusedFile for a file that is something else or cannot be read.
    """
    if member.kind != "csv":
        raise RefusedFile(member.name, f"{WHAT} is a csv file with the columns {', '.join(HEADER)}.")
    with closing(member.rows()) as rows:
        return _read(enumerate(rows, 1), member, version)


def _read(rows: Iterator[tuple[int, tuple]], member: Member, version: str) -> TableOfDrugs:
    header = [printable(cell).strip().casefold() for cell in next(rows, (1, ()))[1]]
    if header[: len(HEADER)] != HEADER:
        raise RefusedFile(member.name, f"this is not {WHAT}: its columns must be {', '.join(HEADER)}.", 1)
    year = version[:4] or year_in(member.name, member.source.name)
    if not year:
        raise RefusedFile(member.source.name, "its name does not tell the year: give it with --release YYYY-MM.")
    read = TableOfDrugs(f"{FAMILY}, {year}", member.name)
    dangling = ""
    for number, row in rows:
        cells = [" ".join(printable(as_utf8(cell)).split()) for cell in row]
        if not any(cells):
            continue
        cells += [""] * (len(HEADER) - len(cells))
        kind, name, target, _, code = cells[: len(HEADER)]
        if max(map(len, cells)) > LONGEST_CELL:
            read.report.drop("line that is too long", f"line {number}")
            continue
        if kind == "see":
            # "... flush) Hep-" and, on the next line, "Lock U/P".
            name, dangling = (dangling + name if dangling else name), ""
            if target.endswith("-"):
                target, _, dangling = target.rpartition(" ")
            _add_reference(read, number, name, target)
        elif kind == "drug":
            dangling = ""
            _add_drug(read, number, name, target, code)
        else:
            read.report.drop("line that is neither drug nor see", f"line {number}")
    if not read.drugs and not read.references:
        raise RefusedFile(member.name, f"this is not {WHAT}: no line of it names a drug.", 2)
    return read


def as_utf8(text: str) -> str:
    """A text of a file in UTF-8 that was read as cp1252."""
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def _add_reference(read: TableOfDrugs, number: int, name: str, target: str) -> None:
    read.report.read["“see” entries"] += 1
    if not name or not target:
        read.report.drop("“see” without a name", f"line {number}")
        return
    read.references.append(SeeRow(number, name, target))


def _add_drug(read: TableOfDrugs, number: int, name: str, dose: str, cell: str) -> None:
    """Notes the row of a drug, whose name may go on in the column of the dose."""
    read.report.read["drugs"] += 1
    found = re.findall(r"[0-9A-Za-z]+", cell.upper()) or _CODE.findall(name)
    codes = tuple(dict.fromkeys(code for code in found if LEVEL_II.fullmatch(code)))
    if len(codes) < len(set(found)) or not found:
        read.report.drop("code that is not of HCPCS Level II", f"line {number}")
    if not codes:
        return
    if re.search(r"(?i),?\s+see\s", name):
        # Two lines of the table in one: what the name says and the code do not belong together.
        read.report.drop("two lines in one", f"line {number}")
        return
    # A number without its unit says nothing.
    whole = f"{name} {dose}" if re.search("[A-Za-z]", dose) else name
    read.drugs.append(DrugRow(number, _FORM_AND_NUMBER.sub(r"\1 ", _CODE.sub("", whole)), codes))
