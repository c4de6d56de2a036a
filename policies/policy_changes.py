"""What changed in policies, for their readers: on a policy's page, in lists and feeds. See also policies.changes."""

import datetime
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from policies.fact_changes import (
    LABELS,
    WORDED,
    FactNames,
    ListChange,
    TextChange,
    ValueChange,
    changed_facts,
    list_changes,
    text_changes,
    value_changes,
)
from policies.facts import Facts
from policies.models import HealthPlan, Policy, PolicyCodeChange, PolicyRevision
from procedures.models import MedicalCode

REVISIONS_PER_PAGE = 10
# Codes of one kind of change that are named, and in the one line of a list.
CODES_SHOWN = 20
CODES_IN_LINE = 5

Kind, CodeKind = PolicyRevision.Kind, PolicyCodeChange.Kind
KIND_WORDS = {
    Kind.NEW: "New on this site",
    Kind.REVISED: "Revised",
    Kind.RETIRED: "Retired",
    Kind.REINSTATED: "In effect again",
    Kind.CODES: "Codes changed",
}
CODES_WORDS = {CodeKind.ADDED: "Codes added", CodeKind.DROPPED: "Codes dropped", CodeKind.CHANGED: "Codes changed"}
# What a revision of this kind says of a policy by itself.
TOLD_BY_KIND = {Kind.RETIRED: {"status", "retired"}, Kind.REINSTATED: {"status", "retired"}}


@dataclass(slots=True)
class CodeChanges:
    """The codes that a revision added, dropped or changed: all are `count`, `shown` are the first."""

    kind: str
    label: str
    count: int
    shown: list[PolicyCodeChange]

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass
class RevisionChange:
    """One revision and what it changed. `before` are the facts of the revision before it, None where there is none.

    `on` is the day for which it is said; `first_codes` are the first changed codes of each kind.
    """

    revision: PolicyRevision
    before: Facts | None
    names: FactNames
    first_codes: list[PolicyCodeChange]
    on: datetime.date

    @property
    def policy(self) -> Policy:
        return self.revision.policy

    @cached_property
    def day(self) -> datetime.date:
        """The day on which this site took the change over."""
        return timezone.localdate(self.revision.at)

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.revision.kind]

    @property
    def source(self) -> str:
        """Where this site has the change from."""
        loaded_from = self.revision.loaded_from
        return loaded_from.get_kind_display() if loaded_from else "an editor of this site"

    @cached_property
    def values(self) -> list[ValueChange]:
        return value_changes(self.before, self.revision.facts, self.on) if self.before else []

    @cached_property
    def lists(self) -> list[ListChange]:
        if not self.before:
            return []
        return list_changes(self.before, self.revision.facts, self.policy.issuer_id, self.names)

    @cached_property
    def texts(self) -> list[TextChange]:
        return text_changes(self.before, self.revision.facts) if self.before else []

    @property
    def reworded(self) -> list[str]:
        """The labels of the texts that changed, without the work of comparing them."""
        return [LABELS[name] for name in self._changed_facts if name in WORDED]

    @cached_property
    def codes(self) -> list[CodeChanges]:
        """By kind, each in the order of the code sets."""
        return [
            CodeChanges(kind, "Codes named" if self.revision.kind == Kind.NEW else CODES_WORDS[kind], count, shown)
            for kind, count in self._counts.items()
            if (shown := [change for change in self.first_codes if change.kind == kind]) or count
        ]

    @property
    def _counts(self) -> dict[str, int]:
        revision = self.revision
        counts = (revision.codes_added, revision.codes_dropped, revision.codes_changed)
        return dict(zip((CodeKind.ADDED, CodeKind.DROPPED, CodeKind.CHANGED), counts, strict=True))

    @property
    def changed_labels(self) -> list[str]:
        """The facts that differ, without those that the kind of the revision tells of."""
        told = TOLD_BY_KIND.get(self.revision.kind, set())
        return [LABELS[name] for name in self._changed_facts if name not in told]

    @cached_property
    def _changed_facts(self) -> list[str]:
        return changed_facts(self.before, self.revision.facts) if self.before else []

    @property
    def url(self) -> str:
        """Where the policy's page tells of it."""
        return f"{self.policy.get_absolute_url()}#revision-{self.revision.number}"

    @cached_property
    def details(self) -> str:
        """What changed without its kind, in one line: "Summary; 2 codes added: J9302, J9303; 1 code dropped: J1"."""
        return "; ".join(part for part in (", ".join(self.changed_labels), self._codes_in_one_line()) if part)

    @property
    def in_one_line(self) -> str:
        """The details, and the kind where they do not tell it: "Retired", "New on this site; 12 codes: J9302, …"."""
        if self.details and self.revision.kind in (Kind.REVISED, Kind.CODES):
            return self.details
        return f"{self.kind_words}; {self.details}" if self.details else self.kind_words

    def _codes_in_one_line(self) -> str:
        said = []
        for kind, count in self._counts.items():
            codes = [change.code.code for change in self.first_codes if change.kind == kind][:CODES_IN_LINE]
            if count > len(codes):
                codes.append("…")
            noun = "code" if count == 1 else "codes"
            verb = "" if self.revision.kind == Kind.NEW else f" {kind}"
            if count:
                said.append(f"{count:,} {noun}{verb}: {', '.join(codes)}")
        return "; ".join(said)


