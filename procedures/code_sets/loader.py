"""Brings the codes of the database up to one release: the one loader of all code systems.

What is stored of a code does not depend on the order in which releases are imported:

- its facts are those of the newest release that lists it (`listed_in`);
- `first_listed_in` is the oldest one that does;
- `missing_from` is the oldest complete release that is newer than `listed_in`. It ends a code of a system whose
  releases state no dates, on the day before that release takes effect; in HCPCS it marks a code without a date.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import reset_queries, transaction

from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import CodeRecord, RefusedFile
from procedures.models import CodeChange, CodeSystem, ContentVersion, MedicalCode, Release, Succession
from procedures.models.codes import make_slug, make_title, normalize
from procedures.search import rebuild, reindex

BATCH = 2000
ID_BATCH = 900

# More changed codes than this are indexed faster by making the whole index afresh.
REBUILD_FROM = 20_000

# A newer release that lacks more than this share of the living codes is a damaged file rather than a revision.
MOST_LOST = 0.3
LOSS_COUNTS_FROM = 1000

EXAMPLES = 20

FACTS = ("kind", "code", "short_description", "long_description", "added", "effective", "terminated", "indicators")
COLUMNS = ("pk", "normalized", "parent_id", "listed_in_id", "first_listed_in_id", "missing_from_id", *FACTS)

Progress = Callable[..., Iterable]


def no_progress(items: Iterable, **_) -> Iterable:
    """The progress that shows nothing; tqdm has the same shape."""
    return items


@dataclass(slots=True)
class Held:
    """What the database holds of one code; model instances of 100,000 codes would take four times the memory."""

    pk: int
    normalized: str
    parent_id: int | None
    listed_in_id: int | None
    first_listed_in_id: int | None
    missing_from_id: int | None
    kind: str
    code: str
    short_description: str
    long_description: str
    added: date | None
    effective: date | None
    terminated: date | None
    indicators: dict

    @classmethod
    def of(cls, code: MedicalCode) -> "Held":
        return cls(*(getattr(code, name) for name in COLUMNS))


@dataclass(slots=True)
class LoadSummary:
    """What an import did, or would do: counts, the first twenty codes of each kind of change, what was dropped."""

    release: str
    already_imported: bool = False
    read: Counter = field(default_factory=Counter)
    added: int = 0
    changed: int = 0
    unchanged: int = 0
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
            "changes": dict(self.changes),
            "passed_over": dict(self.passed_over),
        }


def load_release(
    system: CodeSystem,
    read: ReadRelease,
    *,
    dry_run: bool = False,
    only_add: bool = False,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Loads a release in one transaction; with `dry_run` everything is rolled back at the end.

    With `only_add`, codes that are held already stay as they are.

    Raises RefusedFile, with nothing changed, for a system without a licence, a file that is not of its kind, or a newer
    release that lacks too many of the living codes.
    """
    if not system.may_hold_texts:
        raise RefusedFile(
            read.source_name,
            f"{system.name} is not imported: {system.licence_note} Where you hold a license, record it on the "
            "code system in the admin first.",
        )
    with transaction.atomic():
        CodeSystem.objects.select_for_update().get(pk=system.pk)
        summary = _Load(system, read, progress).run(index=not dry_run, only_add=only_add)
        if dry_run:
            transaction.set_rollback(True)
    return summary


