"""Brings names and notes of codes up to an official list, in one transaction.

Names of drugs are only ever added, because a product that is withdrawn is still asked for. What the tabular list of
ICD-10-CM says replaces what an earlier release of it said of the codes that it lists.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from django.db import reset_queries, transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from procedures.batches import PK_BATCH, batches
from procedures.code_sets.loader import REBUILD_FROM, no_progress
from procedures.models import CodeName, CodeNote, ContentVersion, MedicalCode
from procedures.models.codes import GUIDE_SOURCE
from procedures.name_sources.drug_names import BRAND, GENERIC, generic_name_in
from procedures.name_sources.icd10cm_tabular import FAMILY, TabularList
from procedures.name_sources.names import DrugList, NameRecord, version_of
from procedures.search import rebuild, reindex

BATCH = 2000

INCLUSION = CodeName.Kind.INCLUSION.value
# The source of generic names that no list gives.
DESCRIPTION = "Official description"

Progress = Callable[..., Iterable]


@dataclass(slots=True)
class NamesSummary:
    """What an import did, or would do. `not_loaded` are codes of the list that the site does not hold."""

    source: str
    read: Counter = field(default_factory=Counter)
    names_added: Counter = field(default_factory=Counter)
    names_held: int = 0
    names_renewed: int = 0
    names_removed: int = 0
    notes_added: int = 0
    notes_held: int = 0
    notes_removed: int = 0
    not_loaded: int = 0
    names_not_loaded: int = 0
    newer: int = 0
    codes_changed: int = 0
    dropped: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)


def load_drug_names(read: DrugList, *, dry_run: bool = False, progress: Progress = no_progress) -> NamesSummary:
    """Adds the names of a list of drugs that their codes do not have yet, whoever gave them.

    A name is held where the code has it as a brand or generic name in any spelling of its capitals. Names that a guide
    gives do not count, because they go with it. A code that gets a brand and has no generic name gets that with which
    its official description begins, so that a search for the generic name finds all codes of a drug alike.
    """
    with transaction.atomic():
        ContentVersion.wait_for_other_writers()
        summary = NamesSummary(read.source)
        codes = {code: (pk, text) for code, pk, text in _drug_codes()}
        records = list(read.names({code: text for code, (_, text) in codes.items()}))
        wanted = _wanted_of_drugs(records, codes, summary)
        held = _held_names(wanted)
        added = [
            CodeName(code_id=pk, kind=record.kind, text=record.text, source=read.source)
            for pk, names in wanted.items()
            for folded, record in names.items()
            if folded not in held.get(pk, {})
        ]
        summary.names_held = sum(map(len, wanted.values())) - len(added)
        added += _missing_generic_names(wanted, held, dict(codes.values()))
        _create_names(added, summary, progress)
        changed = {name.code_id for name in added}
        _finish(changed, summary, read.report, dry_run=dry_run, is_changed=bool(added), progress=progress)
    return summary


def load_tabular_list(
    read: TabularList, *, dry_run: bool = False, only_add: bool = False, progress: Progress = no_progress
) -> NamesSummary:
    """Makes inclusion terms and notes those of the list, for each code that it lists.

    Those of other sources stay, as does what a newer release of the list said. With `only_add`, codes that have
    anything of any release of the list stay as they are.
    """
    with transaction.atomic():
        ContentVersion.wait_for_other_writers()
        summary = NamesSummary(read.source)
        load = _TabularLoad(read, summary, only_add=only_add)
        changed = load.run(progress)
        is_changed = bool(changed or summary.notes_added or summary.notes_removed or summary.names_renewed)
        _finish(changed, summary, read.report, dry_run=dry_run, is_changed=is_changed, progress=progress)
    return summary


def _drug_codes() -> Iterator[tuple[str, int, str]]:
    """Normalized code, primary key and official description of each HCPCS code that is no modifier or heading."""
    codes = MedicalCode.objects.filter(system__slug="hcpcs", kind=MedicalCode.Kind.CODE).order_by()
    return codes.values_list("normalized", "pk", "long_description").iterator(chunk_size=BATCH)


def _wanted_of_drugs(
    records: Iterable[NameRecord], codes: dict[str, tuple[int, str]], summary: NamesSummary
) -> dict[int, dict[str, NameRecord]]:
    """The names by code and by what makes two of them the same; a name that is both kinds is generic."""
    wanted: dict[int, dict[str, NameRecord]] = {}
    missing: dict[str, set[str]] = {}
    for record in records:
        if record.code not in codes:
            missing.setdefault(record.code, set()).add(record.text.casefold())
            continue
        names = wanted.setdefault(codes[record.code][0], {})
        other = names.setdefault(record.text.casefold(), record)
        if other.kind != record.kind:
            names[record.text.casefold()] = NameRecord(other.code, GENERIC, other.text)
    summary.not_loaded = len(missing)
    summary.names_not_loaded = sum(map(len, missing.values()))
    return dict(sorted(wanted.items()))


def _held_names(pks: Iterable[int]) -> dict[int, dict[str, str]]:
    """The names of drugs that codes have from elsewhere than their guides: kind by text without capitals."""
    held: dict[int, dict[str, str]] = {}
    for batch in batches(pks):
        names = CodeName.objects.filter(code_id__in=batch, kind__in=[BRAND, GENERIC]).exclude(source=GUIDE_SOURCE)
        for pk, text, kind in names.order_by().values_list("code_id", "text", "kind"):
            held.setdefault(pk, {})[text.casefold()] = kind
    return held


def _missing_generic_names(
    wanted: dict[int, dict[str, NameRecord]], held: dict[int, dict[str, str]], descriptions: dict[int, str]
) -> Iterator[CodeName]:
    for pk, names in wanted.items():
        kinds = {*held.get(pk, {}).values(), *(record.kind for record in names.values())}
        if GENERIC not in kinds and (text := generic_name_in(descriptions[pk])):
            yield CodeName(code_id=pk, kind=GENERIC, text=text, source=DESCRIPTION)


def _create_names(names: list[CodeName], summary: NamesSummary, progress: Progress) -> None:
    for batch in progress(batches(names, BATCH), desc="Adding names", unit=" batches"):
        bulk_create_with_history(batch, CodeName)
        # Under DEBUG, Django keeps the text of every query.
        reset_queries()
    summary.names_added = Counter(name.kind for name in names)


def _finish(changed: set[int], summary: NamesSummary, report, *, dry_run: bool, is_changed: bool, progress) -> None:
    """Makes search find what changed, or takes all of it back."""
    summary.read, summary.dropped, summary.examples = report.read, report.dropped, report.examples
    summary.codes_changed = len(changed)
    if dry_run:
        transaction.set_rollback(True)
    elif len(changed) >= REBUILD_FROM:
        rebuild(progress=lambda entries: progress(entries, desc="Indexing", unit=" codes"))
    elif changed:
        # One call for each batch, so that there is progress to see.
        for batch in progress(batches(sorted(changed), BATCH), desc="Indexing", unit=" batches"):
            reindex(batch)
            reset_queries()
    elif is_changed:
        # Pages show the notes.
        ContentVersion.advance()


class _TabularLoad:
    """One import of the tabular list, table by table in batches of codes."""

    def __init__(self, read: TabularList, summary: NamesSummary, *, only_add: bool):
        self.read, self.summary, self.only_add = read, summary, only_add
        self.codes = self._held_codes()
        missing = read.diagnoses.keys() - self.codes.keys()
        summary.not_loaded = len(missing)
        summary.names_not_loaded = sum(len(read.diagnoses[code].terms) for code in missing)
        self.by_pk = {pk: code for code, pk in self.codes.items()}
        self.new_names: list[CodeName] = []
        self.renewed_names: list[CodeName] = []
        self.removed_names: list[int] = []
        self.new_notes: list[CodeNote] = []
        self.removed_notes: list[int] = []
        self.changed: set[int] = set()

    def run(self, progress: Progress) -> set[int]:
        """Returns the codes whose names changed."""
        for batch in progress(batches(sorted(self.by_pk)), desc="Comparing", unit=" batches"):
            self._compare(batch)
            reset_queries()
        for batch in batches(self.removed_names):
            # One by one in the history, as by hand.
            CodeName.objects.filter(pk__in=batch).delete()
        for batch in batches(self.removed_notes):
            CodeNote.objects.filter(pk__in=batch).delete()
        bulk_update_with_history(self.renewed_names, CodeName, ["source"], batch_size=PK_BATCH // 3)
        _create_names(self.new_names, self.summary, progress)
        for batch in progress(batches(self.new_notes, BATCH), desc="Adding notes", unit=" batches"):
            CodeNote.objects.bulk_create(batch)
            reset_queries()
        self.summary.names_renewed = len(self.renewed_names)
        self.summary.names_removed = len(self.removed_names)
        self.summary.notes_added, self.summary.notes_removed = len(self.new_notes), len(self.removed_notes)
        return self.changed

    def _held_codes(self) -> dict[str, int]:
        """The primary keys of the codes of the list that are held, by normalized code."""
        found: dict[str, int] = {}
        for batch in batches(sorted(self.read.listed)):
            rows = MedicalCode.objects.filter(system__slug="icd10cm", normalized__in=batch).order_by()
            found.update(rows.values_list("normalized", "pk"))
        return found

    def _compare(self, pks: list[int]) -> None:
        names: dict[int, list[CodeName]] = {}
        for name in CodeName.objects.filter(code_id__in=pks, kind=INCLUSION).order_by("pk"):
            names.setdefault(name.code_id, []).append(name)
        notes: dict[int, list[CodeNote]] = {}
        for note in CodeNote.objects.filter(code_id__in=pks).order_by("code_id", "position"):
            notes.setdefault(note.code_id, []).append(note)
        for pk in pks:
            own_names, own_notes = names.get(pk, []), notes.get(pk, [])
            stated = self.read.diagnoses.get(self.by_pk[pk])
            held = [*filter(_is_of_list, own_names), *filter(_is_of_list, own_notes)]
            if any(version_of(each.source) > self.read.version for each in held):
                self.summary.newer += 1
            elif not (self.only_add and held):
                self._compare_names(pk, stated.terms if stated else [], own_names)
                self._compare_notes(pk, stated.notes if stated else [], own_notes)

    def _compare_names(self, pk: int, terms: list[str], held: list[CodeName]) -> None:
        by_text = {name.text.casefold(): name for name in held}
        wanted = {term.casefold(): term for term in terms}
        new = [text for folded, text in wanted.items() if folded not in by_text]
        gone = [name.pk for folded, name in by_text.items() if folded not in wanted and _is_of_list(name)]
        self.summary.names_held += len(wanted) - len(new)
        self.new_names += [CodeName(code_id=pk, kind=INCLUSION, text=text, source=self.read.source) for text in new]
        self.removed_names += gone
        for folded, name in by_text.items():
            if folded in wanted and _is_of_list(name) and name.source != self.read.source:
                name.source = self.read.source
                self.renewed_names.append(name)
        if new or gone:
            self.changed.add(pk)

    def _compare_notes(self, pk: int, stated: list[tuple[str, str]], held: list[CodeNote]) -> None:
        """Notes of the list are replaced together, because each has its place among the others."""
        own = [note for note in held if _is_of_list(note)]
        if [(note.kind, note.text) for note in own] == stated and all(note.source == self.read.source for note in own):
            self.summary.notes_held += len(own)
            return
        others = [note.position for note in held if not _is_of_list(note)]
        first = max(others, default=0) + 1
        self.removed_notes += [note.pk for note in own]
        self.new_notes += [
            CodeNote(code_id=pk, kind=kind, text=text, position=first + place, source=self.read.source)
            for place, (kind, text) in enumerate(stated)
        ]


def _is_of_list(stored: CodeName | CodeNote) -> bool:
    """Whether any release of the tabular list said this."""
    return stored.source.startswith(f"{FAMILY}, ")
