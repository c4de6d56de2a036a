"""What a code's page shows of policies: those that name it, what these belong to, and catch-all listings."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from policies.catch_all import find_catch_all_listings
from policies.listings import (
    Listing,
    NamedPlans,
    Statement,
    name_document,
    name_plans,
    reached_documents,
    read_listings,
)
from policies.models import HealthPlan, Policy, PolicyCode
from policies.policy_lists import NAMES_IN_ROW
from procedures.code_parameters import code_parameter
from procedures.models import MedicalCode

MOST_ROWS = 25
MOST_CATCH_ALL = 50

Kind, State = Policy.Kind, Policy.State

KINDS = (Kind.PAYER_POLICY, Kind.NCD, Kind.LCD, Kind.ARTICLE)
# The policies of a payer stand under its name.
HEADINGS = {
    Kind.NCD: "National Coverage Determinations (NCDs)",
    Kind.LCD: "Local Coverage Determinations (LCDs)",
    Kind.ARTICLE: "Medicare articles",
}
EXPLANATIONS = {
    Kind.NCD: "What Medicare covers in the whole country.",
    Kind.LCD: "What a Medicare contractor covers in the states for which it decides.",
    Kind.ARTICLE: "How Medicare contractors want services coded and billed, often beside an LCD.",
}


@dataclass(slots=True)
class RelatedRow(Statement):
    """A policy, what it says of the code, and the plans to which it applies."""

    plans: list[NamedPlans]

    @property
    def first_plans(self) -> list[NamedPlans]:
        return self.plans[:NAMES_IN_ROW]

    @property
    def more_plans(self) -> list[NamedPlans]:
        return self.plans[NAMES_IN_ROW:]


@dataclass(slots=True)
class PolicyGroup:
    """The policies of one issuer and kind; `rows` are the first of `count`. No heading: the issuer's name is it."""

    issuer: HealthPlan
    heading: str
    explanation: str
    count: int
    rows: list[RelatedRow]

    @property
    def is_cut(self) -> bool:
        return len(self.rows) < self.count


@dataclass(slots=True)
class CatchAllRow:
    """A policy that names only a catch-all code, with a label that holds a name of this page's code."""

    code: str
    code_url: str
    row: RelatedRow


@dataclass(slots=True)
class RelatedPolicies:
    """What policies say of a code: `count` of them, of which `naming_count` name the code itself."""

    code: MedicalCode
    groups: list[PolicyGroup]
    count: int
    naming_count: int
    catch_all: list[CatchAllRow]
    successors: list[MedicalCode]

    @property
    def is_cut(self) -> bool:
        return sum(len(group.rows) for group in self.groups) < self.count

    @property
    def list_url(self) -> str:
        return f"{reverse('policies:policies')}?{self._parameters}"

    @property
    def matrix_url(self) -> str:
        return f"{reverse('policies:matrix')}?{self._parameters}"

    @property
    def feed_url(self) -> str:
        return reverse("policies:code_feed", args=[self.code.system.slug, self.code.code])

    @property
    def _parameters(self) -> str:
        return urlencode({"code": code_parameter(self.code)}, safe=":")


@dataclass(slots=True)
class _Candidate:
    """A policy that may get a row, as far as its place depends on it."""

    pk: int
    kind: str
    article_type: str
    number: str
    title: str
    issuer_id: int
    issuer: str
    state: str
    names_it: bool

    @property
    def group(self) -> tuple[int, str, int]:
        return KINDS.index(Kind(self.kind)), self.issuer.casefold(), self.issuer_id

    @property
    def place(self) -> tuple:
        """In its group. Answers to comments on a draft say little of a code, so they come last."""
        is_response = self.article_type == Policy.ArticleType.RESPONSE_TO_COMMENTS
        return is_response, State(self.state).rank, not self.names_it, self.title.casefold(), self.pk


