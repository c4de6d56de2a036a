"""Imports guide documents."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, transaction

from procedures.code_sets.records import printable
from procedures.guide_documents import GuideDocument, GuideDocumentError, parse_guide
from procedures.guide_import import ImportedFile, Outcome, UnmatchedGuide, find_code, store_guide
from procedures.models import MedicalCode

LARGEST_FILE = 1024 * 1024
ENDINGS = (".txt", ".md")


@dataclass(frozen=True, slots=True)
class MatchedDocument:
    """A document that was read, and the code it describes."""

    file: ImportedFile
    document: GuideDocument
    code: MedicalCode


class Command(BaseCommand):
    help = (
        "Imports guide documents (text files, or folders of them) as drafts for the editors. "
        "It ends complete or changes nothing."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a .txt or .md file, or a folder")
        parser.add_argument(
            "--publish", action="store_true", help="publish them at once, each with its document as source"
        )

    def handle(self, *, paths, publish, **options):
        try:
            with transaction.atomic():
                matched = _match(_files(paths))
                outcomes = [store_guide(each.code, each.document, each.file, publish=publish) for each in matched]
        except DatabaseError as error:
            raise CommandError(f"The database refused: {str(error).strip()}\nNothing was imported.") from error
        for each, outcome in zip(matched, outcomes, strict=True):
            self.stdout.write(f"{each.file.name}: {each.code.code} {outcome}, {len(each.document.sections)} sections")
            for line in each.document.left_out:
                self.stdout.write(f"    left out: {line}")
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(Counter(outcomes).items()))
        self.stdout.write(f"Guides: {counts}.")
        if publish and Outcome.DRAFTED in outcomes:
            self.stdout.write(
                "Guides that an editor published are changed by editors only: the drafts are theirs to read."
            )


def _match(files: list[Path]) -> list[MatchedDocument]:
    """Each document with its code. Raises CommandError with all that is wrong with any of them."""
    matched: dict[int, MatchedDocument] = {}
    refused: list[str] = []
    for file in files:
        name = printable(file.name)
        try:
            data = _read(file)
            document = parse_guide(_decode(data), file=name)
            code = find_code(document, file.stem)
        except GuideDocumentError as error:
            refused.append(str(error))
        except UnmatchedGuide as error:
            refused.append(f"{name}: {error}")
        except OSError as error:
            refused.append(f"{name}: it cannot be read ({error.strerror or error}).")
        else:
            earlier = matched.setdefault(code.pk, MatchedDocument(ImportedFile.of(name, data), document, code))
            if earlier.document is not document:
                refused.append(f"{name}: {earlier.file.name} is a guide of {code.code} already.")
    if refused:
        raise CommandError("Nothing was imported. Refused:\n" + "\n".join(f"  {line}" for line in refused))
    return list(matched.values())


def _files(paths: list[Path]) -> list[Path]:
    """The documents among the paths, folders read one level deep. Raises CommandError for what is not there."""
    files = []
    for path in paths:
        if path.is_dir():
            try:
                inside = sorted(path.iterdir())
            except OSError as error:
                raise CommandError(f"The folder {printable(str(path))} cannot be read ({error.strerror}).") from error
            files.extend(
                file
                for file in inside
                if file.suffix.lower() in ENDINGS and file.is_file() and not file.name.startswith(".")
            )
        elif path.is_file():
            files.append(path)
        else:
            raise CommandError(f"There is no file or folder {printable(str(path))}.")
    if not files:
        raise CommandError("There is no .txt or .md file there.")
    return list(dict.fromkeys(files))


def _read(file: Path) -> bytes:
    if file.stat().st_size > LARGEST_FILE:
        raise GuideDocumentError(printable(file.name), 1, "it is larger than 1 MB, so it is no guide document.")
    return file.read_bytes()


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
