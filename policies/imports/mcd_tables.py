"""Finds and opens the tables of the Medicare Coverage Database exports, in a folder or in zips within zips.

Source: the data dictionaries that CMS ships in the exports ("LCD Download - Data Dictionary", "Article Download - Data
Dictionary"), and https://downloads.cms.gov/medicare-coverage-database/downloads/exports/. Only these names are opened;
files beside them, such as letters, pictures and tables put together by others, never are.
"""

import codecs
import csv
import io
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from policies.imports.records import ImportReport
from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import MOST_BYTES, LimitedStream, named_errors

DOCUMENTS_LATEST = "documents_latest"

# The columns without which a table says nothing. The first one names the document, or the row of a lookup.
KEY_COLUMNS = {
    "contractor": ("contractor_id", "contractor_type_id", "contractor_version", "contractor_bus_name"),
    "contractor_jurisdiction": ("contractor_id", "contractor_type_id", "contractor_version", "state_id"),
    "contractor_type_lookup": ("contractor_type_id", "description"),
    "state_lookup": ("state_id", "description"),
    "ncd_trkg": ("ncd_id", "ncd_vrsn_num", "ncd_mnl_sect", "ncd_mnl_sect_title"),
    "lcd": ("lcd_id", "lcd_version", "title", "status", "display_id"),
    "article": ("article_id", "article_version", "title", "status", "display_id"),
    "lcd_x_contractor": ("lcd_id", "lcd_version", "contractor_id", "contractor_type_id"),
    "article_x_contractor": ("article_id", "article_version", "contractor_id", "contractor_type_id"),
    "lcd_related_documents": ("lcd_id", "lcd_version", "r_article_id", "r_lcd_id"),
    "article_related_documents": ("article_id", "article_version", "r_article_id", "r_lcd_id"),
    "lcd_related_ncd_documents": ("lcd_id", "lcd_version", "r_ncd_id"),
    "article_related_ncd_documents": ("article_id", "article_version", "r_ncd_id"),
    "lcd_x_hcpc_code": ("lcd_id", "lcd_version", "hcpc_code_id", "hcpc_code_group"),
    "article_x_hcpc_code": ("article_id", "article_version", "hcpc_code_id", "hcpc_code_group"),
    "article_x_code_table": ("article_id", "article_version", "hcpc_code_id", "brand_name"),
    "article_x_icd10_covered": ("article_id", "article_version", "icd10_code_id", "icd10_covered_group"),
    "article_x_icd10_noncovered": ("article_id", "article_version", "icd10_code_id", "icd10_noncovered_group"),
    DOCUMENTS_LATEST: ("document_display_id", "document_type", "document_version", "title", "updated_on_sort"),
}

DEEPEST_ZIP = 3
MOST_MEMBERS = 10_000
MOST_TABLES = 100
MOST_BYTES_TOGETHER = 2 * 1024**3

# Characters of a field. No narrative is near this; a quotation mark that is never closed is soon beyond it.
LONGEST_FIELD = 10_000_000

_latest_name = re.compile(r"documents_latest[\w. ()-]*").fullmatch


@dataclass(slots=True)
class Table:
    """One table: its official name without ending, the file as reports name it, and what was lost while reading it.

    `lost` are the first key columns of rows that could not be read, and of the last row before a cut; `is_cut` says
    that rows from some place on could not be read, so that nothing follows from the absence of a row.
    """

    name: str
    file: str
    opener: Callable[[], AbstractContextManager[BinaryIO]]
    lost: set[str] = field(default_factory=set)
    is_cut: bool = False

    def rows(self, columns: Sequence[str], report: ImportReport) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Each row with its number (the header is 1): its cells in the order of `columns`, "" where one is missing.

        Raises RefusedFile for what is no text, more than 200 MB, a damaged archive, or a missing key column. A row that
        cannot be read becomes a problem of the report.
        """
        with self.opener() as stream, named_errors(self.file):
            text = io.TextIOWrapper(stream, encoding=self._encoding(), errors="replace", newline="")
            reader = csv.reader(_lines(text, self.file), strict=True)
            number, header, cells, key = 1, [], [], 0
            try:
                header = [name.strip().lower() for name in next(reader, [])]
                pick, key = self._picker(header, columns)
                number += 1
                for cells in reader:
                    if len(cells) == len(header):
                        cells.append("")
                        yield number, pick(cells)
                    elif any(cells):
                        report.problem(self.file, number, f"the row has {len(cells)} cells, not {len(header)}")
                        self.lost.add(cells[key].strip() if key < len(cells) else "")
                    number += 1
            except csv.Error as error:
                self.is_cut = True
                # More rows of this document may have followed.
                self.lost.update(cells[key : key + 1])
                what = (
                    "the file ends within a quoted field, it has been cut off"
                    if "unexpected end of data" in str(error)
                    else f"it cannot be read from here on ({error})"
                )
                report.problem(self.file, number, what)

    def _picker(self, header: list[str], columns: Sequence[str]) -> tuple[Callable[[list[str]], tuple], int]:
        if missing := [name for name in KEY_COLUMNS[self.name] if name not in header]:
            raise RefusedFile(self.file, f"the columns {', '.join(missing)} are missing.", 1)
        # Behind the last cell stands an empty one, for columns that this table lacks.
        places = [header.index(name) if name in header else len(header) for name in columns]
        return itemgetter(*places), header.index(KEY_COLUMNS[self.name][0])

    def _encoding(self) -> str:
        """UTF-8 where all of it is, else cp1252, in which CMS writes most tables."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        with self.opener() as stream, named_errors(self.file):
            try:
                while chunk := stream.read(1 << 16):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                return "cp1252"
        return "utf-8-sig"


