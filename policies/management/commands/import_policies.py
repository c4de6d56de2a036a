"""Imports health-plan policies from a list or from an export of the Medicare Coverage Database."""

import argparse
import datetime
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone
from tqdm import tqdm

from policies.imports.csv_list import read_csv_list
from policies.imports.loader import RefusedPolicies, load_policies
from policies.imports.mcd import read_mcd
from policies.imports.records import ImportReport, ReadPolicies
from policies.imports.summary import LoadSummary
from policies.models import PolicyImport
from procedures.code_sets.records import RefusedFile, printable

# Lines of one kind that are shown; of more, the number.
MOST_SHOWN = 50

ROWS = "Rows are counted as in a spreadsheet: the first of a file is row 1."

ALWAYS_COUNTED = ("read", "added", "changed", "unchanged")
COUNTED = {
    "read": "policies read",
    "added": "added",
    "changed": "changed",
    "unchanged": "unchanged",
    "retired": "changed: now retired",
    "reinstated": "changed: in effect again",
    "codes_added": "codes added",
    "codes_dropped": "codes dropped",
    "codes_changed": "codes changed",
    "plans_added": "plans added",
    "verified": "verified on a later day",
    "superseded": "known from a newer import",
    "found_again": "no longer missing",
    "missing": "missing from the source",
    "withheld": "withheld for an editor",
    "left_out": "left out, with problems",
}
# What an editor has to look at, and where.
FOR_EDITORS = {
    "withheld": "Withheld, as an editor changed them; decide in the admin, under “Withheld updates”:",
    "missing": "No longer in the source; marked for an editor in the admin, under “Policies”, and not deleted:",
}


class Command(BaseCommand):
    help = (
        "Imports health-plan policies: our CSV list (csv), or the exports of the Medicare Coverage Database (mcd), "
        "a zip or a folder. It ends complete or changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("kind", choices=PolicyImport.Kind.values, help="csv or mcd")
        parser.add_argument("path", metavar="PATH", type=Path, help="the file, or for mcd also a folder")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
        parser.add_argument(
            "--skip-errors", action="store_true", help="leave out the policies with problems, and import the others"
        )
        parser.add_argument(
            "--verified",
            metavar="YYYY-MM-DD",
            type=_day,
            help="csv: the day on which the list was compared with the documents of the plans",
        )
        parser.add_argument(
            "--partial",
            action="store_true",
            help="csv: the list has not all policies of the plans it names, so that none is taken for missing",
        )

    def handle(self, *, kind, path, dry_run, skip_errors, verified, partial, **options):
        if kind != PolicyImport.Kind.CSV and (verified or partial):
            raise CommandError("--verified and --partial are for csv. Nothing was changed.")
        try:
            if kind == PolicyImport.Kind.CSV:
                read = read_csv_list(path, verified=verified, partial=partial, progress=self._progress)
            else:
                read = read_mcd(path, progress=self._progress)
            summary = load_policies(read, dry_run=dry_run, skip_errors=skip_errors, progress=self._progress)
        except RefusedPolicies as refusal:
            raise CommandError(_refusal(refusal)) from refusal
        except RefusedFile as refusal:
            raise CommandError(f"{refusal}\nNothing was changed.") from refusal
        except DatabaseError as error:
            raise CommandError(f"The database refused: {str(error).strip()}\nNothing was changed.") from error
        except KeyboardInterrupt as interrupt:
            raise CommandError("Interrupted. Nothing was changed.", returncode=130) from interrupt
        self._print(read, summary, dry_run)

    @staticmethod
    def _progress(items, **options):
        return tqdm(items, file=sys.stderr, disable=None, **options)

    def _print(self, read: ReadPolicies, summary: LoadSummary, dry_run: bool) -> None:
        report = summary.report
        self._say(f"{read.source_name}: {'would be imported' if dry_run else 'imported'}")
        self._section("Problems; these policies were left out:", report.problems, report.problem_count)
        self._print_counts(report, summary)
        for kind, heading in FOR_EDITORS.items():
            self._print_changes(summary, [kind], heading)
        if dry_run:
            kinds = [kind for kind in summary.changes_by_kind if kind not in FOR_EDITORS]
            self._print_changes(summary, kinds, "What would change:")
        self._section("Codes that no code system has, and how often:", *_counted(report.unknown_codes))
        self._section("Documents that are named but not held, and how often:", *_counted(summary.references_unknown))
        self._section("Notes:", report.notes, report.note_count)
        if any(line.row for line in (*report.problems, *report.notes)):
            self._say(ROWS)
        if dry_run:
            self._say("This was a dry run: nothing was written.")

    def _print_counts(self, report: ImportReport, summary: LoadSummary) -> None:
        for what, count in report.counts.items():
            self._count(what, count)
        counts = summary.as_counts()
        for name, what in COUNTED.items():
            if counts[name] or name in ALWAYS_COUNTED:
                self._count(what, counts[name])
        for reason, count in sorted(report.dropped.items()):
            self._count("dropped", count, reason)

    def _print_changes(self, summary: LoadSummary, kinds: Sequence[str], heading: str) -> None:
        changes = [change for change in summary.changes if change.kind in kinds]
        self._section(heading, changes, sum(summary.changes_by_kind[kind] for kind in kinds))

    def _section(self, heading: str, lines: Sequence, count: int) -> None:
        """Prints the first lines of a kind, of which there are `count`."""
        if count:
            self._say(heading)
            for line in _first(lines, count):
                self._say(line)

    def _count(self, what: str, count: int, detail: str = "") -> None:
        self._say(f"  {what:<34}{count:>9,}{'  ' + detail if detail else ''}")

    def _say(self, text: str) -> None:
        self.stdout.write("\n".join(printable(line) for line in text.split("\n")))


def _refusal(refusal: RefusedPolicies) -> str:
    report = refusal.report
    lines = [str(refusal), *(printable(line) for line in _first(report.problems, report.problem_count))]
    lines += [ROWS] if any(line.row for line in report.problems) else []
    lines.append("Nothing was changed. With --skip-errors, these policies are left out and the others are imported.")
    return "\n".join(lines)


def _first(lines: Iterable[object], count: int) -> list[str]:
    shown = [f"  {line}" for line in list(lines)[:MOST_SHOWN]]
    return [*shown, f"  ... and {count - len(shown):,} more"] if count > len(shown) else shown


def _counted(counter: Counter) -> tuple[list[str], int]:
    return [f"{name} ({count:,})" for name, count in counter.most_common(MOST_SHOWN)], len(counter)


def _day(text: str) -> datetime.date:
    try:
        day = datetime.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise argparse.ArgumentTypeError("it is not a day such as 2025-01-31.") from None
    if day > timezone.localdate():
        raise argparse.ArgumentTypeError("it is a day to come.")
    return day
