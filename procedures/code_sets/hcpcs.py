"""Reads a HCPCS Level II release of CMS: the fixed-width text, or the same columns as xlsx or csv.

Source: the record layout that CMS ships in the quarterly zip (HCPC2025_recordlayout.txt): 320 characters a line,
positions from 1, both ends included. Lines are shorter where they end in blanks; other years pad differently.

Which codes are catch-alls ("not otherwise classified") CMS lists in a workbook of the same zip, NOC codes_JAN2025.xlsx.
Where that is not at hand, their descriptions tell.
"""

import datetime
import re
from collections.abc import Container, Iterable, Iterator
from itertools import islice

from procedures.code_sets.records import (
    MOST_BROKEN,
    PREAMBLE_LINES,
    CodeRecord,
    ReadingReport,
    RefusedFile,
    numbered,
    refuse_when_broken,
)
from procedures.models.codes import says_not_otherwise_classified

WHAT = "a HCPCS Level II release"
CODE = re.compile(r"[A-CE-V]\d{4}")
MODIFIER = re.compile(r"[A-Z][A-Z0-9]")

# CMS reprints these of the American Medical Association's modifiers.
CPT_MODIFIERS = frozenset(f"P{number}" for number in range(1, 7))

# The columns that are read: name in the xlsx header, first and last position in the text.
POSITIONS = {
    "HCPC": (1, 5),
    "SEQNUM": (6, 10),
    "RECID": (11, 11),
    "LONG DESCRIPTION": (12, 91),
    "SHORT DESCRIPTION": (92, 119),
    **{f"PRICE{n + 1}": (120 + 2 * n, 121 + 2 * n) for n in range(4)},
    "MULT_PI": (128, 128),
    **{f"CIM{n + 1}": (129 + 6 * n, 134 + 6 * n) for n in range(3)},
    **{f"MCM{n + 1}": (147 + 8 * n, 154 + 8 * n) for n in range(3)},
    "STATUTE": (171, 180),
    **{f"LABCERT{n + 1}": (181 + 3 * n, 183 + 3 * n) for n in range(8)},
    **{f"XREF{n + 1}": (205 + 5 * n, 209 + 5 * n) for n in range(5)},
    "COV": (230, 230),
    "ASC_GRP": (231, 232),
    "ASC_DT": (233, 240),
    "OPPS": (241, 243),
    "OPPS_PI": (244, 244),
    "OPPS_DT": (245, 252),
    "PROCNOTE": (253, 256),
    "BETOS": (257, 259),
    **{f"TOS{n + 1}": (261 + n, 261 + n) for n in range(5)},
    "ANEST_BU": (266, 268),
    "ADD DT": (269, 276),
    "ACT EFF DT": (277, 284),
    "TERM DT": (285, 292),
    "ACTION CD": (293, 293),
}
RECORD_LENGTH = 320

# The list of NOC codes: 159 codes in 164 rows in January 2025. A forged workbook could have millions of rows.
MOST_NOC_ROWS = 5_000
NOC_LIST = "CMS's list of NOC codes"

UNREAD_DATE = "date that cannot be read, left out"

# Every record of CMS has the date on which it was added. Where half of them have none, or one in a hundred has a date
# that cannot be read, the columns lie elsewhere; a handful of records proves nothing.
MOST_UNDATED = 0.5
FEW_RECORDS = 20

NEEDED_COLUMNS = ("HCPC", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "ADD DT", "TERM DT")

REPEATED = {"PRICE": 4, "CIM": 3, "MCM": 3, "LABCERT": 8, "XREF": 5, "TOS": 5}
SINGLE = ("MULT_PI", "STATUTE", "COV", "ASC_GRP", "ASC_DT", "OPPS", "OPPS_PI", "OPPS_DT", "PROCNOTE", "BETOS")

_DATA_LINE = re.compile(r"(?:   [A-Z0-9]{2}|[A-Z0-9]{5})\d{5}[3478]")
_FIRST, _CONTINUATION = {"3", "7"}, {"4", "8"}

Row = dict[str, str]


def parse_text(
    lines: Iterable[str], *, file: str, report: ReadingReport, noc_codes: Container[str] | None = None
) -> Iterator[CodeRecord]:
    """The records of the fixed-width text, decoded as cp1252.

    Lines before the first record are counted as preamble. `noc_codes` are those of CMS's list, None where there is
    none. Raises RefusedFile for a file of another kind.
    """
    return _assemble(_text_rows(lines, file, report), file=file, report=report, noc_codes=noc_codes)


