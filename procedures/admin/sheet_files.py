"""Reads a sheet that an editor uploads, CSV or XLSX, into rows of texts. It knows nothing of the database.

Nothing is trusted: an archive is limited before it is unpacked, reading ends at the row after the last that is allowed,
formulas are read as the values that the spreadsheet program stored for them, and whatever cannot be read is an error
that an editor understands.
"""

import csv
import datetime
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from openpyxl import load_workbook
from openpyxl.cell.cell import ERROR_CODES

from procedures.spreadsheet_cells import unescape_formula

# Of a sheet that states no other number.
MOST_ROWS = 5_000
MOST_BYTES = 2 * 1024 * 1024

# What 2 MB of XLSX may unpack to: 5,000 rows of long texts take a third of it, 20,000 short ones as well. openpyxl may
# read all of it at once.
MOST_UNPACKED = 12 * 1024 * 1024

# Columns beyond these are not looked at: a cell far to the right would make every row as wide.
MOST_COLUMNS = 50

# Empty rows that are passed over, of which a forged workbook could have millions.
MOST_EMPTY = 15_000

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class UnreadableSheet(Exception):
    """A file that is no sheet, or not one of this kind; the message says why, to an editor."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows` hold the texts of `columns`; `numbers` are their row numbers as a spreadsheet program shows them."""

    columns: list[str]
    rows: list[list[str]]
    numbers: list[int]


def too_large(most_rows: int) -> str:
    """What an editor hears of a sheet with more rows or bytes than may be."""
    return f"A sheet may have at most {most_rows:,} rows and {MOST_BYTES // 1024**2} MB. Split it into several sheets."


def read_sheet(
    content: bytes, *, columns: Iterable[str], ignored: Iterable[str] = (), most_rows: int = MOST_ROWS
) -> Sheet:
    """The rows of a CSV or XLSX, recognized by its content; rows without any text are left out.

    Every name of `columns` has to be there, once; `ignored` may be there and are left out. Raises UnreadableSheet.
    """
    if len(content) > MOST_BYTES:
        raise UnreadableSheet(too_large(most_rows))
    if not content.strip():
        raise UnreadableSheet("The file is empty.")
    if content.startswith(_OLE):
        raise UnreadableSheet("This is an old .xls workbook, or one with a password. Save it as .xlsx without one.")
    lines = _lines_of_xlsx(content, most_rows) if content.startswith(_ZIP) else _lines_of_csv(content)
    filled = _filled(lines, most_rows + MOST_EMPTY)
    _, header = next(filled, (0, []))
    if not header:
        raise UnreadableSheet("The sheet is empty.")
    places = _places(header, list(columns), list(ignored))
    rows, numbers = [], []
    for number, line in filled:
        if len(rows) == most_rows:
            raise UnreadableSheet(too_large(most_rows))
        if any(line[len(header) :]):
            raise UnreadableSheet(f"Row {number} has more cells than there are columns.")
        rows.append([line[place] if place < len(line) else "" for place in places.values()])
        numbers.append(number)
    if not rows:
        raise UnreadableSheet("The sheet has no rows below the names of its columns.")
    return Sheet(list(places), rows, numbers)


def is_error_value(text: str) -> bool:
    """Whether a cell holds what a spreadsheet program shows for a formula that failed, such as #REF!."""
    return text in ERROR_CODES


def _filled(lines: Iterable[Sequence], most: int) -> Iterator[tuple[int, list[str]]]:
    """The lines that have any text, with their numbers from 1."""
    for number, cells in enumerate(lines, 1):
        if number > most:
            raise UnreadableSheet(f"The sheet has more than {most:,} rows, empty ones included. Delete those.")
        line = [_text(cell) for cell in cells]
        if any(line):
            yield number, line


def _text(cell) -> str:
    """A cell as text: trimmed, days as 2025-01-31, whole numbers without a decimal point."""
    if cell is None:
        return ""
    if isinstance(cell, datetime.datetime) and cell.time() == datetime.time():
        cell = cell.date()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return unescape_formula(str(cell).strip())


def _places(header: list[str], columns: list[str], ignored: list[str]) -> dict[str, int]:
    """The place of each column in the rows. Raises UnreadableSheet where it cannot be told."""
    names = [re.sub(r"[\s_]+", "_", name.casefold()) for name in header]
    while names and not names[-1]:
        names.pop()
    shown = [f"“{name[:40]}”" for name in header]
    if "" in names:
        raise UnreadableSheet(f"Column {names.index('') + 1} has no name in the first row.")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UnreadableSheet(f"The column {twice[0][:40]} is there twice.")
    if missing := [name for name in columns if name not in names]:
        raise UnreadableSheet(
            f"The first row has to name the columns {', '.join(columns)}; {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. It reads: {', '.join(shown[:12])}."
        )
    if unknown := [each for name, each in zip(names, shown, strict=False) if name not in [*columns, *ignored]]:
        raise UnreadableSheet(f"Unknown columns: {', '.join(unknown[:12])}. A sheet has {', '.join(columns)}.")
    return {name: names.index(name) for name in columns}


def _lines_of_csv(content: bytes) -> Iterator[list[str]]:
    if content.startswith(_UTF16):
        raise UnreadableSheet("The file is in UTF-16. Save it as “CSV UTF-8”.")
    if b"\0" in content:
        raise UnreadableSheet("This is neither a CSV nor an XLSX file.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableSheet(
            "This is no CSV in UTF-8, and no XLSX. In the spreadsheet, save it as “CSV UTF-8”."
        ) from None
    first = text.lstrip("\r\n").partition("\n")[0]
    # Where the decimal sign is a comma, spreadsheet programs separate cells by semicolons.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise UnreadableSheet(f"Line {reader.line_num} of the CSV cannot be read ({error}).") from None


def _lines_of_xlsx(content: bytes, most_rows: int) -> Iterator[tuple]:
    file = io.BytesIO(content)
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(info.file_size for info in archive.infolist())
            if size > MOST_UNPACKED:
                raise UnreadableSheet(too_large(most_rows))
            if "[Content_Types].xml" not in archive.namelist():
                raise UnreadableSheet("This is a zip, not an XLSX file.")
        with warnings.catch_warnings():
            # Of styles that are missing or unknown: only values are read.
            warnings.simplefilter("ignore")
            sheet = load_workbook(file, read_only=True, data_only=True).worksheets[0]
            # The size that a sheet states of itself may be wrong.
            sheet.reset_dimensions()
            yield from sheet.iter_rows(max_row=most_rows + MOST_EMPTY + 1, max_col=MOST_COLUMNS, values_only=True)
    except UnreadableSheet:
        raise
    except Exception as error:
        # A damaged or forged workbook makes openpyxl raise nearly anything.
        raise UnreadableSheet(f"The workbook cannot be read ({str(error)[:200] or type(error).__name__}).") from error
