"""The CodeChange rows that one import adds and takes back: collected while it runs, written at its end."""

from collections import Counter, defaultdict

from procedures.code_sets.code_rows import CHUNK, CodeRow
from procedures.models import CodeChange, CodeSystem, Release

EXAMPLES = 20
IDS = 900

# The kinds that an older release, imported later, may repeat or correct.
MOVABLE = (CodeChange.Kind.ADDED, CodeChange.Kind.TERMINATED, CodeChange.Kind.UNLISTED)


class ChangeLog:
    """What a release changed about codes.

    `counts` by kind, and `examples`: the first twenty codes of each kind. A change that is recorded already is not
    counted again.
    """

    def __init__(self, system: CodeSystem, release: Release, *, is_newest: bool):
        self.counts: Counter = Counter()
        self.examples: dict[str, list[str]] = {}
        self._release = release
        self._new: list[CodeChange] = []
        self._retracted: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        self._recorded: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
        if not is_newest:
            changes = CodeChange.objects.filter(code__system=system, kind__in=MOVABLE)
            for code_id, kind, release_id in changes.order_by().values_list("code_id", "kind", "release_id"):
                self._recorded[code_id, kind].add(release_id)

    def record(
        self, code: CodeRow, kind: str, release_id: int | None = None, *, before: str = "", after: str = ""
    ) -> None:
        """Records a change by the release of this import, or by another one that now tells it."""
        release_id = release_id or self._release.pk
        if release_id in self._recorded[code.pk, kind]:
            return
        self._recorded[code.pk, kind].add(release_id)
        self._new.append(CodeChange(release_id=release_id, code_id=code.pk, kind=kind, before=before, after=after))
        self.counts[str(kind)] += 1
        examples = self.examples.setdefault(str(kind), [])
        if len(examples) < EXAMPLES:
            examples.append(code.code)

    def retract(self, code: CodeRow, kind: str, release_id: int) -> None:
        """Takes back what was recorded before this import, if it was."""
        if release_id in self._recorded[code.pk, kind]:
            self._recorded[code.pk, kind].discard(release_id)
            self._retracted[kind, release_id].append(code.pk)

    def releases_of(self, code: CodeRow, kind: str) -> set[int]:
        """The releases by which this change of the code is recorded."""
        return self._recorded[code.pk, kind]

    def save(self) -> None:
        for (kind, release_id), pks in self._retracted.items():
            for start in range(0, len(pks), IDS):
                CodeChange.objects.filter(kind=kind, release=release_id, code__in=pks[start : start + IDS]).delete()
        CodeChange.objects.bulk_create(self._new, batch_size=CHUNK)
