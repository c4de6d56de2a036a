"""Opens what an operator names as the source of an import: a file, a zip, a gz, or an https address.

Nothing is trusted: sizes are limited while reading, so that a zip bomb ends as an error; whatever cannot be read is
an error that names the file.
"""

import csv
import gzip
import hashlib
import http.client
import io
import lzma
import re
import tempfile
import urllib.error
import urllib.request
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from openpyxl import load_workbook

from procedures.code_sets.records import RefusedFile, printable

MOST_BYTES = 200 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
CHUNK = 64 * 1024
DOWNLOAD_TIMEOUT = 60  # seconds without a byte

_WORKBOOK_PART = "[Content_Types].xml"
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to import, on this machine: its path, the name it goes by, and its SHA-256 in hexadecimal."""

    path: Path
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Member:
    """The data file itself: the source, or the member of a zip. `name` has no folders; `kind` is text, csv or xlsx."""

    source: SourceFile
    name: str
    kind: str
    zip_name: str = ""

    def lines(self) -> Iterator[str]:
        """The lines of a text, decoded as cp1252, in which CMS and NCHS publish, or as UTF-8 where it is marked so.

        Raises RefusedFile for a binary file, a damaged archive, or more than 200 MB.
        """
        with self._bytes() as stream, named_errors(self.name):
            is_utf8 = stream.peek(3).startswith(_BYTE_ORDER_MARK)
            text = io.TextIOWrapper(stream, encoding="utf-8-sig" if is_utf8 else "cp1252", errors="replace")
            number = 0
            while line := text.readline(LONGEST_LINE):
                number += 1
                if "\0" in line or len(line) == LONGEST_LINE:
                    raise RefusedFile(self.name, "this is not a text file.", number)
                yield line

    def chunks(self) -> Iterator[bytes]:
        """The bytes of the file as they are, unpacked, in pieces of at most 64 KB. Errors as for `lines`."""
        with self._bytes() as stream, named_errors(self.name):
            while chunk := stream.read(CHUNK):
                yield chunk

    def rows(self) -> Iterator[tuple]:
        """The rows of a csv or of the first sheet of an xlsx, as tuples of cells. Errors as for `lines`."""
        return self._csv_rows() if self.kind == "csv" else self._sheet_rows()

    def _csv_rows(self) -> Iterator[tuple]:
        reader = csv.reader(self.lines())
        try:
            yield from map(tuple, reader)
        except csv.Error as error:
            raise RefusedFile(self.name, f"it cannot be read ({error}).", reader.line_num) from error

    def _sheet_rows(self) -> Iterator[tuple]:
        with self._bytes() as stream, named_errors(self.name):
            book = io.BytesIO(stream.read())
            _refuse_large_zip(zipfile.ZipFile(book), self.name)
            try:
                with warnings.catch_warnings():
                    # Of styles that are missing or unknown: only values are read.
                    warnings.simplefilter("ignore")
                    sheet = load_workbook(book, read_only=True, data_only=True).worksheets[0]
                # The size that a sheet states of itself may be wrong by millions of empty cells.
                sheet.reset_dimensions()
                yield from sheet.iter_rows(values_only=True)
            except Exception as error:
                # A damaged or forged workbook makes openpyxl raise nearly anything.
                raise RefusedFile(self.name, f"it is no workbook that can be read ({error}).") from error

    @contextmanager
    def _bytes(self):
        with named_errors(self.name), self.source.path.open("rb") as file:
            if self.zip_name:
                with zipfile.ZipFile(file) as archive, archive.open(self.zip_name) as stream:
                    yield io.BufferedReader(LimitedStream(stream, self.name))
            elif file.read(2) == _GZIP:
                file.seek(0)
                with gzip.GzipFile(fileobj=file) as stream:
                    yield io.BufferedReader(LimitedStream(stream, self.name))
            else:
                file.seek(0)
                yield io.BufferedReader(LimitedStream(file, self.name))


@contextmanager
def open_source(source: str):
    """The SourceFile of a path or https address; what was downloaded is deleted at the end.

    Raises RefusedFile for another kind of address, a missing, empty or unreadable file, a redirect that is not to
    https, an answer other than 200, or more than 200 MB.
    """
    if "://" in source:
        with tempfile.TemporaryDirectory(prefix="codesite-") as folder:
            yield _download(source, Path(folder))
        return
    path = Path(source)
    if path.is_dir():
        raise RefusedFile(source, "this is a folder: name the file in it.")
    if not path.is_file():
        raise RefusedFile(source, "there is no such file.")
    yield _identify(path, path.name)


def choose_member(source: SourceFile, wanted: list[re.Pattern]) -> Member:
    """The data file of the source.

    In a zip it is the one whose name fits the earliest pattern of `wanted`, or the only text, csv or xlsx there is.
    Raises RefusedFile where none or several could be meant.
    """
    names = _member_names(source)
    if names is None:
        return Member(source, source.name, _kind(source.name))
    if _WORKBOOK_PART in names:
        return Member(source, source.name, "xlsx")
    for pattern in wanted:
        fitting = [name for name in names if pattern.search(PurePosixPath(name).name)]
        if len(fitting) > 1:
            raise RefusedFile(source.name, f"several members could be the data file: {_listed(fitting)}.")
        if fitting:
            return _member(source, fitting[0])
    data = [name for name in names if name.lower().endswith((".txt", ".csv", ".xlsx"))]
    if len(data) != 1:
        raise RefusedFile(source.name, f"no member is the data file. It holds: {_listed(names)}.")
    return _member(source, data[0])


def find_member(source: SourceFile, wanted: re.Pattern) -> Member | None:
    """The member of a zip whose name fits; None where none does, or the source is no zip.

    Raises RefusedFile where several fit.
    """
    fitting = [name for name in _member_names(source) or () if wanted.search(PurePosixPath(name).name)]
    if len(fitting) > 1:
        raise RefusedFile(source.name, f"several members could be meant: {_listed(fitting)}.")
    return _member(source, fitting[0]) if fitting else None


def _member_names(source: SourceFile) -> list[str] | None:
    """The files in a zip, which a workbook is too; None for a source that is none."""
    with named_errors(source.name), source.path.open("rb") as file:
        is_zip = file.read(4) == _ZIP
    if not is_zip:
        return None
    with named_errors(source.name), zipfile.ZipFile(source.path) as archive:
        _refuse_large_zip(archive, source.name)
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
    # Archives made on a Mac hold a hidden file beside each file.
    return [name for name in names if not PurePosixPath(name).name.startswith(".")]


def _member(source: SourceFile, zip_name: str) -> Member:
    return Member(source, printable(PurePosixPath(zip_name).name), _kind(zip_name), zip_name)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") or "nothing"


def _kind(name: str) -> str:
    name = name.lower().removesuffix(".gz")
    return "csv" if name.endswith(".csv") else "xlsx" if name.endswith(".xlsx") else "text"


def _identify(path: Path, name: str) -> SourceFile:
    name = printable(name)
    with named_errors(name), path.open("rb") as file:
        size = path.stat().st_size
        if not size:
            raise RefusedFile(name, "the file is empty.")
        if size > MOST_BYTES:
            raise RefusedFile(name, f"it is larger than {MOST_BYTES // 1024**2} MB.")
        return SourceFile(path, name, hashlib.file_digest(file, "sha256").hexdigest())


class _OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, request, file, code, message, headers, address):
        if urlsplit(address).scheme != "https":
            file.close()
            raise RefusedFile(request.full_url, f"it redirects to {address}, which is not https.")
        return super().redirect_request(request, file, code, message, headers, address)


def _download(address: str, folder: Path) -> SourceFile:
    path = folder / "download"
    try:
        parts = urlsplit(address)
        if parts.scheme != "https":
            raise RefusedFile(address, "only https addresses are read.")
        request = urllib.request.Request(address, headers={"User-Agent": "codesite"})
        opener = urllib.request.build_opener(_OnlyHttps)
        with opener.open(request, timeout=DOWNLOAD_TIMEOUT) as answer, path.open("wb") as file:
            limited = LimitedStream(answer, address)
            while chunk := limited.read(1 << 16):
                file.write(chunk)
            expected = answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        error.close()
        raise RefusedFile(address, f"the server answered {error.code} {error.reason}.") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error or type(error).__name__
        raise RefusedFile(address, f"it could not be fetched ({reason}).") from error
    if expected.isdigit() and path.stat().st_size < int(expected):
        raise RefusedFile(address, f"only {path.stat().st_size:,} of {int(expected):,} bytes arrived.")
    return _identify(path, unquote(PurePosixPath(parts.path).name) or "download")


class LimitedStream(io.RawIOBase):
    """A stream that refuses to give more than MOST_BYTES."""

    def __init__(self, stream, name: str):
        self._stream, self._name, self._given = stream, name, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        data = self._stream.read(len(buffer))
        self._given += len(data)
        if self._given > MOST_BYTES:
            raise RefusedFile(self._name, f"it holds more than {MOST_BYTES // 1024**2} MB.")
        buffer[: len(data)] = data
        return len(data)


def _refuse_large_zip(archive: zipfile.ZipFile, name: str) -> None:
    if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
        raise RefusedFile(name, f"it holds more than {MOST_BYTES // 1024**2} MB.")


@contextmanager
def named_errors(name: str):
    """Turns what an unreadable file or a damaged archive raises into RefusedFile."""
    try:
        yield
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError, KeyError) as error:
        raise RefusedFile(name, f"the archive is damaged ({error or type(error).__name__}).") from error
    except OSError as error:
        raise RefusedFile(name, f"it cannot be read ({error.strerror or error}).") from error
    except (NotImplementedError, RuntimeError) as error:
        raise RefusedFile(name, f"it cannot be read ({error}).") from error
