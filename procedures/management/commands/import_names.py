"""Imports names of codes, and notes to those who code, from an official list."""

import sys

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import choose_member, open_source
from procedures.name_sources import asp, icd10cm_tabular, table_of_drugs
from procedures.name_sources.loader import NamesSummary, load_drug_names, load_tabular_list
from procedures.name_sources.names import refuse_bad_release

# Each list: how it is recognized in a zip, read, and loaded.
LISTS = {
    "asp": (asp.WANTED, asp.read_asp, load_drug_names),
    "table_of_drugs": (table_of_drugs.WANTED, table_of_drugs.read_table_of_drugs, load_drug_names),
    "icd10cm_tabular": (icd10cm_tabular.WANTED, icd10cm_tabular.read_tabular, load_tabular_list),
}


class Command(BaseCommand):
    help = (
        "Imports names of codes from an official list: the ASP NDC-HCPCS crosswalk (asp), the CMS Table of Drugs "
        "(table_of_drugs), or the tabular list of ICD-10-CM in XML (icd10cm_tabular), which also brings notes. "
        "It ends complete or changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("list", metavar="LIST", help=", ".join(LISTS))
        parser.add_argument("source", metavar="SOURCE", help="a file (plain, gz or zip) or https address")
        parser.add_argument("--release", metavar="YYYY-MM", default="", help="where the file's name does not tell it")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *, source, release, dry_run, **options):
        if options["list"] not in LISTS:
            raise CommandError(f"There is no list {printable(options['list'])!r}. Known: {', '.join(LISTS)}.")
        wanted, read, load = LISTS[options["list"]]
        try:
            with open_source(source) as file:
                if release:
                    refuse_bad_release(file.name, release)
                summary = load(read(choose_member(file, wanted), release), dry_run=dry_run, progress=self._progress)
        except RefusedFile as refusal:
            raise CommandError(f"{refusal}\nNothing was changed.") from refusal
        except DatabaseError as error:
            raise CommandError(f"The database refused: {str(error).strip()}\nNothing was changed.") from error
        except KeyboardInterrupt as interrupt:
            raise CommandError("Interrupted. Nothing was changed.", returncode=130) from interrupt
        self._print(summary, dry_run)

    @staticmethod
    def _progress(items, **options):
        return tqdm(items, file=sys.stderr, disable=None, **options)

    def _print(self, summary: NamesSummary, dry_run: bool) -> None:
        self.stdout.write(f"{summary.source}: {'would be imported' if dry_run else 'imported'}")
        for what, count in summary.read.items():
            self._count("read", count, what)
        for kind, count in sorted(summary.names_added.items()):
            self._count("names added", count, kind)
        if not summary.names_added:
            self._count("names added", 0)
        self._count("names there already", summary.names_held)
        notes = (summary.notes_added, summary.notes_held, summary.notes_removed)
        for what, count in (
            ("names with a newer source", summary.names_renewed),
            ("names removed", summary.names_removed),
            *zip(("notes added", "notes there already", "notes removed"), notes, strict=True),
            ("codes of a newer release", summary.newer),
        ):
            if count:
                self._count(what, count)
        self._count("codes with new names", summary.codes_changed)
        if summary.not_loaded:
            self._count("codes not held", summary.not_loaded, f"with {summary.names_not_loaded:,} names")
        for reason, count in sorted(summary.dropped.items()):
            self._count("passed over", count, _with_examples(reason, summary.examples.get(reason, []), count))
        if dry_run:
            self.stdout.write("This was a dry run: nothing was written.")

    def _count(self, what: str, count: int, detail: str = "") -> None:
        self.stdout.write(f"  {what:<28}{count:>9,}{'  ' + detail if detail else ''}")


def _with_examples(reason: str, examples: list[str], count: int) -> str:
    if not examples:
        return reason
    return f"{reason}: {'; '.join(examples)}{'; ...' if count > len(examples) else ''}"
