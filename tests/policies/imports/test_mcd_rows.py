import datetime

import pytest

from policies.imports.mcd_rows import LastVersions, RowReader, read_day, read_number
from policies.imports.mcd_tables import open_tables
from policies.imports.records import ImportReport
from tests.policies.imports.mcd_exports import export, lcd


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2014-04-02 20:41:53", datetime.date(2014, 4, 2)),
        ("2025-12-22 15:54:37.413000000", datetime.date(2025, 12, 22)),
        ("2025-12-22", datetime.date(2025, 12, 22)),
        ("05/16/2023", datetime.date(2023, 5, 16)),
        (" 5/6/2023 ", datetime.date(2023, 5, 6)),
        ("", None),
        ("N/A", None),
    ],
)
def test_days_are_read_in_both_forms(text, day):
    assert read_day(text) == day


@pytest.mark.parametrize(
    "text", ["2025-02-30", "13/45/2023", "0001-01-01", "9999-12-31", "soon", "20250101", "٢٠٢٥-٠١-٠١x"]
)
def test_impossible_days_are_named(text):
    with pytest.raises(ValueError, match="is not a date"):
        read_day(text)


@pytest.mark.parametrize("text", ["", "x", "-1", "1.0", "1_0", "٣", "1" * 30])
def test_what_is_not_all_digits_is_no_number(text):
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text)


def test_only_the_last_version_is_held():
    held = LastVersions(list)
    for version, what in ((2, "b"), (1, "a"), (2, "c"), (10, "d"), (9, "e")):
        found = held.at(50001, version)
        if found is not None:
            found.append(what)
    assert held.of(50001) == ["d"]
    assert held.of(50001, 2) is None
    assert held.version(50001) == 10
    assert held.version(50002) == -1


def test_newest_day_is_none_of_the_future(tmp_path):
    rows = [lcd(1, last_updated="2025-03-04 10:00:00"), lcd(2, last_updated="2031-01-01"), lcd(3, last_updated="x")]
    reader = RowReader(ImportReport(), datetime.date(2025, 6, 1))
    with open_tables(export(tmp_path, lcd=rows)) as (found,):
        assert len(list(reader.document_rows(found, ("title",)))) == 3
    assert reader.newest == datetime.date(2025, 3, 4)
    assert "last_updated of 1 rows is no date" in str(reader.report.notes[0])
