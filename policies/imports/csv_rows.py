"""Reads the rows of a CSV file that people made: in which encoding, with which separator, and where it is broken."""

import codecs
import csv
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from procedures.code_sets.records import PREAMBLE_LINES, RefusedFile
from procedures.code_sets.source_files import SourceFile, open_source

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
# Characters; the longest honest row is a list of some thousand codes with a summary.
LONGEST_ROW = 500_000

_CHUNK = 1 << 20
_NO_TEXT = {
    b"PK\x03\x04": "this is a workbook or zip archive, whatever its name says: save the sheet as CSV.",
    b"\xd0\xcf\x11\xe0": "this is an Excel workbook, whatever its name says: save the sheet as CSV.",
    b"\x1f\x8b": "it is compressed: unpack it first.",
    b"\xff\xfe": "it is in UTF-16: save it as CSV UTF-8.",
    b"\xfe\xff": "it is in UTF-16: save it as CSV UTF-8.",
}


class _TooLong(Exception):
    """A row has more characters than LONGEST_ROW."""


@dataclass(slots=True)
class CsvRow:
    """One row: its cells by column, without blanks around them, and what keeps it from being read ("" for nothing).

    `number` counts rows as a spreadsheet does, the first of the file being 1 and empty ones included; `line` is the
    line of the file on which the row starts. A broken row has the cells that could be made out before the break.
    """

    number: int
    line: int
    cells: dict[str, str]
    problem: str = ""


@dataclass(slots=True)
class CsvTable:
    """An open CSV file: its columns, those that nobody asked for, and its rows, to be read once."""

    name: str
    columns: list[str]
    unknown_columns: list[str]
    encoding: str
    rows: Iterable[CsvRow] = field(repr=False)


@contextmanager
def open_csv(path: Path, *, known: Collection[str], required: Collection[str]) -> Iterator[CsvTable]:
    """The table of a CSV file, UTF-8 or else cp1252, separated by commas, semicolons or tabs as its header tells.

    The header is the first row that has all `required` columns. Raises RefusedFile for a file that is missing, empty,
    binary, larger than 200 MB, or has no such header; while the rows are read, for one that cannot be read any more.
    """
    with open_source(str(path)) as source:
        encoding = _encoding(source)
        try:
            with source.path.open(encoding=encoding, errors="replace", newline="") as text:
                lines = _Lines(text)
                header, separator = _find_header(source.name, lines, known, required)
                unknown = [column for column in header if column and column not in known]
                rows = _rows(lines, header, separator)
                yield CsvTable(source.name, header, unknown, encoding, rows)
        except OSError as error:
            raise RefusedFile(source.name, f"it cannot be read ({error.strerror or error}).") from error


def column_name(cell: str) -> str:
    """A cell of a header as the name of a column: "Policy Number" is policy_number."""
    return "_".join(cell.replace("-", " ").replace("_", " ").split()).lower()


class _Lines:
    """The lines of a text; `count` is the number of the last one, `record` holds those of the row being read."""

    def __init__(self, text):
        self.text, self.count, self.length = text, 0, 0
        self.record: list[str] = []

    def begin_record(self) -> None:
        self.record, self.length = [], 0

    def __iter__(self):
        return self

    def __next__(self) -> str:
        line = self.text.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        self.count += 1
        self.length += len(line)
        if self.length >= LONGEST_ROW:
            raise _TooLong
        self.record.append(line)
        return line


def _rows(lines: _Lines, header: list[str], separator: str) -> Iterator[CsvRow]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    # A sheet can be wider than its header: the header ends in empty cells then.
    named_columns = max(index for index, column in enumerate(header, 1) if column)
    number = lines.count
    while True:
        number, line, problem, is_last = number + 1, lines.count + 1, "", False
        lines.begin_record()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLong) as error:
            problem, is_last = _break(error)
            cells = _before_break(lines.record, separator)
        else:
            if not any(map(str.strip, cells)):
                continue
            if not named_columns <= len(cells) <= len(header):
                problem = f"it has {len(cells)} cells, but the header has {len(header)}"
            elif any(map(str.strip, cells[named_columns:])):
                problem = "it has a cell behind the last column that has a name"
        named = dict(zip(header, map(str.strip, cells), strict=False))
        named.pop("", None)
        yield CsvRow(number, line, named, problem)
        if is_last:
            return


def _break(error: Exception) -> tuple[str, bool]:
    """What broke a row, and whether the rest of the file cannot be told from it."""
    if isinstance(error, _TooLong) or "field limit" in str(error):
        text = "the row, or a quoted text that begins in it, is too long: a quotation mark may be missing."
        return f"{text} The rest of the file was not read", True
    if "unexpected end of data" in str(error):
        text = "the file ends within a quoted text that begins in this row"
        return f"{text}: it was cut off, or a quotation mark is missing", True
    return f"it cannot be read ({error})", False


def _before_break(record: list[str], separator: str) -> list[str]:
    """The cells of a broken row that were complete before the one that is broken."""
    try:
        cells = next(csv.reader(record, delimiter=separator))
    except (csv.Error, StopIteration):
        return []
    return cells[:-1]


def _find_header(name: str, lines: _Lines, known: Collection[str], required: Collection[str]) -> tuple[list[str], str]:
    """The columns and the separator. Raises RefusedFile."""
    best: list[str] = []
    best_line = 1
    while lines.count < PREAMBLE_LINES:
        lines.begin_record()
        try:
            line = next(lines)
        except (StopIteration, _TooLong):
            break
        for separator in SEPARATORS:
            try:
                cells = next(csv.reader([line], delimiter=separator))
            except (csv.Error, StopIteration):
                continue
            columns = [column_name(cell) for cell in cells]
            if set(required) <= set(columns):
                twice = sorted({column for column in columns if column and columns.count(column) > 1})
                if twice:
                    raise RefusedFile(name, f"the header has these columns twice: {', '.join(twice)}.", lines.count)
                return columns, separator
            if len(set(columns) & set(known)) > len(set(best) & set(known)):
                best, best_line = columns, lines.count
    missing = ", ".join(column for column in required if column not in best)
    raise RefusedFile(
        name, f"no header names the columns that are needed; missing: {missing}. Known: {', '.join(known)}.", best_line
    )


def _encoding(source: SourceFile) -> str:
    """utf-8-sig where all of it is UTF-8, else cp1252. Raises RefusedFile for what is no text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf8, lines = True, 1
    with source.path.open("rb") as file:
        beginning = file.read(4)
        for mark, problem in _NO_TEXT.items():
            if beginning.startswith(mark):
                raise RefusedFile(source.name, problem)
        file.seek(0)
        while chunk := file.read(_CHUNK):
            if (position := chunk.find(b"\0")) >= 0:
                line = lines + chunk.count(b"\n", 0, position)
                raise RefusedFile(source.name, "this is not a text file: it holds a NUL character.", line)
            lines += chunk.count(b"\n")
            if is_utf8:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
    # A last character that was cut in two makes no other encoding of the rest.
    return "utf-8-sig" if is_utf8 else "cp1252"
