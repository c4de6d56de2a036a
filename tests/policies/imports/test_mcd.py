import datetime

import pytest
from django.utils import timezone

from policies.imports.checks import check_plan, check_record
from policies.imports.loader import load_policies
from policies.imports.mcd import read_mcd
from policies.models import Policy
from procedures.code_sets.records import RefusedFile
from tests.factories import get_cms
from tests.policies.imports.mcd_exports import (
    article,
    contractor,
    export,
    lcd,
    listed,
    notes,
    numbers,
    policy,
    problems,
    read,
    table,
    zipped,
)


def test_an_lcd_has_its_facts_from_its_last_version(tmp_path):
    found = read(
        tmp_path,
        lcd=[
            lcd(50001, 9, "Old words", last_updated="2025-01-01", rev_eff_date="2024-01-01"),
            lcd(
                *(50001, 10, "Power &amp; Chairs&reg;"),
                orig_det_eff_date="2015-10-01 00:00:00",
                rev_eff_date="2025-02-03 00:00:00.000000000",
                last_reviewed_on="2025-01-30 00:00:00",
                indication="<p>Covered <b>at home</b>.</p>",
                last_updated="2025-02-04 10:00:00.123000000",
            ),
            lcd(50002, orig_det_eff_date="2015-10-01 00:00:00"),
        ],
    )
    assert policy(found, "L50001").facts == {
        "title": "Power & Chairs®",
        "status": "active",
        "effective": "2025-02-03",
        "last_reviewed": "2025-01-30",
        "retired": None,
        "summary": "Covered at home.",
        "url": "https://www.cms.gov/medicare-coverage-database/view/lcd.aspx?lcdid=50001",
    }
    assert policy(found, "L50002").facts["effective"] == "2015-10-01"
    assert (policy(found, "L50001").file, policy(found, "L50001").row) == ("lcd.csv", 3)
    assert found.as_of == found.verified == datetime.date(2025, 2, 4)
    assert found.kind == "mcd"
    assert not found.report.problems


def test_an_article_has_its_type_and_address(tmp_path):
    rows = [
        article(60001, article_type="6", article_eff_date="2025-02-03", description="For claims."),
        article(60002, article_type="3"),
        article(60003, article_type="99"),
    ]
    found = read(tmp_path, article=rows)
    facts = policy(found, "A60001").facts
    assert facts["url"] == "https://www.cms.gov/medicare-coverage-database/view/article.aspx?articleid=60001"
    assert (facts["article_type"], facts["effective"]) == ("billing-and-coding", "2025-02-03")
    assert facts["summary"] == "For claims."
    assert policy(found, "A60002").facts["article_type"] == "self-administered-drugs"
    assert "article_type" not in policy(found, "A60003").facts


def test_proposed_documents_are_left_out_and_counted(tmp_path):
    found = read(
        tmp_path,
        lcd=[lcd(50001, display_id="39000"), lcd(50002, status="P"), lcd(50003)],
        lcd_x_contractor=[{"lcd_id": 50001, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12}],
        documents_latest=[listed("DL39001"), listed("DA39002")],
    )
    assert numbers(found) == ["L50003"]
    assert found.report.counts["proposed documents, left out"] == 4


@pytest.mark.parametrize(
    ("cells", "status", "retired"),
    [
        ({"status": "R", "date_retired": "2025-03-01"}, "retired", "2025-03-01"),
        ({"status": "A", "ent_det_end_date": "2025-03-01"}, "active", "2025-03-01"),
        ({"status": "A", "ent_det_end_date": "2026-03-01"}, "active", None),
        ({"status": "R"}, "retired", None),
        ({"status": "?"}, None, None),
    ],
)
def test_status_and_end_are_those_of_the_last_version(tmp_path, cells, status, retired):
    found = read(tmp_path, lcd=[lcd(50001, last_updated="2025-06-01", **cells)])
    facts = policy(found, "L50001").facts
    assert (facts.get("status"), facts["retired"]) == (status, retired)


