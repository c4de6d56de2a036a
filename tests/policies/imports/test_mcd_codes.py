import pytest

from policies.imports.checks import check_record
from tests.policies.imports.mcd_exports import article, lcd, notes, numbers, policy, problems, read, table


def code(number, name, group=1, version=1, **cells):
    return {"lcd_id": number, "lcd_version": version, "hcpc_code_id": name, "hcpc_code_group": group, **cells}


def diagnosis(number, name, group=1, version=1, listed_as="covered"):
    row = {"article_id": number, "article_version": version, "icd10_code_id": name}
    return {**row, f"icd10_{listed_as}_group": group}


def drug(number, name, brand_name, place=1, **cells):
    row = {"article_id": number, "article_version": 1, "code_table_row": place}
    return {**row, "hcpc_code_id": name, "brand_name": brand_name, **cells}


def source(table_name, groups=""):
    return {"source": f"Medicare Coverage Database, table {table_name}{groups}"}


def test_codes_of_an_lcd_name_their_groups(tmp_path):
    rows = [code(50001, "K0823", 3), code(50001, "K0823", 1), code(50001, "K0823", 12), code(50001, "e0983", 2)]
    found = read(tmp_path, lcd=[lcd(50001), lcd(50002)], lcd_x_hcpc_code=rows)
    assert policy(found, "L50001").codes == {
        "hcpcs:K0823|named|": source("lcd_x_hcpc_code", ", groups 1, 3, 12"),
        "hcpcs:E0983|named|": source("lcd_x_hcpc_code", ", group 2"),
    }
    assert policy(found, "L50002").codes == {}
    assert check_record(policy(found, "L50001")) == []


def test_only_codes_of_the_last_version_are_named(tmp_path):
    rows = [code(50001, "K0823", version=1), code(50001, "K0824", version=2), code(50002, "K0823", version=1)]
    found = read(tmp_path, lcd=[lcd(50001, 2), lcd(50002, 2)], lcd_x_hcpc_code=rows)
    assert list(policy(found, "L50001").codes) == ["hcpcs:K0824|named|"]
    assert policy(found, "L50002").codes == {}


def test_licensed_numbers_and_rows_without_a_code_are_dropped_and_counted(tmp_path):
    rows = [code(50001, name) for name in ("00000", "0000T", "D0000", "XX000", "", "K0823", "K08 23", "LT")]
    found = read(tmp_path, lcd=[lcd(50001)], lcd_x_hcpc_code=rows)
    assert list(policy(found, "L50001").codes) == ["hcpcs:K0823|named|"]
    assert found.report.dropped == {
        "CPT number, not licensed": 2,
        "CDT number, not licensed": 1,
        "row without a code (“not applicable”)": 2,
        "not a code of its system": 2,
    }
    assert "lcd_x_hcpc_code.csv, row 8: “K08 23” is not a code of its system." in notes(found)


def test_diagnoses_are_covered_or_not(tmp_path):
    found = read(
        tmp_path,
        article=[article(60001)],
        article_x_icd10_covered=[diagnosis(60001, "C84.02"), diagnosis(60001, "C91.1", 2), diagnosis(60001, "XX000")],
        article_x_icd10_noncovered=[diagnosis(60001, "C84.02", 4, listed_as="noncovered")],
    )
    assert policy(found, "A60001").codes == {
        "icd10cm:C8402|covered|": source("article_x_icd10_covered", ", group 1"),
        "icd10cm:C911|covered|": source("article_x_icd10_covered", ", group 2"),
        "icd10cm:C8402|noncovered|": source("article_x_icd10_noncovered", ", group 4"),
    }


def test_drugs_have_their_brand_as_label_and_their_dates(tmp_path):
    found = read(
        tmp_path,
        article=[article(60001)],
        article_x_code_table=[
            drug(
                *(60001, "J3490", "Invencta® (inventumab)\n\nCan be billed under J3590"),
                eff_date="2022-11-19 00:00:00",
                comments="Apparent on its Face|Acceptable Evidentiary Criteria Available",
            ),
            drug(60001, "J3490", "Fictiva*", 2, end_date="2024-01-01 00:00:00"),
            drug(60001, "XX000", "N/A", 3),
        ],
    )
    assert policy(found, "A60001").codes == {
        "hcpcs:J3490|named|Invencta (inventumab)": {
            "note": "Apparent on its Face; Acceptable Evidentiary Criteria Available. Can be billed under J3590",
            "starts": "2022-11-19",
            **source("article_x_code_table"),
        },
        "hcpcs:J3490|named|Fictiva": {"ends": "2024-01-01", **source("article_x_code_table")},
    }
    assert check_record(policy(found, "A60001")) == []


