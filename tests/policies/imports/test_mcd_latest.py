import datetime

from tests.policies.imports.mcd_exports import lcd, listed, notes, numbers, policy, problems, read


def contracts(number, version):
    return [{"lcd_id": number, "lcd_version": version, "contractor_id": 1, "contractor_type_id": 12,
             "last_updated": "2026-01-20 10:00:00"}]  # fmt: skip


def test_the_list_supplies_title_date_and_address_without_version(tmp_path):
    found = read(tmp_path, documents_latest=[listed("L50001", 35, "Chairs &amp; more"), listed("A60001")])
    record = policy(found, "L50001")
    assert record.facts == {
        "title": "Chairs & more",
        "effective": "2023-05-16",
        "retired": None,
        "url": "https://www.cms.gov/medicare-coverage-database/view/lcd.aspx?lcdid=50001",
    }
    assert record.codes is None
    assert found.as_of == found.verified == datetime.date(2025, 8, 9)
    assert policy(found, "A60001").facts["url"].endswith("/view/article.aspx?articleid=60001")


def test_the_newest_of_duplicate_rows_counts_wherever_it_stands(tmp_path):
    rows = [
        listed("L50001", 3, "newest", sort="20250809104056"),
        listed("L50001", 3, "older", sort="20240809104056"),
    ]
    assert policy(read(tmp_path / "a", documents_latest=rows), "L50001").facts["title"] == "newest"
    found = read(tmp_path / "b", **{"documents_latest_1": rows[1:], "documents_latest_2": rows[:1]})
    assert policy(found, "L50001").facts["title"] == "newest"


def test_a_version_not_yet_in_effect_gives_way_and_is_noted(tmp_path):
    rows = [
        listed("L50001", 6, "Future words", "11/07/2025", "20250809104056", note="Future(Notice Ends 11/06/2025)"),
        listed("L50001", 3, "Words in effect", "11/01/2022", "20220909072735"),
    ]
    found = read(tmp_path, documents_latest=rows)
    assert policy(found, "L50001").facts["title"] == "Words in effect"
    assert policy(found, "L50001").facts["effective"] == "2022-11-01"
    assert "row 2: L50001: version 6, from 11/07/2025, is not in effect; version 3 counts." in notes(found)


def test_a_version_that_was_announced_counts_from_its_day(tmp_path):
    rows = [
        listed("L50001", 6, "Later words", "09/07/2025", "20250809104056", note="Future"),
        listed("L50001", 3, "Earlier words", "11/01/2022", "20220909072735"),
    ]
    found = read(tmp_path, documents_latest=rows, lcd_x_contractor=contracts(50002, 1))
    assert found.as_of == datetime.date(2026, 1, 20)
    assert policy(found, "L50001").facts["title"] == "Later words"


def test_a_future_version_alone_is_read(tmp_path):
    found = read(tmp_path, documents_latest=[listed("L50001", 1, "Only", "01/01/2026", note="Future")])
    assert policy(found, "L50001").facts["effective"] == "2026-01-01"


def test_the_version_of_the_tables_counts_first(tmp_path):
    rows = [listed("L50001", 3, "Three", sort="20220909072735"), listed("L50001", 6, "Six", sort="20250809104056")]
    found = read(tmp_path, documents_latest=rows, lcd_x_contractor=contracts(50001, 3))
    assert policy(found, "L50001").facts["title"] == "Three"
    assert policy(found, "L50001").verified is None
    assert found.verified == datetime.date(2026, 1, 20)


def test_facts_of_the_list_alone_are_verified_on_its_day(tmp_path):
    found = read(
        tmp_path, documents_latest=[listed("L50001", 3), listed("L50002", 3)], lcd_x_contractor=contracts(50001, 4)
    )
    assert found.verified == datetime.date(2026, 1, 20)
    assert policy(found, "L50001").verified == datetime.date(2025, 8, 9)
    assert policy(found, "L50002").verified == datetime.date(2025, 8, 9)


def test_retired_documents_are_retired_and_others_have_no_status(tmp_path):
    rows = [
        listed("L50001", note="Retired", retirement_date="06/26/2025"),
        listed("L50002", note="(Notice Ended 06/26/2025)"),
        listed("L50003", retirement_date="06/26/2025"),
        listed("L50004", retirement_date="06/26/2026"),
    ]
    found = read(tmp_path, documents_latest=rows)
    facts = {record.number: record.facts for record in found.policies}
    assert (facts["L50001"]["status"], facts["L50001"]["retired"]) == ("retired", "2025-06-26")
    assert "status" not in facts["L50002"]
    assert facts["L50003"]["status"] == "retired"
    assert ("status" in facts["L50004"], facts["L50004"]["retired"]) == (False, "2026-06-26")


def test_an_older_list_does_not_retire_what_the_tables_have(tmp_path):
    row = listed("L50001", 3, note="Retired", retirement_date="06/26/2025")
    found = read(tmp_path, documents_latest=[row], lcd_x_contractor=contracts(50001, 4))
    assert "status" not in policy(found, "L50001").facts
    assert "L50001 is retired there, but the tables have another version of it." in notes(found)


def test_the_table_of_documents_knows_better_than_the_list(tmp_path):
    base = lcd(50001, 4, "Table", rev_eff_date="2025-12-01")
    found = read(tmp_path, documents_latest=[listed("L50001", 3, "List"), listed("L50002", 3, "List")], lcd=[base])
    assert policy(found, "L50001").facts["title"] == "Table"
    assert policy(found, "L50001").facts["effective"] == "2025-12-01"
    assert policy(found, "L50001").verified is None
    assert policy(found, "L50002").facts["title"] == "List"
    base = lcd(50001, 3, "", rev_eff_date="")
    found = read(tmp_path, documents_latest=[listed("L50001", 3, "List")], lcd=[base])
    assert policy(found, "L50001").facts["title"] == "List"
    assert policy(found, "L50001").facts["effective"] == "2023-05-16"


def test_impossible_dates_and_other_documents_are_reported(tmp_path):
    rows = [
        listed("L50001", effective="02/30/2025"),
        listed("L50002", document_version="x"),
        listed("M0001", document_type="MEDCAC"),
        listed("L50003"),
    ]
    found = read(tmp_path, documents_latest=rows)
    assert numbers(found) == ["L50003"]
    assert problems(found) == [
        "documents_latest.csv, row 3: L50002, document_version: “x” is not a number",
        "documents_latest.csv, row 2: L50001: “02/30/2025” is not a date: no calendar has it",
    ]
    assert found.report.counts["documents of type “MEDCAC”, left out"] == 1
    assert ("cms", "lcd", "L50001") in found.left_out
