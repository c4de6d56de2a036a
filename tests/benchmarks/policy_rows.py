"""Rows for the benchmark of policies: 5,000 policies of 150 plans, which name codes 500,000 times.

Their numbers are skewed as those of real plans: a few catch-all codes have hundreds of policies and a few policies
2,000 codes; half of the documents of Medicare apply to 28 contractors. Written past the loader, without history.
"""

import datetime
import random
from collections.abc import Iterable, Iterator

from django.db.models import Exists, Model, OuterRef

from policies.facts import facts_of, policy_key
from policies.models import CMS, HealthPlan, Policy, PolicyCode, PolicyCodeChange, PolicyRevision
from policies.models.policies import make_public_id
from procedures.models import MedicalCode
from procedures.models.codes import make_slug
from procedures.search import rebuild

POLICIES, LINKS, CONTRACTORS, PAYERS = 5_000, 500_000, 120, 30
COMPANIES = 12
BROAD_POLICIES, BROAD_CODES = 20, 2_000
POPULAR_CODES, POPULAR_POLICIES = 12, 320
REVISED = 5_000
NOW = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.UTC)
KINDS = {"payer-policy": 35, "article": 40, "lcd": 20, "ncd": 5}
DRUGS = [
    "Ofatumumab",
    "Rituximab",
    "Infliximab",
    "Denosumab",
    "Bevacizumab",
    "Wheelchairs",
    "Glucose",
    "Oxygen",
    "Prostheses",
    "Dressings",
]
SUBJECTS = ["Injections", "Billing and Coding", "Coverage Criteria", "Supplies and Accessories", "Medical Necessity"]


