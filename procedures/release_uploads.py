"""A release of codes that an editor uploads: its dry run, its import, and what it changed."""

import gzip
import lzma
import shlex
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import DatabaseError, transaction

from procedures.code_sets.loader import load_release
from procedures.code_sets.readers import ReadRelease, read_release
from procedures.code_sets.records import CodeRecord, RefusedFile
from procedures.code_sets.source_files import open_source
from procedures.models import CodeChange, Guide, GuideDraft, MedicalCode, Release, ReleaseUpload
from procedures.text_diff import Piece, compare, shortened

# What a request can load; a release of HCPCS holds about 8,700 codes and 8 MB, one of ICD-10-CM 97,000 codes.
MOST_RECORDS = 25_000
MOST_UNPACKED = 40 * 1024 * 1024

# Rows of each list on a page.
MOST_LISTED = 200

Kind = CodeChange.Kind

# The kinds of change in the order in which a page lists them; additions are listed as new codes.
LISTED_KINDS = (Kind.TERMINATED, Kind.UNLISTED, Kind.REWORDED, Kind.REINSTATED, Kind.EXPANDED)


def command_for(system: str, name: str, version: str = "") -> str:
    """The command that imports a release without the limits of an upload, to be run where the file is."""
    release = f" --release {version}" if version else ""
    return f"python manage.py import_codes {shlex.quote(system)} {shlex.quote(name)}{release}"


@dataclass(frozen=True, slots=True)
class ChangedCode:
    """A line of a list: `pk` leads to the code in the admin, None for one that a dry run would add."""

    pk: int | None
    code: str
    title: str
    pieces: list[Piece] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ChangeList:
    """The codes that a release changes in one way; `codes` are the first of `count`."""

    kind: str
    label: str
    count: int
    codes: list[ChangedCode]

    @property
    def unlisted(self) -> int:
        """How many codes the list leaves out."""
        return self.count - len(self.codes)


@dataclass(frozen=True, slots=True)
class TouchedText:
    """A public guide or a draft, or both, of a code that the release changes: primary keys, or None."""

    code: MedicalCode
    changes: str
    guide_id: int | None
    draft_id: int | None


@dataclass(frozen=True, slots=True)
class ReleaseChanges:
    """What a release changed, or would change: all of it read already, so that it outlives a transaction.

    `numbers` are pairs of words and a count; `elsewhere` counts changes that are recorded of other releases, because
    this one was imported after a newer one.
    """

    release: Release
    numbers: list[tuple[str, int]]
    passed_over: list[tuple[str, int]]
    lists: list[ChangeList]
    touched: list[TouchedText]
    elsewhere: int

    @classmethod
    def of(cls, release: Release, *, is_dry_run: bool = False) -> "ReleaseChanges":
        counts = release.counts
        changes = CodeChange.objects.filter(release=release)
        by_kind = Counter(changes.order_by().values_list("kind", flat=True))
        recorded = sum(counts.get("changes", {}).values())
        return cls(
            release=release,
            numbers=[
                *((f"{kind}s read", count) for kind, count in sorted(counts.get("read", {}).items())),
                *((what, counts.get(what, 0)) for what in ("added", "changed", "unchanged")),
                ("known from a newer release", counts.get("superseded", 0)),
            ],
            passed_over=sorted(counts.get("passed_over", {}).items()),
            lists=[
                _new_codes(release, counts.get("added", 0), is_dry_run=is_dry_run),
                *(_change_list(changes, kind, by_kind[kind]) for kind in LISTED_KINDS),
            ],
            touched=_touched_texts(changes),
            elsewhere=max(0, recorded - sum(by_kind.values())),
        )


def _new_codes(release: Release, count: int, *, is_dry_run: bool) -> ChangeList:
    # Of the codes that the release lists first, those that it added have the highest keys: an older release that is
    # imported later becomes the first to list codes that were there before it.
    added = MedicalCode.objects.filter(first_listed_in=release).order_by("-pk")[:count]
    codes = MedicalCode.objects.filter(pk__in=added.values("pk")).order_by("normalized")[:MOST_LISTED]
    rows = codes.values_list("pk", "code", "title")
    return ChangeList(
        Kind.ADDED,
        "Added",
        count,
        [ChangedCode(None if is_dry_run else pk, code, title) for pk, code, title in rows],
    )


def _change_list(changes, kind: Kind, count: int) -> ChangeList:
    rows = changes.filter(kind=kind).order_by("code__normalized")
    rows = rows.values_list("code_id", "code__code", "code__title", "before", "after")[:MOST_LISTED]
    return ChangeList(
        kind,
        kind.label.capitalize(),
        count,
        [
            ChangedCode(pk, code, title, shortened(compare(before, after)) if before else [])
            for pk, code, title, before, after in rows
        ],
    )