def revisions_of(
    plan: HealthPlan | None = None, code: MedicalCode | None = None, kinds: Collection[str] = ()
) -> QuerySet[PolicyRevision]:
    """The revisions that concern a plan, that concern a code, of these kinds.

    A plan is concerned by what became otherwise of a policy while it applied to the plan or was issued by it. A code is
    concerned by a revision that added, dropped or changed it, and by what became otherwise of a policy while it named
    the code; not by other codes that such a policy added or dropped.
    """
    revisions = PolicyRevision.objects.order_by()
    if plan:
        revisions = revisions.filter(plans=plan)
    if code:
        # Not by OR: the databases would look at every revision.
        revisions = revisions.filter(pk__in=_moving(code).union(_while_named(code)))
    return revisions.filter(kind__in=kinds) if kinds else revisions


def _moving(code: MedicalCode) -> QuerySet:
    """The primary keys of the revisions that added, dropped or changed a code."""
    return PolicyCodeChange.objects.filter(code=code).order_by().values("revision_id")


def _while_named(code: MedicalCode) -> QuerySet:
    """The primary keys of the revisions by which a policy became otherwise after it added the code, till it dropped it.

    Told by what is recorded, so nothing appears in the past, or goes from it, when a policy adds or drops a code.
    """
    changes = PolicyCodeChange.objects.filter(code=code, kind__in=[CodeKind.ADDED, CodeKind.DROPPED]).order_by()
    last = changes.filter(revision__policy=OuterRef("policy"), revision__number__lt=OuterRef("number"))
    last = last.order_by("-revision__number").values("kind")[:1]
    otherwise = PolicyRevision.objects.filter(
        kind__in=[Kind.REVISED, Kind.RETIRED, Kind.REINSTATED], policy__in=changes.values("revision__policy")
    )
    return otherwise.order_by().alias(last=Subquery(last)).filter(last=CodeKind.ADDED).values("pk")


def read_newest(revisions: QuerySet[PolicyRevision], start: int, stop: int) -> list[PolicyRevision]:
    """Those from `start` to before `stop` of the newest, with policy and issuer, in two queries."""
    # Sorted by primary keys alone: rows with their facts are large.
    pks = list(revisions.newest_first().values_list("pk", flat=True)[start:stop])
    rows = PolicyRevision.objects.select_related("policy__issuer", "loaded_from").defer("policy__summary")
    found = rows.in_bulk(pks)
    return [found[pk] for pk in pks if pk in found]


def describe(revisions: Sequence[PolicyRevision], on: datetime.date | None = None) -> list[RevisionChange]:
    """What each of these revisions changed, as it is said on the day `on` (else on the day of each).

    Three queries and, where it is asked for, one for the names of plans and one for those of documents.
    """
    before = _facts_before(revisions)
    names = FactNames((r.policy.issuer_id, before[r.pk], r.facts) for r in revisions if r.pk in before)
    codes = _first_code_changes(revisions)
    return [
        RevisionChange(each, before.get(each.pk), names, codes[each.pk], on or timezone.localdate(each.at))
        for each in revisions
    ]


def _facts_before(revisions: Sequence[PolicyRevision]) -> dict[int, Facts]:
    """The facts of the revision before each, by the primary key of the later one."""
    later = {(each.policy_id, each.number - 1): each.pk for each in revisions if each.number > 1}
    wanted = Q()
    for policy_id, number in later:
        wanted |= Q(policy=policy_id, number=number)
    if not wanted:
        return {}
    rows = PolicyRevision.objects.filter(wanted).order_by().values_list("policy_id", "number", "facts")
    return {later[policy_id, number]: facts for policy_id, number, facts in rows}


def _first_code_changes(revisions: Sequence[PolicyRevision]) -> dict[int, list[PolicyCodeChange]]:
    """The first changed codes of each kind, with their codes, by revision; in the order of the code sets."""
    changed = [each.pk for each in revisions if each.codes_added or each.codes_dropped or each.codes_changed]
    place = Window(RowNumber(), partition_by=[F("revision"), F("kind")], order_by=F("code").asc())
    changes = PolicyCodeChange.objects.filter(revision__in=changed).order_by()
    first = list(changes.annotate(place=place).filter(place__lte=CODES_SHOWN)) if changed else []
    # Joined only here: the rows that are counted off above may be thousands.
    codes = MedicalCode.objects.select_related("system").only(
        "code", "normalized", "title", "slug", "system__slug", "system__position"
    )
    found = codes.in_bulk({change.code_id for change in first}) if first else {}
    by_revision = defaultdict(list)
    for change in first:
        change.code = found[change.code_id]
        by_revision[change.revision_id].append(change)
    for of_one in by_revision.values():
        of_one.sort(key=lambda change: (change.code.system.position, change.code.normalized))
    return by_revision


def recent_changes(
    plan: HealthPlan | None = None, code: MedicalCode | None = None, limit: int = 5
) -> list[RevisionChange]:
    """The newest changes that concern a plan or a code, for a short list; five queries."""
    return describe(read_newest(revisions_of(plan, code), 0, limit))


class PolicyRevisions:
    """The revisions of one policy, newest first, one page of them; `page` is as it stands in the address.

    At most seven queries; `on` is the day for which it is said.
    """

    def __init__(self, policy: Policy, on: datetime.date, page: str | int | None = None):
        self.policy = policy
        revisions = policy.revisions.select_related("loaded_from").order_by("-number")
        self.listed: Page = Paginator(revisions, REVISIONS_PER_PAGE).get_page(page)
        shown = list(self.listed)
        for revision in shown:
            revision.policy = policy
        self.changes = describe(shown, on)

    @property
    def newest_difference(self) -> RevisionChange | None:
        """The newest change of this page that has a difference to show, which lies open."""
        return next((change for change in self.changes if change.revision.kind != Kind.NEW), None)
