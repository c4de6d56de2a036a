"""The codes that LCDs and articles of the Medicare Coverage Database name.

Source: lcd_x_hcpc_code.csv, article_x_hcpc_code.csv, article_x_code_table.csv (self-administered drugs),
article_x_icd10_covered.csv and article_x_icd10_noncovered.csv. Of a range (column `range`: B, M, E) every code has a
row. CPT and CDT numbers are not kept.
"""

import datetime
import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache

from policies.facts import Codes, code_facts, code_key
from policies.imports.html_text import one_line, shorten
from policies.imports.mcd_brand_names import read_brand_name
from policies.imports.mcd_rows import LastVersions, RowReader, read_day
from policies.imports.mcd_tables import Table
from policies.licensed_numbers import CDT_DROPPED, CPT_DROPPED, holds_licensed_number, is_cdt, is_cpt
from procedures.code_sets import hcpcs
from procedures.models.codes import normalize

SOURCE = "Medicare Coverage Database, table "

NOT_APPLICABLE = "row without a code (“not applicable”)"
NOT_A_CODE = "not a code of its system"
NEVER_IN_EFFECT = "drug that ends before it starts"
LICENSED_TEXT = "text with a CPT or CDT number"

LONGEST_NOTE, LONGEST_SOURCE = 500, 200

# What a table without groups lists, and how: the code system and listed_as of policies.facts.
_GROUPED = {
    "lcd_x_hcpc_code": ("hcpcs", "named"),
    "article_x_hcpc_code": ("hcpcs", "named"),
    "article_x_icd10_covered": ("icd10cm", "covered"),
    "article_x_icd10_noncovered": ("icd10cm", "noncovered"),
}
_DRUGS = "article_x_code_table"
TABLES_OF_KIND = {
    "lcd": ("lcd_x_hcpc_code",),
    "article": ("article_x_hcpc_code", _DRUGS, "article_x_icd10_covered", "article_x_icd10_noncovered"),
}

# What CMS writes where there is no code.
_NO_CODE = "XX000"
_ICD10CM = re.compile(r"[A-Z][0-9A-Z]{2}(?:\.?[0-9A-Z]{1,4})?")
_TABLE_OF_SOURCE = re.compile(rf"{re.escape(SOURCE)}(\w+)")


@dataclass(slots=True)
class _Drug:
    """A row of article_x_code_table.csv as it stands there, the newest of those with its row number."""

    row: int
    updated: str
    code: str
    brand_name: str
    starts: str
    ends: str
    comments: str


@dataclass(slots=True)
class _DrugTable:
    """The drugs of one article by code_table_row, and the file they are from."""

    file: str = ""
    drugs: dict[str, _Drug] = field(default_factory=dict)


