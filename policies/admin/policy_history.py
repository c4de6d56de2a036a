"""What was done to a policy and its codes, for its history page."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.utils.text import Truncator, capfirst

from policies.models import Policy, PolicyCode

ROWS = 50
LONGEST_LIST = 300
KINDS = {"+": "Added", "~": "Changed", "-": "Deleted"}
COMPARED = ["listed_as", "label", "prior_authorization", "note", "range", "starts", "ends", "source"]


@dataclass(frozen=True, slots=True)
class CodeStep:
    """One change of a code's row: `changes` are (field, before, after) of a changed one."""

    version: object
    kind: str
    code: str
    changes: list[tuple[str, str, str]]


def code_history(policy_id: int, number: str | None) -> tuple[Page, list[CodeStep]]:
    """A page of the changes of a policy's codes, newest first, in a fixed number of queries."""
    versions = PolicyCode.history.filter(policy_id=policy_id).order_by("-history_date", "-history_id")
    page = Paginator(versions.select_related("history_user", "code"), ROWS).get_page(number)
    shown = list(page)
    before = _versions_before(shown)
    steps = [
        CodeStep(
            version,
            KINDS[version.history_type],
            version.code.code if version.code else "",
            _changes(before.get(version.history_id), version) if version.history_type == "~" else [],
        )
        for version in shown
    ]
    return page, steps


def _versions_before(shown: Iterable) -> dict:
    """The version before each, by the key of the version."""
    changed = {version.id for version in shown if version.history_type == "~"}
    found, last = {}, {}
    for version in PolicyCode.history.filter(id__in=changed).order_by("history_date", "history_id"):
        if version.id in last:
            found[version.history_id] = last[version.id]
        last[version.id] = version
    return found


def _changes(before, after) -> list[tuple[str, str, str]]:
    if before is None:
        return []
    return [
        (PolicyCode._meta.get_field(name).verbose_name.capitalize(), _shown(before, name), _shown(after, name))
        for name in COMPARED
        if getattr(before, name) != getattr(after, name)
    ]


def _shown(version, name: str) -> str:
    display = getattr(version, f"get_{name}_display", None)
    value = display() if display else getattr(version, name)
    return str(value) if value else "nothing"


class VersionLists:
    """The plans and references of versions of policies, read at once: django-simple-history 3.13 asks for each."""

    fields = [field for field in Policy._meta.many_to_many if field.name in ("plans", "references")]
    names = [field.name for field in fields]

    def __init__(self, versions: Iterable):
        self._lists: dict[str, dict[int, list[str]]] = {}
        keys = [version.history_id for version in versions]
        for field in self.fields:
            target = field.m2m_reverse_field_name()
            kept = getattr(Policy.history.model, field.name).model.objects.filter(history__in=keys)
            lists = self._lists[field.name] = {}
            for row in kept.select_related(target).order_by():
                other = getattr(row, target)
                lists.setdefault(row.history_id, []).append("one that was deleted" if other is None else str(other))

    def changes(self, before, after) -> list[dict[str, str]]:
        """The lists that differ between two versions, as the page of history shows changes."""
        found = []
        for field in self.fields:
            old, new = (self._in_words(field, version) for version in (before, after))
            if old != new:
                found.append({"field": capfirst(field.verbose_name), "old": old, "new": new})
        return found

    def _in_words(self, field, version) -> str:
        names = self._lists[field.name].get(version.history_id, [])
        return Truncator(", ".join(sorted(names)) or "nothing").chars(LONGEST_LIST)
