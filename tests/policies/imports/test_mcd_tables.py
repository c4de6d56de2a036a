import csv
import io
import zipfile

import pytest

from policies.imports import mcd_tables
from policies.imports.mcd_tables import open_tables, table_name
from policies.imports.records import ImportReport
from procedures.code_sets import source_files
from procedures.code_sets.records import RefusedFile
from tests.policies.imports.mcd_exports import contractor, export, lcd, table, zipped

CHAIR = lcd(50001, title="Chair")


def read_all(path):
    """(table, title) of every lcd row, and the report."""
    report = ImportReport()
    with open_tables(path) as tables:
        return [(t.file, cells[1]) for t in tables for _, cells in t.rows(("lcd_id", "title"), report)], report


def refusal_of(path) -> str:
    with pytest.raises(RefusedFile) as refused:
        read_all(path)
    return str(refused.value)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("lcd.csv", "lcd"),
        ("LCD.CSV", "lcd"),
        ("documents_latest_2025-08.csv", "documents_latest"),
        ("documents_latest.csv", "documents_latest"),
        ("lcd.ASSEMBLED.csv", ""),
        ("documents_latest.ASSEMBLED.csv", ""),
        ("lcd.csv.bak", ""),
        ("lcd_x_requestor_letters.csv", ""),
        ("._lcd.csv", ""),
        ("lcd", ""),
        ("csv", ""),
    ],
)
def test_only_official_names_are_tables(file, name):
    assert table_name(file) == name


def test_tables_are_found_in_subfolders_zips_and_zips_within_zips(tmp_path):
    export(tmp_path / "deep" / "er", lcd=[lcd(1, title="folder")])
    inner = zipped(tmp_path / "inner", {"lcd.csv": table("lcd", [lcd(2, title="zip in zip")]), "letters.csv": b"x"})
    zipped(tmp_path / "outer.zip", {"data/current_lcd_csv.zip": inner.read_bytes(), "readme_first.txt": b"x"})
    zipped(tmp_path / "deep" / "flat.ZIP", {"csv\\lcd.csv": table("lcd", [lcd(3, title="zip")])})
    (tmp_path / "deep" / "lcd.ASSEMBLED.csv").write_bytes(table("lcd", [lcd(4, title="never")]))
    assert sorted(read_all(tmp_path)[0]) == [
        ("deep/er/lcd.csv", "folder"),
        ("deep/flat.ZIP: lcd.csv", "zip"),
        ("outer.zip: current_lcd_csv.zip: lcd.csv", "zip in zip"),
    ]


def test_a_single_table_and_a_zip_can_be_named(tmp_path):
    folder = export(tmp_path, lcd=[CHAIR])
    assert read_all(folder / "lcd.csv")[0] == [("lcd.csv", "Chair")]
    path = zipped(tmp_path / "all.zip", {"lcd.csv": table("lcd", [CHAIR])})
    assert read_all(path)[0] == [("all.zip: lcd.csv", "Chair")]


def test_zips_deeper_than_three_are_refused(tmp_path):
    content = zipped(tmp_path / "0", {"lcd.csv": table("lcd", [CHAIR])}).read_bytes()
    for depth in (1, 2):
        content = zipped(tmp_path / str(depth), {"in.zip": content}).read_bytes()
    (tmp_path / "third.zip").write_bytes(content)
    assert read_all(tmp_path / "third.zip")[0] == [("third.zip: in.zip: in.zip: lcd.csv", "Chair")]
    zipped(tmp_path / "fourth.zip", {"in.zip": content})
    assert "zips lie more than 3 deep" in refusal_of(tmp_path / "fourth.zip")


def test_nothing_to_read_is_refused(tmp_path):
    assert "there is no such file" in refusal_of(tmp_path / "missing")
    (tmp_path / "lcd.ASSEMBLED.csv").write_bytes(table("lcd", [CHAIR]))
    assert "there is no table" in refusal_of(tmp_path)
    (tmp_path / "text.txt").write_text("text")
    assert "neither a folder nor a zip" in refusal_of(tmp_path / "text.txt")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing")
    assert "broken.zip: the archive is damaged" in refusal_of(tmp_path / "broken.zip")


def test_a_damaged_member_is_refused_by_name(tmp_path):
    path = zipped(tmp_path / "all.zip", {"lcd.csv": table("lcd", [lcd(n, title=f"{n * 7919}") for n in range(500)])})
    content = bytearray(path.read_bytes())
    content[400:420] = b"\0" * 20
    path.write_bytes(content)
    assert "all.zip: lcd.csv: the archive is damaged" in refusal_of(path)


@pytest.mark.parametrize("name", ["lcd.csv", "inner.zip"])
def test_a_member_of_more_than_the_limit_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(mcd_tables, "MOST_BYTES", 1_000)
    path = zipped(tmp_path / "all.zip", {name: b"x" * 2_000})
    assert f"all.zip: {name}: it is larger than" in refusal_of(path)


def test_a_file_that_turns_out_larger_is_refused_while_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(source_files, "MOST_BYTES", 1_000)
    assert "lcd.csv: it holds more than" in refusal_of(export(tmp_path, lcd=[lcd(n) for n in range(100)]))