def test_a_document_is_not_retired_before_it_takes_effect(tmp_path):
    found = read(tmp_path, lcd=[lcd(50001, rev_eff_date="2025-05-01", date_retired="2025-04-01", status="R")])
    record = policy(found, "L50001")
    assert (record.facts["effective"], record.facts["retired"]) == (None, "2025-04-01")
    assert "L50001 is retired on 2025-04-01, before it takes effect" in notes(found)
    assert check_record(record) == []


def test_an_impossible_date_is_a_problem_and_leaves_the_document_out(tmp_path):
    rows = [lcd(50001, rev_eff_date="2025-02-30"), lcd(50002), lcd(50003, 1, rev_eff_date="13/13/2020"), lcd(50003, 2)]
    found = read(tmp_path, lcd=rows)
    assert numbers(found) == ["L50002", "L50003"]
    assert problems(found) == ["lcd.csv, row 2: L50001: “2025-02-30” is not a date: no calendar has it"]
    assert found.left_out == {("cms", "lcd", "L50001")}


def test_titles_are_cleaned_cut_and_free_of_licensed_numbers(tmp_path):
    rows = [
        lcd(50001, title="<b>Chairs</b><script>x</script>\n of  &quot;power&quot;"),
        lcd(50002, title="word " * 400),
        lcd(50003, title="Invented Device (CPT codes 00000-00001)"),
        lcd(50004, title="What it is (00000)"),
        lcd(50005, title=""),
    ]
    found = read(tmp_path, lcd=rows)
    assert policy(found, "L50001").facts["title"] == 'Chairs of "power"'
    assert len(policy(found, "L50002").facts["title"]) <= 500
    assert policy(found, "L50003").facts["title"] == "Invented Device"
    assert "title" not in policy(found, "L50004").facts
    assert "title" not in policy(found, "L50005").facts
    assert "2 LCDs have no title in these tables; their numbers stand for it: L50004, L50005." in notes(found)
    assert "lcd.csv, row 3: L50002: its title of 1,999 characters is cut." in notes(found)
    assert found.report.dropped["text with a CPT or CDT number"] == 2
    assert all(check_record(record) == [] for record in found.policies)


def test_the_same_table_twice_is_united_and_the_newest_row_counts(tmp_path):
    export(tmp_path / "a", lcd=[lcd(50001, title="older", last_updated="2025-01-01"), lcd(50002, title="only in a")])
    export(tmp_path / "b", lcd=[lcd(50001, title="newer", last_updated="2025-02-01"), lcd(50003, title="only in b")])
    export(tmp_path / "c", lcd=[lcd(50001, title="oldest", last_updated="2024-02-01")])
    found = read_mcd(tmp_path)
    assert [record.facts["title"] for record in found.policies] == ["newer", "only in a", "only in b"]


def test_related_documents_of_the_last_version_are_references(tmp_path):
    found = read(
        tmp_path,
        lcd=[lcd(50001, 10), lcd(50002)],
        lcd_related_documents=[
            {"lcd_id": 50001, "lcd_version": 9, "r_article_id": 60009},
            {"lcd_id": 50001, "lcd_version": 10, "r_article_id": 60002},
            {"lcd_id": 50001, "lcd_version": 10, "r_article_id": 60001, "r_article_version": 3},
            {"lcd_id": 50001, "lcd_version": 10, "r_lcd_id": 50002},
            {"lcd_id": 50001, "lcd_version": 10, "r_lcd_id": 50001},
        ],
    )
    assert policy(found, "L50001").facts["references"] == ["article:A60001", "article:A60002", "lcd:L50002"]
    assert policy(found, "L50002").facts["references"] == []


def test_references_and_plans_are_not_stated_without_their_tables(tmp_path):
    facts = policy(read(tmp_path, lcd=[lcd(50001)]), "L50001").facts
    assert "references" not in facts
    assert "plans" not in facts


