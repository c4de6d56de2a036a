"""The cells of the matrix in words."""

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.dateformat import format as date_format
from django.utils.text import capfirst

from policies.listings import SaidOfPriorAuthorization, Statement
from policies.models import PolicyCode
from policies.policy_lists import DATE

PriorAuthorization = PolicyCode.PriorAuthorization


@dataclass(slots=True)
class Cell:
    """What sourced policies say of a code for a plan: the one that says most, and how many `more` there are.

    Its texts are made beforehand, because a page has hundreds of cells: `known` is what is said of prior authorization,
    `not_known` that nothing is; `address` is that of the policy's page, `url` that of its original
    document, and `more_url` leads to all policies on the code. Where policies in force contradict each other,
    `differing` holds all that they say of prior authorization.
    """

    first: Statement
    more: int
    more_url: str
    address: str
    known: list[str]
    not_known: str
    differing: list[str]
    listed_as: str
    called: str
    state: str
    state_label: str
    effective: str
    through: str
    url: str
    title: str
    stale_note: str

    @classmethod
    def of(cls, first: Statement, more: int, words: Collection[str], *, address: str, more_url: str) -> "Cell":
        policy = first.policy
        said = first.prior_authorizations
        return cls(
            first=first,
            more=more,
            more_url=more_url,
            address=address,
            known=[_in_words(each) for each in said if each.word],
            not_known="".join(_in_words(each) for each in said if not each.word),
            differing=[f"{PriorAuthorization(word).label} ({word})" for word in sorted(words) if len(words) > 1],
            listed_as=_cut(first.first_listed_as, first.more_listed_as, "; "),
            called=str(policy),
            state=first.state.value,
            state_label=capfirst(first.state.label),
            effective=date_format(policy.effective, DATE) if policy.effective else "",
            through=_cut(first.first_through, first.more_through),
            url=policy.url,
            title=policy.title,
            stale_note=first.stale_note,
        )


def _in_words(said: SaidOfPriorAuthorization) -> str:
    labels = f" ({_cut(said.first_labels, said.more_labels)})" if said.labels else ""
    return f"{capfirst(said.sentence)}{labels}"


def _cut(names: list[str], more: int, between: str = ", ") -> str:
    return f"{between.join(names)} and {more} more" if more else between.join(names)
