"""Reads the exports of the Medicare Coverage Database: LCDs, articles and NCDs, who applies them, what they name.

Source: https://www.cms.gov/medicare-coverage-database/downloads/downloads.aspx. Tables may be missing: what only they
say is then not stated.
"""

from pathlib import Path

from django.utils import timezone

from policies.imports.mcd_codes import TABLES_OF_KIND, DocumentCodes
from policies.imports.mcd_contractors import Contractors
from policies.imports.mcd_documents import ARTICLE, LCD, Documents
from policies.imports.mcd_latest import LatestDocuments
from policies.imports.mcd_ncds import Determinations
from policies.imports.mcd_records import PLURALS, DocumentRecords
from policies.imports.mcd_rows import RowReader
from policies.imports.mcd_tables import DOCUMENTS_LATEST, KEY_COLUMNS, Table, open_tables
from policies.imports.records import ImportReport, PlanRecord, ReadPolicies
from policies.models.plans import CMS
from procedures.code_sets.loader import Progress, no_progress
from procedures.code_sets.records import RefusedFile, printable

_CMS_PLAN = PlanRecord(
    name="Centers for Medicare & Medicaid Services (CMS)",
    kind="federal",
    region="United States",
    website="https://www.cms.gov/medicare-coverage-database/search.aspx",
)
_LOOKUPS = {"contractor", "contractor_jurisdiction", "contractor_type_lookup", "state_lookup"}


def read_mcd(path: Path, progress: Progress = no_progress) -> ReadPolicies:
    """Reads a folder, with its subfolders, or a zip, with zips in it. `progress` wraps the list of tables.

    Raises RefusedFile where there is no table of documents, and for a table or an archive that cannot be read. Rows
    that cannot be read are problems of the report; their documents are left out. In `codes`, values are shared.
    """
    export = Export(printable(path.name or str(path)))
    with open_tables(path) as tables:
        for table in progress(tables, desc="Reading", unit=" tables"):
            export.take(table)
    if not export.names - _LOOKUPS:
        raise RefusedFile(export.name, "it holds lists of contractors or states, and no table of documents.")
    return export.policies()


class Export:
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
            whole = DocumentRecords(self, documents, keys, ncd_numbers, as_of, self._lost_in_codes(documents.kind.kind))
            policies += whole.records()
            left_out |= whole.left_out
        policies += ncds
        for kind, plural in PLURALS.items():
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
            keeps_references=self._keeps_reference,
            is_complete_for=self._is_complete_for,
            left_out=left_out,
        )

    def _keeps_reference(self, kind: str, key: str) -> bool:
        """Whether a document goes on to name one that it named: the number of an NCD is in a table of its own."""
        if not key.startswith("ncd:"):
            return False
        has_numbers = self.determinations.is_known and not self.determinations.is_cut
        return not (has_numbers and self.documents[kind].tells_ncds)

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
