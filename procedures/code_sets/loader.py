"""Brings the codes of the database up to one release: the one loader of all code systems.

What is stored of a code does not depend on the order in which releases are imported:

- its facts are those of the newest release that lists it (`listed_in`); where that one states no short description,
  it is that of another one with the same wording;
- `first_listed_in` is the oldest one that does;
- `missing_from` is the oldest complete release that is newer than `listed_in`. It ends a code of a system whose
  releases state no dates, on the day before that release takes effect; in HCPCS it marks a code without a date.

The recorded changes do not depend on it either, for a code that came once, was in use, and ended once. Which release
listed what is not stored, so that a code which went and came back has a full history only of releases imported in
order.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

from django.db import reset_queries, transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from procedures.batches import batches
from procedures.code_sets import code_rows
from procedures.code_sets.change_log import ChangeLog
from procedures.code_sets.code_rows import CodeRow
from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import CodeRecord, RefusedFile
from procedures.models import CodeChange, CodeSystem, ContentVersion, MedicalCode, Release, Succession
from procedures.models.codes import normalize
from procedures.search import rebuild, reindex

BATCH = 2000

# Releases are published months before they take effect; more than a year ahead is a slip of the keyboard.
MOST_AHEAD = timedelta(days=366)

# More changed codes than this are indexed faster by making the whole index afresh.
REBUILD_FROM = 20_000

# A newer release that lacks more than this share of the living codes is a damaged file rather than a revision.
MOST_LOST = 0.3
LOSS_COUNTS_FROM = 1000

SHORTEST_HEADING = 3

Kind = CodeChange.Kind
Progress = Callable[..., Iterable]


def no_progress(items: Iterable, **_) -> Iterable:
    """The progress that shows nothing; tqdm has the same shape."""
    return items


@dataclass(slots=True)
class LoadSummary:
    """What an import did, or would do: counts, the first twenty codes of each kind of change, what was dropped.

    `superseded` are the codes of which a newer release was known already.
    """

    release: str
    already_imported: bool = False
    read: Counter = field(default_factory=Counter)
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    superseded: int = 0
    changes: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    passed_over: Counter = field(default_factory=Counter)

    def as_counts(self) -> dict:
        """As stored with the Release."""
        return {
            "read": dict(self.read),
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "superseded": self.superseded,
            "changes": dict(self.changes),
            "passed_over": dict(self.passed_over),
        }


def licence_problem(system: CodeSystem) -> str:
    """Why the texts of a code system may not be imported, and what to do; "" where they may."""
    if system.may_hold_texts:
        return ""
    return (
        f"{system.name} is not imported. {system.licence_note} "
        "Where you hold a license, record it on the code system in the admin first."
    )


def load_release(
    system: CodeSystem,
    read: ReadRelease,
    *,
    dry_run: bool = False,
    only_add: bool = False,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Loads a release in one transaction; with `dry_run` everything is rolled back at the end.

    With `only_add`, codes that are held already stay as they are; so they do for a table, where the text of the same
    release was imported before.

    Raises RefusedFile, with nothing changed, for a system without a licence, a file that is not of its kind, or a newer
    release that lacks too many of the living codes.
    """
    if problem := licence_problem(system):
        raise RefusedFile(read.source_name, problem)
    if read.version > f"{timezone.localdate() + MOST_AHEAD:%Y-%m}":
        raise RefusedFile(read.source_name, f"a release of {read.version} is more than a year ahead.")
    with transaction.atomic():
        # Two imports of one system wait for each other.
        CodeSystem.objects.select_for_update().get(pk=system.pk)
        # Editors change names and successions of its codes.
        ContentVersion.wait_for_other_writers()
        known = system.releases.filter(digest=read.digest).first()
        if known:
            return LoadSummary(f"{system.name} {known.version}", already_imported=True)
        if read.is_table:
            # The text is the authority: a table of the same release truncates a description and lacks dates.
            only_add |= system.releases.filter(version=read.version, complete=True, is_table=False).exists()
        load = _Load(system, read, only_add=only_add, progress=progress)
        summary = load.run()
        if dry_run:
            transaction.set_rollback(True)
        else:
            load.index()
    return summary


