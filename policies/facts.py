"""What a policy says, as plain JSON: its facts by field and its codes by key, for revisions, imports and comparisons.

Facts: {"title", "article_type", "status", "effective", "last_reviewed", "retired", "url", "summary", "plans",
"references"}. Days are ISO texts or None; `plans` are slugs and `references` keys of policies ("lcd:L33789", see
reference_key), both sorted.

Codes: {"hcpcs:J9302|named|Arzerra": {"prior_authorization": "conditional", ...}}. The key is code system, normalized
code, ListedAs and label; the value holds the columns of CODE_COLUMNS that differ from their default.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from policies.models import Policy

TEXT_FACTS = ("title", "article_type", "status", "url", "summary")
DAY_FACTS = ("effective", "last_reviewed", "retired")
LIST_FACTS = ("plans", "references")
FACTS = (*TEXT_FACTS, *DAY_FACTS, *LIST_FACTS)

# Stands in keys of policies where others have the kind.
BY_PUBLIC_ID = "policy"

CODE_COLUMNS = ("prior_authorization", "note", "starts", "ends", "source", "range")
DEFAULTS = {"prior_authorization": "unknown", "note": "", "starts": None, "ends": None, "source": "", "range": ""}

Facts = dict[str, str | list[str] | None]
Codes = dict[str, dict[str, str]]


def policy_key(kind: str, number: str) -> str:
    """How facts name another policy of the same issuer that has a number: lcd:L33789."""
    return f"{kind}:{number}"


def reference_key(kind: str, number: str, public_id: str, *, same_issuer: bool) -> str:
    """How facts name another policy: as policy:1a2b3c4d, by its public id, where no number of their issuer names it.

    What such a key names is found by policies.references.
    """
    return policy_key(kind, number) if number and same_issuer else policy_key(BY_PUBLIC_ID, public_id)


def code_key(system: str, normalized: str, listed_as: str = "named", label: str = "") -> str:
    return f"{system}:{normalized}|{listed_as}|{label}"


def split_code_key(key: str) -> tuple[str, str, str, str]:
    """(system, normalized code, listed_as, label) of a key of Codes."""
    code, listed_as, label = key.split("|", 2)
    system, _, normalized = code.partition(":")
    return system, normalized, listed_as, label


def code_facts(**columns) -> dict[str, str]:
    """The value of a key of Codes for these columns; days may be dates or ISO texts."""
    texts = {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in columns.items()}
    return {name: texts[name] for name in CODE_COLUMNS if name in texts and texts[name] != DEFAULTS[name]}


def facts_of(policy: Policy, plans: Iterable[str], references: Iterable[str]) -> Facts:
    """The facts of a policy whose plans (slugs) and references (keys) are given."""
    facts: Facts = {name: getattr(policy, name) for name in TEXT_FACTS}
    for name in DAY_FACTS:
        day = getattr(policy, name)
        facts[name] = day.isoformat() if day else None
    facts["plans"], facts["references"] = sorted(plans), sorted(references)
    return facts


def is_retired(facts: Facts, on: datetime.date) -> bool:
    """Whether these facts say that the policy is retired on a day. See also Policy.state."""
    return facts["status"] == "retired" or bool(facts["retired"] and facts["retired"] <= on.isoformat())
