"""The National Coverage Determinations of the Medicare Coverage Database.

Source: ncd_trkg.csv of the NCD export. It has no codes and no status: of the determinations that CMS has retired, the
title says so.
"""

import re
from collections import Counter
from dataclasses import dataclass

from policies.imports.html_text import one_line, shorten, summary_of
from policies.imports.mcd_codes import LICENSED_TEXT
from policies.imports.mcd_rows import LastVersions, RowReader, read_day
from policies.imports.mcd_tables import Table
from policies.imports.records import PolicyRecord
from policies.licensed_numbers import without_licensed_number

ADDRESS = "https://www.cms.gov/medicare-coverage-database/view/ncd.aspx?NCDId={}"
_LONGEST_NUMBER, _LONGEST_TITLE = 60, 500
_RETIRED = re.compile(r"\bRETIRED\b", re.IGNORECASE)


@dataclass(slots=True)
class _Row:
    file: str = ""
    row: int = 0
    updated: str = ""
    section: str = ""
    title: str = ""
    effective: str = ""
    ended: str = ""
    narrative: str = ""


class Determinations:
    """All NCDs of an export. Feed the table, then ask for the numbers and the records."""

    def __init__(self, reader: RowReader):
        self.reader = reader
        self.is_known = self.is_cut = False
        self._rows: LastVersions[_Row] = LastVersions(_Row)

    def take(self, table: Table) -> None:
        self.is_known = True
        columns = (
            "ncd_mnl_sect",
            "ncd_mnl_sect_title",
            "ncd_efctv_dt",
            "ncd_trmntn_dt",
            "indctn_lmtn",
            "itm_srvc_desc",
        )
        for number, (determination, version), cells in self.reader.document_rows(table, (*columns, "last_updt_tmstmp")):
            row = self._rows.at(determination, version)
            if row is None:
                continue
            section, title, effective, ended, limits, service, updated, _ = cells
            if row.file and updated <= row.updated:
                continue
            row.file, row.row, row.updated = table.file, number, updated
            row.section, row.title, row.effective, row.ended = section, title, effective, ended
            row.narrative = limits if limits.strip() else service
        self.is_cut |= table.is_cut or bool(table.lost)

    def numbers(self) -> dict[int, str]:
        """The number of each NCD by its id: the section of the manual, with the id where several have it."""
        sections = {ncd: shorten(one_line(self._rows.of(ncd).section), _LONGEST_NUMBER - 20) for ncd in self._rows}
        used = Counter(sections.values())
        return {
            ncd: f"NCD {ncd}" if not section else section if used[section] == 1 else f"{section} (NCD {ncd})"
            for ncd, section in sections.items()
        }

    def records(self, issuer: str) -> tuple[list[PolicyRecord], set[tuple[str, str, str]]]:
        """The determinations, and those left out because of a date that cannot be read."""
        found, left_out = [], set()
        for ncd, number in sorted(self.numbers().items()):
            row = self._rows.of(ncd)
            try:
                effective, ended = read_day(row.effective), read_day(row.ended)
            except ValueError as error:
                self.reader.report.problem(row.file, row.row, f"NCD {number}: {error}")
                left_out.add((issuer, "ncd", number))
                continue
            title = without_licensed_number(one_line(row.title))
            summary, dropped = summary_of(row.narrative)
            if dropped:
                self.reader.report.dropped[LICENSED_TEXT] += dropped
            if effective and ended and ended < effective:
                self.reader.report.note(row.file, row.row, f"NCD {number} ends before it takes effect.")
                effective = None
            facts = {
                "effective": effective.isoformat() if effective else None,
                "retired": ended.isoformat() if ended else None,
                "url": ADDRESS.format(ncd),
                "summary": summary,
                "plans": [],
            }
            if title:
                facts["title"] = shorten(title, _LONGEST_TITLE)
            if _RETIRED.search(title):
                facts["status"] = "retired"
            found.append(PolicyRecord(issuer, "ncd", number, facts, None, row.file, row.row))
        return found, left_out