def parse_table(
    rows: Iterable[Iterable[object]], *, file: str, report: ReadingReport, noc_codes: Container[str] | None = None
) -> Iterator[CodeRecord]:
    """The records of the xlsx or csv: rows of cells, the header being the row that has a cell `HCPC`.

    `noc_codes` as for parse_text. Raises RefusedFile where no such row comes early or a needed column is missing.
    """
    return _assemble(_table_rows(rows, file, report), file=file, report=report, noc_codes=noc_codes)


def parse_noc_list(rows: Iterable[Iterable[object]], *, file: str) -> frozenset[str]:
    """The codes of CMS's list of NOC codes, terminated ones too: rows of cells below one that has a cell `HCPCS`.

    Raises RefusedFile where there is no such row, or no code below it.
    """
    lines = enumerate(([_cell_text(cell).strip().upper() for cell in row] for row in rows), 1)
    column = next((cells.index("HCPCS") for _, cells in islice(lines, PREAMBLE_LINES) if "HCPCS" in cells), None)
    codes = set()
    if column is not None:
        for number, cells in lines:
            if number > MOST_NOC_ROWS:
                raise RefusedFile(file, f"{NOC_LIST} has no more than {MOST_NOC_ROWS:,} rows.", number)
            codes.update(cell for cell in cells[column : column + 1] if CODE.fullmatch(cell))
    if not codes:
        raise RefusedFile(file, f"this is not {NOC_LIST}.")
    return frozenset(codes)


def _text_rows(lines: Iterable[str], file: str, report: ReadingReport) -> Iterator[tuple[int, Row]]:
    kept = broken = 0
    for number, line in numbered(lines):
        if not line.strip():
            report.passed_over["blank line"] += 1
        elif _DATA_LINE.match(line):
            kept += 1
            padded = line.ljust(RECORD_LENGTH)
            yield number, {name: padded[first - 1 : last] for name, (first, last) in POSITIONS.items()}
        elif not kept and number <= PREAMBLE_LINES:
            report.passed_over["preamble line"] += 1
        else:
            broken += 1
            report.broken(number, "broken line")
    refuse_when_broken(file, kept, broken, report, WHAT)


def _table_rows(rows: Iterable[Iterable[object]], file: str, report: ReadingReport) -> Iterator[tuple[int, Row]]:
    lines = enumerate(([_cell_text(cell) for cell in row] for row in rows), 1)
    columns = _find_columns(lines, file, report)
    kept = broken = 0
    for number, cells in lines:
        values = {name: cells[at] if at < len(cells) else "" for name, at in columns.items()}
        if not any(value.strip() for value in values.values()):
            report.passed_over["blank line"] += 1
        elif values["RECID"].strip() in _FIRST | _CONTINUATION and values["HCPC"].strip():
            kept += 1
            yield number, values
        else:
            broken += 1
            report.broken(number, "broken line")
    refuse_when_broken(file, kept, broken, report, WHAT)


def _find_columns(lines: Iterator[tuple[int, list[str]]], file: str, report: ReadingReport) -> dict[str, int]:
    """The place of each column, from the first row with a cell `HCPC`; the rows up to it are used up."""
    for number, cells in lines:
        names = [cell.strip().upper() for cell in cells]
        if "HCPC" in names:
            columns = {name: names.index(name) for name in POSITIONS if name in names}
            missing = [name for name in NEEDED_COLUMNS if name not in columns]
            if missing:
                raise RefusedFile(file, f"the header lacks {', '.join(missing)}.", number)
            return columns
        if number > PREAMBLE_LINES:
            break
        report.passed_over["preamble line"] += 1
    raise RefusedFile(file, f"this is not {WHAT}: none of the first rows has a cell HCPC.", 1)


