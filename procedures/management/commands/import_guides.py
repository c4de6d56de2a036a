"""Imports guide documents."""

from collections import Counter
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from procedures.guide_documents import GuideDocumentError, parse_guide
from procedures.guide_import import UnmatchedGuide, find_code, store_guide

LARGEST_FILE = 1024 * 1024


class Command(BaseCommand):
    help = "Imports guide documents (text files, or folders of them). What cannot be read or matched is named."

    def add_arguments(self, parser):
        parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="a .txt or .md file, or a folder")
        parser.add_argument("--publish", action="store_true", help="make the guides public at once")

    def handle(self, *, paths, publish, **options):
        outcomes, refused = Counter(), []
        for file in _files(paths):
            try:
                document = parse_guide(_read(file), file=file.name)
                code = find_code(document, file.stem)
            except GuideDocumentError as error:
                refused.append(str(error))
                continue
            except UnmatchedGuide as error:
                refused.append(f"{file.name}: {error}")
                continue
            outcome = store_guide(code, document, publish=publish)
            outcomes[outcome] += 1
            self.stdout.write(f"{file.name}: {code.code} {outcome}, {len(document.sections)} sections")
            for line in document.left_out:
                self.stdout.write(f"    left out: {line}")
        summary = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "none imported"
        self.stdout.write(f"Guides: {summary}{'' if publish else '; not published'}.")
        if refused:
            raise CommandError("Refused:\n" + "\n".join(f"  {line}" for line in refused))


def _files(paths: list[Path]) -> list[Path]:
    """The documents among the paths, folders read one level deep. Raises CommandError for what is not there."""
    files = []
    for path in paths:
        if path.is_dir():
            files.extend(sorted(file for file in path.iterdir() if file.suffix.lower() in (".txt", ".md")))
        elif path.is_file():
            files.append(path)
        else:
            raise CommandError(f"There is no file or folder {path}.")
    if not files:
        raise CommandError("There is no .txt or .md file there.")
    return files


def _read(file: Path) -> str:
    if file.stat().st_size > LARGEST_FILE:
        raise GuideDocumentError(file.name, 1, "it is larger than 1 MB, so it is no guide document.")
    data = file.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
