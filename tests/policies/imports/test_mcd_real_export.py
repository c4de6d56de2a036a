"""The tables of the Medicare Coverage Database in RELEASES_DIR: seven of them and documents_latest are missing."""

import datetime
import re
import shutil
import zipfile

import pytest

from policies.imports.checks import check_plan, check_record
from policies.imports.mcd import read_mcd
from policies.imports.records import ReadPolicies
from tests.policies.imports.mcd_exports import notes, policy

pytestmark = pytest.mark.releases

CPT_OR_CDT = re.compile(r"(?<![A-Z0-9])(?:\d{5}|\d{4}[FTUMA]|D\d{4})(?![A-Z0-9])")
ADDRESS = re.compile(
    r"https://www\.cms\.gov/medicare-coverage-database/view/(?:lcd\.aspx\?lcdid|article\.aspx\?articleid)=\d{5}"
)
DRUGS = "Medicare Coverage Database, table article_x_code_table"


@pytest.fixture(scope="module")
def export(releases_dir) -> ReadPolicies:
    return read_mcd(releases_dir / "mcd")


def test_all_documents_and_codes_are_read(export):
    assert export.report.problem_count == 0
    counts = export.report.counts
    assert (counts["LCDs"], counts["articles"]) == (1_081, 2_300)
    assert counts["rows of lcd_x_hcpc_code"] == 2_162
    assert counts["rows of article_x_code_table"] == 1_480
    lcds = [record for record in export.policies if record.kind == "lcd" and record.codes]
    assert len(lcds) == 62
    # Two codes stand in two groups of their LCD.
    assert sum(len(record.codes) for record in lcds) == 2_160
    assert export.as_of == export.verified == datetime.date(2026, 1, 23)
    assert not export.left_out


def test_every_record_can_be_stored(export):
    assert [problem for record in export.policies for problem in check_record(record)] == []
    assert [problem for plan in export.plans.values() for problem in check_plan(plan)] == []


def test_a_wheelchair_code_has_its_lcds_and_their_articles(export):
    naming = [record for record in export.policies if "hcpcs:K0823|named|" in (record.codes or {})]
    assert "L33789" in [record.number for record in naming]
    lcd = policy(export, "L33789")
    assert lcd.facts["title"] == "Power Mobility Devices"
    assert lcd.facts["url"] == "https://www.cms.gov/medicare-coverage-database/view/lcd.aspx?lcdid=33789"
    assert lcd.facts["effective"] == "2023-05-16"
    assert lcd.facts["references"] == ["article:A52498", "article:A55426"]
    assert lcd.facts["plans"] == ["mcd:139-10", "mcd:140-10", "mcd:388-10", "mcd:389-10"]
    assert export.plans["mcd:139-10"].name == "Noridian Healthcare Solutions, LLC (DME MAC 19003)"
    article = policy(export, "A52498")
    assert article.facts["title"] == "Power Mobility Devices - Policy Article"
    assert "lcd:L33789" in article.facts["references"]


def test_self_administered_drugs_have_their_brand_names(export):
    articles = [r for r in export.policies if r.facts.get("article_type") == "self-administered-drugs" and r.codes]
    assert len(articles) == 8
    kesimpta = {
        key.split("|")[0]
        for record in articles
        for key in record.codes
        if "kesimpta" in key.lower() and "ofatumumab" in key.lower()
    }
    assert kesimpta == {"hcpcs:C9399", "hcpcs:J3490", "hcpcs:J3590"}
    assert policy(export, "A53032").codes["hcpcs:C9399|named|ofatumumab (Kesimpta) subcutaneous use"] == {
        "note": "Apparent on its Face; Presumption of Long-Term Non-Acute Administration",
        "starts": "2022-07-17",
        "source": DRUGS,
    }
    labels = [key.split("|", 2)[2] for record in articles for key in record.codes]
    assert all(labels)
    assert not [label for label in labels if re.search(r"[®™*<>&\n]|  ", label)]


def test_addresses_are_well_formed_and_without_a_version(export):
    assert all(ADDRESS.fullmatch(record.facts["url"]) for record in export.policies)
    assert len({record.facts["url"] for record in export.policies}) == len(export.policies)