def test_relations_to_ncds_need_the_table_of_ncds(tmp_path):
    tables = {
        "lcd": [lcd(50001)],
        "lcd_related_documents": [],
        "lcd_related_ncd_documents": [{"lcd_id": 50001, "lcd_version": 1, "r_ncd_id": ncd} for ncd in (0, 7, 8)],
    }
    found = read(tmp_path, **tables)
    assert policy(found, "L50001").facts["references"] == []
    assert "2 relations to NCDs are left out" in notes(found)
    ncd = {"NCD_id": 7, "NCD_vrsn_num": 1, "NCD_mnl_sect": "220.6.17", "NCD_mnl_sect_title": "Scans"}
    found = read(tmp_path, **tables, ncd_trkg=[ncd])
    assert policy(found, "L50001").facts["references"] == ["ncd:220.6.17"]
    assert "1 relations to NCDs are left out" in notes(found)


@pytest.mark.django_db
@pytest.mark.parametrize("missing", ["ncd_trkg", "lcd_related_ncd_documents"])
def test_relations_to_ncds_that_are_held_stay_without_their_tables(tmp_path, missing):
    tables = {
        "lcd": [lcd(50001)],
        "lcd_related_documents": [],
        "lcd_related_ncd_documents": [{"lcd_id": 50001, "lcd_version": 1, "r_ncd_id": 7}],
        "ncd_trkg": [{"NCD_id": 7, "NCD_vrsn_num": 1, "NCD_mnl_sect": "220.6", "NCD_mnl_sect_title": "Scans"}],
    }
    whole = read(tmp_path / "whole", **tables)
    load_policies(whole)
    assert not whole.keeps_references("lcd", "ncd:220.6")
    assert whole.keeps_references("article", "ncd:220.6")

    del tables[missing]
    found = read(tmp_path / "part", **tables)
    assert found.keeps_references("lcd", "ncd:220.6")
    assert not found.keeps_references("lcd", "lcd:L50002")
    load_policies(found)
    assert [named.number for named in Policy.objects.get(number="L50001").references.all()] == ["220.6"]


def test_missing_tables_are_named_and_passed_over(tmp_path):
    found = read(tmp_path, lcd=[lcd(50001)])
    assert numbers(found) == ["L50001"]
    assert "these tables are missing" in notes(found)
    assert all(f"{name}.csv" in notes(found) for name in ("article", "contractor", "lcd_x_hcpc_code", "ncd_trkg"))
    assert " lcd.csv" not in notes(found)


def test_lists_of_contractors_alone_are_refused(tmp_path):
    with pytest.raises(RefusedFile, match="no table of documents"):
        read(tmp_path, contractor=[contractor(1)])


def test_without_the_table_of_documents_those_with_contractors_or_codes_are_read(tmp_path):
    found = read(
        tmp_path,
        lcd_x_contractor=[{"lcd_id": 50001, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12}],
        lcd_x_hcpc_code=[{"lcd_id": 50002, "lcd_version": 1, "hcpc_code_id": "K0823", "hcpc_code_group": 1}],
        lcd_related_documents=[{"lcd_id": 50003, "lcd_version": 1, "r_article_id": 60001}],
        contractor=[contractor(1)],
    )
    assert numbers(found) == ["L50001", "L50002"]
    assert "status" not in policy(found, "L50001").facts
    assert policy(found, "L50001").facts["plans"] == ["mcd:1-12"]


def test_with_the_table_of_documents_only_those_in_it_are_read(tmp_path):
    found = read(
        tmp_path,
        lcd=[lcd(50001)],
        lcd_x_contractor=[{"lcd_id": 50002, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12}],
    )
    assert numbers(found) == ["L50001"]


def test_an_export_is_complete_for_the_kinds_whose_documents_it_lists(tmp_path):
    found = read(tmp_path / "a", lcd=[lcd(50001)], documents_latest=[listed("A60001")])
    assert found.is_complete_for("lcd", "cms")
    assert not found.is_complete_for("article", "cms")
    assert not found.is_complete_for("ncd", "cms")
    assert not found.is_complete_for("lcd", "example-plan")
    assert not found.is_complete_for("payer-policy", "cms")
    assert read(tmp_path / "b", article_x_contractor=[]).is_complete_for("article", "cms")
    assert read(tmp_path / "c", ncd_trkg=[]).is_complete_for("ncd", "cms")


