"""What the matrix of plans by codes is made of: which sourced policy says what of a code, and for which plans."""

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, When

from policies.listings import Statement, in_force, name_document, reached_documents, read_listings
from policies.models import HealthPlan, Policy, PolicyCode
from procedures.models import MedicalCode

POLICY_COLUMNS = ("kind", "article_type", "number", "title", "slug", "public_id", "url", "issuer_id")
POLICY_COLUMNS += ("status", "effective", "retired", "last_verified")

State = Policy.State
# Looked up for thousands of rows.
RANKS = {state: state.rank for state in State}
# These stand in the row of their issuer, whatever other plans they name.
OF_ISSUER = [Policy.Kind.PAYER_POLICY, Policy.Kind.NCD]

APPLIES = Policy.plans.through
# Primary keys of a policy and of a code.
Pair = tuple[int, int]


class MatrixFacts:
    """What sourced policies say of codes on a day, for every plan or for the `chosen` ones: primary keys of plans.

    A policy stands in the matrix for the plans to which it applies; and for its issuer where it is a payer's policy, a
    national determination, or a document whose source names no plan. Four queries, none without codes.

    `cells` are by primary keys of plan and code: the primary key of the policy that says most, how many there are, and
    the words (PriorAuthorization) of all that are not retired.
    `unsourced_count` are the policies left out for want of an original document.
    """

    def __init__(
        self, codes: list[MedicalCode], on: datetime.date, plans: dict[int, HealthPlan], chosen: Collection[int] = ()
    ):
        self.on, self._plans, self._chosen = on, plans, chosen
        self.cells: dict[tuple[int, int], tuple[int, int, frozenset[str]]] = {}
        self.unsourced_count = 0
        self._concerned = Policy.objects.none()
        if codes:
            self._naming = PolicyCode.objects.filter(code__in=codes).order_by()
            self._fill()

    def _fill(self) -> None:
        known = self._read_known()
        self._through = _reached_only(reached_documents(self._naming), known)
        concerned = {policy_id for policy_id, _ in (*known, *self._through)}
        self._concerned = Policy.objects.order_by().filter(pk__in=concerned)
        places, issued = self._read_places()
        plans = self._read_plans(issued)
        self.unsourced_count = sum(place is None and bool(plans.get(pk)) for pk, place in places.items())
        weights: dict[int, list[tuple]] = defaultdict(list)
        for pair in (*known, *self._through):
            policy_id, code_id = pair
            # What is of no chosen plan, and what another process deleted meanwhile, has no place.
            if place := places.get(policy_id):
                # First what is not retired, tells of prior authorization, names the code itself, is current, is newest.
                weights[code_id].append((place[0], not known.get(pair), pair not in known, *place[1:]))
        for code_id, of_code in weights.items():
            living = [policy_id for is_retired, *_, policy_id in of_code if not is_retired]
            said = {policy_id: known.get((policy_id, code_id)) for policy_id in living}
            self._fill_column(code_id, sorted(of_code, reverse=True), said, plans)

    def _fill_column(
        self,
        code_id: int,
        weights: Iterable[tuple],
        said: dict[int, frozenset[str] | None],
        plans: dict[int, list[int]],
    ) -> None:
        """Takes what says most last, so that it stays."""
        first: dict[int, int] = {}
        counts: Counter[int] = Counter()
        words: dict[int, frozenset[str]] = {}
        for *_, policy_id in weights:
            first.update(dict.fromkeys(plans[policy_id], policy_id))
            counts.update(plans[policy_id])
            if of_policy := said.get(policy_id):
                words |= {plan_id: words.get(plan_id, frozenset()) | of_policy for plan_id in plans[policy_id]}
        for plan_id, policy_id in first.items():
            self.cells[plan_id, code_id] = policy_id, counts[plan_id], words.get(plan_id, frozenset())

    def _read_known(self) -> dict[Pair, frozenset[str]]:
        """Of policies that name a code, what they tell of prior authorization for it, as PriorAuthorization has it."""
        applying: dict[Pair, set[str]] = defaultdict(set)
        other: dict[Pair, set[str]] = defaultdict(set)
        # A number: SQLite takes long to make days and booleans of thousands of rows.
        is_over = Case(
            When(Q(starts__gt=self.on) | Q(ends__lt=self.on), then=1), default=0, output_field=IntegerField()
        )
        rows = self._naming.annotate(is_over=is_over)
        for policy_id, code_id, said, over in rows.values_list(
            "policy_id", "code_id", "prior_authorization", "is_over"
        ):
            (other if over else applying)[policy_id, code_id].add(said)
        # See policies.listings.in_force.
        unknown = {PolicyCode.PriorAuthorization.UNKNOWN.value}
        return {pair: frozenset(said - unknown) for pair, said in ({**other, **applying}).items()}

    def _read_places(self) -> tuple[dict[int, tuple | None], dict[int, int]]:
        """By policy: its place among those that say as much, None without a document; and its issuer if in its row."""
        policies = self._concerned.with_state(self.on)
        if self._chosen:
            applied = APPLIES.objects.order_by().filter(healthplan__in=self._chosen).values("policy_id")
            policies = policies.filter(Q(pk__in=applied) | Q(issuer__in=self._chosen))
        policies = policies.annotate(names_plans=Exists(APPLIES.objects.filter(policy=OuterRef("pk"))))
        columns = ("pk", "kind", "url", "title", "effective", "issuer_id", "state_now", "names_plans")
        places, issued = {}, {}
        for pk, kind, url, title, effective, issuer_id, state, names_plans in policies.values_list(*columns):
            newest_first = -(effective.toordinal() if effective else 0)
            place = (state == State.RETIRED, RANKS[state], newest_first, title.casefold(), pk)
            places[pk] = place if url else None
            if kind in OF_ISSUER or not names_plans:
                issued[pk] = issuer_id
        return places, issued

    def _read_plans(self, issued: dict[int, int]) -> dict[int, list[int]]:
        """The primary keys of the plans, or chosen ones, for which each policy stands in the matrix."""
        plans: dict[int, list[int]] = defaultdict(list)
        pairs = APPLIES.objects.order_by()
        if self._chosen:
            pairs = pairs.filter(healthplan__in=self._chosen)
        else:
            pairs = pairs.filter(policy_id__in=self._concerned.values("pk"))
        for policy_id, plan_id in pairs.values_list("policy_id", "healthplan_id"):
            plans[policy_id].append(plan_id)
        for policy_id, issuer_id in issued.items():
            if issuer_id not in plans[policy_id] and (not self._chosen or issuer_id in self._chosen):
                plans[policy_id].append(issuer_id)
        return plans

    def plans_with_cells(self) -> set[int]:
        """The primary keys of all plans with a sourced policy, chosen or not; one query where some are chosen."""
        if not self._chosen:
            return {plan_id for plan_id, _ in self.cells}
        sourced = self._concerned.exclude(url="")
        applied = APPLIES.objects.order_by().filter(policy_id__in=sourced.values("pk")).values_list("healthplan_id")
        names_none = ~Exists(APPLIES.objects.filter(policy=OuterRef("pk")))
        issued = sourced.filter(Q(kind__in=OF_ISSUER) | names_none).values_list("issuer_id")
        return {plan_id for (plan_id,) in applied.union(issued)}

    def read_statements(self, pairs: set[Pair]) -> dict[Pair, Statement]:
        """What these policies say of these codes, in three queries; nothing of those that are gone meanwhile."""
        if not pairs:
            return {}
        found = Policy.objects.only(*POLICY_COLUMNS).in_bulk({policy_id for policy_id, _ in pairs})
        policies = {pk: policy for pk, policy in found.items() if policy.issuer_id in self._plans}
        for policy in policies.values():
            policy.issuer = self._plans[policy.issuer_id]
        listings = read_listings(self._naming.filter(policy__in=policies))
        leading = {pk for pair in pairs for pk in self._through.get(pair, ())}
        rows = Policy.objects.filter(pk__in=leading).order_by().values_list("pk", "kind", "number", "title")
        names = {pk: name_document(kind, number, title) for pk, kind, number, title in rows}
        return {
            (policy_id, code_id): Statement.of(
                policies[policy_id],
                self.on,
                in_force(listings.get((policy_id, code_id), []), self.on),
                [names[pk] for pk in self._through.get((policy_id, code_id), ()) if pk in names],
            )
            for policy_id, code_id in pairs
            if policy_id in policies
        }


def _reached_only(pairs: Iterable[Pair], naming: Collection[Pair]) -> dict[Pair, list[int]]:
    """By pairs of policy and code, where it does not name the code itself: the documents by which it is reached."""
    codes = defaultdict(list)
    for policy_id, code_id in naming:
        codes[policy_id].append(code_id)
    through = defaultdict(list)
    for leading_id, document_id in pairs:
        for code_id in codes[leading_id]:
            if (document_id, code_id) not in naming:
                through[document_id, code_id].append(leading_id)
    return through


def read_plans() -> dict[int, HealthPlan]:
    """All plans, with what names them, by primary key, in the order of their names; one query."""
    columns = ("slug", "name", "organization", "kind", "verify_every_days")
    return {plan.pk: plan for plan in HealthPlan.objects.only(*columns)}
