"""From a source to the records of one release: which file of it, which layout, which year and month."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from procedures.code_sets import hcpcs, icd10
from procedures.code_sets.records import CodeRecord, ReadingReport, RefusedFile
from procedures.code_sets.source_files import Member, SourceFile, choose_member, find_member

MONTHS = [
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
]
UNREAD_NOC_LIST = f"{hcpcs.NOC_LIST} that cannot be read: descriptions tell instead"
VERSION = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")


@dataclass(slots=True)
class ReadRelease:
    """A release that is ready to be loaded.

    `version` is the year and month in which it takes effect (2025-01); `source_name` names the file, and the member of
    a zip; `records` may be read once and may raise RefusedFile while it is read; `report` fills while it is read.
    `complete`: it lists every code, so that absence means something; `lists_headers`: for headers too; `states_dates`:
    it says itself when a code ends, which ICD-10 does not. `is_table`: it is an xlsx or csv, where the text of the same
    release knows better.
    """

    version: str
    source_name: str
    digest: str
    records: Iterator[CodeRecord]
    report: ReadingReport = field(default_factory=ReadingReport)
    complete: bool = True
    lists_headers: bool = True
    states_dates: bool = True
    is_table: bool = False


def read_release(system: str, source: SourceFile, version: str = "") -> ReadRelease:
    """Opens the release of a code system (hcpcs, icd10cm, icd10pcs).

    `version` (YYYY-MM) is needed where neither the member's nor the file's name tells it. Raises RefusedFile.
    """
    if version and not VERSION.fullmatch(version):
        raise RefusedFile(source.name, f"--release {version} is not a year and month such as 2025-01.")
    member = choose_member(source, _WANTED[system])
    version = version or _version(system, member.name, source.name)
    if not version:
        raise RefusedFile(
            source.name, "its name does not tell the year and month of the release: give it with --release YYYY-MM."
        )
    report = ReadingReport()
    name = source.name if member.name == source.name else f"{source.name}: {member.name}"
    release = ReadRelease(version, name, source.digest, iter(()), report)
    if system == "hcpcs":
        release.is_table = member.kind != "text"
        release.records = _read_hcpcs(member, _read_noc_codes(source, report), report)
        return release
    release.states_dates = False
    if member.kind != "text":
        raise RefusedFile(name, f"a release of {icd10.NAMES[system]} is a text file, not {member.kind}.")
    if _is_order_file(member):
        release.records = icd10.parse_order_file(member.lines(), system=system, file=member.name, report=report)
    else:
        release.lists_headers = False
        release.records = icd10.parse_codes_file(member.lines(), system=system, file=member.name, report=report)
    return release


def can_read(system: str) -> bool:
    """Whether there is an importer for this code system."""
    return system in _WANTED


def _read_hcpcs(member: Member, noc_codes: frozenset[str] | None, report: ReadingReport) -> Iterator[CodeRecord]:
    if member.kind == "text":
        return hcpcs.parse_text(member.lines(), file=member.name, report=report, noc_codes=noc_codes)
    return hcpcs.parse_table(member.rows(), file=member.name, report=report, noc_codes=noc_codes)


def _read_noc_codes(source: SourceFile, report: ReadingReport) -> frozenset[str] | None:
    """The codes that CMS lists as NOC in the zip of the release; None where it does not, or the list is damaged."""
    try:
        member = find_member(source, _NOC_LIST)
        return hcpcs.parse_noc_list(member.rows(), file=member.name) if member else None
    except RefusedFile:
        # The codes themselves can be read without it.
        report.passed_over[UNREAD_NOC_LIST] += 1
        return None


def _is_order_file(member: Member) -> bool:
    return any(icd10.is_order_line(line) for _, line in zip(range(5), member.lines(), strict=False))


# Members of the official zips, best first; their names change from quarter to quarter.
_NO_DATA = r"(?!.*(?:layout|note|corr|trans|noc|addenda|readme))"
_WANTED = {
    "hcpcs": [re.compile(rf"(?i)^{_NO_DATA}.*HCPC\d{{2,4}}.*ANWEB.*\.{ending}$") for ending in ("txt", "xlsx", "csv")],
    "icd10cm": [re.compile(rf"(?i)^{_NO_DATA}.*icd10cm.*{part}.*\.txt$") for part in ("order", "codes")],
    "icd10pcs": [re.compile(rf"(?i)^{_NO_DATA}.*icd10pcs.*{part}.*\.txt$") for part in ("order", "codes")],
}

# NOC codes_JAN2025.xlsx
_NOC_LIST = re.compile(r"(?i)^NOC[ _-]*codes.*\.xlsx$")

_MONTH = "(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in MONTHS) + ")"
_EXACT_NAMES = [
    # January 2025, april-1-2025
    re.compile(rf"(?i)(?<![a-z]){_MONTH}(?![a-z])[ _,-]*(?:\d?\d[ ,_-]+)?(?P<year>20\d\d)(?!\d)"),
    # 2025_JAN
    re.compile(rf"(?i)(?<!\d)(?P<year>20\d\d)[ _-]*{_MONTH}(?![a-z])"),
]
_HCPCS_NAME = re.compile(rf"(?i)HCPC[ _-]*(?P<year>20\d\d|\d\d)(?!\d)(?:[ _-]*{_MONTH})?")
_ICD10_NAME = re.compile(r"(?i)icd-?10.*?(?<!\d)(?P<year>20\d\d)(?!\d)")


def _version(system: str, member: str, source: str) -> str:
    """Year and month from the names of the data file and of the source it is in; "" where neither tells.

    A name without a month is that of the annual release, unless the other name has a month of the same year.
    """
    for name, other in ((member, source), (source, member)):
        if exact := _exact_version(system, name):
            return exact
        if year := _year_of_validity(system, name):
            first, last = year
            exact = _exact_version(system, other)
            return exact if first <= exact <= last else first
    return ""


def _exact_version(system: str, name: str) -> str:
    if system == "hcpcs" and (match := _HCPCS_NAME.search(name)):
        # What follows may be the day on which the file was made.
        return _join(match["year"], match["month"]) if match["month"] else ""
    matches = (pattern.search(name) for pattern in _EXACT_NAMES)
    return next((_join(match["year"], match["month"]) for match in matches if match), "")


def _year_of_validity(system: str, name: str) -> tuple[str, str] | None:
    """First and last month of the year that a name tells: the calendar year, or the fiscal year for ICD-10."""
    match = (_HCPCS_NAME if system == "hcpcs" else _ICD10_NAME).search(name)
    if not match:
        return None
    year = int(match["year"][-2:]) + 2000
    return (f"{year}-01", f"{year}-12") if system == "hcpcs" else (f"{year - 1}-10", f"{year}-09")


def _join(year: str, month: str) -> str:
    numbers = {name[:3]: number for number, name in enumerate(MONTHS, 1)}
    return f"20{year[-2:]}-{numbers[month[:3].lower()]:02}"