def test_a_cut_table_is_not_complete_and_says_nothing_of_what_is_absent(tmp_path):
    cut = table("lcd", [lcd(50001), lcd(50002), lcd(50003, title="Never ended")])
    cut = cut[: cut.index(b"Never ended") + 5]
    contracts = [
        {"lcd_id": number, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12} for number in (50001, 50003)
    ]
    found = read(tmp_path, lcd=cut, lcd_x_contractor=contracts, documents_latest=[listed("L50003")])
    assert numbers(found) == ["L50001"]
    assert found.left_out == {("cms", "lcd", "L50002"), ("cms", "lcd", "L50003")}
    assert problems(found) == ["lcd.csv, row 4: the file ends within a quoted field, it has been cut off"]
    assert not found.is_complete_for("lcd", "cms")


def test_a_cut_table_of_contractors_leaves_out_what_it_does_not_reach(tmp_path):
    rows = [{"lcd_id": n, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12} for n in (50001, 50002)]
    cut = table("lcd_x_contractor", rows) + b'"50003","1'
    found = read(tmp_path, lcd=[lcd(50001), lcd(50002), lcd(50003)], lcd_x_contractor=cut, contractor=[contractor(1)])
    assert numbers(found) == ["L50001"]
    assert {number for _, _, number in found.left_out} == {"L50002", "L50003"}


def test_a_broken_row_leaves_its_document_out(tmp_path):
    rows = [
        {"lcd_id": 50001, "lcd_version": 1, "contractor_id": "one", "contractor_type_id": 12},
        {"lcd_id": 50002, "lcd_version": "one", "contractor_id": 1, "contractor_type_id": 12},
        {"lcd_id": 50003, "lcd_version": 1, "contractor_id": 1, "contractor_type_id": 12},
    ]
    found = read(tmp_path, lcd_x_contractor=rows, contractor=[contractor(1)])
    assert numbers(found) == ["L50003"]
    assert problems(found) == [
        "lcd_x_contractor.csv, row 2: L50001, contractor: “one” is not a number",
        "lcd_x_contractor.csv, row 3: lcd_id and lcd_version: “one” is not a number",
    ]
    assert {number for _, _, number in found.left_out} == {"L50001", "L50002"}


def test_the_issuer_is_cms_as_the_database_has_it(tmp_path, db):
    found = read(tmp_path, lcd=[lcd(50001)])
    assert policy(found, "L50001").issuer == "cms"
    cms, held = found.plans["cms"], get_cms()
    assert (cms.name, cms.kind, cms.region, cms.website) == (held.name, held.kind, held.region, held.website)
    assert check_plan(cms) == []


def test_progress_goes_over_the_tables(tmp_path):
    seen = []

    def progress(items, **options):
        seen.append((len(items), options))
        return items

    read_mcd(export(tmp_path, lcd=[lcd(50001)], article=[]), progress)
    assert seen == [(2, {"desc": "Reading", "unit": " tables"})]


def test_a_zip_and_a_folder_say_the_same(tmp_path):
    folder = export(tmp_path / "folder", lcd=[lcd(50001)])
    path = zipped(tmp_path / "current_lcd.zip", {"lcd.csv": (folder / "lcd.csv").read_bytes()})
    from_folder, from_zip = read_mcd(folder), read_mcd(path)
    assert [record.facts for record in from_zip.policies] == [record.facts for record in from_folder.policies]
    assert from_zip.source_name == "current_lcd.zip"
    assert policy(from_zip, "L50001").file == "current_lcd.zip: lcd.csv"


def test_an_export_without_any_date_is_of_today(tmp_path, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda: datetime.date(2026, 2, 3))
    found = read(tmp_path, lcd=[lcd(50001)])
    assert found.verified is None
    assert found.as_of == datetime.date(2026, 2, 3)


def test_days_of_the_future_are_not_the_day_of_an_export(tmp_path, monkeypatch):
    monkeypatch.setattr(timezone, "localdate", lambda: datetime.date(2025, 2, 3))
    rows = [lcd(50001, last_updated="2025-02-01"), lcd(50002, last_updated="2025-03-01")]
    assert read(tmp_path, lcd=rows, documents_latest=[listed("L50001")]).as_of == datetime.date(2025, 2, 1)
