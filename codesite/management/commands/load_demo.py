"""Loads the demonstration content."""

import hashlib
import sys
from pathlib import Path

from django.core.management.base import BaseCommand
from tqdm import tqdm

from contact.demonstration import load_meetings
from policies.demonstration.excerpts import read_example_plan, read_medicare
from policies.imports.loader import load_policies
from procedures import demonstration
from procedures.code_sets import hcpcs
from procedures.code_sets.loader import load_release
from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import ReadingReport
from procedures.demonstration import drug_names, icd10cm
from procedures.demonstration.guides_in_work import load_guides
from procedures.models import CodeSystem
from procedures.name_sources.loader import load_drug_names, load_tabular_list
from procedures.search import index_is_current, rebuild

FOLDER = Path(demonstration.__file__).parent
HCPCS_VERSION = "2025-01"


class Command(BaseCommand):
    help = (
        "Loads the demonstration: ICD-10-CM with inclusion terms and notes, an excerpt of HCPCS with names of drugs, "
        "guides, policies on some of these codes, and what visitors need to book a meeting. It adds what is missing, "
        "changes nothing."
    )

    def handle(self, **options):
        self._load_codes("hcpcs", read_hcpcs_excerpt())
        self._load_codes("icd10cm", icd10cm.read_package())
        self._load_names()
        self._load_guides()
        self._load_policies()
        self.stdout.write(f"Hosts and types of meetings: {load_meetings()} added.")
        if not index_is_current():
            self.stdout.write(f"Search: {rebuild(progress=self._indexing):,} codes indexed.")

    def _load_codes(self, slug: str, read: ReadRelease) -> None:
        system = CodeSystem.objects.get(slug=slug)
        held = system.releases.filter(digest=read.digest).first()
        if held and system.codes.count() >= sum(held.counts["read"].values()):
            self.stdout.write(f"{system.name}: the demonstration is there already.")
            return
        if held:
            # Some of its codes have gone since: they are added again under the release that is recorded.
            read.digest = hashlib.sha256(f"{read.digest}{held.pk}{system.codes.count()}".encode()).hexdigest()
        # An excerpt says nothing by absence; nor does a whole release that only fills gaps.
        read.complete = read.complete and not system.codes.exists()
        summary = load_release(system, read, only_add=True, progress=self._progress)
        self.stdout.write(f"{system.name}: {summary.added:,} codes and headings added.")

    def _load_names(self) -> None:
        added = load_drug_names(drug_names.read_drug_names(), progress=self._progress).names_added.total()
        self.stdout.write(f"Names of drugs: {added} added.")
        tabular = icd10cm.read_tabular_list()
        if tabular is None:
            self.stdout.write("ICD-10-CM: the package has no tabular list, so there are no inclusion terms and notes.")
            return
        summary = load_tabular_list(tabular, only_add=True, progress=self._progress)
        terms, notes = summary.names_added.total(), summary.notes_added
        self.stdout.write(f"ICD-10-CM: {terms:,} inclusion terms and {notes:,} notes added.")

    def _load_guides(self) -> None:
        added = load_guides()
        self.stdout.write(f"Guides: {added} added.")

    def _load_policies(self) -> None:
        added = 0
        for read in (read_medicare, read_example_plan):
            added += load_policies(read(), only_add=True, progress=self._progress).added
        self.stdout.write(f"Policies: {added} added.")

    def _indexing(self, entries):
        return self._progress(entries, desc="Indexing", unit=" codes")

    @staticmethod
    def _progress(items, **options):
        return tqdm(items, file=sys.stderr, disable=None, **options)


def read_hcpcs_excerpt() -> ReadRelease:
    """The excerpt of the January 2025 release that the project ships."""
    file = FOLDER / "hcpcs.txt"
    report = ReadingReport()
    lines = file.read_text(encoding="ascii").splitlines()
    return ReadRelease(
        version=HCPCS_VERSION,
        source_name="Excerpt of CMS HCPCS Level II, January 2025, shipped with the demonstration",
        digest=hashlib.sha256(file.read_bytes()).hexdigest(),
        records=hcpcs.parse_text(lines, file=file.name, report=report),
        report=report,
        complete=False,
    )
