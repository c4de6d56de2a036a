"""What policies say of codes and to whom they apply, put in words for pages: rows of the database in, texts out."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import Q
from django.utils.dateformat import format as date_format

from policies.models import HealthPlan, Policy, PolicyCode
from policies.policy_lists import DATE, NAMES_IN_ROW, stale_note
from policies.presenters import by_organization

PriorAuthorization = PolicyCode.PriorAuthorization


class Listing(NamedTuple):
    """A row of PolicyCode: one way in which a policy names a code."""

    policy_id: int
    code_id: int
    prior_authorization: str
    listed_as: str
    label: str
    range: str
    note: str
    starts: datetime.date | None
    ends: datetime.date | None

    def is_in_force(self, on: datetime.date) -> bool:
        return not (self.starts and self.starts > on) and not (self.ends and self.ends < on)

    @property
    def words(self) -> str:
        """What it says but for prior authorization: "Kesimpta, until 31 December 2025"; "" where it only names it."""
        words = [self.label] if self.label else []
        if self.listed_as != PolicyCode.ListedAs.NAMED:
            words.append(PolicyCode.ListedAs(self.listed_as).label)
        if self.range:
            words.append(f"in the range {self.range}")
        days = (("from", self.starts), ("until", self.ends))
        words += [f"{word} {date_format(day, DATE)}" for word, day in days if day]
        return ", ".join([*words, self.note] if self.note else words)


def read_listings(rows) -> dict[tuple[int, int], list[Listing]]:
    """The listings of each pair of policy and code among these rows of PolicyCode, in the order of their labels."""
    found = defaultdict(list)
    for row in rows.order_by("label", "pk").values_list(*Listing._fields):
        listing = Listing(*row)
        found[listing.policy_id, listing.code_id].append(listing)
    return found


def in_force(listings: list[Listing], on: datetime.date) -> list[Listing]:
    """Those that apply on a day; all of them where none does."""
    return [listing for listing in listings if listing.is_in_force(on)] or listings


@dataclass(slots=True)
class SaidOfPriorAuthorization:
    """`words` for readers; `word` of HL7 Da Vinci CRD, "" where nothing is known; `labels` for which it is said.

    There are no labels where the same is said of all.
    """

    words: str
    word: str
    labels: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """For places where no heading says what it is about."""
        topic = "prior authorization"
        return self.words if topic in self.words else f"{topic} {self.words}"

    @property
    def first_labels(self) -> list[str]:
        return self.labels[:NAMES_IN_ROW]

    @property
    def more_labels(self) -> int:
        return max(0, len(self.labels) - NAMES_IN_ROW)

    def __str__(self):
        return f"{self.words} ({', '.join(self.labels)})" if self.labels else self.words


NOT_KNOWN = SaidOfPriorAuthorization(PriorAuthorization.UNKNOWN.label, "")


def prior_authorizations(listings: list[Listing]) -> list[SaidOfPriorAuthorization]:
    """Each thing that is said of prior authorization once, what is known first; at least that nothing is known."""
    labels = defaultdict(list)
    for listing in listings:
        labels[listing.prior_authorization].append(listing.label)
    return [
        SaidOfPriorAuthorization(
            PriorAuthorization(value).label,
            "" if value == PriorAuthorization.UNKNOWN else value,
            [label for label in labels[value] if label] if len(labels) > 1 else [],
        )
        for value in PriorAuthorization.values
        if value in labels
    ] or [NOT_KNOWN]


@dataclass(slots=True)
class Statement:
    """What one policy says of one code on one day.

    `through` names the articles and LCDs by which it is reached, where it does not name the code itself; `listed_as` is
    what it names the code for, as far as it says so.
    """

    policy: Policy
    state: Policy.State
    stale_note: str
    through: list[str]
    prior_authorizations: list[SaidOfPriorAuthorization]
    listed_as: list[str]

    @classmethod
    def of(cls, policy: Policy, on: datetime.date, listings: list[Listing], through: Iterable[str], **fields):
        """The policy has its issuer at hand; `fields` are those that a subclass adds."""
        return cls(
            policy=policy,
            state=policy.state(on),
            stale_note=stale_note(policy, on),
            through=sorted(through),
            prior_authorizations=prior_authorizations(listings),
            listed_as=list(dict.fromkeys(listing.words for listing in listings if listing.words)),
            **fields,
        )

    @property
    def first_through(self) -> list[str]:
        return self.through[:NAMES_IN_ROW]

    @property
    def more_through(self) -> int:
        return max(0, len(self.through) - NAMES_IN_ROW)

    @property
    def first_listed_as(self) -> list[str]:
        return self.listed_as[:NAMES_IN_ROW]

    @property
    def more_listed_as(self) -> int:
        return max(0, len(self.listed_as) - NAMES_IN_ROW)


@dataclass(slots=True)
class NamedPlans:
    """A plan, or a company with several, which is named once.

    `url` leads to the page of one plan, "" for several; `count` is such as "8 contracts", "" for one.
    """

    name: str
    url: str
    count: str

    @classmethod
    def of(cls, name: str, plans: list[HealthPlan]) -> "NamedPlans":
        if len(plans) == 1:
            return cls(name, plans[0].get_absolute_url(), "")
        are_contracts = all(plan.kind == HealthPlan.Kind.MEDICARE_CONTRACTOR for plan in plans)
        return cls(name, "", f"{len(plans)} {'contracts' if are_contracts else 'plans'}")

    def __str__(self):
        return f"{self.name} ({self.count})" if self.count else self.name


def name_plans(plans: Iterable[HealthPlan]) -> list[NamedPlans]:
    """The plans by name, those of one organization as one."""
    return [NamedPlans.of(each.name, each.plans) for each in by_organization(plans)]


# What belongs to a Medicare document that names a code, by the kind of that document.
BELONGING = {
    Policy.Kind.ARTICLE: [Policy.Kind.LCD, Policy.Kind.NCD],
    Policy.Kind.LCD: [Policy.Kind.ARTICLE, Policy.Kind.NCD],
}


def reached_documents(naming) -> list[tuple[int, int]]:
    """The documents that belong to LCDs and articles among those that name codes, in one query.

    `naming` are rows of PolicyCode. Pairs of primary keys: of the LCD or article, and of a document to which it leads.
    Two documents belong together where either names the other. Codes mostly stand in the article beside an LCD.
    """
    pairs = Policy.references.through.objects.order_by()
    policies = naming.order_by().values("policy_id")
    reached = None
    for of_naming, of_document in (("from_policy", "to_policy"), ("to_policy", "from_policy")):
        belongs = Q()
        for kind, kinds in BELONGING.items():
            belongs |= Q(**{f"{of_naming}__kind": kind, f"{of_document}__kind__in": kinds})
        rows = pairs.filter(belongs, **{f"{of_naming}__in": policies})
        rows = rows.values_list(f"{of_naming}_id", f"{of_document}_id")
        reached = rows if reached is None else reached.union(rows)
    return list(reached)


def name_document(kind: str, number: str, title: str) -> str:
    """How a sentence names a document by which another one is reached: "article A52498"."""
    return f"{'LCD' if kind == Policy.Kind.LCD else 'article'} {number or title}"
