"""What changed from one state of a policy's facts to the next, in words. See policies.facts for the facts."""

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from django.core.cache import cache
from django.utils.dateformat import format as date_format

from policies.facts import Facts
from policies.models import HealthPlan, Policy
from policies.policy_lists import DATE
from policies.references import find_documents
from procedures.markdown import plain_text
from procedures.text_diff import Piece, compare, shortened

LABELS = {
    "title": "Title",
    "article_type": "Type of article",
    "status": "Status",
    "effective": "Effective date",
    "last_reviewed": "Last reviewed",
    "retired": "Retired on",
    "url": "Original document",
    "plans": "Applies to",
    "references": "Related documents",
    "summary": "Summary",
}
CHOICES = {"status": dict(Policy.Status.choices), "article_type": dict(Policy.ArticleType.choices)}
# What is shown as a word difference.
WORDED = ("title", "summary")
# Two texts longer than this together are compared once an hour, not for each reader.
LONG = 4_000


@dataclass(frozen=True, slots=True)
class NamedLink:
    """A name and its address on this site, "" where it has none."""

    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class ValueChange:
    """A fact with one value, before and after in words; "" where it had or has none."""

    label: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ListChange:
    """A fact with many values: those that came and those that went."""

    label: str
    added: list[NamedLink]
    removed: list[NamedLink]


@dataclass(frozen=True, slots=True)
class TextChange:
    """A text, as the pieces of its word difference."""

    label: str
    pieces: list[Piece]


class FactNames:
    """The names of the plans and documents that stand in several pairs of facts; read when first asked for.

    `pairs` are (issuer's primary key, facts before, facts after): references name documents of the same issuer.
    """

    def __init__(self, pairs: Iterable[tuple[int, Facts, Facts]]):
        self._pairs = list(pairs)

    @cached_property
    def plans(self) -> dict[str, NamedLink]:
        """By slug."""
        slugs = {slug for _, before, after in self._pairs for slug in _moved(before, after, "plans")}
        plans = HealthPlan.objects.filter(slug__in=slugs) if slugs else []
        return {plan.slug: NamedLink(plan.name, plan.get_absolute_url()) for plan in plans}

    @cached_property
    def documents(self) -> dict[tuple[int, str], NamedLink]:
        """By the issuer's primary key and the key that facts use."""
        wanted = {(issuer, key) for issuer, before, after in self._pairs for key in _moved(before, after, "references")}
        found = find_documents(wanted)
        return {pair: NamedLink(str(policy), policy.get_absolute_url()) for pair, policy in found.items()}


def changed_facts(before: Facts, after: Facts) -> list[str]:
    """The names of the facts that differ, in the order in which readers see them."""
    # A fact that revisions began to keep later has not changed by that.
    return [name for name in LABELS if name in before and name in after and before[name] != after[name]]


def value_changes(before: Facts, after: Facts, on: datetime.date) -> list[ValueChange]:
    """Status, dates, address; as a reader of the day `on` says it."""
    names = [name for name in changed_facts(before, after) if name not in (*WORDED, "plans", "references")]
    return [ValueChange(_label(name, after, on), _in_words(name, before), _in_words(name, after)) for name in names]


def list_changes(before: Facts, after: Facts, issuer_id: int, names: FactNames) -> list[ListChange]:
    """Plans and related documents that came and went. What this site no longer has is called as the facts call it."""
    changes = []
    for fact in changed_facts(before, after):
        if fact not in ("plans", "references"):
            continue
        known = names.plans if fact == "plans" else names.documents
        sides = []
        for some, others in ((after, before), (before, after)):
            gone = [value for value in some[fact] if value not in others[fact]]
            keys = [value if fact == "plans" else (issuer_id, value) for value in gone]
            named = [known.get(key, NamedLink(value.rpartition(":")[2])) for key, value in zip(keys, gone, strict=True)]
            sides.append(sorted(named, key=lambda link: link.name.casefold()))
        # A document that was given another number came and went at once.
        both = set(sides[0]) & set(sides[1])
        added, removed = ([link for link in side if link not in both] for side in sides)
        if added or removed:
            changes.append(ListChange(LABELS[fact], added, removed))
    return changes


def text_changes(before: Facts, after: Facts) -> list[TextChange]:
    """Title and summary as word differences; a summary of which only marks and addresses changed has no pieces."""
    changes = []
    for name in changed_facts(before, after):
        if name in WORDED:
            texts = [plain_text(facts[name]) if name == "summary" else facts[name] for facts in (before, after)]
            changes.append(TextChange(LABELS[name], _difference(*texts) if texts[0] != texts[1] else []))
    return changes


def _difference(before: str, after: str) -> list[Piece]:
    if len(before) + len(after) <= LONG:
        return shortened(compare(before, after))
    digest = hashlib.blake2b(f"{before}\0{after}".encode(errors="replace"), digest_size=16).hexdigest()
    return cache.get_or_set(f"difference:{digest}", lambda: shortened(compare(before, after)), timeout=3600)


def _moved(before: Facts, after: Facts, name: str) -> Iterator[str]:
    yield from set(before.get(name) or ()) ^ set(after.get(name) or ())


def _label(name: str, facts: Facts, on: datetime.date) -> str:
    if name == "retired" and facts[name] and facts[name] > on.isoformat():
        return "To be retired on"
    return LABELS[name]


def _in_words(name: str, facts: Facts) -> str:
    value = facts[name]
    if name in CHOICES:
        return CHOICES[name].get(value, value)
    if value and name in ("effective", "last_reviewed", "retired"):
        return date_format(datetime.date.fromisoformat(value), DATE)
    return value or ""