def _lines(text: io.TextIOWrapper, file: str) -> Iterator[str]:
    number = 0
    while line := text.readline(LONGEST_FIELD):
        number += 1
        if "\0" in line or len(line) == LONGEST_FIELD:
            raise RefusedFile(file, "this is not a text file.", number)
        yield line


@contextmanager
def open_tables(path: Path) -> Iterator[list[Table]]:
    """The tables in a folder or a zip, in the order of KEY_COLUMNS, then by name.

    Raises RefusedFile where there is none, and for an archive that is damaged, too large, or too deep.
    """
    limit = csv.field_size_limit(LONGEST_FIELD)
    try:
        with tempfile.TemporaryDirectory(prefix="codesite-") as folder:
            yield _Finder(Path(folder)).find(path)
    finally:
        csv.field_size_limit(limit)


class _Finder:
    """Looks through folders and zips; a zip within a zip is unpacked into `folder`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.tables: list[Table] = []
        self.unpacked = self.size = 0

    def find(self, path: Path) -> list[Table]:
        name = printable(path.name or str(path))
        if path.is_dir():
            self._look_in_folder(path)
        elif not path.is_file():
            raise RefusedFile(str(path), "there is no such file or folder.")
        elif table := table_name(path.name):
            self._add(table, name, _file_opener(path, name), path.stat().st_size)
        elif _is_zip_name(path.name) or zipfile.is_zipfile(path):
            self._look_in_zip(path, name, 1)
        else:
            raise RefusedFile(name, "this is neither a folder nor a zip of the Medicare Coverage Database.")
        if not self.tables:
            wanted = ", ".join(f"{table}.csv" for table in ("lcd", "article", "lcd_x_contractor", "ncd_trkg"))
            raise RefusedFile(name, f"there is no table of the Medicare Coverage Database in it, such as {wanted}.")
        order = list(KEY_COLUMNS)
        return sorted(self.tables, key=lambda table: (order.index(table.name), table.file))

    def _look_in_folder(self, path: Path) -> None:
        with named_errors(printable(str(path))):
            found = [Path(folder, name) for folder, _, names in os.walk(path, onerror=_raise) for name in names]
        for file in sorted(found):
            name = printable(file.relative_to(path).as_posix())
            if not file.is_file():
                continue
            if table := table_name(file.name):
                self._add(table, name, _file_opener(file, name), file.stat().st_size)
            elif _is_zip_name(file.name):
                self._look_in_zip(file, name, 1)

    def _look_in_zip(self, path: Path, name: str, depth: int) -> None:
        if depth > DEEPEST_ZIP:
            raise RefusedFile(name, f"zips lie more than {DEEPEST_ZIP} deep in each other.")
        with named_errors(name), zipfile.ZipFile(path) as archive:
            members = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        if len(members) > MOST_MEMBERS:
            raise RefusedFile(name, f"it holds more than {MOST_MEMBERS:,} files.")
        for info in members:
            base = PurePosixPath(info.filename.replace("\\", "/")).name
            shown = f"{name}: {printable(base)}"
            if table := table_name(base):
                self._add(table, shown, _member_opener(path, info, shown), info.file_size)
            elif _is_zip_name(base):
                self._count(shown, info.file_size)
                self._look_in_zip(self._unpack(path, info, shown), shown, depth + 1)

    def _unpack(self, path: Path, info: zipfile.ZipInfo, name: str) -> Path:
        self.unpacked += 1
        unpacked = self.folder / f"{self.unpacked}.zip"
        with _member_opener(path, info, name)() as stream, unpacked.open("wb") as file:
            shutil.copyfileobj(stream, file, 1 << 16)
        return unpacked

    def _add(self, table: str, name: str, opener: Callable, size: int) -> None:
        self._count(name, size)
        if len(self.tables) == MOST_TABLES:
            raise RefusedFile(name, f"there are more than {MOST_TABLES} tables; name a folder or zip with fewer.")
        self.tables.append(Table(table, name, opener))

    def _count(self, name: str, size: int) -> None:
        self.size += size
        if self.size > MOST_BYTES_TOGETHER or size > MOST_BYTES:
            most = MOST_BYTES_TOGETHER if size <= MOST_BYTES else MOST_BYTES
            together = " together with what was read before" if size <= MOST_BYTES else ""
            raise RefusedFile(name, f"it is larger than {most // 1024**2} MB{together}.")


def table_name(file_name: str) -> str:
    """The official name of the table that a file of this name is, "" for any other file."""
    stem, dot, ending = file_name.lower().rpartition(".")
    if ending != "csv" or not dot or ".assembled" in stem:
        return ""
    if _latest_name(stem):
        return DOCUMENTS_LATEST
    return stem if stem in KEY_COLUMNS else ""


def _is_zip_name(name: str) -> bool:
    # Archives made on a Mac hold a hidden file beside each file.
    return name.lower().endswith(".zip") and not name.startswith(".")


def _file_opener(path: Path, name: str) -> Callable[[], AbstractContextManager[BinaryIO]]:
    @contextmanager
    def opened():
        with named_errors(name), path.open("rb") as file:
            yield io.BufferedReader(LimitedStream(file, name))

    return opened


def _member_opener(path: Path, info: zipfile.ZipInfo, name: str) -> Callable[[], AbstractContextManager[BinaryIO]]:
    @contextmanager
    def opened():
        with named_errors(name), zipfile.ZipFile(path) as archive, archive.open(info) as stream:
            yield io.BufferedReader(LimitedStream(stream, name))

    return opened


def _raise(error: OSError) -> None:
    raise error
