import gzip
import hashlib
import io
import os
import re
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from procedures.code_sets import source_files
from procedures.code_sets.records import RefusedFile, printable
from procedures.code_sets.source_files import choose_member, open_source

WANTED = [re.compile(r"data.*\.txt$"), re.compile(r"data.*\.xlsx$")]
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xdb\x00C\x00" + bytes(200)


def write(folder: Path, name: str, content: bytes) -> str:
    file = folder / name
    file.write_bytes(content)
    return str(file)


def zipped(members: dict[str, bytes], compression=zipfile.ZIP_DEFLATED) -> bytes:
    saved = io.BytesIO()
    with zipfile.ZipFile(saved, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return saved.getvalue()


def workbook(*rows) -> bytes:
    book, saved = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(saved)
    return saved.getvalue()


def read(path: str) -> list:
    """The lines or rows of the data file."""
    with open_source(path) as source:
        member = choose_member(source, WANTED)
        return list(member.lines() if member.kind == "text" else member.rows())


def refusal_of(path: str) -> str:
    with pytest.raises(RefusedFile) as refusal:
        read(path)
    return str(refusal.value)


# What is read


def test_plain_file_is_known_by_its_name_and_digest(tmp_path):
    path = write(tmp_path, "data 2025.txt", b"one\r\ntwo\n")

    with open_source(path) as source:
        assert source.name == "data 2025.txt"
        assert source.digest == hashlib.sha256(b"one\r\ntwo\n").hexdigest()
        assert list(choose_member(source, WANTED).lines()) == ["one\n", "two\n"]


def test_text_is_decoded_as_windows_1252(tmp_path):
    path = write(tmp_path, "data.txt", b"5 \xb5m \x96 \x93sterile\x94\xa0\x81\n")

    assert read(path) == ["5 µm – “sterile”\xa0\ufffd\n"]


def test_text_with_a_byte_order_mark_is_decoded_as_utf_8(tmp_path):
    path = write(tmp_path, "data.csv", "HCPC,µ\n".encode("utf-8-sig"))

    assert read(path) == [("HCPC", "µ")]


def test_gz_is_unpacked_whatever_its_name(tmp_path):
    assert read(write(tmp_path, "data.txt.gz", gzip.compress(b"one\n"))) == ["one\n"]
    assert read(write(tmp_path, "data.txt", gzip.compress(b"one\n"))) == ["one\n"]
    assert read(write(tmp_path, "data.csv.gz", gzip.compress(b"one,two\n"))) == [("one", "two")]


def test_csv_may_quote_commas_and_line_breaks(tmp_path):
    assert read(write(tmp_path, "data.csv", b'A1000,"a, b\nc"\r\n')) == [("A1000", "a, b\nc")]


@pytest.mark.parametrize("name", ["data.xlsx", "data.txt", "data.zip", "data"])
def test_workbook_is_known_by_its_content(tmp_path, name):
    assert read(write(tmp_path, name, workbook(["HCPC", 1], ["A1000"]))) == [("HCPC", 1), ("A1000",)]


def test_workbook_in_a_gz_or_zip_is_read(tmp_path):
    book = workbook(["HCPC"])

    assert read(write(tmp_path, "data.xlsx.gz", gzip.compress(book))) == [("HCPC",)]
    assert read(write(tmp_path, "archive.zip", zipped({"data.xlsx": book, "other.txt": b"x"}))) == [("HCPC",)]


# Which member of a zip


def test_zip_gives_the_member_of_the_earliest_pattern_among_decoys(tmp_path):
    members = {
        "notes.txt": b"notes\n",
        "folder/data 2025.xlsx": workbook(["HCPC"]),
        "folder/data 2025.txt": b"one\n",
        "__MACOSX/folder/._data 2025.txt": b"\0\1",
        "folder/picture.jpg": JPEG,
    }

    with open_source(write(tmp_path, "archive.zip", zipped(members))) as source:
        member = choose_member(source, WANTED)
        assert (member.name, member.kind) == ("data 2025.txt", "text")
        assert list(member.lines()) == ["one\n"]


def test_zip_with_one_text_needs_no_special_name(tmp_path):
    assert read(write(tmp_path, "archive.zip", zipped({"anything.TXT": b"one\n", "logo.jpg": JPEG}))) == ["one\n"]


def test_zip_with_two_candidates_is_refused_with_their_names(tmp_path):
    path = write(tmp_path, "archive.zip", zipped({"data v1.txt": b"one\n", "data v2.txt": b"two\n"}))

    assert refusal_of(path) == "archive.zip: several members could be the data file: data v1.txt, data v2.txt."


@pytest.mark.parametrize(
    ("members", "held"),
    [
        ({"notes.txt": b"x", "layout.txt": b"x"}, "notes.txt, layout.txt"),
        ({"logo.jpg": JPEG}, "logo.jpg"),
        ({"inner.zip": zipped({"data.txt": b"x"})}, "inner.zip"),
    ],
)
def test_zip_without_a_data_file_is_refused_with_what_it_holds(tmp_path, members, held):
    path = write(tmp_path, "archive.zip", zipped(members))

    assert refusal_of(path) == f"archive.zip: no member is the data file. It holds: {held}."


# What is refused


def test_missing_file_folder_and_empty_file_are_refused(tmp_path):
    (tmp_path / "folder").mkdir()

    assert refusal_of(str(tmp_path / "gone.txt")).endswith("gone.txt: there is no such file.")
    assert refusal_of(str(tmp_path / "folder")).endswith("folder: this is a folder: name the file in it.")
    assert refusal_of(write(tmp_path, "data.txt", b"")) == "data.txt: the file is empty."


def test_unreadable_file_is_refused(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "data.txt", b"one\n")
    monkeypatch.setattr(Path, "open", refuse)

    assert refusal_of(path) == "data.txt: it cannot be read (Permission denied)."


@pytest.mark.parametrize("name", ["data.txt", "data.zip", "data.jpg", "data.csv", "data"])
def test_picture_is_refused_as_no_text(tmp_path, name):
    assert refusal_of(write(tmp_path, name, JPEG)) == f"{name}, line 1: this is not a text file."


def test_picture_named_as_a_workbook_is_refused(tmp_path):
    assert refusal_of(write(tmp_path, "data.xlsx", JPEG)).startswith("data.xlsx: the archive is damaged")


def test_picture_in_a_zip_is_refused(tmp_path):
    path = write(tmp_path, "archive.zip", zipped({"data.txt": JPEG}))

    assert refusal_of(path) == "data.txt, line 1: this is not a text file."


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_truncated_zip_is_refused(tmp_path, share):
    whole = zipped({"data.txt": os.urandom(5000).hex().encode()})

    assert re.match(
        r"^data(.zip|.txt): the archive is damaged",
        refusal_of(write(tmp_path, "data.zip", whole[: int(len(whole) * share)])),
    )


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_truncated_gz_is_refused(tmp_path, share):
    whole = gzip.compress(os.urandom(5000).hex().encode())
    path = write(tmp_path, "data.txt.gz", whole[: int(len(whole) * share)])

    assert refusal_of(path).startswith("data.txt.gz: the archive is damaged")


def test_gz_with_a_changed_byte_is_refused(tmp_path):
    whole = bytearray(gzip.compress(b"one line\n" * 1000))
    whole[-6] ^= 1

    assert refusal_of(write(tmp_path, "data.txt.gz", bytes(whole))).startswith("data.txt.gz: the archive is damaged")


def test_zip_with_a_changed_byte_is_refused(tmp_path):
    whole = zipped({"data.txt": b"one line\n" * 10}, zipfile.ZIP_STORED).replace(b"one line", b"two line", 1)

    assert refusal_of(write(tmp_path, "data.zip", whole)).startswith("data.txt: the archive is damaged")


def test_encrypted_zip_is_refused(tmp_path):
    whole = bytearray(zipped({"data.txt": b"one\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(signature) + offset] |= 1

    assert refusal_of(write(tmp_path, "data.zip", bytes(whole))).startswith("data.txt: it cannot be read (")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("data.txt", b"one line\n" * 2000),
        ("data.txt.gz", gzip.compress(b"one line\n" * 2000, mtime=0)),
        ("data.zip", zipped({"data.txt": b"one line\n" * 2000})),
        ("data.xlsx", workbook(*[["some text"]] * 2000)),
    ],
)
def test_file_that_unpacks_to_more_than_the_limit_is_refused(tmp_path, monkeypatch, name, content):
    path = write(tmp_path, name, content)
    monkeypatch.setattr(source_files, "MOST_BYTES", 16_000)

    assert re.search(r"^data\.\w+(\.gz)?: it (holds more|is larger) than 0 MB\.$", refusal_of(path))


def test_zip_that_lies_about_its_size_is_refused(tmp_path, monkeypatch):
    whole = bytearray(zipped({"data.txt": b"\n" * 50_000}))
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = whole.index(signature) + offset
        whole[at : at + 4] = (100).to_bytes(4, "little")
    monkeypatch.setattr(source_files, "MOST_BYTES", 16_000)

    assert refusal_of(write(tmp_path, "data.zip", bytes(whole))).startswith("data.txt: ")


def test_text_without_line_breaks_is_refused_before_it_is_read_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(source_files, "LONGEST_LINE", 1000)

    assert refusal_of(write(tmp_path, "data.txt", b"one\n" + b"x" * 5000)) == (
        "data.txt, line 2: this is not a text file."
    )


def damaged_workbook(part: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook(["HCPC"]))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return zipped({**members, part: content})


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize("content", [b"", b"<not xml"])
def test_damaged_workbook_is_refused(tmp_path, part, content):
    path = write(tmp_path, "data.xlsx", damaged_workbook(part, content))

    assert refusal_of(path).startswith("data.xlsx: it is no workbook that can be read (")


def test_workbook_without_styles_is_read(tmp_path):
    assert read(write(tmp_path, "data.xlsx", damaged_workbook("xl/styles.xml", b"<styles/>"))) == [("HCPC",)]


def test_workbook_that_overstates_its_size_is_read(tmp_path):
    with zipfile.ZipFile(io.BytesIO(workbook(["HCPC", 1]))) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").replace(b'ref="A1:B1"', b'ref="A1:XFD1048576"')
    assert b"XFD" in sheet

    assert read(write(tmp_path, "data.xlsx", damaged_workbook("xl/worksheets/sheet1.xml", sheet))) == [("HCPC", 1)]


def test_document_of_a_word_processor_is_refused(tmp_path):
    path = write(tmp_path, "data.docx", zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}))

    assert refusal_of(path).startswith("data.docx: it is no workbook that can be read")


def test_csv_that_cannot_be_read_is_refused_with_its_line(tmp_path):
    path = write(tmp_path, "data.csv", b"a,b\n" + b'"' + b"x" * 200_000 + b'"\n')

    assert re.match(r"^data\.csv, line 2: it cannot be read \(", refusal_of(path))


# Names from outside


def test_names_with_unprintable_characters_are_shown_with_question_marks(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/data \xff\x1b[31m\n.txt")
    Path(path).write_bytes(b"one\n")

    with open_source(path) as source:
        assert source.name == "data ??[31m?.txt"
    Path(path).write_bytes(b"")
    assert refusal_of(path) == "data ??[31m?.txt: the file is empty."


@pytest.mark.parametrize("name", ["übung (1) 日本.txt", "-data.txt", "a 'b' \"c\".txt", "😀.txt"])
def test_strange_but_printable_names_stay(tmp_path, name):
    with open_source(write(tmp_path, name, b"one\n")) as source:
        assert source.name == name
    assert printable(name) == name