class _Load:
    """One import, step by step. Keys are normalized codes throughout."""

    def __init__(self, system: CodeSystem, read: ReadRelease, progress: Progress):
        self.system, self.read, self.progress = system, read, progress
        self.summary = LoadSummary(f"{system.name} {read.version}")
        self.touched: set[int] = set()
        self.changes: list[CodeChange] = []

    def run(self, *, index: bool, only_add: bool) -> LoadSummary:
        if self.system.releases.filter(digest=self.read.digest).exists():
            self.summary.already_imported = True
            return self.summary
        self.others = list(self.system.releases.complete().order_by("version", "pk"))
        self.release = Release.objects.create(
            system=self.system,
            version=self.read.version,
            source_name=self.read.source_name[-300:],
            digest=self.read.digest,
            complete=self.read.complete,
            lists_headers=self.read.lists_headers,
        )
        self.versions = {release.pk: release.version for release in self.system.releases.all()}
        self.held = self._read_held()
        records = self._read_records()
        self._refuse_great_losses(records)
        new = {key: record for key, record in records.items() if key not in self.held}
        known = {} if only_add else {key: record for key, record in records.items() if key in self.held}
        newest = {key: record for key, record in known.items() if self._is_newest_of(key)}
        self._add(new)
        self._update(newest)
        self._note_first_listing(known)
        if self.read.complete:
            self._note_absence(self.held.keys() - records.keys())
        self._link_parents()
        self._link_successors({**new, **newest})
        self._save_changes()
        self.summary.passed_over = self.read.report.passed_over
        self.release.counts = self.summary.as_counts()
        self.release.save(update_fields=["counts"])
        if index:
            self._index()
        return self.summary

    def _read_held(self) -> dict[str, Held]:
        rows = MedicalCode.objects.filter(system=self.system).values_list(*COLUMNS)
        return {row[1]: Held(*row) for row in rows.iterator(chunk_size=BATCH)}

    def _read_records(self) -> dict[str, CodeRecord]:
        records: dict[str, CodeRecord] = {}
        for record in self.progress(self.read.records, desc="Reading", unit=" codes"):
            key = normalize(record.code)
            if key in records:
                self.read.report.passed_over["listed twice"] += 1
                continue
            records[key] = record
            self.summary.read[record.kind] += 1
        return records

    def _refuse_great_losses(self, records: dict[str, CodeRecord]) -> None:
        if not self.read.complete or any(other.version > self.read.version for other in self.others):
            return
        living = [
            key
            for key, code in self.held.items()
            if code.kind != "header" and not code.missing_from_id and not code.terminated
        ]
        lost = sum(key not in records for key in living)
        if len(living) >= LOSS_COUNTS_FROM and lost > MOST_LOST * len(living):
            raise RefusedFile(
                self.read.source_name,
                f"it lacks {lost:,} of the {len(living):,} codes in use, so it is not the whole release. "
                "Nothing was imported.",
            )

    def _is_newest_of(self, key: str) -> bool:
        listed_in = self.held[key].listed_in_id
        return listed_in is None or self.versions[listed_in] <= self.read.version

    def _missing_from(self, kind: str, version: str) -> Release | None:
        """The oldest complete release after `version` that would list a code of this kind if it were still there."""
        for other in self.others:
            if other.version > version and (kind != "header" or other.lists_headers):
                return other
        return None

    def _add(self, new: dict[str, CodeRecord]) -> None:
        """Creates codes, headings before what they head, each with the nearest heading as its parent."""
        missing_from = {kind: self._missing_from(kind, self.read.version) for kind in ("code", "modifier", "header")}
        pks = {key: code.pk for key, code in self.held.items()}
        keys = sorted(new, key=lambda key: (len(key), key))
        for batch in self.progress(_by_length(keys), desc="Adding", unit=" batches"):
            codes = []
            for key in batch:
                record = new[key]
                code = self._make_code(key, record, missing_from[record.kind])
                code.parent_id = next((pks[key[:n]] for n in range(len(key) - 1, 2, -1) if key[:n] in pks), None)
                code.first_listed_in = self.release
                codes.append(code)
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()
            for code in MedicalCode.objects.bulk_create(codes):
                pks[code.normalized] = code.pk
                self.touched.add(code.pk)
                self.held[code.normalized] = Held.of(code)
                self._note_listing(self.held[code.normalized], new[code.normalized])
        self.summary.added = len(new)

    def _make_code(self, key: str, record: CodeRecord, missing_from: Release | None) -> MedicalCode:
        title = make_title(record.long)
        code = MedicalCode(
            system=self.system,
            kind=record.kind,
            code=record.code,
            normalized=key,
            short_description=record.short,
            long_description=record.long,
            title=title,
            slug=make_slug(title),
            added=record.added,
            effective=record.effective,
            terminated=record.terminated,
            indicators=record.indicators,
            listed_in=self.release,
        )
        self._set_missing_from(code, missing_from)
        return code

    def _set_missing_from(self, code: MedicalCode | Held, release: Release | None) -> None:
        if self.read.states_dates and code.terminated:
            release = None
        code.missing_from_id = release.pk if release else None
        if not self.read.states_dates:
            ends = release is not None and code.kind != "header"
            code.terminated = release.effective - timedelta(days=1) if ends else None

    def _note_listing(self, code: Held, record: CodeRecord) -> None:
        """The changes that the first listing of a code stands for."""
        if record.action == "A" or any(other.version < self.read.version for other in self.others):
            self._change(code, CodeChange.Kind.ADDED)
        if record.action == "D":
            self._change(code, CodeChange.Kind.TERMINATED)
        if code.missing_from_id:
            self._change(code, self._kind_of_absence, code.missing_from_id)

    @property
    def _kind_of_absence(self) -> CodeChange.Kind:
        return CodeChange.Kind.UNLISTED if self.read.states_dates else CodeChange.Kind.TERMINATED

    def _update(self, newest: dict[str, CodeRecord]) -> None:
        """Gives known codes the facts of this release, where they differ."""
        kinds = ("code", "modifier", "header")
        missing_from = {kind: self._missing_from(kind, self.read.version) for kind in kinds}
        different: list[MedicalCode] = []
        listed: list[int] = []
        for key, record in newest.items():
            held = self.held[key]
            code = self._make_code(key, record, missing_from[record.kind])
            code.pk, code.parent_id, code.first_listed_in_id = held.pk, held.parent_id, held.first_listed_in_id
            differs = any(getattr(code, name) != getattr(held, name) for name in FACTS)
            if differs or code.missing_from_id != held.missing_from_id:
                different.append(code)
                self._note_differences(held, code)
            else:
                listed.append(held.pk)
            self.held[key] = Held.of(code)
        fields = [*FACTS, "title", "slug", "listed_in", "missing_from"]
        for batch in self.progress(_batches(different, BATCH), desc="Changing", unit=" batches"):
            MedicalCode.objects.bulk_create(
                _without_pk(batch), update_conflicts=True, unique_fields=["system", "normalized"], update_fields=fields
            )
        for batch in _batches(listed, ID_BATCH):
            MedicalCode.objects.filter(pk__in=batch).update(listed_in=self.release)
        self.touched.update(code.pk for code in different)
        self.summary.changed, self.summary.unchanged = len(different), len(listed)

    def _note_differences(self, held: Held, code: MedicalCode) -> None:
        kind = CodeChange.Kind
        if code.long_description != held.long_description:
            self._change(code, kind.REWORDED, before=held.long_description, after=code.long_description)
        was_gone = held.missing_from_id or held.terminated
        is_gone = code.missing_from_id or code.terminated
        if held.kind == "code" and code.kind == "header":
            self._change(code, kind.EXPANDED)
        elif was_gone and not is_gone:
            self._change(code, kind.REINSTATED)
        elif code.terminated and not held.terminated:
            self._change(code, kind.TERMINATED, code.missing_from_id)
        elif code.missing_from_id and not held.missing_from_id:
            self._change(code, self._kind_of_absence, code.missing_from_id)

    def _note_first_listing(self, records: dict[str, CodeRecord]) -> None:
        """An older release than any before moves the first listing, and with it the addition, to itself."""
        moved = [
            self.held[key] for key in records if self._version_of(self.held[key].first_listed_in_id) > self.read.version
        ]
        for batch in _batches([code.pk for code in moved], ID_BATCH):
            CodeChange.objects.filter(code__in=batch, kind=CodeChange.Kind.ADDED).delete()
            MedicalCode.objects.filter(pk__in=batch).update(first_listed_in=self.release)
        has_earlier = any(other.version < self.read.version for other in self.others)
        for code in moved:
            code.first_listed_in_id = self.release.pk
            if has_earlier or records[code.normalized].action == "A":
                self._change(code, CodeChange.Kind.ADDED)

    def _note_absence(self, keys: Iterable[str]) -> None:
        """What it means that this complete release does not list these known codes."""
        gone = []
        for key in sorted(keys):
            code = self.held[key]
            if code.kind == "header" and not self.read.lists_headers:
                continue
            if self._version_of(code.first_listed_in_id) > self.read.version:
                self._change(code, CodeChange.Kind.ADDED, code.first_listed_in_id)
            is_newer = self._version_of(code.listed_in_id) < self.read.version
            if is_newer and self._version_of(code.missing_from_id, "9999") > self.read.version:
                if self.read.states_dates and code.terminated:
                    continue
                gone.append(code)
                self._set_missing_from(code, self.release)
                self._change(code, self._kind_of_absence)
        for batch in _batches([code.pk for code in gone], ID_BATCH):
            # A release between the two tells better when the code went.
            CodeChange.objects.filter(code__in=batch, kind=self._kind_of_absence).exclude(release=self.release).filter(
                release__version__gt=self.read.version
            ).delete()
        by_end: dict[date | None, list[int]] = {}
        for code in gone:
            by_end.setdefault(code.terminated, []).append(code.pk)
        for terminated, pks in by_end.items():
            for batch in _batches(pks, ID_BATCH):
                MedicalCode.objects.filter(pk__in=batch).update(missing_from=self.release, terminated=terminated)
        self.touched.update(code.pk for code in gone)

    def _version_of(self, release_pk: int | None, default: str = "") -> str:
        return self.versions.get(release_pk, default)

    def _link_parents(self) -> None:
        """Moves known codes under a heading that this release brought."""
        moved: dict[int, list[int]] = {}
        for key, code in self.held.items():
            parent = next((self.held[key[:n]] for n in range(len(key) - 1, 2, -1) if key[:n] in self.held), None)
            if parent is not None and code.parent_id != parent.pk:
                code.parent_id = parent.pk
                moved.setdefault(parent.pk, []).append(code.pk)
        for parent_id, pks in moved.items():
            for batch in _batches(pks, ID_BATCH):
                MedicalCode.objects.filter(pk__in=batch).update(parent_id=parent_id)

    def _link_successors(self, records: dict[str, CodeRecord]) -> None:
        """CMS cross-references between a code that has ended and one that has not, as Succession rows.

        Mostly the ended code names its successor, but some living codes (J7296) name their predecessor. A reference
        between two living codes is no succession; the indicators keep it.
        """
        source = Succession.Source.CMS
        wanted = set()
        for key, record in records.items():
            code = self.held[key]
            for reference in record.cross_references:
                other = self.held.get(normalize(reference))
                if other is None:
                    self._pass_over("cross-reference to a code that is not held, left out")
                elif code.terminated and other.pk != code.pk:
                    wanted.add((code.pk, other.pk))
                elif other.terminated and not code.terminated:
                    wanted.add((other.pk, code.pk))
        rows = Succession.objects.filter(predecessor__system=self.system, source=source)
        judged = {self.held[key].pk for key in records}
        stored = {(row.predecessor_id, row.successor_id): row.pk for row in rows if row.predecessor_id in judged}
        for batch in _batches([stored[pair] for pair in sorted(stored.keys() - wanted)], ID_BATCH):
            Succession.objects.filter(pk__in=batch).delete()
        Succession.objects.bulk_create(
            [Succession(predecessor_id=a, successor_id=b, source=source) for a, b in sorted(wanted - stored.keys())],
            ignore_conflicts=True,
        )

    def _pass_over(self, reason: str) -> None:
        self.read.report.passed_over[reason] += 1

    def _change(
        self,
        code: MedicalCode | Held,
        kind: CodeChange.Kind,
        release_id: int | None = None,
        before: str = "",
        after: str = "",
    ) -> None:
        self.changes.append(
            CodeChange(release_id=release_id or self.release.pk, code_id=code.pk, kind=kind, before=before, after=after)
        )
        self.summary.changes[str(kind)] += 1
        examples = self.summary.examples.setdefault(str(kind), [])
        if len(examples) < EXAMPLES:
            examples.append(code.code)

    def _save_changes(self) -> None:
        CodeChange.objects.bulk_create(self.changes, batch_size=BATCH, ignore_conflicts=True)

    def _index(self) -> None:
        if len(self.touched) >= REBUILD_FROM:
            rebuild(progress=lambda entries: self.progress(entries, desc="Indexing", unit=" codes"))
        else:
            reindex(sorted(self.touched))
            ContentVersion.advance()


def _by_length(keys: list[str]) -> list[list[str]]:
    """Batches of keys of one length each, shorter ones first."""
    batches: list[list[str]] = []
    for key in keys:
        if not batches or len(batches[-1]) == BATCH or len(batches[-1][0]) != len(key):
            batches.append([])
        batches[-1].append(key)
    return batches


def _batches(items: list, size: int) -> list[list]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _without_pk(codes: list[MedicalCode]) -> list[MedicalCode]:
    """Copies without a primary key: the conflict that makes the row be updated is on system and code."""
    copies = []
    for code in codes:
        copy = MedicalCode(
            **{f.attname: getattr(code, f.attname) for f in MedicalCode._meta.concrete_fields if not f.primary_key}
        )
        copies.append(copy)
    return copies
