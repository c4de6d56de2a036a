"""Brings the policies of the database up to what a source says: the one loader of all sources of policies.

What an editor wrote is never overwritten without a word: see policies.imports.merge.
"""

from collections.abc import Callable, Iterable

from django.db import reset_queries, transaction
from django.utils import timezone

from policies.changes import PolicyState, mark_codes
from policies.facts import LIST_FACTS, Codes, Facts, facts_of, policy_key
from policies.imports.checks import report_problem, without_problems
from policies.imports.held import HeldPolicies, HeldPolicy, HeldState, PolicyName, read_sources, read_states
from policies.imports.merge import Sides, merge
from policies.imports.missing import missing_policies
from policies.imports.plans import PlanBook
from policies.imports.records import PolicyRecord, ReadPolicies
from policies.imports.summary import LoadSummary, PolicyDifference
from policies.imports.writing import PK_BATCH, Ids, Writing, batches, set_facts
from policies.models import Policy, PolicyImport, PolicySource
from policies.models.policies import make_public_id
from procedures.code_sets.loader import no_progress
from procedures.code_sets.records import RefusedFile
from procedures.models import ContentVersion, MedicalCode

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
    changed, where there is a problem and no `skip_errors`.
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


class _Load:
    """One import, step by step."""

    def __init__(self, read: ReadPolicies, records: list[PolicyRecord], *, skip_errors, only_add, progress: Progress):
        self.read, self.only_add, self.progress = read, only_add, progress
        self.summary = LoadSummary(read.report)
        self.touched: set[int] = set()
        self.at = timezone.now()
        self._import: PolicyImport | None = None
        self._current: list[int] = []
        self.plans = PlanBook(read, fill=not only_add)
        self.plans.take_in({key for record in records for key in (record.issuer, *record.facts.get("plans", ()))})
        self.records = self._each_once(records)
        _refuse_problems(read, skip_errors)
        self.summary.read = len(self.records)
        self.summary.left_out = len(read.left_out)
        self.held = HeldPolicies(self.plans[record.issuer].slug for record in self.records)

    @property
    def has_written(self) -> bool:
        return self._import is not None

    def begin_import(self) -> PolicyImport:
        """The row of this import, made with the first change."""
        if self._import is None:
            self._import = PolicyImport.objects.create(
                kind=self.read.kind, source_name=self.read.source_name[-300:], as_of=self.read.as_of
            )
        return self._import

    def run(self) -> None:
        matched = self.held.match([self._name_of(record) for record in self.records])
        new = [record for record, held in zip(self.records, matched, strict=True) if held is None]
        known = [(record, held) for record, held in zip(self.records, matched, strict=True) if held]
        self.seen = {held.pk for _, held in known}
        if self.plans.save():
            self.begin_import()
        self.summary.plans_added = len(self.plans.added)
        self.ids = Ids(self._read_codes(), self.plans.ids_by_slug(), self.held.reference_ids())
        self._known_references = self.ids.policies.keys() | {
            (self.plans[record.issuer].slug, policy_key(record.kind, record.number)) for record in new if record.number
        }
        self._add(new)
        if self.only_add:
            self.summary.unchanged = len(known)
        else:
            self._update(known)
            self._note_missing()
        self._finish()

    def _each_once(self, records: list[PolicyRecord]) -> list[PolicyRecord]:
        """Without those that another record names already, which are problems."""
        first: dict[tuple, PolicyRecord] = {}
        for record in records:
            other = first.setdefault(self._name_of(record), record)
            if other is not record:
                place = f"row {other.row} of {other.file}" if other.row else other.file
                report_problem(self.read, record, f"{place} is of the same policy")
        return list(first.values())

    def _name_of(self, record: PolicyRecord) -> PolicyName:
        title = "" if record.number else record.facts["title"]
        return self.plans[record.issuer].slug, record.kind, record.number, title

    def _read_codes(self) -> dict[str, int]:
        """Primary keys of the codes that are named; the report counts those that are not held."""
        named = {key.partition("|")[0] for record in self.records for key in record.codes or ()}
        found: dict[str, int] = {}
        for batch in batches(sorted({code.partition(":")[2] for code in named}), PK_BATCH):
            rows = MedicalCode.objects.filter(normalized__in=batch).order_by()
            for system, normalized, pk in rows.values_list("system__slug", "normalized", "pk"):
                if (code := f"{system}:{normalized}") in named:
                    found[code] = pk
        if unknown := named - found.keys():
            for record in self.records:
                codes = (key.partition("|")[0] for key in record.codes or ())
                self.read.report.unknown_codes.update(code for code in codes if code in unknown)
        return found

    # What a record says, in the terms of this database

    def _facts_of(self, record: PolicyRecord) -> Facts:
        """With plans as slugs, and without references to documents that are not held."""
        facts = dict(record.facts)
        if facts.get("title") == record.number:
            # Its number stands for a title that the source does not have.
            del facts["title"]
        if "plans" in facts:
            facts["plans"] = sorted({self.plans[key].slug for key in facts["plans"]})
        if "references" in facts:
            issuer, itself = self.plans[record.issuer].slug, policy_key(record.kind, record.number)
            named = set(facts["references"]) - {itself}
            facts["references"] = sorted(key for key in named if (issuer, key) in self._known_references)
            self.summary.references_unknown.update(named.difference(facts["references"]))
        return facts

    def _codes_of(self, record: PolicyRecord) -> Codes:
        """Without codes that are not held."""
        codes = {key: columns for key, columns in record.codes.items() if key.partition("|")[0] in self.ids.codes}
        return record.codes if len(codes) == len(record.codes) else codes

    # New policies

    def _add(self, new: list[PolicyRecord]) -> None:
        taken = set(Policy.objects.order_by().values_list("public_id", flat=True))
        made = []
        for record in new:
            facts, issuer = self._facts_of(record), self.plans[record.issuer]
            policy = Policy(kind=record.kind, number=record.number, issuer=issuer, last_verified=self.read.verified)
            policy.title = record.number
            name = record.number or facts["title"]
            policy.public_id = make_public_id(issuer.slug, record.kind, name, taken)
            taken.add(policy.public_id)
            set_facts(policy, facts)
            made.append((policy, record, facts))
        for batch in batches(made, BATCH):
            Policy.objects.bulk_create([policy for policy, _, _ in batch])
            reset_queries()
        for policy, record, _ in made:
            if record.number:
                self.ids.policies[policy.issuer.slug, policy_key(record.kind, record.number)] = policy.pk
        self.seen.update(policy.pk for policy, _, _ in made)
        for batch in self.progress(batches(made, BATCH), desc="Adding", unit=" batches"):
            writing = self._writing()
            for policy, record, facts in batch:
                self._add_parts(writing, policy, record, facts)
            writing.save()
            # Under DEBUG, Django keeps the text of every query.
            reset_queries()

    def _add_parts(self, writing: Writing, policy: Policy, record: PolicyRecord, facts: Facts) -> None:
        codes = self._codes_of(record) if record.codes else {}
        held = HeldState(policy, PolicyState(facts_of(policy, [], []), {}, {}))
        writing.change(held, {name: facts[name] for name in LIST_FACTS if name in facts}, codes)
        writing.source(policy.pk, facts, codes)
        made = writing.revise(policy.pk, None, held.state, number=1)
        self.summary.note_revision(policy, None, held.state, *made)

    # Policies that are held

    def _update(self, known: list[tuple[PolicyRecord, HeldPolicy]]) -> None:
        current = [(record, held) for record, held in known if not held.as_of or held.as_of <= self.read.as_of]
        self.summary.superseded = len(known) - len(current)
        unopposed: list[int] = []
        for batch in self.progress(batches(current, BATCH), desc="Comparing", unit=" batches"):
            unopposed += self._compare(batch)
            reset_queries()
        self._note_found([held for _, held in current])
        self._verify([self.held.by_pk[pk] for pk in unopposed])
        self._current = [held.pk for _, held in current]

    def _compare(self, batch: list[tuple[PolicyRecord, HeldPolicy]]) -> list[int]:
        """Merges a batch; the primary keys of those of which nothing is left to decide."""
        sources = read_sources([held.pk for _, held in batch])
        different, unopposed = [], []
        for record, held in batch:
            base = sources.get(held.pk)
            now = self._now(record, base or Sides())
            if base is not None and base == now and not held.has_withheld:
                self.summary.unchanged += 1
                unopposed.append(held.pk)
            else:
                different.append((record, held.pk, base, now))
        if not different:
            return unopposed
        states = read_states([pk for _, pk, _, _ in different])
        writing = self._writing()
        for record, pk, base, now in different:
            if self._merge(writing, record, states[pk], base, now):
                unopposed.append(pk)
        writing.save()
        return unopposed

    def _now(self, record: PolicyRecord, base: Sides) -> Sides:
        """What the source says now; what it does not state this time is as it was."""
        facts = {**base.facts, **self._facts_of(record)}
        if record.codes is None:
            return Sides(facts, base.codes)
        codes = self._codes_of(record)
        kept = {
            key: columns
            for key, columns in base.codes.items()
            if key not in codes and self.read.keeps_codes(columns["source"])
        }
        return Sides(facts, {**codes, **kept} if kept else codes)

    def _merge(self, writing: Writing, record: PolicyRecord, held: HeldState, base: Sides | None, now: Sides) -> bool:
        """Brings one policy up to its source; whether nothing is left for an editor to decide."""
        before = PolicyState(held.state.facts, held.state.codes, held.state.code_ids)
        last = Sides(held.withheld.facts, held.withheld.codes) if held.withheld else None
        policy = held.policy
        merged = merge(base or Sides(), Sides(before.facts, before.codes), now, number=policy.number, withheld=last)
        writing.change(held, merged.taken_facts, merged.taken_codes)
        writing.withhold(held, merged.withheld_facts, merged.withheld_codes)
        if base != now:
            writing.source(policy.pk, now.facts, now.codes)
        made = writing.revise(policy.pk, before, held.state, number=held.newest_revision + 1)
        if made is None:
            self.summary.unchanged += 1
        else:
            self.summary.note_revision(policy, before, held.state, *made)
        if not merged.withheld_facts and not merged.withheld_codes:
            return True
        self.summary.note_withheld(record, policy, held.state, merged.withheld_facts, merged.withheld_codes)
        return False

    def _note_found(self, held: Iterable[HeldPolicy]) -> None:
        """Takes the mark from policies that are listed again."""
        found = [each.pk for each in held if each.missing_since and each.missing_since <= self.read.as_of]
        self._set(found, missing_since=None)
        self.summary.found_again = len(found)

    def _verify(self, held: Iterable[HeldPolicy]) -> None:
        """Moves the day of verification on; not where the policy says something else than its source."""
        day = self.read.verified
        late = [each.pk for each in held if day and (each.last_verified is None or each.last_verified < day)]
        self._set(late, last_verified=day)
        self.summary.verified = len(late)

    def _note_missing(self) -> None:
        missing = missing_policies(self.read, self.plans, self.seen)
        for policy in missing:
            self.summary.note_change(PolicyDifference("missing", policy.number, policy.title, []))
        self._set([policy.pk for policy in missing], missing_since=self.read.as_of)
        self.summary.missing = len(missing)

    def _set(self, pks: list[int], **columns) -> None:
        for batch in batches(pks, PK_BATCH):
            Policy.objects.filter(pk__in=batch).update(**columns)
            self.begin_import()

    def _finish(self) -> None:
        """Keeps with all listed policies that this is the newest import that told of them, and what it did."""
        if not self.has_written:
            return
        loaded_from = self.begin_import()
        loaded_from.counts = self.summary.as_counts()
        loaded_from.save(update_fields=["counts"])
        for batch in batches(self._current, PK_BATCH):
            PolicySource.objects.filter(policy__in=batch).update(loaded_from=loaded_from)

    def _writing(self) -> Writing:
        return Writing(self.ids, self.at, self.begin_import, self.touched)
