import csv

import pytest

from policies.imports import csv_rows
from policies.imports.csv_rows import CsvRow, open_csv
from procedures.code_sets import source_files
from procedures.code_sets.records import RefusedFile

KNOWN = ("plan", "title", "codes")


@pytest.fixture
def read(tmp_path):
    """The rows of a file with this content, and its table."""

    def read_file(content: str | bytes):
        file = tmp_path / "list.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open_csv(file, known=KNOWN, required=("plan", "title")) as table:
            return list(table.rows), table

    return read_file


@pytest.fixture
def refusal_of(read):
    def refused(content: str | bytes) -> str:
        with pytest.raises(RefusedFile) as refusal:
            read(content)
        return str(refusal.value)

    return refused


def test_rows_have_their_cells_by_column(read):
    rows, _ = read('plan,title\nExample, Ofatumumab \nOther,"A, ""b"""\n')

    assert rows == [
        CsvRow(2, 2, {"plan": "Example", "title": "Ofatumumab"}),
        CsvRow(3, 3, {"plan": "Other", "title": 'A, "b"'}),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_separator_and_line_ends_are_found(read, separator, line_end):
    lines = [["TITLE", " Plan ", "Unheard of"], ["Ofatumumab", "Example", "x"]]
    rows, table = read(line_end.join(separator.join(line) for line in lines))

    assert [row.cells for row in rows] == [{"title": "Ofatumumab", "plan": "Example", "unheard_of": "x"}]
    assert table.unknown_columns == ["unheard_of"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings_are_told_apart(read, encoding):
    rows, _ = read("plan,title\nExample,Besponsa® – “für”\n".encode(encoding))

    assert rows[0].cells["title"] == "Besponsa® – “für”"


def test_character_that_is_cut_in_two_at_the_end_does_not_change_the_encoding(read):
    rows, table = read("plan,title\nFür,Für\nFür,®".encode()[:-1])

    assert rows[0].cells["plan"] == "Für"
    assert table.encoding == "utf-8-sig"


def test_rows_are_counted_as_a_spreadsheet_does_and_lines_as_an_editor(read):
    rows, _ = read('List of 2025\nplan,title\nA,"two\nlines"\n\n,\nB,b\n')

    assert [(row.number, row.line) for row in rows] == [(3, 3), (6, 7)]


def test_empty_columns_at_the_end_are_passed_over(read):
    rows, table = read("plan,title,,\nA,a,,\nB,b\nC,c,,x\nD,d,,,\n")

    assert [row.problem for row in rows] == [
        *("", ""),
        "it has a cell behind the last column that has a name",
        "it has 5 cells, but the header has 4",
    ]
    assert table.unknown_columns == []


@pytest.mark.parametrize(("row", "cells"), [("A", 1), ("A,b,c,d", 4)])
def test_row_of_another_length_is_a_problem_with_what_could_be_read(read, row, cells):
    rows, _ = read(f"plan,title,codes\n{row}\nB,b,c\n")

    assert [row.problem for row in rows] == [f"it has {cells} cells, but the header has 3", ""]
    assert rows[0].cells["plan"] == "A"


def test_file_cut_within_a_quoted_text_is_a_problem_of_the_row_where_it_began(read):
    rows, _ = read('plan,title,codes\nA,a,J9302\nB,b,"J9301,\nJ9302,\n')

    assert rows[0].problem == ""
    assert (rows[1].number, rows[1].line) == (3, 3)
    assert rows[1].problem.startswith("the file ends within a quoted text that begins in this row: it was cut off")
    assert rows[1].cells == {"plan": "B", "title": "b"}
    assert len(rows) == 2


def test_row_with_a_stray_quotation_mark_is_a_problem_and_the_next_is_read(read):
    rows, _ = read('plan,title,codes\nA,"a" b,c\nB,b,c\n')

    assert rows[0].problem.startswith("it cannot be read (")
    assert rows[0].cells["plan"] == "A"
    assert rows[1] == CsvRow(3, 3, {"plan": "B", "title": "b", "codes": "c"})


@pytest.mark.parametrize("limit", [131_072, 10_000_000])
def test_quotation_mark_that_is_never_closed_ends_the_reading_without_filling_the_memory(read, monkeypatch, limit):
    # The limit is one of the process, and another reader raises it.
    before = csv.field_size_limit(limit)
    try:
        rows, _ = read('plan,title\nA,a\nB,"b\n' + "C,c\n" * 200_000)
    finally:
        csv.field_size_limit(before)

    assert [row.number for row in rows] == [2, 3]
    assert "a quotation mark may be missing. The rest of the file was not read" in rows[1].problem


def test_line_that_never_ends_ends_the_reading(read):
    rows, _ = read("plan,title\nA,a\n" + "x" * 3_000_000)

    assert [bool(row.problem) for row in rows] == [False, True]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "list.csv: the file is empty."),
        (
            "plan,codes\nA,b\n",
            "list.csv, line 1: no header names the columns that are needed; missing: title. Known: plan",
        ),
        ("\n\nhello\nyou\n", "list.csv, line 1: no header names the columns that are needed; missing: plan, title."),
        ("plan,title,Title\nA,b,c\n", "list.csv, line 1: the header has these columns twice: title."),
        (b"plan,title\nA,b\x00\n", "list.csv, line 2: this is not a text file: it holds a NUL character."),
        (b"\xff\xfep\x00l\x00", "list.csv: it is in UTF-16: save it as CSV UTF-8."),
        (b"PK\x03\x04 a workbook", "list.csv: this is a workbook or zip archive, whatever its name says"),
        (b"\xd0\xcf\x11\xe0 a workbook", "list.csv: this is an Excel workbook"),
        (b"\x1f\x8b\x08", "list.csv: it is compressed: unpack it first."),
        (b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n", "list.csv, line 1: no header names the columns"),
    ],
)
def test_file_of_another_kind_is_refused(refusal_of, content, reason):
    assert refusal_of(content).startswith(reason)


def test_large_file_is_refused_before_it_is_read(refusal_of, monkeypatch):
    monkeypatch.setattr(source_files, "MOST_BYTES", 1024 * 1024)
    monkeypatch.setattr(csv_rows, "_encoding", lambda source: pytest.fail("it was read"))

    assert refusal_of(b"plan,title\n" + b"A,b\n" * 300_000) == "list.csv: it is larger than 1 MB."


def test_missing_file_and_folder_are_refused(tmp_path):
    for path, reason in ((tmp_path, "this is a folder"), (tmp_path / "gone.csv", "there is no such file")):
        with pytest.raises(RefusedFile, match=reason), open_csv(path, known=KNOWN, required=("plan",)):
            pass
