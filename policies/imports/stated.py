"""What the records of a source say, in the terms of this database: its plans, its codes, the documents it holds."""

from dataclasses import dataclass

from policies.code_ids import ids_of_codes
from policies.facts import Codes, Facts, policy_key
from policies.imports.merge import Sides
from policies.imports.named_documents import NamedDocuments
from policies.imports.plans import PlanBook
from policies.imports.records import PolicyRecord, ReadPolicies
from policies.imports.summary import LoadSummary


def read_codes(read: ReadPolicies, records: list[PolicyRecord]) -> dict[str, int]:
    """Primary keys of the codes that are named (hcpcs:J9302); the report counts those that are not held."""
    named = {key.partition("|")[0] for record in records for key in record.codes or ()}
    pairs = {(system, normalized) for system, _, normalized in (code.partition(":") for code in named)}
    found = {f"{system}:{normalized}": pk for (system, normalized), pk in ids_of_codes(pairs).items()}
    if unknown := named - found.keys():
        for record in records:
            codes = (key.partition("|")[0] for key in record.codes or ())
            read.report.unknown_codes.update(code for code in codes if code in unknown)
    return found


@dataclass(slots=True)
class Stated:
    """Facts have plans as slugs, and name only documents that are held, as their source does."""

    read: ReadPolicies
    summary: LoadSummary
    plans: PlanBook
    code_ids: dict[str, int]
    documents: NamedDocuments

    def facts(self, record: PolicyRecord) -> Facts:
        facts = dict(record.facts)
        if facts.get("title") == record.number:
            # Its number stands for a title that the source does not have.
            del facts["title"]
        if "plans" in facts:
            facts["plans"] = sorted({self.plans[key].slug for key in facts["plans"]})
        if "references" in facts:
            issuer, itself = self.plans[record.issuer].slug, policy_key(record.kind, record.number)
            named = set(facts["references"]) - {itself}
            facts["references"] = sorted(key for key in named if self.documents.is_known(issuer, key))
            self.summary.references_unknown.update(named.difference(facts["references"]))
        return facts

    def codes(self, record: PolicyRecord) -> Codes:
        """Without codes that are not held."""
        if not record.codes:
            return {}
        codes = {key: columns for key, columns in record.codes.items() if key.partition("|")[0] in self.code_ids}
        return record.codes if len(codes) == len(record.codes) else codes

    def now(self, record: PolicyRecord, base: Sides) -> Sides:
        """What the source says now; what it does not state this time is as it was in `base`."""
        facts = {**base.facts, **self.facts(record)}
        if (
            facts.get("status") == "retired"
            and "status" not in record.facts
            and record.facts.get("retired", "") is None
        ):
            # The source took the retirement back, and does not say what holds instead.
            facts["status"] = "unknown"
        if "references" in record.facts:
            kept = {key for key in base.facts.get("references", ()) if self.read.keeps_references(record.kind, key)}
            facts["references"] = sorted({*facts["references"], *kept})
        if record.codes is None:
            return Sides(facts, base.codes)
        codes = self.codes(record)
        kept = {
            key: columns
            for key, columns in base.codes.items()
            if key not in codes and self.read.keeps_codes(columns["source"])
        }
        return Sides(facts, {**codes, **kept} if kept else codes)

    def with_documents(self, issuer: str, side: Sides) -> Sides:
        """The same, with documents as the facts of this database name them: to be compared with those."""
        if not side.facts.get("references"):
            return side
        references = self.documents.in_facts(issuer, side.facts["references"])
        return Sides({**side.facts, "references": references}, side.codes)