def find_related(code: MedicalCode, on: datetime.date) -> RelatedPolicies | None:
    """What the page of a code shows of policies on a day; None where there is nothing.

    The code has to be read by MedicalCodeQuerySet.with_page_data. At most six queries, whatever the number of policies;
    one where no policy concerns the code, and none where it has no brand or generic name either.
    """
    through: dict[int, list[int]] = defaultdict(list)
    candidates: dict[int, _Candidate] = {}
    if code.has_policy:
        for naming, document in reached_documents(PolicyCode.objects.filter(code=code)):
            through[document].append(naming)
        candidates = {each.pk: each for each in _candidates(code, through, on)}
    catch_all = [each for each in find_catch_all_listings(code) if each.policy_id not in candidates]
    successors = []
    if code.status_on(on) == MedicalCode.Status.RETIRED:
        successors = [each.successor for each in code.successions.all() if each.successor.has_policy]
    if not (candidates or catch_all or successors):
        return None

    groups = _groups(candidates.values())
    shares = fair_shares([len(group) for group in groups], MOST_ROWS)
    chosen = [each.pk for group, share in zip(groups, shares, strict=True) for each in group[:share]]
    # Another process may delete one meanwhile.
    policies = _read_policies({*chosen, *(each.policy_id for each in catch_all)})
    chosen = [pk for pk in chosen if pk in policies]
    catch_all = [each for each in catch_all if each.policy_id in policies]
    catch_all.sort(key=lambda each: _place(policies[each.policy_id], on))
    catch_all = catch_all[:MOST_CATCH_ALL]
    plans = _read_plans({*chosen, *(each.policy_id for each in catch_all)})
    said = read_listings(PolicyCode.objects.filter(code=code, policy__in=chosen)) if chosen else {}
    is_chosen = set(chosen).__contains__

    def make_row(pk: int, listings: list[Listing]) -> RelatedRow:
        leading = [] if pk in candidates and candidates[pk].names_it else through.get(pk, [])
        leading = [candidates[document] for document in leading if document in candidates]
        names = [name_document(each.kind, each.number, each.title) for each in leading]
        return RelatedRow.of(policies[pk], on, listings, names, plans=name_plans(plans[pk]))

    def make_group(group: list[_Candidate]) -> PolicyGroup:
        rows = [make_row(each.pk, said.get((each.pk, code.pk), [])) for each in group if is_chosen(each.pk)]
        kind = Kind(group[0].kind)
        return PolicyGroup(rows[0].policy.issuer, HEADINGS.get(kind, ""), EXPLANATIONS.get(kind, ""), len(group), rows)

    return RelatedPolicies(
        code=code,
        groups=[make_group(group) for group in groups if any(is_chosen(each.pk) for each in group)],
        count=len(candidates),
        naming_count=sum(each.names_it for each in candidates.values()),
        catch_all=[
            CatchAllRow(each.code, each.code_url, make_row(each.policy_id, each.listings)) for each in catch_all
        ],
        successors=successors,
    )


def _candidates(code: MedicalCode, reached: Iterable[int], on: datetime.date) -> list[_Candidate]:
    """The policies that name the code, and those with these primary keys."""
    naming = PolicyCode.objects.filter(code=code)
    policies = Policy.objects.filter(Q(pk__in=naming.order_by().values("policy_id")) | Q(pk__in=list(reached)))
    policies = policies.with_state(on).annotate(names_it=Exists(naming.filter(policy=OuterRef("pk"))))
    columns = ("pk", "kind", "article_type", "number", "title", "issuer_id", "issuer__name", "state_now", "names_it")
    return [_Candidate(*values) for values in policies.order_by().values_list(*columns)]


def _groups(candidates: Iterable[_Candidate]) -> list[list[_Candidate]]:
    """By kind and issuer, payers first; each in the order of its rows."""
    ordered = sorted(candidates, key=lambda each: (each.group, each.place))
    return [list(group) for _, group in groupby(ordered, key=lambda each: each.group)]


def fair_shares(sizes: list[int], most: int) -> list[int]:
    """How many of each group are shown, `most` in all: none gets more while another with more to show has less."""
    shares = [0] * len(sizes)
    while most and any(share < size for share, size in zip(shares, sizes, strict=True)):
        for at, size in enumerate(sizes):
            if shares[at] < size and most:
                shares[at] += 1
                most -= 1
    return shares


def _place(policy: Policy, on: datetime.date) -> tuple[int, str, int]:
    return policy.state(on).rank, policy.title.casefold(), policy.pk


def _read_policies(pks: set[int]) -> dict[int, Policy]:
    return Policy.objects.select_related("issuer").defer("summary").in_bulk(pks) if pks else {}


def _read_plans(pks: set[int]) -> dict[int, list[HealthPlan]]:
    """The plans to which each policy applies, with the columns that name them; a plan is one object."""
    found: dict[int, list[HealthPlan]] = defaultdict(list)
    plans: dict[int, HealthPlan] = {}
    if not pks:
        return found
    columns = ("pk", "slug", "name", "organization", "kind")
    pairs = Policy.plans.through.objects.filter(policy_id__in=pks).order_by()
    for policy_id, *values in pairs.values_list("policy_id", *(f"healthplan__{name}" for name in columns)):
        plan = plans.setdefault(values[0], HealthPlan(**dict(zip(columns, values, strict=True))))
        found[policy_id].append(plan)
    return found