def test_no_licensed_number_is_in_any_text(export):
    texts = [text for r in export.policies for text in (r.facts.get("title", ""), r.facts.get("summary", ""))]
    codes = [(key, columns) for record in export.policies for key, columns in (record.codes or {}).items()]
    texts += [key.split("|", 2)[2] for key, _ in codes] + [columns.get("note", "") for _, columns in codes]
    assert [text for text in texts if CPT_OR_CDT.search(text)] == []
    assert [key for key, _ in codes if not re.match(r"hcpcs:[A-CE-V]\d{4}\|named\|", key)] == []
    assert export.report.dropped["text with a CPT or CDT number"] == 14


def test_contractors_are_plans_of_seven_organizations(export):
    plans = [plan for key, plan in export.plans.items() if key != "cms"]
    assert len(plans) == len({plan.name for plan in plans}) == len({plan.contractor_number for plan in plans}) == 120
    assert len({plan.organization for plan in plans}) == 7
    assert all(plan.region and plan.website.startswith("https://") for plan in plans)
    assert all(re.search(r"\((?:MAC Part [AB]|HHH MAC|DME MAC) \d{5}\)$", plan.name) for plan in plans)


def test_documents_without_title_or_with_facts_of_another_version_are_known(export):
    untitled = [record for record in export.policies if "title" not in record.facts]
    # Of 260 no list has the title; the others are in the way of a licensed number.
    assert len(untitled) == 264
    assert "have no title in these tables; their numbers stand for it: L" in notes(export)
    old = [record for record in export.policies if record.verified == datetime.date(2025, 8, 8)]
    assert len(old) == 1_083
    retired = [record for record in export.policies if record.facts.get("status") == "retired"]
    assert len(retired) == 94
    assert all(record.facts["effective"] <= record.facts["retired"] <= "2025-08-31" for record in retired)


def test_missing_tables_keep_what_is_held(export):
    assert "article_x_icd10_covered.csv" in notes(export)
    assert export.keeps_codes("Medicare Coverage Database, table article_x_hcpc_code, group 1")
    assert not export.keeps_codes("Medicare Coverage Database, table lcd_x_hcpc_code, group 1")
    assert export.is_complete_for("lcd", "cms")
    assert export.is_complete_for("article", "cms")
    assert not export.is_complete_for("ncd", "cms")


def test_nested_zips_say_the_same_as_the_folder(export, releases_dir, tmp_path):
    inner, outer = tmp_path / "current_lcd_csv.zip", tmp_path / "current_lcd.zip"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((releases_dir / "mcd/current_lcd").iterdir()):
            archive.write(file, file.name)
    with zipfile.ZipFile(outer, "w") as archive:
        archive.write(inner, inner.name)
    inner.unlink()
    shutil.copytree(releases_dir / "mcd/current_article", tmp_path / "current_article")
    shutil.copy(releases_dir / "mcd/documents_latest_2025-08.csv", tmp_path)
    found = read_mcd(tmp_path)
    assert [(r.number, r.facts, r.codes) for r in found.policies] == [
        (r.number, r.facts, r.codes) for r in export.policies
    ]
    assert found.plans == export.plans


def test_tables_assembled_by_others_can_be_parsed_under_official_names(releases_dir, tmp_path):
    """They are no facts, but have the layout of the tables that are missing."""
    for name in ("lcd", "article", "article_x_hcpc_code"):
        shutil.copy(releases_dir / f"mcd/assembled_samples/{name}.ASSEMBLED.csv", tmp_path / f"{name}.csv")
    found = read_mcd(tmp_path)
    assert (found.report.counts["LCDs"], found.report.counts["articles"]) == (856, 1_931)
    assert found.report.problem_count == 0
    assert policy(found, "L33252").facts["status"] == "active"
    assert policy(found, "L33252").facts["effective"] == "2020-07-01"
    assert policy(found, "A52370").codes["hcpcs:J9035|named|"] == {
        "source": "Medicare Coverage Database, table article_x_hcpc_code, group 1"
    }
