"""What the matrix of plans by codes is made of: which sourced policy says what of a code, and for which plans."""

import datetime
from collections import defaultdict

from django.db.models import Q

from policies.listings import Listing, Statement, in_force, name_document, reached_documents, read_listings
from policies.models import HealthPlan, Policy, PolicyCode
from policies.models.policies import PolicyQuerySet
from procedures.models import MedicalCode

POLICY_COLUMNS = ("kind", "article_type", "number", "title", "slug", "public_id", "url")
POLICY_COLUMNS += ("status", "effective", "retired", "last_verified")
ISSUER_COLUMNS = ("issuer__slug", "issuer__verify_every_days")

State = Policy.State
RANKS = {State.CURRENT: 0, State.UNKNOWN: 1, State.FUTURE: 2, State.PROPOSED: 3, State.RETIRED: 4}


class MatrixFacts:
    """What sourced policies say of codes on a day, for every plan; four queries, none without codes.

    `cells` are by primary keys of plan and code those of the policies, what says most first; `unsourced` are the
    policies left out for want of an original document, each with the primary keys of the plans to which it applies.
    """

    def __init__(self, codes: list[MedicalCode], on: datetime.date):
        self.on = on
        self.cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.unsourced: dict[int, list[int]] = {}
        if not codes:
            return
        naming = PolicyCode.objects.filter(code__in=codes)
        self._listings = {pair: in_force(listings, on) for pair, listings in read_listings(naming).items()}
        self._through = _reached_only(reached_documents(codes), self._listings)
        reached = {policy_id for policy_id, _ in self._through}
        is_concerned = Q(pk__in=naming.order_by().values("policy_id")) | Q(pk__in=reached)
        concerned = Policy.objects.filter(is_concerned).order_by()
        rows = concerned.select_related("issuer").only(*POLICY_COLUMNS, *ISSUER_COLUMNS)
        self._policies = {policy.pk: policy for policy in rows}
        self._fill(_plans_of(self._policies, concerned))

    def _fill(self, plans: dict[int, list[int]]) -> None:
        self.unsourced = {pk: plans[pk] for pk, policy in self._policies.items() if not policy.url}
        places = {pk: _place(policy, self.on) for pk, policy in self._policies.items() if policy.url}
        # What another process deleted meanwhile has no place.
        pairs = [pair for pair in (*self._listings, *self._through) if pair[0] in places]
        pairs.sort(key=lambda pair: self._weight(pair, *places[pair[0]]))
        for policy_id, code_id in pairs:
            for plan_id in plans[policy_id]:
                self.cells[plan_id, code_id].append(policy_id)

    def _weight(self, pair: tuple[int, int], is_retired: bool, *place) -> tuple:
        """First what is not retired, tells of prior authorization, names the code itself, is current, is newest."""
        listings = self._listings.get(pair, ())
        is_known = any(each.prior_authorization != PolicyCode.PriorAuthorization.UNKNOWN for each in listings)
        return is_retired, not is_known, pair in self._through, *place

    def statement(self, policy_id: int, code_id: int) -> Statement:
        """What one of the policies says of a code."""
        leading = (self._policies.get(pk) for pk in self._through.get((policy_id, code_id), ()))
        names = [name_document(each.kind, each.number, each.title) for each in leading if each]
        listings = self._listings.get((policy_id, code_id), [])
        return Statement.of(self._policies[policy_id], self.on, listings, names)


def _place(policy: Policy, on: datetime.date) -> tuple:
    """Retired or not, and the place among policies that say as much of prior authorization."""
    state, effective = policy.state(on), policy.effective
    newest_first = -(effective.toordinal() if effective else 0)
    return state == State.RETIRED, RANKS[state], newest_first, policy.title.casefold(), policy.pk


def _reached_only(
    through: dict[int, dict[int, list[int]]], listings: dict[tuple[int, int], list[Listing]]
) -> dict[tuple[int, int], list[int]]:
    """By pairs of policy and code, where it does not name the code itself: the documents by which it is reached."""
    return {
        (policy_id, code_id): articles
        for code_id, reached in through.items()
        for policy_id, articles in reached.items()
        if (policy_id, code_id) not in listings
    }


def _plans_of(policies: dict[int, Policy], concerned: PolicyQuerySet) -> dict[int, list[int]]:
    """The primary keys of the plans for which each policy stands in the matrix.

    Those to which it applies; and its issuer for a payer's policy, a national determination, and a document whose
    source names no plan.
    """
    plans = defaultdict(list)
    pairs = Policy.plans.through.objects.filter(policy_id__in=concerned.values("pk")).order_by()
    for policy_id, plan_id in pairs.values_list("policy_id", "healthplan_id"):
        plans[policy_id].append(plan_id)
    for policy in policies.values():
        is_of_issuer = policy.kind in (Policy.Kind.PAYER_POLICY, Policy.Kind.NCD) or not plans[policy.pk]
        if is_of_issuer and policy.issuer_id not in plans[policy.pk]:
            plans[policy.pk].append(policy.issuer_id)
    return plans


def read_plans() -> dict[int, HealthPlan]:
    """All plans, with what names them, by primary key, in the order of their names; one query."""
    return {plan.pk: plan for plan in HealthPlan.objects.only("slug", "name", "organization", "kind")}