def test_of_a_drug_listed_twice_what_ends_last_counts(tmp_path):
    rows = [
        drug(60001, "J3490", "Invencta", 1, eff_date="2020-01-01", end_date="2021-01-01"),
        drug(60001, "J3490", "Invencta®", 2, eff_date="2022-01-01"),
        drug(60001, "J3490", "Invencta*", 3, eff_date="2023-01-01", end_date="2024-01-01"),
    ]
    (facts,) = policy(read(tmp_path, article=[article(60001)], article_x_code_table=rows), "A60001").codes.values()
    assert facts == {"starts": "2022-01-01", **source("article_x_code_table")}


def test_the_newest_row_at_a_place_of_a_drug_table_counts(tmp_path):
    rows = [
        drug(60001, "J3490", "Newer", last_updated="2025-01-01"),
        drug(60001, "J3490", "Older", last_updated="2024-01-01"),
    ]
    found = read(tmp_path, article=[article(60001)], article_x_code_table=rows)
    assert list(policy(found, "A60001").codes) == ["hcpcs:J3490|named|Newer"]


def test_a_drug_that_was_never_in_effect_is_left_out(tmp_path):
    rows = [drug(60001, "J3490", "Invencta", eff_date="2017-07-17", end_date="2017-07-03")]
    found = read(tmp_path, article=[article(60001)], article_x_code_table=rows)
    assert policy(found, "A60001").codes == {}
    assert "row 2: it ends on 2017-07-03, before it starts on 2017-07-17: left out." in notes(found)
    assert found.report.problem_count == 0


def test_an_impossible_date_of_a_drug_leaves_the_article_out(tmp_path):
    rows = [drug(60001, "J3490", "Invencta", eff_date="2017-02-30"), drug(60002, "J3490", "Invencta")]
    found = read(tmp_path, article=[article(60001), article(60002)], article_x_code_table=rows)
    assert numbers(found) == ["A60002"]
    assert problems(found)[0].startswith("article_x_code_table.csv, row 2: A60001: “2017-02-30” is not a date")
    assert found.left_out == {("cms", "article", "A60001")}


def test_licensed_numbers_in_texts_of_drugs_are_left_out(tmp_path):
    rows = [drug(60001, "J3490", "Invencta\nNote: with 00000", comments="See 0000T|also")]
    found = read(tmp_path, article=[article(60001)], article_x_code_table=rows)
    assert policy(found, "A60001").codes == {"hcpcs:J3490|named|Invencta": source("article_x_code_table")}


def test_codes_are_not_stated_without_their_tables_and_those_held_stay(tmp_path):
    found = read(
        tmp_path, lcd=[lcd(50001)], article=[article(60001)], article_x_code_table=[drug(60001, "J3490", "Invencta")]
    )
    assert policy(found, "L50001").codes is None
    assert len(policy(found, "A60001").codes) == 1
    assert found.keeps_codes("Medicare Coverage Database, table lcd_x_hcpc_code, group 1")
    assert found.keeps_codes("Medicare Coverage Database, table article_x_icd10_covered, groups 1, 2")
    assert not found.keeps_codes("Medicare Coverage Database, table article_x_code_table")
    assert not found.keeps_codes("an editor")


def test_a_cut_table_keeps_the_codes_held(tmp_path):
    rows = table("lcd_x_hcpc_code", [code(50001, "K0823"), code(50002, "K0823")]) + b'"50003","1'
    found = read(tmp_path, lcd=[lcd(50001), lcd(50002), lcd(50003)], lcd_x_hcpc_code=rows)
    assert numbers(found) == ["L50001", "L50003"]
    assert found.keeps_codes("Medicare Coverage Database, table lcd_x_hcpc_code, group 1")
    assert found.left_out == {("cms", "lcd", "L50002")}


@pytest.mark.parametrize("groups", [200, 1])
def test_a_source_fits_its_column_and_is_the_same_each_time(tmp_path, groups):
    rows = [code(50001, "K0823", group) for group in range(groups)]
    first = read(tmp_path / "a", lcd=[lcd(50001)], lcd_x_hcpc_code=rows)
    second = read(tmp_path / "b", lcd=[lcd(50001)], lcd_x_hcpc_code=rows[::-1])
    assert policy(first, "L50001").codes == policy(second, "L50001").codes
    assert check_record(policy(first, "L50001")) == []
