import pytest

from policies.imports.checks import check_plan
from tests.policies.imports.mcd_exports import contractor, lcd, notes, policy, read


def contract(number, contractor_id, kind=12, version=1):
    return {"lcd_id": number, "lcd_version": version, "contractor_id": contractor_id, "contractor_type_id": kind}


def jurisdiction(contractor_id, state, kind=12, version=1, ended=""):
    row = {"contractor_id": contractor_id, "contractor_type_id": kind, "contractor_version": version}
    return {**row, "state_id": state, "term_date": ended}


STATES = [
    {"state_id": 1, "description": "Alaska"},
    {"state_id": 2, "description": "California - Entire State"},
    {"state_id": 3, "description": "California - Northern"},
]


def test_a_contractor_is_a_plan_with_name_number_states_and_website(tmp_path):
    found = read(
        tmp_path,
        lcd=[lcd(50001, last_updated="2025-06-01")],
        contractor=[
            contractor(1, 10, "Invented Health &amp; Co", "77103", contractor_subtype_id="4", url="www.example.com/jd")
        ],
        contractor_jurisdiction=[
            jurisdiction(1, 2, 10),
            jurisdiction(1, 1, 10),
            jurisdiction(1, 3, 10, ended="2009-07-31 00:00:00"),
        ],
        state_lookup=STATES,
        lcd_x_contractor=[contract(50001, 1, 10)],
    )
    plan = found.plans["mcd:1-10"]
    assert plan.name == "Invented Health & Co (DME MAC 77103)"
    assert plan.organization == "Invented Health & Co"
    assert (plan.kind, plan.contractor_number, plan.source_key) == ("medicare-contractor", "77103", "mcd:1-10")
    assert plan.region == "Alaska, California"
    assert plan.website == "https://www.example.com/jd"
    assert check_plan(plan) == []
    assert policy(found, "L50001").facts["plans"] == ["mcd:1-10"]


@pytest.mark.parametrize(
    ("kind", "subtype", "words"),
    [(12, "1", "MAC Part A 77101"), (13, "3", "HHH MAC 77101"), (9, "", "MAC Part B 77101"), (12, "", "77101")],
)
def test_the_words_of_a_contract_are_those_that_are_certain(tmp_path, kind, subtype, words):
    found = read(tmp_path, lcd=[lcd(50001)], contractor=[contractor(1, kind, contractor_subtype_id=subtype)])
    assert found.plans[f"mcd:1-{kind}"].name == f"Invented Health, Inc. ({words})"


def test_the_lookup_of_types_names_what_nothing_else_does(tmp_path):
    types = [{"contractor_type_id": 12, "description": "A and B MAC"}]
    found = read(tmp_path, lcd=[lcd(50001)], contractor=[contractor(1)], contractor_type_lookup=types)
    assert found.plans["mcd:1-12"].name == "Invented Health, Inc. (A and B MAC 77101)"


def test_the_newest_row_of_a_contractor_counts(tmp_path):
    rows = [
        contractor(1, name="Second", contractor_version=2, last_updated="2020-01-01"),
        contractor(1, name="Third", contractor_version=2, last_updated="2021-01-01"),
        contractor(1, name="First", contractor_version=1, last_updated="2025-01-01"),
    ]
    assert read(tmp_path, lcd=[lcd(50001)], contractor=rows).plans["mcd:1-12"].organization == "Third"


def test_contractors_with_the_same_number_are_one_plan(tmp_path):
    rows = [
        contractor(1, name="Deleted", status="D", last_updated="2025-05-05"),
        contractor(2, name="In force", last_updated="2024-01-01 10:00:00"),
        contractor(3, name="In force before", last_updated="2020-01-01 10:00:00"),
    ]
    found = read(tmp_path, lcd=[lcd(50001)], contractor=rows, lcd_x_contractor=[contract(50001, n) for n in (1, 2, 3)])
    assert [plan.organization for key, plan in found.plans.items() if key != "cms"] == ["In force"]
    assert policy(found, "L50001").facts["plans"] == ["mcd:2-12"]


def test_plan_names_differ(tmp_path):
    rows = [contractor(1, contract="77101"), contractor(2, contract="77102"), contractor(3, contract="")]
    rows += [contractor(4, contract="")]
    names = [plan.name for plan in read(tmp_path, lcd=[lcd(50001)], contractor=rows).plans.values()]
    assert len(set(names)) == 5


@pytest.mark.parametrize("website", ["not an address", "javascript:alert(1)", "https://", "x" * 400, ""])
def test_what_is_no_website_is_left_empty(tmp_path, website):
    found = read(tmp_path, lcd=[lcd(50001)], contractor=[contractor(1, url=website)])
    assert found.plans["mcd:1-12"].website == ""


def test_unknown_contractors_are_noted_and_ignored_ones_are_no_plans(tmp_path):
    rows = [contract(50001, 1), contract(50001, 7), contract(50002, 7), contract(50003, 2)]
    found = read(
        tmp_path,
        lcd=[lcd(50001), lcd(50002), lcd(50003)],
        contractor=[contractor(1), contractor(2, contract="77102", ignore="Y")],
        lcd_x_contractor=rows,
    )
    assert "lcd_x_contractor.csv: contractor 7-12 is not in contractor.csv; 2 documents name it." in notes(found)
    assert policy(found, "L50001").facts["plans"] == ["mcd:1-12"]
    # No plans would mean that it applies to all.
    assert "plans" not in policy(found, "L50002").facts
    assert "plans" not in policy(found, "L50003").facts


def test_only_contractors_of_the_last_version_apply_a_document(tmp_path):
    found = read(
        tmp_path,
        lcd=[lcd(50001, 2)],
        contractor=[contractor(1, contract="77101"), contractor(2, contract="77102")],
        lcd_x_contractor=[contract(50001, 1, version=1), contract(50001, 2, version=2)],
    )
    assert policy(found, "L50001").facts["plans"] == ["mcd:2-12"]


def test_an_impossible_end_of_a_jurisdiction_is_a_problem(tmp_path):
    rows = [jurisdiction(1, 1, ended="2009-02-31"), jurisdiction(1, 2)]
    found = read(
        tmp_path, lcd=[lcd(50001)], contractor=[contractor(1)], contractor_jurisdiction=rows, state_lookup=STATES
    )
    assert "contractor_jurisdiction.csv, row 2" in str(found.report.problems[0])
    assert found.plans["mcd:1-12"].region == "California"
