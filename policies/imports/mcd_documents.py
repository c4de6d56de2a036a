"""The LCDs and articles of the Medicare Coverage Database: what the tables say of one document, put together.

Source: lcd.csv, article.csv, *_x_contractor.csv, *_related_documents.csv and *_related_ncd_documents.csv. The last
version of a document counts. A document with a `display_id` is proposed, and is left out.
"""

from dataclasses import dataclass, field

from policies.facts import Facts, policy_key
from policies.imports.html_text import summary_of
from policies.imports.mcd_contractors import Contract
from policies.imports.mcd_rows import LastVersions, RowReader, read_number
from policies.imports.mcd_tables import Table

# article_type, as article_type_lookup.csv has it.
_ARTICLE_TYPES = {
    **{"1": "article", "2": "faq", "3": "self-administered-drugs", "4": "article"},
    **{"5": "response-to-comments", "6": "billing-and-coding"},
}
_STATUSES = {"A": "active", "R": "retired"}


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """How a kind of document is named in the tables. `effective` are columns, the first that is filled counts."""

    kind: str
    prefix: str
    address: str
    effective: tuple[str, ...]
    last_reviewed: str
    ended: str
    narrative: str

    def number(self, document: int) -> str:
        return f"{self.prefix}{document}"


_VIEW = "https://www.cms.gov/medicare-coverage-database/view/"
LCD = DocumentKind(
    *("lcd", "L", _VIEW + "lcd.aspx?lcdid={}"),
    *(("rev_eff_date", "orig_det_eff_date"), "last_reviewed_on", "ent_det_end_date", "indication"),
)
ARTICLE = DocumentKind(
    "article", "A", _VIEW + "article.aspx?articleid={}", ("article_eff_date",), "", "article_end_date", "description"
)


@dataclass(slots=True)
class BaseRow:
    """The row of lcd.csv or article.csv with the last version, its days as they stand there."""

    file: str = ""
    row: int = 0
    updated: str = ""
    title: str = ""
    status: str = ""
    is_proposed: bool = False
    effective: str = ""
    last_reviewed: str = ""
    retired: str = ""
    ended: str = ""
    summary: str = ""
    left_out: int = 0

    def stated(self) -> Facts:
        return {"summary": self.summary, **({"status": _STATUSES[self.status]} if self.status in _STATUSES else {})}


@dataclass(slots=True)
class _Relations:
    documents: set[str] = field(default_factory=set)
    determinations: set[int] = field(default_factory=set)


