"""Brings the policies of the database up to what a source says: the one loader of all sources of policies.

What an editor wrote is never overwritten without a word: see policies.imports.merge.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import reset_queries, transaction
from django.utils import timezone

from policies.changes import PolicyState, mark_codes
from policies.facts import LIST_FACTS, Facts, facts_of
from policies.imports.checks import without_problems
from policies.imports.held import HeldPolicy, HeldState, read_sources, read_states
from policies.imports.losses import refuse_great_losses
from policies.imports.matching import match_records
from policies.imports.merge import Sides, agrees, merge
from policies.imports.missing import missing_policies
from policies.imports.named_documents import NamedDocuments
from policies.imports.plans import PlanBook
from policies.imports.records import PolicyRecord, ReadPolicies
from policies.imports.stated import Stated, read_codes
from policies.imports.summary import LoadSummary, PolicyDifference
from policies.imports.writing import Ids, Writing, set_facts
from policies.models import Policy, PolicyImport, PolicySource
from policies.models.policies import make_public_id
from procedures.batches import batches
from procedures.code_sets.loader import no_progress
from procedures.code_sets.records import RefusedFile
from procedures.models import ContentVersion

# Policies that are compared or made at a time, with all their codes.
BATCH = 100

Progress = Callable[..., Iterable]


class RefusedPolicies(RefusedFile):
    """A source with problems, of which nothing was imported; they are in `report`."""

    def __init__(self, read: ReadPolicies):
        number = read.report.problem_count
        problems = "there is one problem" if number == 1 else f"there are {number:,} problems"
        super().__init__(read.source_name, f"{problems}, so nothing was imported.")
        self.report = read.report


def load_policies(
    read: ReadPolicies,
    *,
    dry_run: bool = False,
    skip_errors: bool = False,
    only_add: bool = False,
    progress: Progress = no_progress,
) -> LoadSummary:
    """Loads what was read in one transaction; with `dry_run` everything is rolled back at the end.

    With `skip_errors`, policies with problems are left out, and neither changed nor taken for missing. With `only_add`,
    plans and policies that are held already stay as they are.

    Adds to the report of `read` what it meets, so that one reading is loaded once. Raises RefusedPolicies, with nothing
    changed, where there is a problem and no `skip_errors`, and RefusedFile for a damaged export (see losses.py).
    """
    records = without_problems(read)
    _refuse_problems(read, skip_errors)
    with transaction.atomic():
        # Editors change policies and codes.
        ContentVersion.wait_for_other_writers()
        load = _Load(read, records, skip_errors=skip_errors, only_add=only_add, progress=progress)
        load.run()
        if dry_run:
            transaction.set_rollback(True)
        elif load.has_written:
            mark_codes(load.touched, lambda entries: progress(entries, desc="Indexing", unit=" codes"))
            ContentVersion.advance()
    return load.summary


def _refuse_problems(read: ReadPolicies, skip_errors: bool) -> None:
    if read.report.problem_count and not skip_errors:
        raise RefusedPolicies(read)


@dataclass(slots=True)
class _Comparison:
    """A policy that is held and may differ from its source: what the source said, and says now, as it names things."""

    record: PolicyRecord
    held: HeldPolicy
    base: Sides | None
    now: Sides
    others: list[Sides]


class _Load:
    """One import, step by step."""

    def __init__(self, read: ReadPolicies, records: list[PolicyRecord], *, skip_errors, only_add, progress: Progress):
        self.read, self.only_add, self.progress = read, only_add, progress
        self.summary = LoadSummary(read.report)
        self.touched: set[int] = set()
        self.at = timezone.now()
        self._import: PolicyImport | None = None
        self.plans = PlanBook(read, fill=not only_add)
        self.plans.take_in({key for record in records for key in (record.issuer, *record.facts.get("plans", ()))})
        self.matched = match_records(read, records, self.plans)
        self.known = self.matched.known
        _refuse_problems(read, skip_errors)
        self.summary.read = len(self.matched.new) + len(self.known)
        self.summary.left_out = len(read.left_out)

    @property
    def has_written(self) -> bool:
        return self._import is not None

    def begin_import(self) -> PolicyImport:
        """The row of this import, made with the first change."""
        if self._import is None:
            self._import = PolicyImport.objects.create(
                kind=self.read.kind,
                source_name=self.read.source_name[-300:],
                as_of=self.read.as_of,
                is_excerpt=self.read.is_excerpt,
            )
        return self._import

    def run(self) -> None:
        self.seen = {held.pk for _, held in self.known}
        if self.plans.save():
            self.begin_import()
        self.summary.plans_added = len(self.plans.added)
        self.documents = NamedDocuments(self.matched.held)
        for record in self.matched.new:
            self.documents.expect(self.plans[record.issuer].slug, record.kind, record.number)
        code_ids = read_codes(self.read, [*self.matched.new, *(record for record, _ in self.known)])
        self.stated = Stated(self.read, self.summary, self.plans, code_ids, self.documents)
        self.ids = Ids(code_ids, self.plans.ids_by_slug(), self.documents.ids)
        self._add()
        if self.only_add:
            self.summary.unchanged = len(self.known)
        else:
            self._update()
            self._note_missing()
            refuse_great_losses(self.read, self.summary)
        self._finish()

    # New policies

    def _add(self) -> None:
        taken = set(Policy.objects.order_by().values_list("public_id", flat=True))
        made = []
        for record in self.matched.new:
            facts, issuer = self.stated.facts(record), self.plans[record.issuer]
            policy = Policy(kind=record.kind, number=record.number, issuer=issuer)
            policy.last_verified = self._verified(record)
            policy.title = record.number
            name = record.number or facts["title"]
            policy.public_id = make_public_id(issuer.slug, record.kind, name, taken)
            taken.add(policy.public_id)
            set_facts(policy, facts)
            made.append((policy, record, facts))
        for batch in batches(made, BATCH):
            Policy.objects.bulk_create([policy for policy, _, _ in batch])
            reset_queries()
        for policy, _, _ in made:
            self.documents.add(policy)
            self.seen.add(policy.pk)
        for batch in self.progress(batches(made, BATCH), desc="Adding", unit=" batches"):
            writing = self._writing()
            for policy, record, facts in batch:
                self._add_parts(writing, policy, record, facts)
            writing.save()
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()

    def _add_parts(self, writing: Writing, policy: Policy, record: PolicyRecord, facts: Facts) -> None:
        codes = self.stated.codes(record)
        held = HeldState(policy, PolicyState(facts_of(policy, [], []), {}, {}))
        said = self.stated.with_documents(policy.issuer.slug, Sides(facts)).facts
        writing.change(held, {name: said[name] for name in LIST_FACTS if name in said}, codes)
        writing.source(policy.pk, record.number, facts, codes)
        made = writing.revise(policy.pk, None, held.state, number=1)
        self.summary.note_revision(policy, None, held.state, *made)

    # Policies that are held

    def _update(self) -> None:
        current = [(record, held) for record, held in self.known if not held.as_of or held.as_of <= self.read.as_of]
        self.summary.superseded = len(self.known) - len(current)
        self._verified_on: dict[datetime.date, list[int]] = {}
        for batch in self.progress(batches(current, BATCH), desc="Comparing", unit=" batches"):
            self._compare(batch)
            reset_queries()
        self._current = [held.pk for _, held in current]
        self._note_found([held for _, held in current])
        for day, pks in self._verified_on.items():
            self._set(pks, last_verified=day)
            self.summary.verified += len(pks)

    def _compare(self, batch: list[tuple[PolicyRecord, HeldPolicy]]) -> None:
        sources = read_sources([held.pk for _, held in batch])
        comparisons = []
        for record, held in batch:
            said = sources.get(held.pk, {})
            base = said.pop(self.read.kind, None)
            now = self.stated.now(record, base or Sides())
            is_same = base == now and held.name == self.matched.name_of(record) and not held.has_withheld
            if is_same and not self._is_verified_later(record, held):
                self.summary.unchanged += 1
            else:
                comparisons.append(_Comparison(record, held, base, now, list(said.values())))
        if not comparisons:
            return
        states = read_states([each.held.pk for each in comparisons])
        writing = self._writing()
        for each in comparisons:
            self._merge(writing, each, states[each.held.pk])
        writing.save()

    def _merge(self, writing: Writing, each: _Comparison, held: HeldState) -> None:
        """Brings one policy up to its source."""
        record, policy, issuer = each.record, held.policy, each.held.issuer
        before = PolicyState(held.state.facts, held.state.codes, held.state.code_ids)
        last = Sides(held.withheld.facts, held.withheld.codes) if held.withheld else None
        base, now = (self.stated.with_documents(issuer, side) for side in (each.base or Sides(), each.now))
        others = [self.stated.with_documents(issuer, side) for side in each.others]
        current = Sides(before.facts, before.codes)
        merged = merge(base, current, now, number=policy.number, withheld=last, others=others)
        writing.change(held, merged.taken_facts, merged.taken_codes)
        writing.withhold(held, merged.withheld_facts, merged.withheld_codes)
        if each.base != each.now or each.held.name != self.matched.name_of(record):
            writing.source(policy.pk, record.number, each.now.facts, each.now.codes)
        made = writing.revise(policy.pk, before, held.state, number=held.newest_revision + 1)
        if made is None:
            self.summary.unchanged += 1
        else:
            self.summary.note_revision(policy, before, held.state, *made)
        if merged.withheld_facts or merged.withheld_codes:
            self.summary.note_withheld(policy, held.state, merged.withheld_facts, merged.withheld_codes)
            return
        states_codes = record.codes is not None or bool(now.codes)
        after = Sides(held.state.facts, held.state.codes)
        if self._is_verified_later(record, each.held) and agrees(after, now, states_codes=states_codes, others=others):
            self._verified_on.setdefault(self._verified(record), []).append(policy.pk)

    def _verified(self, record: PolicyRecord) -> datetime.date | None:
        return record.verified or self.read.verified

    def _is_verified_later(self, record: PolicyRecord, held: HeldPolicy) -> bool:
        day = self._verified(record)
        return bool(day) and (held.last_verified is None or held.last_verified < day)

    def _note_found(self, held: Iterable[HeldPolicy]) -> None:
        """Takes the mark from policies that are listed again."""
        found = [each.pk for each in held if self._is_found_again(each)]
        self._set(found, missing_since=None)
        self.summary.found_again = len(found)

    def _is_found_again(self, held: HeldPolicy) -> bool:
        if not held.missing_since or held.missing_since > self.read.as_of:
            return False
        # It is missing from another source, where this one never says what is missing.
        return not held.has_others or self.read.is_complete_for(held.kind, held.issuer)

    def _note_missing(self) -> None:
        missing = missing_policies(self.read, self.plans, self.seen)
        for policy in missing:
            self.summary.note_change(PolicyDifference("missing", policy.number, policy.title, []))
        self._set([policy.pk for policy in missing], missing_since=self.read.as_of)
        self.summary.missing = len(missing)

    def _set(self, pks: list[int], **columns) -> None:
        for batch in batches(pks):
            Policy.objects.filter(pk__in=batch).update(**columns)
            self.begin_import()

    def _finish(self) -> None:
        """Keeps with all listed policies that this is the newest import that told of them, and what it did."""
        if not self.has_written:
            return
        loaded_from = self.begin_import()
        loaded_from.counts = self.summary.as_counts()
        loaded_from.save(update_fields=["counts"])
        for batch in batches([] if self.only_add else self._current):
            PolicySource.objects.filter(kind=self.read.kind, policy__in=batch).update(loaded_from=loaded_from)

    def _writing(self) -> Writing:
        return Writing(self.ids, self.at, self.begin_import, self.touched)
