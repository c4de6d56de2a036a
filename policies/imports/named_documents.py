"""Documents that others name: by the keys that a source uses, and by those of the facts of this database."""

from collections.abc import Iterable

from policies.facts import policy_key, reference_key
from policies.imports.held import HeldPolicies
from policies.models import Policy
from policies.models.policies import make_public_id

# Slug of the issuer, key of policies.facts.
IssuerKey = tuple[str, str]


class NamedDocuments:
    """The documents of the issuers of a source. `ids` are primary keys by the keys that the facts here use.

    A source goes on to call a document as it did, though an editor gave it another number.
    """

    def __init__(self, held: HeldPolicies):
        self.ids: dict[IssuerKey, int] = {}
        self._keys: dict[int, str] = {}
        self._as_named: dict[IssuerKey, int] = {}
        self._coming: set[IssuerKey] = set()
        for each in held.by_pk.values():
            self._add(each.pk, each.issuer, each.kind, each.number, each.public_id)
        for each in held.by_pk.values():
            if each.name and each.name[2]:
                self._as_named[each.issuer, policy_key(each.kind, each.name[2])] = each.pk

    def expect(self, issuer: str, kind: str, number: str) -> None:
        """Lets facts name a document that is about to be made."""
        if number:
            self._coming.add((issuer, policy_key(kind, number)))

    def add(self, policy: Policy) -> None:
        """Takes in a document that was made, under the number that its source gives to it."""
        self._add(policy.pk, policy.issuer.slug, policy.kind, policy.number, policy.public_id)
        if policy.number:
            self._as_named[policy.issuer.slug, policy_key(policy.kind, policy.number)] = policy.pk

    def is_known(self, issuer: str, key: str) -> bool:
        return (issuer, key) in self._coming or self._find(issuer, key) is not None

    def in_facts(self, issuer: str, keys: Iterable[str]) -> list[str]:
        """The keys by which the facts here name the documents that a source names so; without those not held."""
        found = {self._find(issuer, key) for key in keys}
        return sorted(self._keys[pk] for pk in found if pk is not None)

    def _add(self, pk: int, issuer: str, kind: str, number: str, public_id: str) -> None:
        self._keys[pk] = key = reference_key(kind, number, public_id, same_issuer=True)
        self.ids[issuer, key] = self.ids[issuer, _by_public_id(public_id)] = pk
        self._as_named.setdefault((issuer, key), pk)

    def _find(self, issuer: str, key: str) -> int | None:
        found = self._as_named.get((issuer, key))
        if found is None:
            kind, _, number = key.partition(":")
            found = self.ids.get((issuer, _by_public_id(make_public_id(issuer, kind, number))))
            if found is not None and not self._is_of_kind(found, kind):
                return None
        return found

    def _is_of_kind(self, pk: int, kind: str) -> bool:
        return self._keys[pk].startswith(f"{kind}:")


def _by_public_id(public_id: str) -> str:
    return reference_key("", "", public_id, same_issuer=True)
