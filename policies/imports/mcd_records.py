"""The records of the LCDs and articles of the Medicare Coverage Database, put together of all tables of an export.

- A document that only documents_latest names, or of which the tables have another version, has its title and dates from
  that list, and is verified as of the list's newest day.
- A title is not stated where no table has one: the document then goes by its number.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from policies.facts import Facts
from policies.imports.html_text import one_line, shorten
from policies.imports.mcd_codes import LICENSED_TEXT, BrokenRow
from policies.imports.mcd_contractors import Contract
from policies.imports.mcd_documents import BaseRow, Documents
from policies.imports.mcd_latest import LatestRow
from policies.imports.mcd_rows import read_day
from policies.imports.records import PolicyRecord
from policies.licensed_numbers import without_licensed_number
from policies.models.plans import CMS
from policies.models.policies import TITLE_LENGTH

if TYPE_CHECKING:
    from policies.imports.mcd import Export

PLURALS = {"lcd": "LCDs", "article": "articles", "ncd": "NCDs"}


@dataclass(slots=True)
class DocumentRecords:
    """The documents of one kind, each put together of everything that was read."""

    export: Export
    documents: Documents
    plan_keys: dict[Contract, str]
    ncd_numbers: dict[int, str]
    as_of: datetime.date
    lost_in_codes: set[int]
    left_out: set[tuple[str, str, str]] = field(default_factory=set)
    _unknown_contracts: dict[Contract, int] = field(default_factory=dict)
    _untitled: list[str] = field(default_factory=list)
    _unresolved: int = 0

    def records(self) -> list[PolicyRecord]:
        export, kind = self.export, self.documents.kind.kind
        in_tables = self.documents.documents()
        if not self.documents.has(""):
            in_tables |= export.codes.documents(kind)
        lost = self.documents.lost() | self.lost_in_codes
        found = []
        for document in sorted(in_tables | export.latest.documents(kind) | lost):
            number = self.documents.kind.number(document)
            base = self.documents.base.of(document)
            if base is not None and base.is_proposed:
                export.report.counts["proposed documents, left out"] += 1
            elif document in lost or (base is None and self.documents.is_cut("")):
                self.left_out.add((CMS, kind, number))
            else:
                try:
                    if record := self._record(document, number, base, document in in_tables):
                        found.append(record)
                except BrokenRow as error:
                    export.report.problem(error.file, error.row, f"{number}: {error}")
                    self.left_out.add((CMS, kind, number))
        self._report(kind)
        return found

    def _record(self, document: int, number: str, base: BaseRow | None, is_in_tables: bool) -> PolicyRecord | None:
        """Raises BrokenRow. None for a document of which too little is known because a table was cut off."""
        export, kind = self.export, self.documents.kind
        version = -1
        if is_in_tables:
            version = max(self.documents.version(document), export.codes.version(kind.kind, document))
        row = export.latest.choose(kind.kind, document, version, self.as_of)
        is_listed_only = not is_in_tables
        is_other_version = row is not None and is_in_tables and row.version != version
        facts: Facts = {"url": kind.address.format(document)}
        verified = None
        if row and not (base and is_other_version):
            facts |= self._listed_facts(number, row, believes_retired=not is_other_version)
            if is_listed_only or is_other_version:
                verified = export.latest.newest
        if base:
            facts |= self._base_facts(number, base, facts)
        self._drop_contradiction(number, facts, row, base)
        if "title" not in facts:
            self._untitled.append(number)
        if article_type := self.documents.article_type(document):
            facts["article_type"] = article_type
        if is_in_tables:
            contracts = self.documents.contracts.of(document, version)
            if contracts is None and self.documents.is_cut("_x_contractor"):
                self.left_out.add((CMS, kind.kind, number))
                return None
            self._add_plans(facts, contracts)
            references = self.documents.references(document, version, self.ncd_numbers)
            if references is not None:
                facts["references"] = references
            self._unresolved += self.documents.unresolved_ncds(document, version, self.ncd_numbers)
        codes = export.codes.of(kind.kind, document, version) if is_in_tables else None
        source = base or row
        file, place = (source.file, source.row) if source else (export.name, None)
        return PolicyRecord(CMS, kind.kind, number, facts, codes, file, place, verified)

    def _listed_facts(self, number: str, row: LatestRow, *, believes_retired: bool) -> Facts:
        try:
            effective, retired = row.days()
        except ValueError as error:
            raise BrokenRow(row.file, row.row, str(error)) from error
        facts = self._title(number, row.title, row.file, row.row)
        if effective:
            facts["effective"] = effective.isoformat()
        if (retired or row.is_retired) and not believes_retired:
            text = f"{number} is retired there, but the tables have another version of it."
            self.export.report.note(row.file, row.row, text)
        elif retired or row.is_retired:
            facts["retired"] = retired.isoformat() if retired else None
            if row.is_retired or retired <= self.as_of:
                facts["status"] = "retired"
        elif believes_retired:
            facts["retired"] = None
        return facts

    def _base_facts(self, number: str, base: BaseRow, listed: Facts) -> Facts:
        try:
            days = [read_day(text) for text in (base.effective, base.last_reviewed, base.retired, base.ended)]
        except ValueError as error:
            raise BrokenRow(base.file, base.row, str(error)) from error
        effective, reviewed, retired, ended = days
        if not retired and ended and ended <= self.as_of:
            retired = ended
        if base.left_out:
            self.export.report.dropped[LICENSED_TEXT] += base.left_out
        if not base.stated().get("status"):
            self.export.report.note(base.file, base.row, f"{number}: its status “{base.status[:20]}” is not known.")
        return {
            **base.stated(),
            **self._title(number, base.title, base.file, base.row),
            "effective": effective.isoformat() if effective else listed.get("effective"),
            "last_reviewed": reviewed.isoformat() if reviewed else None,
            "retired": retired.isoformat() if retired else None,
        }

    def _title(self, number: str, text: str, file: str, row: int) -> Facts:
        whole = one_line(text)
        title = without_licensed_number(whole)
        if title != whole:
            self.export.report.dropped[LICENSED_TEXT] += 1
            what = "a CPT or CDT number is left out of" if title else "a CPT or CDT number keeps out"
            self.export.report.note(file, row, f"{number}: {what} its title.")
        if len(title) > TITLE_LENGTH:
            self.export.report.note(file, row, f"{number}: its title of {len(title):,} characters is cut.")
        return {"title": shorten(title, TITLE_LENGTH)} if title else {}

    def _drop_contradiction(self, number: str, facts: Facts, row: LatestRow | None, base: BaseRow | None) -> None:
        """Nothing is retired before it takes effect: then the day of effect is that of a version that never did."""
        effective, retired = facts.get("effective"), facts.get("retired")
        if effective and retired and retired < effective:
            source = base or row
            facts["effective"] = None
            text = f"{number} is retired on {retired}, before it takes effect on {effective}: the latter is left out."
            self.export.report.note(source.file, source.row, text)

    def _add_plans(self, facts: Facts, contracts: set[Contract] | None) -> None:
        """Not stated where the contractors are not known: an empty list would mean that it applies to all."""
        if not self.documents.has("_x_contractor") or not self.export.contractors.is_known or not contracts:
            return
        known = {self.plan_keys[contract] for contract in contracts if contract in self.plan_keys}
        for contract in contracts - self.plan_keys.keys():
            self._unknown_contracts[contract] = self._unknown_contracts.get(contract, 0) + 1
        if known:
            facts["plans"] = sorted(known)

    def _report(self, kind: str) -> None:
        report, name = self.export.report, self.export.name
        if self._untitled:
            text = f"{len(self._untitled):,} {PLURALS[kind]} have no title in these tables; their numbers stand for it"
            report.note(name, None, f"{text}: {', '.join(self._untitled)}.")
        for (contractor, contract_type), count in sorted(self._unknown_contracts.items()):
            text = f"contractor {contractor}-{contract_type} is not in contractor.csv; {count:,} documents name it."
            report.note(f"{kind}_x_contractor.csv", None, text)
        if self._unresolved:
            text = f"{self._unresolved:,} relations to NCDs are left out: ncd_trkg.csv does not have them."
            report.note(f"{kind}_related_ncd_documents.csv", None, text)