class _Load:
    """One import, step by step. Keys are normalized codes throughout.

    `rows` is what the database holds, and follows every change that is written.
    """

    def __init__(self, system: CodeSystem, read: ReadRelease, *, only_add: bool, progress: Progress):
        self.system, self.read, self.only_add, self.progress = system, read, only_add, progress
        self.summary = LoadSummary(f"{system.name} {read.version}")
        self.touched: set[int] = set()
        self.others = list(system.releases.complete().order_by("version", "pk"))
        self.release = Release.objects.create(
            system=system,
            version=read.version,
            source_name=read.source_name[-300:],
            digest=read.digest,
            complete=read.complete,
            is_table=read.is_table,
            lists_headers=read.lists_headers,
        )
        self.versions = {release.pk: release.version for release in system.releases.all()}
        is_newest = max(self.versions.values()) == read.version
        self.changes = ChangeLog(system, self.release, is_newest=is_newest)
        self.rows = {row.normalized: row for row in code_rows.read_rows(system)}

    def run(self) -> LoadSummary:
        records = self._read_records()
        self._refuse_great_losses(records)
        new = {key: record for key, record in records.items() if key not in self.rows}
        known = {} if self.only_add else {key: record for key, record in records.items() if key in self.rows}
        newest = {key: record for key, record in known.items() if self._is_newest_of(key)}
        older = {key: record for key, record in known.items() if key not in newest}
        self._add(new)
        self._update(newest)
        self._fill_short_descriptions(older)
        if not self.only_add:
            absent = sorted(self.rows.keys() - records.keys()) if self.read.complete else []
            self._note_older_ends(older, absent)
            self._note_first_listing(known)
            self._note_absence(absent)
        self._link_parents()
        self._link_successors(new)
        self.changes.save()
        self._summarize(records)
        return self.summary

    def index(self) -> None:
        """Makes search find what was loaded."""
        # What is no longer needed makes room for the index.
        self.rows.clear()
        if len(self.touched) >= REBUILD_FROM:
            rebuild(progress=lambda entries: self.progress(entries, desc="Indexing", unit=" codes"))
        else:
            reindex(sorted(self.touched))

    def _read_records(self) -> dict[str, CodeRecord]:
        records: dict[str, CodeRecord] = {}
        for record in self.progress(self.read.records, desc="Reading", unit=" codes"):
            key = normalize(record.code)
            if key in records:
                self._pass_over("listed twice")
                continue
            records[key] = record
            # Two releases say mostly the same: one copy of a text is enough.
            if held := self.rows.get(key):
                if record.long == held.long_description:
                    record.long = held.long_description
                if record.short == held.short_description:
                    record.short = held.short_description
        return records

    def _refuse_great_losses(self, records: dict[str, CodeRecord]) -> None:
        if not self.read.complete or any(other.version > self.read.version for other in self.others):
            return
        living = [
            key
            for key, row in self.rows.items()
            if row.kind != "header" and not row.missing_from_id and not row.terminated
        ]
        lost = sum(key not in records for key in living)
        if len(living) >= LOSS_COUNTS_FROM and lost > MOST_LOST * len(living):
            raise RefusedFile(
                self.read.source_name,
                f"it lacks {lost:,} of the {len(living):,} codes in use, so it is not the whole release.",
            )

    # What is known of other releases

    def _version_of(self, release_id: int | None, default: str = "") -> str:
        return self.versions.get(release_id, default)

    def _is_newest_of(self, key: str) -> bool:
        return self._version_of(self.rows[key].listed_in_id) <= self.read.version

    def _has_earlier(self, kind: str) -> bool:
        """Whether an older complete release would list a code of this kind."""
        return any(
            other.version < self.read.version and (kind != "header" or other.lists_headers) for other in self.others
        )

    def _next_without(self, kind: str) -> Release | None:
        """The oldest complete release after this one that would list a code of this kind."""
        for other in self.others:
            if other.version > self.read.version and (kind != "header" or other.lists_headers):
                return other
        return None

    # Codes that the release lists

    def _add(self, new: dict[str, CodeRecord]) -> None:
        """Creates codes, headings before what they head."""
        missing_from = {kind: self._next_without(kind) for kind in MedicalCode.Kind.values}
        added = []
        for key in sorted(new, key=lambda key: (len(key), key)):
            row = CodeRow.of(key, new[key])
            row.listed_in_id = row.first_listed_in_id = self.release.pk
            self._set_missing_from(row, missing_from[row.kind])
            added.append(row)
        lengths = [list(rows) for _, rows in groupby(added, key=lambda row: len(row.normalized))]
        for batch in self.progress(
            [batch for rows in lengths for batch in batches(rows, BATCH)], desc="Adding", unit=" batches"
        ):
            for row in batch:
                heading = self._heading_of(row)
                row.parent_id = heading.pk if heading else None
            code_rows.insert(self.system, batch)
            self.rows.update((row.normalized, row) for row in batch)
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()
        for row in added:
            self._note_listing(row, new[row.normalized])
        self.touched.update(row.pk for row in added)
        self.summary.added = len(added)

    def _heading_of(self, row: CodeRow) -> CodeRow | None:
        """The nearest code of which this one is a subdivision."""
        key = row.normalized
        for length in range(len(key) - 1, SHORTEST_HEADING - 1, -1):
            if heading := self.rows.get(key[:length]):
                return heading
        return None

    def _set_missing_from(self, row: CodeRow, release: Release | None) -> None:
        if self.read.states_dates:
            row.missing_from_id = release.pk if release and not row.terminated else None
            return
        row.missing_from_id = release.pk if release else None
        row.terminated = release.effective - timedelta(days=1) if release and row.kind != "header" else None

    @property
    def _kind_of_absence(self) -> Kind:
        return Kind.UNLISTED if self.read.states_dates else Kind.TERMINATED

    def _note_listing(self, row: CodeRow, record: CodeRecord) -> None:
        """The changes that the first listing of a code stands for."""
        has_earlier = self._has_earlier(row.kind)
        if has_earlier or record.action == "A":
            self.changes.record(row, Kind.ADDED)
        if record.terminated and (has_earlier or record.action == "D"):
            self.changes.record(row, Kind.TERMINATED)
        if row.missing_from_id:
            self.changes.record(row, self._kind_of_absence, row.missing_from_id)

    def _update(self, newest: dict[str, CodeRecord]) -> None:
        """Gives known codes the facts of this release, where they differ."""
        missing_from = {kind: self._next_without(kind) for kind in MedicalCode.Kind.values}
        different: list[CodeRow] = []
        listed: list[int] = []
        for key, record in newest.items():
            held, row = self.rows[key], CodeRow.of(key, record)
            row.pk, row.parent_id, row.first_listed_in_id = held.pk, held.parent_id, held.first_listed_in_id
            row.listed_in_id = self.release.pk
            self._set_missing_from(row, missing_from[row.kind])
            if not row.short_description and row.long_description == held.long_description:
                row.short_description = held.short_description
            if row.has_facts_of(held) and row.missing_from_id == held.missing_from_id:
                listed.append(row.pk)
            else:
                different.append(row)
                self._note_differences(held, row)
            self.rows[key] = row
        for batch in self.progress(batches(different, BATCH), desc="Changing", unit=" batches"):
            code_rows.update(self.system, batch)
        for batch in batches(listed):
            MedicalCode.objects.filter(pk__in=batch).update(listed_in=self.release)
        self.touched.update(row.pk for row in different)
        self.summary.changed, self.summary.unchanged = len(different), len(listed)

    def _note_differences(self, held: CodeRow, row: CodeRow) -> None:
        if row.long_description != held.long_description:
            self.changes.record(row, Kind.REWORDED, before=held.long_description, after=row.long_description)
        if held.kind == "code" and row.kind == "header":
            self.changes.record(row, Kind.EXPANDED)
        # That a newer release lacks the code was judged without this listing.
        judged_ahead = self._version_of(held.missing_from_id) > self.read.version
        if row.missing_from_id != held.missing_from_id:
            if judged_ahead:
                self.changes.retract(row, self._kind_of_absence, held.missing_from_id)
            if row.missing_from_id:
                self.changes.record(row, self._kind_of_absence, row.missing_from_id)
        if self.read.states_dates and row.terminated and not held.terminated:
            self.changes.record(row, Kind.TERMINATED)
        was_gone = not judged_ahead and (held.missing_from_id or held.terminated)
        if was_gone and not row.missing_from_id and not row.terminated:
            self.changes.record(row, Kind.REINSTATED)

    # What an older release, imported later, adds to what is known

    def _fill_short_descriptions(self, older: dict[str, CodeRecord]) -> None:
        """Some releases state no short description (a codes file): another one's belongs to the same wording."""
        filled = []
        for key, record in older.items():
            row = self.rows[key]
            if record.short and not row.short_description and record.long == row.long_description:
                row.short_description = record.short
                filled.append(row)
        for batch in self.progress(batches(filled, BATCH), desc="Changing", unit=" batches"):
            code_rows.update(self.system, batch)
        self.touched.update(row.pk for row in filled)
        self.summary.changed += len(filled)
        self.summary.superseded = len(older) - len(filled)

    def _note_first_listing(self, records: dict[str, CodeRecord]) -> None:
        """An older release than any before moves the first listing, and with it the addition, to itself."""
        moved = [
            row
            for row in map(self.rows.get, records)
            if self._version_of(row.first_listed_in_id, "9999") > self.read.version
        ]
        for row in moved:
            if row.first_listed_in_id:
                self.changes.retract(row, Kind.ADDED, row.first_listed_in_id)
            record = records[row.normalized]
            if record.action == "A" or self._has_earlier(record.kind):
                self.changes.record(row, Kind.ADDED)
            row.first_listed_in_id = self.release.pk
        for batch in batches([row.pk for row in moved]):
            MedicalCode.objects.filter(pk__in=batch).update(first_listed_in=self.release)

    def _note_older_ends(self, older: dict[str, CodeRecord], absent: Iterable[str]) -> None:
        """Where releases state dates, finds the oldest release that states the end of a code.

        It is not recorded of the oldest release of all, which cannot tell that anything changed, unless CMS's action
        code does.
        """
        if not self.read.states_dates:
            return
        for key in (*older, *absent):
            row = self.rows[key]
            stated_in = self._first_to_state_end(row)
            if not row.terminated or self._version_of(stated_in) <= self.read.version:
                continue
            record = older.get(key)
            if record is None or record.terminated != row.terminated:
                self.changes.record(row, Kind.TERMINATED, stated_in)
                continue
            self.changes.retract(row, Kind.TERMINATED, stated_in)
            if record.action == "D" or self._has_earlier(row.kind):
                self.changes.record(row, Kind.TERMINATED)

    def _first_to_state_end(self, row: CodeRow) -> int | None:
        recorded = self.changes.releases_of(row, Kind.TERMINATED)
        if recorded:
            return max(recorded, key=self._version_of)
        # What was not recorded was stated by the oldest release: see _note_older_ends.
        oldest = [release.pk for release in self.others[:1]]
        return max([*oldest, row.first_listed_in_id], key=self._version_of)

    # Codes that the release does not list

    def _note_absence(self, keys: Iterable[str]) -> None:
        """What it means that this complete release does not list these known codes."""
        gone: list[CodeRow] = []
        for key in keys:
            row = self.rows[key]
            if row.listed_in_id is None or (row.kind == "header" and not self.read.lists_headers):
                # No release has said anything of the first; this one says nothing of the second.
                continue
            if self._version_of(row.first_listed_in_id) > self.read.version:
                self.changes.record(row, Kind.ADDED, row.first_listed_in_id)
            has_ended = self.read.states_dates and row.terminated
            is_listed_before = self._version_of(row.listed_in_id) < self.read.version
            if has_ended or not is_listed_before:
                continue
            if self._version_of(row.missing_from_id, "9999") > self.read.version:
                if row.missing_from_id:
                    self.changes.retract(row, self._kind_of_absence, row.missing_from_id)
                self._set_missing_from(row, self.release)
                self.changes.record(row, self._kind_of_absence)
                gone.append(row)
        by_end: dict[date | None, list[int]] = {}
        for row in gone:
            by_end.setdefault(row.terminated, []).append(row.pk)
        for terminated, pks in by_end.items():
            for batch in batches(pks):
                MedicalCode.objects.filter(pk__in=batch).update(missing_from=self.release, terminated=terminated)
        self.touched.update(row.pk for row in gone)

    # Links between codes

    def _link_parents(self) -> None:
        """Moves known codes under a heading that this release brought."""
        moved: dict[int, list[int]] = {}
        for row in self.rows.values():
            heading = self._heading_of(row)
            if heading is not None and row.parent_id != heading.pk:
                row.parent_id = heading.pk
                moved.setdefault(heading.pk, []).append(row.pk)
        for parent_id, pks in moved.items():
            for batch in batches(pks):
                MedicalCode.objects.filter(pk__in=batch).update(parent_id=parent_id)

    def _link_successors(self, new: Iterable[str]) -> None:
        """CMS cross-references between a code that has ended and one that has not, as Succession rows.

        Mostly the ended code names its successor, but some living codes (J7296) name their predecessor. A reference
        between two living codes is no succession; the indicators keep it. All codes are judged, because a release may
        bring the code that an earlier one referred to, or end it.
        """
        wanted = set()
        for row in self.rows.values():
            for reference in row.indicators.get("XREF", ()):
                other = self.rows.get(normalize(reference))
                if other is None:
                    if row.listed_in_id == self.release.pk:
                        self._pass_over("cross-reference to a code that is not held, left out")
                elif row.terminated and other is not row:
                    wanted.add((row.pk, other.pk))
                elif other.terminated and not row.terminated:
                    wanted.add((other.pk, row.pk))
        source = Succession.Source.CMS
        stored = {
            (row.predecessor_id, row.successor_id): row
            for row in Succession.objects.filter(predecessor__system=self.system)
        }
        obsolete = [row.pk for pair, row in stored.items() if pair not in wanted and row.source == source]
        if self.only_add:
            added = {self.rows[key].pk for key in new}
            wanted = {pair for pair in wanted if added.intersection(pair)}
            obsolete = []
        for batch in batches(obsolete):
            Succession.objects.filter(pk__in=batch).delete()
        bulk_create_with_history(
            [Succession(predecessor_id=a, successor_id=b, source=source) for a, b in sorted(wanted - stored.keys())],
            Succession,
        )

    # The summary

    def _pass_over(self, reason: str) -> None:
        self.read.report.passed_over[reason] += 1

    def _summarize(self, records: dict[str, CodeRecord]) -> None:
        self.summary.read = Counter(record.kind for record in records.values())
        self.summary.changes, self.summary.examples = self.changes.counts, self.changes.examples
        self.summary.passed_over = self.read.report.passed_over
        self.release.counts = self.summary.as_counts()
        self.release.save(update_fields=["counts"])