def _cell_text(cell: object) -> str:
    """The cell of a sheet as the text has it; spreadsheet programs turn codes and dates into numbers and days."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.date):
        return f"{cell:%Y%m%d}"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _assemble(
    rows: Iterable[tuple[int, Row]], *, file: str, report: ReadingReport, noc_codes: Container[str] | None
) -> Iterator[CodeRecord]:
    """The records that may be stored. Raises RefusedFile where the dates are not where the layout has them."""
    kept = 0
    unread: list[int] = []
    undated: list[int] = []
    for number, row, parts in _with_continuations(rows, report):
        if not _may_be_stored(row, report):
            continue
        unread_before = report.passed_over[UNREAD_DATE]
        record = _make_record(row, parts, report)
        record.is_noc = record.kind == "code" and _is_noc(record, noc_codes)
        if not record.long:
            report.passed_over["code without a description"] += 1
            continue
        kept += 1
        if report.passed_over[UNREAD_DATE] > unread_before:
            unread.append(number)
        elif not row.get("ADD DT", "").strip():
            undated.append(number)
        yield record
    for numbers, most, what in (
        (unread, MOST_BROKEN, "a date that cannot be read"),
        (undated, MOST_UNDATED, "no date"),
    ):
        if kept > FEW_RECORDS and len(numbers) > most * kept:
            raise RefusedFile(file, f"{len(numbers)} of {kept} records have {what}; this is the first.", numbers[0])


def _with_continuations(
    rows: Iterable[tuple[int, Row]], report: ReadingReport
) -> Iterator[tuple[int, Row, list[tuple[str, str]]]]:
    """Each first line with its number, and the parts of its long description as pairs of SEQNUM and text."""
    first: tuple[int, Row, list[tuple[str, str]]] | None = None
    for number, row in rows:
        part = (row.get("SEQNUM", "").strip().zfill(5), row["LONG DESCRIPTION"])
        if row["RECID"].strip() not in _CONTINUATION:
            if first:
                yield first
            first = (number, row, [part])
        elif first and row["HCPC"].strip() == first[1]["HCPC"].strip():
            first[2].append(part)
        else:
            report.passed_over["continuation without its first line"] += 1
    if first:
        yield first


def _may_be_stored(row: Row, report: ReadingReport) -> bool:
    code = row["HCPC"].strip()
    if row["RECID"].strip() == "7":
        if code in CPT_MODIFIERS or not MODIFIER.fullmatch(code):
            report.passed_over["CPT modifier, not licensed"] += 1
            return False
        return True
    if CODE.fullmatch(code):
        return True
    report.passed_over["CDT code, not licensed" if code.startswith("D") else "CPT or other code, not licensed"] += 1
    return False


def _is_noc(record: CodeRecord, noc_codes: Container[str] | None) -> bool:
    if noc_codes is None:
        return says_not_otherwise_classified(record.code, record.long)
    return record.code in noc_codes


def _make_record(row: Row, parts: list[tuple[str, str]], report: ReadingReport) -> CodeRecord:
    long = " ".join(" ".join(text for _, text in sorted(parts, key=lambda part: part[0])).split())
    short = " ".join(row["SHORT DESCRIPTION"].split())
    added, terminated = _date(row.get("ADD DT", ""), report), _date(row.get("TERM DT", ""), report)
    if added and terminated and terminated < added:
        report.passed_over["added date after the termination, left out"] += 1
        added = None
    indicators = _indicators(row)
    references = indicators.pop("XREF", [])
    held = [code for code in references if CODE.fullmatch(code) or MODIFIER.fullmatch(code)]
    if held:
        indicators["XREF"] = held
    if len(held) < len(references):
        report.passed_over["cross-reference to a CPT code, left out"] += len(references) - len(held)
    return CodeRecord(
        code=row["HCPC"].strip(),
        kind="modifier" if row["RECID"].strip() == "7" else "code",
        short=short,
        long=long or short,
        added=added,
        effective=_date(row.get("ACT EFF DT", ""), report),
        terminated=terminated,
        indicators=indicators,
        cross_references=tuple(held),
        action=row.get("ACTION CD", "").strip(),
    )


def _indicators(row: Row) -> dict:
    """The CMS indicators that have a value, raw; see cms_indicators for their meaning."""
    indicators: dict = {}
    for name, count in REPEATED.items():
        values = [row.get(f"{name}{n}", "").strip() for n in range(1, count + 1)]
        if any(values):
            indicators[name] = [value for value in values if value]
    for name in SINGLE:
        if value := row.get(name, "").strip():
            indicators[name] = value
    if (units := row.get("ANEST_BU", "").strip().lstrip("0")) != "":
        indicators["ANEST_BU"] = units
    return indicators


def _date(raw: str, report: ReadingReport) -> datetime.date | None:
    """YYYYMMDD; a date that cannot be read is left out and counted."""
    raw = raw.strip()
    if not raw:
        return None
    try:
        if not (len(raw) == 8 and raw.isascii() and raw.isdigit()):
            raise ValueError
        return datetime.date(int(raw[:4]), int(raw[4:6]), int(raw[6:]))
    except ValueError:
        report.passed_over[UNREAD_DATE] += 1
        return None
