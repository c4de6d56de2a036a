"""Reads the exports of the Medicare Coverage Database: LCDs, articles and NCDs, who applies them, what they name.

Source: https://www.cms.gov/medicare-coverage-database/downloads/downloads.aspx. Tables may be missing: what only they
say is then not stated. Two things that follow from the tables as they are:

- A document that only documents_latest names, or of which the tables have another version, has its title and dates from
  that list, and is verified as of the list's newest day.
- A title is not stated where no table has one: the document then goes by its number.
"""

import datetime
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from policies.facts import Facts
from policies.imports.html_text import one_line, shorten
from policies.imports.licensed_numbers import without_licensed_number
from policies.imports.mcd_codes import LICENSED_TEXT, TABLES_OF_KIND, BrokenRow, DocumentCodes
from policies.imports.mcd_contractors import Contract, Contractors
from policies.imports.mcd_documents import ARTICLE, LCD, BaseRow, Documents
from policies.imports.mcd_latest import LatestDocuments, LatestRow
from policies.imports.mcd_ncds import Determinations
from policies.imports.mcd_rows import RowReader, read_day
from policies.imports.mcd_tables import DOCUMENTS_LATEST, KEY_COLUMNS, Table, open_tables
from policies.imports.records import ImportReport, PlanRecord, PolicyRecord, ReadPolicies
from policies.models.plans import CMS
from policies.models.policies import TITLE_LENGTH
from procedures.code_sets.loader import Progress, no_progress
from procedures.code_sets.records import RefusedFile, printable

_CMS_PLAN = PlanRecord(
    name="Centers for Medicare & Medicaid Services (CMS)",
    kind="federal",
    region="United States",
    website="https://www.cms.gov/medicare-coverage-database/search.aspx",
)
_LOOKUPS = {"contractor", "contractor_jurisdiction", "contractor_type_lookup", "state_lookup"}
_PLURALS = {"lcd": "LCDs", "article": "articles", "ncd": "NCDs"}


def read_mcd(path: Path, progress: Progress = no_progress) -> ReadPolicies:
    """Reads a folder, with its subfolders, or a zip, with zips in it. `progress` wraps the list of tables.

    Raises RefusedFile where there is no table of documents, and for a table or an archive that cannot be read. Rows
    that cannot be read are problems of the report; their documents are left out. In `codes`, values are shared.
    """
    export = _Export(printable(path.name or str(path)))
    with open_tables(path) as tables:
        for table in progress(tables, desc="Reading", unit=" tables"):
            export.take(table)
    if not export.names - _LOOKUPS:
        raise RefusedFile(export.name, "it holds lists of contractors or states, and no table of documents.")
    return export.policies()


class _Export:
    """All tables of an export, taken in one by one and then put together."""

    def __init__(self, name: str):
        self.name = name[:300]
        self.report = ImportReport()
        self.reader = RowReader(self.report, timezone.localdate())
        self.names: set[str] = set()
        self.contractors = Contractors(self.reader)
        self.codes = DocumentCodes(self.reader)
        self.determinations = Determinations(self.reader)
        self.latest = LatestDocuments(self.reader)
        self.documents = {kind.kind: Documents(kind, self.reader) for kind in (LCD, ARTICLE)}
        self._takers = {
            "contractor": self.contractors.take_contractors,
            "contractor_jurisdiction": self.contractors.take_jurisdictions,
            "contractor_type_lookup": self.contractors.take_types,
            "state_lookup": self.contractors.take_states,
            "ncd_trkg": self.determinations.take,
            DOCUMENTS_LATEST: self.latest.take,
            **{name: documents.take for documents in self.documents.values() for name in documents.table_names},
            **{name: self.codes.take for names in TABLES_OF_KIND.values() for name in names},
        }
        self._code_tables: dict[str, list[Table]] = {"lcd": [], "article": []}

    def take(self, table: Table) -> None:
        self.names.add(table.name)
        self._takers[table.name](table)
        for kind, names in TABLES_OF_KIND.items():
            if table.name in names:
                self._code_tables[kind].append(table)

    def policies(self) -> ReadPolicies:
        days = [day for day in (self.reader.newest, self.latest.newest) if day]
        as_of = max(days, default=self.reader.today)
        self._note_missing()
        plans, keys = self.contractors.plans(as_of)
        ncds, left_out = self.determinations.records(CMS)
        ncd_numbers = self.determinations.numbers()
        policies = []
        for documents in self.documents.values():
            whole = _Whole(self, documents, keys, ncd_numbers, as_of, self._lost_in_codes(documents.kind.kind))
            policies += whole.records()
            left_out |= whole.left_out
        policies += ncds
        for kind, plural in _PLURALS.items():
            self.report.counts[plural] = sum(policy.kind == kind for policy in policies)
        return ReadPolicies(
            kind="mcd",
            source_name=self.name,
            as_of=as_of,
            verified=self.reader.newest or self.latest.newest,
            plans={CMS: _CMS_PLAN, **plans},
            policies=policies,
            report=self.report,
            keeps_codes=self.codes.keeps,
            is_complete_for=self._is_complete_for,
            left_out=left_out,
        )

    def _is_complete_for(self, kind: str, issuer_slug: str) -> bool:
        if issuer_slug != CMS:
            return False
        if kind == "ncd":
            return self.determinations.is_known and not self.determinations.is_cut
        if kind not in self.documents:
            return False
        documents = self.documents[kind]
        suffix = "" if documents.has("") else "_x_contractor"
        return documents.has(suffix) and not documents.is_cut(suffix)

    def _note_missing(self) -> None:
        missing = [table for table in KEY_COLUMNS if table not in self.names and table != "contractor_type_lookup"]
        if self.names >= {"lcd", "article"}:
            missing = [table for table in missing if table != DOCUMENTS_LATEST]
        if missing:
            listed = ", ".join(f"{table}.csv" for table in missing)
            self.report.note(
                self.name, None, f"these tables are missing, and what only they say is not stated: {listed}."
            )

    def _lost_in_codes(self, kind: str) -> set[int]:
        names = {name for table in self._code_tables[kind] for name in table.lost}
        return {int(name) for name in names if name.isascii() and name.isdigit()}


@dataclass(slots=True)
class _Whole:
    """The documents of one kind, each put together of everything that was read."""

    export: _Export
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
            text = (
                f"{len(self._untitled):,} {_PLURALS[kind]} have no title in these tables; their numbers stand for it."
            )
            report.note(name, None, text)
            for number in self._untitled:
                report.note(name, None, f"{number} has no title.")
        for (contractor, contract_type), count in sorted(self._unknown_contracts.items()):
            text = f"contractor {contractor}-{contract_type} is not in contractor.csv; {count:,} documents name it."
            report.note(f"{kind}_x_contractor.csv", None, text)
        if self._unresolved:
            text = f"{self._unresolved:,} relations to NCDs are left out: ncd_trkg.csv does not have them."
            report.note(f"{kind}_related_ncd_documents.csv", None, text)