def test_members_that_are_too_large_together_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mcd_tables, "MOST_BYTES_TOGETHER", 3_000)
    content = table("lcd", [lcd(n) for n in range(20)])
    path = zipped(tmp_path / "all.zip", {f"{n}/lcd.csv": content for n in range(3)})
    assert "together with what was read before" in refusal_of(path)


def test_too_many_members_and_tables_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(mcd_tables, "MOST_TABLES", 2)
    content = table("lcd", [CHAIR])
    path = zipped(tmp_path / "all.zip", {f"{n}/lcd.csv": content for n in range(3)})
    assert "more than 2 tables" in refusal_of(path)
    monkeypatch.setattr(mcd_tables, "MOST_MEMBERS", 2)
    assert "more than 2 files" in refusal_of(path)


def test_an_encrypted_zip_is_refused(tmp_path):
    path = zipped(tmp_path / "all.zip", {"lcd.csv": table("lcd", [CHAIR])})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "all.zip: lcd.csv: it cannot be read" in refusal_of(path)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
def test_both_encodings_are_read(tmp_path, encoding):
    folder = export(tmp_path, lcd=table("lcd", [lcd(50001, title="Kesimpta® – “chair”")], encoding))
    assert read_all(folder)[0] == [("lcd.csv", "Kesimpta® – “chair”")]


def test_fields_keep_their_line_breaks_and_may_be_long(tmp_path):
    title = "one\n" + "x" * 300_000
    limit = csv.field_size_limit()
    assert read_all(export(tmp_path, lcd=[lcd(50001, title=title)]))[0] == [("lcd.csv", title)]
    assert csv.field_size_limit() == limit


def test_missing_key_columns_are_refused_by_name(tmp_path):
    folder = export(tmp_path, lcd=b"lcd_id,title\n1,Chair\n")
    assert refusal_of(folder) == "lcd.csv, line 1: the columns lcd_version, status, display_id are missing."
    assert "lcd_id, lcd_version" in refusal_of(export(tmp_path, lcd=b""))


def test_a_column_that_is_not_needed_may_be_missing(tmp_path):
    report = ImportReport()
    with open_tables(export(tmp_path, state_lookup=b"STATE_ID, description\n1,Alaska\n")) as (states,):
        assert list(states.rows(("state_id", "description", "state_abbrev"), report)) == [(2, ("1", "Alaska", ""))]


def test_a_binary_file_is_refused(tmp_path):
    assert "lcd.csv, line 2: this is not a text file" in refusal_of(
        export(tmp_path, lcd=table("lcd", []) + b"1,\x00\x00,\n")
    )


def test_a_row_with_other_cells_is_a_problem_and_the_rest_is_read(tmp_path):
    content = table("lcd", [lcd(50001)]) + b'"50002","1","Stray"\n\n' + table("lcd", [lcd(50003)]).split(b"\n", 1)[1]
    rows, report = read_all(export(tmp_path, lcd=content))
    assert len(rows) == 2
    assert [str(line) for line in report.problems] == ["lcd.csv, row 3: the row has 3 cells, not 48"]


def test_a_file_cut_within_a_quoted_field_is_a_problem(tmp_path):
    content = table("lcd", [lcd(50001), lcd(50002, title="Never ended")])
    cut = content[: content.index(b"Never ended") + 5]
    with open_tables(export(tmp_path, lcd=cut)) as (found,):
        report = ImportReport()
        assert len(list(found.rows(("lcd_id", "title"), report))) == 1
        assert found.is_cut
        assert found.lost == {"50001"}
    assert [str(line) for line in report.problems] == [
        "lcd.csv, row 3: the file ends within a quoted field, it has been cut off"
    ]


def test_a_quotation_mark_that_is_never_closed_ends_at_the_limit_of_a_field(tmp_path, monkeypatch):
    monkeypatch.setattr(mcd_tables, "LONGEST_FIELD", 1_000)
    content = table("lcd", [lcd(50001)]) + b'"5,' + b"\nx" * 2_000
    _, report = read_all(export(tmp_path, lcd=content))
    assert "row 3: it cannot be read from here on (field larger than field limit" in str(report.problems[0])


def test_tables_come_in_a_fixed_order(tmp_path):
    folder = export(tmp_path, lcd=[CHAIR], contractor=[contractor(1)], lcd_x_contractor=[])
    with open_tables(folder) as tables:
        assert [found.name for found in tables] == ["contractor", "lcd", "lcd_x_contractor"]


def test_a_zip_of_zips_of_one_entry_repeated_is_refused(tmp_path, monkeypatch):
    """Many names for the same compressed bytes count as often as they are named."""
    monkeypatch.setattr(mcd_tables, "MOST_BYTES_TOGETHER", 100_000)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(20):
            archive.writestr(f"{number}/documents_latest.csv", b"x" * 10_000)
    (tmp_path / "bomb.zip").write_bytes(stream.getvalue())
    assert "together with what was read before" in refusal_of(tmp_path / "bomb.zip")