class DocumentCodes:
    """All codes of an export. Feed the tables, then ask for those of a document.

    Codes that say the same share one value: whoever reads them must not change it.
    """

    def __init__(self, reader: RowReader):
        self.reader = reader
        self.read: set[str] = set()
        self.cut: set[str] = set()
        # The groups that name a code, by table, document and key.
        self._groups = {name: LastVersions[dict[str, tuple[str, ...]]](dict) for name in _GROUPED}
        self._drugs: LastVersions[_DrugTable] = LastVersions(_DrugTable)

    def take(self, table: Table) -> None:
        self.read.add(table.name)
        if table.name == _DRUGS:
            self._take_drugs(table)
        else:
            self._take_groups(table)
        if table.is_cut:
            self.cut.add(table.name)

    def keeps(self, source: str) -> bool:
        """Whether a code held with this source stays though it is not named here: its table was missing or cut."""
        match = _TABLE_OF_SOURCE.match(source)
        if not match or match[1] not in (*_GROUPED, _DRUGS):
            return False
        return match[1] not in self.read or match[1] in self.cut

    def documents(self, kind: str) -> set[int]:
        return {document for held in self._tables(kind) for document in held}

    def version(self, kind: str, document: int) -> int:
        return max((held.version(document) for held in self._tables(kind)), default=-1)

    def of(self, kind: str, document: int, version: int) -> Codes | None:
        """The codes of this version; None where no table of codes was read. Raises ValueError for a broken row."""
        if not self.read.intersection(TABLES_OF_KIND[kind]):
            return None
        codes: Codes = {}
        for table in TABLES_OF_KIND[kind]:
            if table != _DRUGS:
                groups = self._groups[table].of(document, version) or {}
                codes.update((key, _facts_of_groups(table, named)) for key, named in groups.items())
        if kind == "article" and (held := self._drugs.of(document, version)):
            codes.update(self._drug_codes(held))
        return codes

    def _tables(self, kind: str) -> list[LastVersions]:
        return [self._drugs if table == _DRUGS else self._groups[table] for table in TABLES_OF_KIND[kind]]

    def _take_groups(self, table: Table) -> None:
        system, listed_as = _GROUPED[table.name]
        columns = ("hcpc_code_id", "hcpc_code_group")
        if system == "icd10cm":
            columns = ("icd10_code_id", f"icd10_{listed_as}_group")
        held, report = self._groups[table.name], self.reader.report
        dropped: dict[str, int] = defaultdict(int)
        for number, (document, version), (code, group, _) in self.reader.document_rows(table, columns):
            groups = held.at(document, version)
            if groups is None:
                continue
            key, why = _read_code(system, listed_as, code)
            if key:
                groups[key] = _with_group(groups.get(key, ()), group.strip())
                continue
            dropped[why] += 1
            if why == NOT_A_CODE:
                report.note(table.file, number, f"“{code.strip()[:20]}” is not a code of its system.")
        report.dropped.update(dropped)

    def _take_drugs(self, table: Table) -> None:
        columns = ("code_table_row", "hcpc_code_id", "brand_name", "eff_date", "end_date", "comments")
        for number, (document, version), cells in self.reader.document_rows(table, columns):
            held = self._drugs.at(document, version)
            if held is None:
                continue
            place, code, brand_name, starts, ends, comments, updated = cells
            place = place.strip() or f"row {number}"
            if place not in held.drugs or held.drugs[place].updated < updated:
                held.drugs[place] = _Drug(number, updated, code, brand_name, starts, ends, comments)
                held.file = table.file

    def _drug_codes(self, held: _DrugTable) -> Codes:
        """Of one drug that is listed twice under a code, what ends last counts; or does not end."""
        report, found = self.reader.report, {}
        for drug in held.drugs.values():
            label, instructions, left_out = read_brand_name(drug.brand_name)
            key, why = _read_code("hcpcs", "named", drug.code, label)
            if not key:
                report.dropped[why] += 1
                if why == NOT_A_CODE:
                    report.note(held.file, drug.row, f"“{drug.code.strip()[:20]}” is not a code of its system.")
                continue
            if left_out:
                report.dropped[LICENSED_TEXT] += left_out
            try:
                starts, ends = read_day(drug.starts), read_day(drug.ends)
            except ValueError as error:
                raise BrokenRow(held.file, drug.row, str(error)) from error
            if starts and ends and ends < starts:
                report.dropped[NEVER_IN_EFFECT] += 1
                report.note(held.file, drug.row, f"it ends on {ends}, before it starts on {starts}: left out.")
                continue
            rank = (ends or datetime.date.max, starts or datetime.date.min)
            if key in found:
                report.counts["drugs listed twice under a code"] += 1
            if key not in found or found[key][0] < rank:
                note = _note(drug.comments, instructions)
                found[key] = rank, code_facts(note=note, starts=starts, ends=ends, source=f"{SOURCE}{_DRUGS}")
        return {key: facts for key, (_, facts) in found.items()}


class BrokenRow(ValueError):
    """A row that keeps its document from being read: the file, the row, and why."""

    def __init__(self, file: str, row: int | None, text: str):
        super().__init__(text)
        self.file, self.row = file, row


@lru_cache(maxsize=200_000)
def _read_code(system: str, listed_as: str, text: str, label: str = "") -> tuple[str, str]:
    """(key of policies.facts, "") for a code; ("", why) for what is none that may be kept."""
    code = text.strip().upper()
    if code in ("", _NO_CODE):
        return "", NOT_APPLICABLE
    if is_cpt(code):
        return "", CPT_DROPPED
    if system == "hcpcs" and is_cdt(code):
        return "", CDT_DROPPED
    if not (hcpcs.CODE if system == "hcpcs" else _ICD10CM).fullmatch(code):
        return "", NOT_A_CODE
    return code_key(system, normalize(code), listed_as, label), ""


@lru_cache(maxsize=10_000)
def _with_group(groups: tuple[str, ...], group: str) -> tuple[str, ...]:
    if not group or group in groups:
        return groups
    return tuple(sorted((*groups, group), key=lambda text: (not text.isdigit(), text.zfill(12))))


@lru_cache(maxsize=10_000)
def _facts_of_groups(table: str, groups: tuple[str, ...]) -> dict[str, str]:
    words = f", group{'s' if len(groups) > 1 else ''} {', '.join(groups)}" if groups else ""
    return code_facts(source=shorten(f"{SOURCE}{table}{words}", LONGEST_SOURCE))


def _note(comments: str, instructions: str) -> str:
    said = "; ".join(part for part in (one_line(part) for part in comments.split("|")) if part)
    if holds_licensed_number(said):
        said = ""
    # A comment of the contractor says why; the instructions are for claims.
    return shorten(". ".join(part for part in (said, instructions) if part), LONGEST_NOTE)