def _touched_texts(changes) -> list[TouchedText]:
    """The public guides and the drafts whose codes the release changes, in the order of the codes."""
    changes = changes.exclude(kind=Kind.ADDED)
    codes = changes.order_by().values("code")
    guides = dict(Guide.objects.published().filter(code__in=codes).values_list("code_id", "pk"))
    drafts = dict(GuideDraft.objects.filter(code__in=codes).values_list("code_id", "pk"))
    touched = MedicalCode.objects.select_related("system").in_bulk([*{*guides, *drafts}])
    labels: dict[int, list[str]] = {}
    for code_id, kind in changes.order_by("pk").values_list("code_id", "kind"):
        labels.setdefault(code_id, []).append(Kind(kind).label)
    return [
        TouchedText(code, ", ".join(labels[code.pk]), guides.get(code.pk), drafts.get(code.pk))
        for code in sorted(touched.values(), key=lambda code: code.normalized)
    ]


def preview(upload: ReleaseUpload) -> ReleaseChanges:
    """What the import of an upload would change: it is imported, looked at, and rolled back.

    Raises RefusedFile where it cannot be imported or has been.
    """
    with _read(upload) as read, transaction.atomic():
        changes = ReleaseChanges.of(_load(upload, read), is_dry_run=True)
        transaction.set_rollback(True)
    return changes


def import_upload(upload: ReleaseUpload) -> Release:
    """Imports an upload and deletes it, in one transaction, and returns the release.

    Raises RefusedFile, with nothing changed, where it cannot be imported or has been.
    """
    with _read(upload) as read, transaction.atomic():
        if not ReleaseUpload.objects.select_for_update().filter(pk=upload.pk).exists():
            raise RefusedFile(upload.name, "this upload was imported or deleted meanwhile.")
        release = _load(upload, read)
        upload.delete()
    return release


def _load(upload: ReleaseUpload, read: ReadRelease) -> Release:
    summary = load_release(upload.system, read)
    if summary.already_imported:
        raise RefusedFile(upload.name, f"this file was imported before, as {summary.release}. It would change nothing.")
    return upload.system.releases.get(digest=read.digest)


@contextmanager
def _read(upload: ReleaseUpload) -> Iterator[ReadRelease]:
    """The release in an upload, ready to be loaded while the context lasts; database errors become RefusedFile."""
    command = command_for(upload.system.slug, upload.name, upload.version)
    with tempfile.TemporaryDirectory(prefix="codesite-") as folder:
        # The name as uploaded could be longer than a file system takes.
        path = Path(folder, "upload")
        path.write_bytes(upload.content)
        _refuse_large(path, upload.name, command)
        with open_source(str(path)) as source:
            read = read_release(upload.system.slug, replace(source, name=upload.name), upload.version)
            read.records = _limited(read.records, upload.name, command)
            try:
                yield read
            except DatabaseError as error:
                raise RefusedFile(upload.name, f"the database refused it ({str(error).strip()}).") from error


def _limited(records: Iterable[CodeRecord], name: str, command: str) -> Iterator[CodeRecord]:
    for number, record in enumerate(records):
        if number == MOST_RECORDS:
            raise RefusedFile(
                name,
                f"it holds more than {MOST_RECORDS:,} codes, which takes longer than a page may. "
                f"On the server, run: {command}",
            )
        yield record


def _refuse_large(path: Path, name: str, command: str) -> None:
    """Raises RefusedFile for an archive that unpacks to more than 40 MB; a damaged one is left to the reader."""
    with path.open("rb") as file:
        beginning = file.read(4)
    try:
        if beginning.startswith(b"\x1f\x8b"):
            size = _unpacked_size(path)
        elif beginning == b"PK\x03\x04":
            with zipfile.ZipFile(path) as archive:
                size = sum(info.file_size for info in archive.infolist())
        else:
            return
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, ValueError):
        return
    if size > MOST_UNPACKED:
        raise RefusedFile(
            name,
            f"it unpacks to more than {MOST_UNPACKED // 1024**2} MB, which takes longer than a page may. "
            f"If it is a whole release, run on the server: {command}",
        )


def _unpacked_size(path: Path) -> int:
    """The bytes in a gz file, counted no further than just beyond the limit."""
    size = 0
    with gzip.open(path) as stream:
        while size <= MOST_UNPACKED and (chunk := stream.read(1 << 20)):
            size += len(chunk)
    return size
