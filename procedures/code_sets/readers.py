"""From a source to the records of one release: which file of it, which layout, which year and month."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from procedures.code_sets import hcpcs, icd10
from procedures.code_sets.records import CodeRecord, ReadingReport, RefusedFile
from procedures.code_sets.source_files import Member, SourceFile, choose_member

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
VERSION = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])")


@dataclass(slots=True)
class ReadRelease:
    """A release that is ready to be loaded.

    `version` is the year and month in which it takes effect (2025-01); `source_name` names the file, and the member of
    a zip; `records` may be read once and may raise RefusedFile while it is read; `report` fills while it is read.
    `complete`: it lists every code, so that absence means something; `lists_headers`: for headers too; `states_dates`:
    it says itself when a code ends, which ICD-10 does not.
    """

    version: str
    source_name: str
    digest: str
    records: Iterator[CodeRecord]
    report: ReadingReport = field(default_factory=ReadingReport)
    complete: bool = True
    lists_headers: bool = True
    states_dates: bool = True


def read_release(system: str, source: SourceFile, version: str = "") -> ReadRelease:
    """Opens the release of a code system (hcpcs, icd10cm, icd10pcs).

    `version` (YYYY-MM) is needed where neither the member's nor the file's name tells it. Raises RefusedFile.
    """
    if version and not VERSION.fullmatch(version):
        raise RefusedFile(source.name, f"--release {version} is not a year and month such as 2025-01.")
    member = choose_member(source, _WANTED[system])
    version = version or _version(system, member.name) or _version(system, source.name)
    if not version:
        raise RefusedFile(
            source.name, "its name does not tell the year and month of the release: give it with --release YYYY-MM."
        )
    report = ReadingReport()
    name = source.name if member.name == source.name else f"{source.name}: {member.name}"
    release = ReadRelease(version, name, source.digest, iter(()), report)
    if system == "hcpcs":
        release.records = _read_hcpcs(member, report)
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


def _read_hcpcs(member: Member, report: ReadingReport) -> Iterator[CodeRecord]:
    if member.kind == "text":
        return hcpcs.parse_text(member.lines(), file=member.name, report=report)
    return hcpcs.parse_table(member.rows(), file=member.name, report=report)


def _is_order_file(member: Member) -> bool:
    return any(icd10.is_order_line(line) for _, line in zip(range(5), member.lines(), strict=False))


# Members of the official zips, best first; their names change from quarter to quarter.
_NO_DATA = r"(?!.*(?:layout|note|corr|trans|noc|addenda|readme))"
_WANTED = {
    "hcpcs": [re.compile(rf"(?i)^{_NO_DATA}.*HCPC\d{{2,4}}.*ANWEB.*\.{ending}$") for ending in ("txt", "xlsx", "csv")],
    "icd10cm": [re.compile(rf"(?i)^{_NO_DATA}.*icd10cm.*{part}.*\.txt$") for part in ("order", "codes")],
    "icd10pcs": [re.compile(rf"(?i)^{_NO_DATA}.*icd10pcs.*{part}.*\.txt$") for part in ("order", "codes")],
}

_HCPCS_FILE = re.compile(r"(?i)HCPC(20\d\d|\d\d)(?!\d)(?:[ _-]*(jan|apr|jul|oct))?")
_MONTH_AND_YEAR = re.compile(rf"(?i)({'|'.join(MONTHS)})[a-z]*[ _-]*(?:\d?\d[ ,_-]+)?(20\d\d)")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")


def _version(system: str, name: str) -> str:
    """Year and month from a file name, "" where it does not tell.

    A HCPCS file without a month is the annual one of January. A fiscal year of ICD-10 takes effect on 1 October of the
    year before; an update names its month.
    """
    if system == "hcpcs" and (match := _HCPCS_FILE.search(name)):
        year = match[1] if len(match[1]) == 4 else f"20{match[1]}"
        return _join(year, match[2] or "jan")
    if match := _MONTH_AND_YEAR.search(name):
        return _join(match[2], match[1])
    if system != "hcpcs" and re.search(r"(?i)icd10", name) and (match := _YEAR.search(name)):
        return f"{int(match[1]) - 1}-10"
    return ""


def _join(year: str, month: str) -> str:
    return f"{year}-{MONTHS.index(month.lower()) + 1:02}"