class Documents:
    """All documents of one kind. Feed the tables, then ask for what they say."""

    def __init__(self, kind: DocumentKind, reader: RowReader):
        self.kind, self.reader = kind, reader
        self.tables: dict[str, list[Table]] = {}
        self.base: LastVersions[BaseRow] = LastVersions(BaseRow)
        self.contracts: LastVersions[set[Contract]] = LastVersions(set)
        self.article_types: dict[int, tuple[int, str]] = {}
        self._related: LastVersions[_Relations] = LastVersions(_Relations)
        self._related_ncds: LastVersions[_Relations] = LastVersions(_Relations)
        self._takers = {
            kind.kind: self._take_base,
            f"{kind.kind}_x_contractor": self._take_contracts,
            f"{kind.kind}_related_documents": self._take_related,
            f"{kind.kind}_related_ncd_documents": self._take_related_ncds,
        }

    @property
    def table_names(self) -> list[str]:
        return list(self._takers)

    def take(self, table: Table) -> None:
        self.tables.setdefault(table.name, []).append(table)
        self._takers[table.name](table)

    def has(self, suffix: str) -> bool:
        """Whether the table was read: "" for that of the documents themselves."""
        return f"{self.kind.kind}{suffix}" in self.tables

    def is_cut(self, suffix: str) -> bool:
        """Whether nothing follows from the absence of a row in this table."""
        return any(table.is_cut or "" in table.lost for table in self.tables.get(f"{self.kind.kind}{suffix}", ()))

    @property
    def tells_ncds(self) -> bool:
        """Whether a document that is not related to an NCD in what was read is not related to it."""
        return self.has("_related_ncd_documents") and not self.is_cut("_related_ncd_documents")

    def lost(self) -> set[int]:
        """The documents of which a row could not be read."""
        names = {name for tables in self.tables.values() for table in tables for name in table.lost}
        return {int(name) for name in names if name.isascii() and name.isdigit()}

    def documents(self) -> set[int]:
        """The documents that the tables name: those of lcd.csv or article.csv, without it those with a contractor."""
        return set(self.base) if self.has("") else set(self.contracts)

    def version(self, document: int) -> int:
        held = (self.base, self.contracts, self._related, self._related_ncds)
        return max(versions.version(document) for versions in held)

    def references(self, document: int, version: int, ncd_numbers: dict[int, str]) -> list[str] | None:
        """Keys of policies.facts of the documents that this one names; None where it cannot be known."""
        named, ncds = self._related.of(document, version), self._related_ncds.of(document, version)
        if not self.has("_related_documents") or (named is None and self.is_cut("_related_documents")):
            return None
        keys = (
            {policy_key("ncd", ncd_numbers[ncd]) for ncd in ncds.determinations if ncd in ncd_numbers}
            if ncds
            else set()
        )
        if named:
            keys |= named.documents
        return sorted(keys - {policy_key(self.kind.kind, self.kind.number(document))})

    def unresolved_ncds(self, document: int, version: int, ncd_numbers: dict[int, str]) -> int:
        ncds = self._related_ncds.of(document, version)
        return len(ncds.determinations - ncd_numbers.keys()) if ncds else 0

    def article_type(self, document: int) -> str:
        return _ARTICLE_TYPES.get(self.article_types.get(document, (0, ""))[1], "")

    def _take_base(self, table: Table) -> None:
        kind = self.kind
        columns = ("title", "status", "display_id", "date_retired", kind.ended, kind.narrative, "article_type")
        columns += (kind.last_reviewed or "last_reviewed_on", *kind.effective)
        for number, (document, version), cells in self.reader.document_rows(table, columns):
            held = self.base.at(document, version)
            if held is None:
                continue
            title, status, display, retired, ended, narrative, article_type, reviewed, *effective, updated = cells
            if held.file and updated <= held.updated:
                continue
            held.file, held.row, held.updated = table.file, number, updated
            held.title, held.status = title, status.strip().upper()
            held.is_proposed = bool(display.strip()) or held.status == "P"
            held.retired, held.ended, held.last_reviewed = retired, ended, reviewed
            held.effective = next((text for text in effective if text.strip()), "")
            held.summary, held.left_out = summary_of(narrative)
            self._see_type(document, version, article_type)

    def _take_contracts(self, table: Table) -> None:
        columns = ("contractor_id", "contractor_type_id", "article_type")
        for number, (document, version), cells in self.reader.document_rows(table, columns):
            held = self.contracts.at(document, version)
            if held is None:
                continue
            try:
                held.add((read_number(cells[0]), read_number(cells[1])))
            except ValueError as error:
                self.reader.report.problem(table.file, number, f"{self.kind.number(document)}, contractor: {error}")
                table.lost.add(str(document))
            self._see_type(document, version, cells[2])

    def _take_related(self, table: Table) -> None:
        for number, (document, version), cells in self.reader.document_rows(table, ("r_article_id", "r_lcd_id")):
            held = self._related.at(document, version)
            if held is None:
                continue
            for kind, text in ((ARTICLE, cells[0]), (LCD, cells[1])):
                if named := self._number(table, number, document, text):
                    held.documents.add(policy_key(kind.kind, kind.number(named)))

    def _take_related_ncds(self, table: Table) -> None:
        for number, (document, version), cells in self.reader.document_rows(table, ("r_ncd_id",)):
            held = self._related_ncds.at(document, version)
            if held is not None and (named := self._number(table, number, document, cells[0])):
                held.determinations.add(named)

    def _number(self, table: Table, number: int, document: int, text: str) -> int:
        """The document that a row names, 0 for none."""
        if not text.strip():
            return 0
        try:
            return read_number(text)
        except ValueError as error:
            self.reader.report.problem(table.file, number, f"{self.kind.number(document)}, related document: {error}")
            table.lost.add(str(document))
            return 0

    def _see_type(self, document: int, version: int, article_type: str) -> None:
        if self.kind is ARTICLE and article_type.strip():
            self.article_types[document] = max(
                self.article_types.get(document, (-1, "")), (version, article_type.strip())
            )
