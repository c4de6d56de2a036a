"""Imports one release of a code system."""

import sys

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from tqdm import tqdm

from procedures.code_sets.loader import LoadSummary, licence_problem, load_release
from procedures.code_sets.readers import can_read, read_release
from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import open_source
from procedures.models import CodeChange, CodeSystem


class Command(BaseCommand):
    help = "Imports a release of a code system: a file, zip or https address. It ends complete or changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("system", metavar="SYSTEM", help="hcpcs, icd10cm or icd10pcs")
        parser.add_argument("source", metavar="SOURCE", help="a file (plain, gz, zip, xlsx, csv) or https address")
        parser.add_argument("--release", metavar="YYYY-MM", default="", help="where the file's name does not tell it")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")

    def handle(self, *, system, source, release, dry_run, **options):
        try:
            code_system = self._find_system(system)
            with open_source(source) as file:
                read = read_release(system, file, release)
                summary = load_release(code_system, read, dry_run=dry_run, progress=self._progress)
        except RefusedFile as refusal:
            raise CommandError(f"{refusal}\nNothing was changed.") from refusal
        except DatabaseError as error:
            raise CommandError(f"The database refused: {str(error).strip()}\nNothing was changed.") from error
        except KeyboardInterrupt as interrupt:
            raise CommandError("Interrupted. Nothing was changed.", returncode=130) from interrupt
        self._print(summary, dry_run)

    def _find_system(self, slug: str) -> CodeSystem:
        """Raises CommandError for a system that is not known, may not be stored, or has no importer."""
        system = CodeSystem.objects.filter(slug=slug).first()
        if system is None:
            known = ", ".join(CodeSystem.objects.values_list("slug", flat=True))
            raise CommandError(f"There is no code system {printable(slug)!r}. Known: {known}.")
        if problem := licence_problem(system):
            raise CommandError(problem)
        if not can_read(slug):
            raise CommandError(f"There is no importer for {system.name}.")
        return system

    @staticmethod
    def _progress(items, **options):
        return tqdm(items, file=sys.stderr, disable=None, **options)

    def _print(self, summary: LoadSummary, dry_run: bool) -> None:
        if summary.already_imported:
            self.stdout.write(f"{summary.release}: this file was imported before. Nothing changed.")
            return
        self.stdout.write(f"{summary.release}: {'would be imported' if dry_run else 'imported'}")
        self._count("read", sum(summary.read.values()), _listed(summary.read))
        self._count("added", summary.added)
        self._count("changed", summary.changed)
        self._count("unchanged", summary.unchanged)
        if summary.superseded:
            self._count("known from a newer release", summary.superseded)
        for kind in CodeChange.Kind:
            if count := summary.changes[kind.value]:
                examples = summary.examples[kind.value]
                more = " ..." if count > len(examples) else ""
                self._count(f"recorded as {kind.label}", count, " ".join(examples) + more)
        for reason, count in sorted(summary.passed_over.items()):
            self._count("passed over", count, reason)
        if dry_run:
            self.stdout.write("This was a dry run: nothing was written.")

    def _count(self, what: str, count: int, detail: str = "") -> None:
        self.stdout.write(f"  {what:<28}{count:>9,}{'  ' + detail if detail else ''}")


def _listed(counts) -> str:
    return ", ".join(f"{count:,} {kind}{'' if count == 1 else 's'}" for kind, count in sorted(counts.items()))
