"""Reads a release of ICD-10-CM (CDC/NCHS) or ICD-10-PCS (CMS): the order file or the codes file.

Sources: icd10OrderFiles.pdf for the order file (positions from 1: 1-5 order number, 7-13 code without its dot,
15 header 0 or valid code 1, 17-76 short description, 78 to the end long description), and the readme of the codes
file (1-7 code, 9 to the end long description; valid codes only).
"""

import re
from collections.abc import Iterable, Iterator

from procedures.code_sets.records import CodeRecord, ReadingReport, numbered, refuse_when_broken

NAMES = {"icd10cm": "ICD-10-CM", "icd10pcs": "ICD-10-PCS"}

_ORDER_LINE = re.compile(r"\d{5} (?=[0-9A-Z ]{7} [01] )([0-9A-Z]{3,7}) *([01]) ")
_CODES_LINE = re.compile(r"([0-9A-Z]{3,7}) {1,5}(\S.*)")
_CODE = {
    "icd10cm": re.compile(r"[A-Z][0-9A-Z]{2,6}"),
    # Neither I nor O occurs in a PCS code. A header is a table: its first three characters.
    "icd10pcs": re.compile(r"[0-9A-HJ-NP-Z]{7}|[0-9A-HJ-NP-Z]{3}"),
}


def parse_order_file(lines: Iterable[str], *, system: str, file: str, report: ReadingReport) -> Iterator[CodeRecord]:
    """The codes and headers of an order file. Raises RefusedFile for a file of another kind."""
    kept = broken = 0
    for number, line in numbered(lines):
        match = _ORDER_LINE.match(line)
        long = " ".join(line[77:].split())
        if not line.strip():
            report.passed_over["blank line"] += 1
        elif match and long and _is_code(system, match[1], header=match[2] == "0"):
            kept += 1
            yield CodeRecord(
                code=display(system, match[1]),
                kind="code" if match[2] == "1" else "header",
                short=" ".join(line[16:76].split()),
                long=long,
            )
        else:
            broken += 1
            report.broken(number, "broken line")
    refuse_when_broken(file, kept, broken, report, f"an {NAMES[system]} order file")


def parse_codes_file(lines: Iterable[str], *, system: str, file: str, report: ReadingReport) -> Iterator[CodeRecord]:
    """The valid codes of a codes file, which says nothing of headers. Raises RefusedFile for a file of another kind."""
    kept = broken = 0
    for number, line in numbered(lines):
        match = _CODES_LINE.fullmatch(line.rstrip())
        if not line.strip():
            report.passed_over["blank line"] += 1
        elif match and _is_code(system, match[1], header=False):
            kept += 1
            long = " ".join(match[2].split())
            yield CodeRecord(code=display(system, match[1]), kind="code", short="", long=long)
        else:
            broken += 1
            report.broken(number, "broken line")
    refuse_when_broken(file, kept, broken, report, f"an {NAMES[system]} codes file")


def is_order_line(line: str) -> bool:
    """Whether a line has the shape of an order file's."""
    return bool(_ORDER_LINE.match(line))


def display(system: str, code: str) -> str:
    """The code as it is shown: ICD-10-CM has a dot after the third character."""
    return f"{code[:3]}.{code[3:]}" if system == "icd10cm" and len(code) > 3 else code


def _is_code(system: str, code: str, *, header: bool) -> bool:
    if not _CODE[system].fullmatch(code):
        return False
    # Only a PCS header has three characters; in ICD-10-CM a category without subdivisions is valid by itself.
    return system == "icd10cm" or (len(code) == 3) == header