class PolicyRows:
    """Makes the rows, and knows which of them are worth looking at."""

    def __init__(self):
        self.chance = random.Random(1)
        chosen = MedicalCode.objects.exclude(kind=MedicalCode.Kind.HEADER)
        self.codes = list(chosen.order_by("pk").values_list("pk", flat=True))
        self.chance.shuffle(self.codes)
        catch_alls = list(chosen.not_otherwise_classified().order_by("pk").values_list("pk", flat=True))
        self.catch_alls = catch_alls[: POPULAR_CODES // 2]
        self.popular = [*self.catch_alls, *(pk for pk in self.codes if pk not in catch_alls)][:POPULAR_CODES]
        self.ordinary = [pk for pk in self.codes if pk not in set(self.popular)]

    def create(self) -> None:
        self.contractors, self.payers = self._create_plans()
        self.policies = self._create_policies()
        named = self._name_codes()
        print(f"  writing {sum(map(len, named)):,} codes of {len(self.policies):,} policies", flush=True)
        bulk_create(PolicyCode, self._policy_codes(named))
        self._create_revisions(named)
        MedicalCode.objects.filter(Exists(PolicyCode.objects.filter(code=OuterRef("pk")))).update(has_policy=True)
        rebuild()

    def _create_plans(self) -> tuple[list[HealthPlan], list[HealthPlan]]:
        contractors = [
            HealthPlan(
                kind=HealthPlan.Kind.MEDICARE_CONTRACTOR,
                slug=f"bench-contractor-{number}",
                name=f"Bench contractor {number % COMPANIES} (contract {number})",
                organization=f"Bench contractor {number % COMPANIES}",
                contractor_number=f"B{number:04}",
                region="Alabama, Georgia, Tennessee",
            )
            for number in range(CONTRACTORS)
        ]
        payers = [
            HealthPlan(kind=HealthPlan.Kind.COMMERCIAL, slug=f"bench-payer-{number}", name=f"Bench payer {number}")
            for number in range(PAYERS)
        ]
        HealthPlan.objects.bulk_create([*contractors, *payers])
        return contractors, payers

    def _create_policies(self) -> list[Policy]:
        cms = HealthPlan.objects.get(slug=CMS)
        policies, taken = [], set(Policy.objects.values_list("public_id", flat=True))
        kinds = self.chance.choices(list(KINDS), list(KINDS.values()), k=POLICIES)
        for number, kind in enumerate(kinds):
            issuer = self.chance.choice(self.payers) if kind == Policy.Kind.PAYER_POLICY else cms
            effective = NOW.date() - datetime.timedelta(days=self.chance.randint(-30, 3_000))
            title = f"{self.chance.choice(DRUGS)}: {self.chance.choice(SUBJECTS)} {number}"
            policy = Policy(
                kind=kind,
                article_type=Policy.ArticleType.BILLING_AND_CODING if kind == Policy.Kind.ARTICLE else "",
                number=f"B{kind[0].upper()}{number}",
                title=title,
                slug=make_slug(title),
                issuer=issuer,
                status=self.chance.choices(["active", "unknown", "retired"], [60, 35, 5])[0],
                effective=effective,
                last_reviewed=max(effective, NOW.date() - datetime.timedelta(days=200)),
                last_verified=NOW.date() - datetime.timedelta(days=self.chance.choice([5, 90, 400])),
                url=f"https://bench.example/{kind}/{number}",
                summary="It **covers** the codes below when a clinician orders them.\n\n- One\n- Two",
            )
            policy.public_id = make_public_id(issuer.slug, kind, policy.number, taken)
            taken.add(policy.public_id)
            policies.append(policy)
        bulk_create(Policy, policies)
        self._apply(policies)
        return policies

    def _apply(self, policies: list[Policy]) -> None:
        """To plans, and to each other: an article names its LCDs."""
        applies, references = Policy.plans.through, Policy.references.through
        lcds = [policy for policy in policies if policy.kind == Policy.Kind.LCD]
        applied, named = [], []
        self.plans_of: dict[int, list[HealthPlan]] = {}
        self.references_of: dict[int, list[Policy]] = {}
        for policy in policies:
            if policy.kind == Policy.Kind.PAYER_POLICY:
                plans = [policy.issuer]
            elif policy.kind == Policy.Kind.NCD:
                plans = []
            else:
                plans = self.chance.sample(self.contractors, self.chance.choice([28, 4]))
            self.plans_of[policy.pk] = plans
            applied += [applies(policy=policy, healthplan=plan) for plan in plans]
            if policy.kind == Policy.Kind.ARTICLE:
                self.references_of[policy.pk] = self.chance.sample(lcds, self.chance.randint(1, 3))
                named += [references(from_policy=policy, to_policy=lcd) for lcd in self.references_of[policy.pk]]
        bulk_create(applies, applied)
        bulk_create(references, named)

    def _name_codes(self) -> list[set[int]]:
        """For each policy the primary keys of its codes; the first BROAD_POLICIES are the broad ones."""
        named = [set(self.chance.sample(self.codes, BROAD_CODES)) for _ in range(BROAD_POLICIES)]
        named += [set() for _ in range(POLICIES - BROAD_POLICIES)]
        for code in self.popular:
            for number in self.chance.sample(range(BROAD_POLICIES, POLICIES), POPULAR_POLICIES):
                named[number].add(code)
        links = sum(map(len, named))
        # Whom most name: the square draws from the front of the list.
        while links < LINKS:
            codes = named[self.chance.randrange(BROAD_POLICIES, POLICIES)]
            before = len(codes)
            for _ in range(self.chance.randint(1, 40)):
                codes.add(self.ordinary[int(len(self.ordinary) * self.chance.random() ** 2)])
            links += len(codes) - before
        return named

    def _policy_codes(self, named: list[set[int]]) -> Iterator[PolicyCode]:
        words = ["unknown", "auth-needed", "no-auth", "conditional"]
        for policy, codes in zip(self.policies, named, strict=True):
            for code in sorted(codes):
                said = self.chance.choices(words, [70, 15, 10, 5])[0]
                label = "Brand name" if code in self.popular else ""
                yield PolicyCode(
                    policy=policy,
                    code_id=code,
                    prior_authorization=said,
                    label=label,
                    source="Code table of the document",
                )

    def _create_revisions(self, named: list[set[int]]) -> None:
        """Every policy once as it came, with its codes; some revised since, with a few codes added."""
        revisions, codes_of = [], []
        for policy, codes in zip(self.policies, named, strict=True):
            at = NOW - datetime.timedelta(days=self.chance.randint(400, 700))
            revisions.append(self._revision(policy, 1, PolicyRevision.Kind.NEW, at, len(codes)))
            codes_of.append(sorted(codes))
        for number in range(REVISED):
            policy, codes = self.policies[number], named[number]
            at = NOW - datetime.timedelta(minutes=self.chance.randint(1, 500_000))
            added = sorted(codes)[: self.chance.choice([0, 3, 20])]
            kind = PolicyRevision.Kind.CODES if added else PolicyRevision.Kind.REVISED
            revisions.append(self._revision(policy, 2, kind, at, len(added)))
            codes_of.append(added)
        bulk_create(PolicyRevision, revisions)
        concerns = PolicyRevision.plans.through
        bulk_create(
            concerns,
            (
                concerns(policyrevision=revision, healthplan_id=plan_id)
                for revision in revisions
                for plan_id in {revision.policy.issuer_id, *(each.pk for each in self.plans_of[revision.policy_id])}
            ),
        )
        bulk_create(
            PolicyCodeChange,
            (
                PolicyCodeChange(revision=revision, code_id=code, kind=PolicyCodeChange.Kind.ADDED)
                for revision, codes in zip(revisions, codes_of, strict=True)
                for code in codes
            ),
        )

    def _revision(self, policy: Policy, number: int, kind: str, at: datetime.datetime, added: int) -> PolicyRevision:
        references = [policy_key(lcd.kind, lcd.number) for lcd in self.references_of.get(policy.pk, [])]
        facts = facts_of(policy, [plan.slug for plan in self.plans_of[policy.pk]], references)
        if number == 1:
            facts["summary"] = "It covers the codes below."
        return PolicyRevision(policy=policy, number=number, kind=kind, at=at, facts=facts, codes_added=added)


def bulk_create(model: type[Model], rows: Iterable[Model]) -> None:
    """In batches, so that half a million rows are never in memory at once."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == 5_000:
            model.objects.bulk_create(batch)
            batch = []
    model.objects.bulk_create(batch)
