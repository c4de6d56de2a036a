import datetime
import io
import zipfile

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.formula import ArrayFormula

from procedures.admin import sheet_files
from procedures.admin.sheet_files import UnreadableSheet, read_sheet
from procedures.spreadsheet_cells import escape_formula

COLUMNS = ["code", "text"]


def workbook(*rows) -> bytes:
    book, content = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(content)
    return content.getvalue()


def forged(content: bytes, **members: bytes) -> bytes:
    """A workbook with other members of the zip; `sheet` and `strings` are those that matter."""
    paths = {"sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml"}
    changed, made = {paths[name]: text for name, text in members.items()}, io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *changed}:
            new.writestr(name, changed.get(name) or old.read(name))
    return made.getvalue()


def sheet_xml(rows: str) -> bytes:
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<worksheet xmlns="{name}"><sheetData>{rows}</sheetData></worksheet>'.encode()


def row_xml(number: int, *texts: str) -> str:
    cells = (
        f'<c r="{"AB"[place]}{number}" t="inlineStr"><is><t>{text}</t></is></c>' for place, text in enumerate(texts)
    )
    return f'<row r="{number}">{"".join(cells)}</row>'


def refusal(content: bytes) -> str:
    with pytest.raises(UnreadableSheet) as refused:
        read_sheet(content, columns=COLUMNS, ignored=["title"])
    return str(refused.value)


def rows_of(content: bytes) -> list[list[str]]:
    return read_sheet(content, columns=COLUMNS, ignored=["title"]).rows


@pytest.mark.parametrize(
    "content",
    [
        b"code,text\nJ9302,Arzerra\n",
        b"\xef\xbb\xbfcode;text\r\nJ9302;Arzerra\r\n",
        b"Text\tCODE \t\n Arzerra \t J9302",
        b'title,code,text\n"Injection, 10 mg",J9302,Arzerra',
        b"\n\ncode,text\n,\nJ9302,Arzerra,,,",
        workbook(["text", "title", "code", None], ["Arzerra", "x", "J9302", None, None]),
    ],
)
def test_rows_are_read_by_the_names_of_their_columns(content):
    assert rows_of(content) == [["J9302", "Arzerra"]]


def test_rows_have_the_numbers_that_a_spreadsheet_shows():
    assert read_sheet(b"code,text\n\nJ9302,A\n,\nJ9303,B", columns=COLUMNS).numbers == [3, 5]
    book = workbook(["code", "text"], [], ["J9302", "A"], [None, " "], ["J9303", "B"])
    assert read_sheet(book, columns=COLUMNS).numbers == [3, 5]


def test_cells_of_a_workbook_become_texts():
    book = workbook(
        ["code", "text"],
        [12345, 1.0],
        [datetime.date(2025, 1, 31), datetime.datetime(2025, 1, 31)],
        [True, 2.5],
    )
    assert rows_of(book) == [["12345", "1"], ["2025-01-31", "2025-01-31"], ["True", "2.5"]]


def test_formulas_are_read_as_their_stored_values():
    cells = '<c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>'
    book = forged(workbook(), sheet=sheet_xml(row_xml(1, "code", "text") + f'<row r="2">{cells}</row>'))
    assert rows_of(book) == [["2", "ab"]]
    # A formula that no spreadsheet program has calculated has no value.
    assert rows_of(workbook(["code", "text"], ["J9302", "=1+1"])) == [["J9302", ""]]
    assert rows_of(workbook(["code", "text"], ["J9302", ArrayFormula("B2", "=1+1")])) == [["J9302", ""]]


@pytest.mark.parametrize("text", ["=1", "'=1", "''@a", "＝1"])
def test_escaped_formulas_are_read_back(text):
    assert rows_of(f"code,text\nJ9302,{escape_formula(text)}".encode()) == [["J9302", text]]


def test_large_workbook_is_refused_before_it_is_read(monkeypatch):
    book = workbook(["code", "text"], *(["J9302", "Arzerra"] for _ in range(5_001)))
    assert "at most 5,000 rows" in refusal(book)

    bomb = forged(workbook(), strings=bytes(sheet_files.MOST_UNPACKED + 1))
    monkeypatch.setattr(sheet_files, "load_workbook", None)
    assert "at most 5,000 rows" in refusal(bomb)


def test_hundred_thousand_rows_are_not_read_to_their_end(monkeypatch):
    read = []

    def lines(content, most_rows):
        for number in range(100_000):
            read.append(number)
            yield ("code", "text") if not number else ("J9302", "Arzerra")

    monkeypatch.setattr(sheet_files, "_lines_of_xlsx", lines)

    assert "at most 5,000 rows" in refusal(b"PK\x03\x04")
    assert len(read) == 5_002


def test_kind_of_sheet_may_have_more_rows():
    content = b"code,text\n" + b"J9302,Arzerra\n" * 5_001

    assert len(read_sheet(content, columns=COLUMNS, most_rows=20_000).rows) == 5_001
    with pytest.raises(UnreadableSheet, match="at most 20,000 rows"):
        read_sheet(content * 4, columns=COLUMNS, most_rows=20_000)


def test_empty_rows_without_end_are_refused():
    far = forged(workbook(), sheet=sheet_xml(row_xml(1, "code", "text") + row_xml(99_999_999, "J9302", "Arzerra")))
    assert "empty ones included" in refusal(far)


def test_cell_far_to_the_right_is_not_looked_at():
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>J9302</t></is></c><c r="ZZZ2"><v>1</v></c></row>'
    assert rows_of(forged(workbook(), sheet=sheet_xml(row_xml(1, "code", "text") + row))) == [["J9302", ""]]


def test_entities_are_not_expanded_without_end():
    laughs = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "haha">{laughs}]>'.encode()
    assert "cannot be read" in refusal(
        forged(workbook(), sheet=head + sheet_xml(row_xml(1, "code", "text") + row_xml(2, "J9302", "&e9;")))
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (forged(workbook(), sheet=b"<worksheet"), "cannot be read"),
        (forged(workbook(), sheet=b"no xml"), "cannot be read"),
        (workbook(["code", "text"])[:-40], "cannot be read"),
        (workbook(), "The sheet is empty"),
        (b"code,,text\nJ9302,x,Arzerra", "Column 2 has no name"),
        (b"code,text\nJ9302,Arzerra,x", "Row 2 has more cells"),
        (b'code,text\nJ9302,"Arz"erra', "Line 2 of the CSV"),
        (b"code,text\nJ9302," + b"x" * 200_000, "Line 2 of the CSV"),
        (b"code\nJ9302", "text is missing"),
        (b"x" * 5_000, "text are missing"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(content, words):
    assert words in refusal(content)


def test_zip_that_is_no_workbook_is_refused():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("names.csv", "code,text")
    assert refusal(content.getvalue()) == "This is a zip, not an XLSX file."
