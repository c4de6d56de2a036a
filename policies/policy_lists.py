"""Policies in lists: found by what a visitor typed, in the order in which readers want them, row by row."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.utils.dateformat import format as date_format

from policies.models import Policy, PolicyCode
from policies.models.policies import PolicyQuerySet
from procedures.code_parameters import find_codes
from procedures.models import MedicalCode

MOST_WORDS = 8
KINDS_IN_WORDS = ("lcd", "ncd", "article", "policy")
# Names of organizations that a row shows before it says how many more there are.
NAMES_IN_ROW = 3
DATE = "j F Y"

State, Status = Policy.State, Policy.Status


@dataclass(slots=True)
class FoundByText:
    """The policies that fit a text: `best_first` is what to order by before anything else, `code` what it names."""

    policies: PolicyQuerySet
    best_first: list[Case] = field(default_factory=list)
    code: MedicalCode | None = None


def find_by_text(policies: PolicyQuerySet, text: str) -> FoundByText:
    """Those with the number `text`, and where it is a medical code those that name it, else those with all its words.

    Numbers and words in any case; words may stand in title, number or summary.
    """
    if not text:
        return FoundByText(policies)
    has_number = Q(number__iexact=text) | Q(number__iexact="".join(_without_kind(text.split())))
    number_first = [Case(When(has_number, then=Value(0)), default=Value(1))]
    # Many short words are modifiers too ("as"): only a text with a digit is taken for a code.
    code = find_codes([text])[text] if any(character.isdigit() for character in text) else None
    if code:
        names_it = Exists(PolicyCode.objects.filter(policy=OuterRef("pk"), code=code)) | Q(title__icontains=code.code)
        return FoundByText(policies.filter(names_it | has_number), number_first, code)
    has_words = Q()
    for word in _words(text):
        stem = singular(word)
        has_words &= Q(title__icontains=stem) | Q(number__icontains=word) | Q(summary__icontains=stem)
    return FoundByText(policies.filter(has_words | has_number), number_first)


def _without_kind(words: list[str]) -> list[str]:
    """The words without a kind of document before them: "LCD L33789" means L33789."""
    return words[1:] if len(words) > 1 and words[0].casefold() in KINDS_IN_WORDS else words


def singular(word: str) -> str:
    """What singular and plural of a word begin with: titles have either."""
    return word[:-1] if len(word) > 3 and word[-1] in "sS" and word[-2] not in "sS" else word


def _words(text: str) -> list[str]:
    """The words of a text without the signs around them, at most MOST_WORDS."""
    return [word.strip(",;:.!?()[]\"'“”‘’") or word for word in text.split()][:MOST_WORDS]


@dataclass(slots=True)
class PolicyRow:
    """A policy in a list: its state, what is to be said of its age ("" if nothing), its plans, its number of codes.

    `plan_names` are the first few, organizations named once; `more_plan_names` is the number of those not named.
    """

    policy: Policy
    state: Policy.State
    stale_note: str
    plan_names: list[str]
    more_plan_names: int
    code_count: int


def read_rows(policy_ids: list[int], on: datetime.date) -> list[PolicyRow]:
    """The rows of these policies in this order, in three queries; none for no policy."""
    if not policy_ids:
        return []
    policies = Policy.objects.select_related("issuer").defer("summary").in_bulk(policy_ids)
    names = _plan_names(policy_ids)
    counts = PolicyCode.objects.filter(policy__in=policy_ids).order_by().values_list("policy")
    code_counts = dict(counts.annotate(count=Count("code", distinct=True)))
    return [
        PolicyRow(
            policy=policies[pk],
            state=policies[pk].state(on),
            stale_note=stale_note(policies[pk], on),
            plan_names=names[pk][:NAMES_IN_ROW],
            more_plan_names=max(0, len(names[pk]) - NAMES_IN_ROW),
            code_count=code_counts.get(pk, 0),
        )
        for pk in policy_ids
        if pk in policies
    ]


def _plan_names(policy_ids: Iterable[int]) -> dict[int, list[str]]:
    """The organizations, or names where there is none, of the plans that each policy applies to; each named once."""
    names = defaultdict(dict)
    rows = Policy.plans.through.objects.filter(policy_id__in=policy_ids)
    for pk, organization, name in rows.values_list("policy_id", "healthplan__organization", "healthplan__name"):
        names[pk][organization or name] = None
    return defaultdict(list, {pk: sorted(found, key=str.casefold) for pk, found in names.items()})


def stale_note(policy: Policy, on: datetime.date) -> str:
    """What is to be said where a policy was not verified within the interval of its issuer, else ""."""
    if not policy.is_stale(on):
        return ""
    verified = policy.last_verified
    return f"Not verified since {date_format(verified, DATE)}" if verified else "Not yet verified"
