"""What the matrix holds; tests/policies/views/test_matrix.py looks at its page and its CSV."""

import datetime

import pytest
from django.http import QueryDict

from policies.matrix import MatrixPage
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code, get_cms

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 20)
URL = "https://documents.example/policy"


def matrix_for(query: str) -> MatrixPage:
    return MatrixPage(QueryDict(query), TODAY)


def cells_of(page: MatrixPage) -> dict[str, list[str]]:
    """By the name of each row: the titles of the policies in its cells, "" for an empty one."""
    return {str(row.name): [cell.first.policy.title if cell else "" for cell in row.cells] for row in page.rows}


def create_contracts(organization: str, count: int) -> list:
    return [
        create_plan(f"{organization}, contract {n}", organization=organization, kind="medicare-contractor")
        for n in range(count)
    ]


# Codes and plans of an address


@pytest.mark.parametrize(
    "query",
    [
        "code=hcpcs:J0001&code=hcpcs:J0002",
        "code=J0001,J0002",
        "code=j0001+J0002",
        "code=J0001%0D%0A%0D%0AJ0002",
        "code=J0001;+J0002&code=J0001,,&code=",
        "code=hcpcs:J0001|J0002",
    ],
)
def test_codes_are_read_however_they_are_written(query):
    create_code("J0001", "One")
    create_code("J0002", "Two")

    page = matrix_for(query)

    assert [code.code for code in page.codes] == ["J0001", "J0002"]
    assert not page.problems


@pytest.mark.parametrize("text", ["X9999", "%00", "J%000001", "hcpcs:", ":", "9" * 400, "%F0%9F%92%89", "nosuch:J0001"])
def test_unknown_codes_are_named_and_ignored(text):
    create_code("J0001", "One")

    page = matrix_for(f"code=J0001&code={text}")

    assert [code.code for code in page.codes] == ["J0001"]
    [problem] = page.problems
    assert "is no code on this site; it was ignored." in problem
    assert "\0" not in problem
    assert len(problem) < 100


def test_more_codes_than_fit_are_named_and_left_out():
    for n in range(25):
        create_code(f"J{n:04}", f"Code {n}")

    page = matrix_for("code=" + ",".join(f"J{n:04}" for n in range(25)))

    assert [code.code for code in page.codes] == [f"J{n:04}" for n in range(20)]
    assert page.problems == ["At most 20 codes fit here. Left out: J0020, J0021, J0022, J0023, J0024."]


def test_thousands_of_texts_are_not_all_looked_at():
    page = matrix_for("code=" + ",".join(f"X{n}" for n in range(5_000)))

    assert not page.codes
    assert len(page.problems) <= 11


def test_chosen_plans_are_the_rows_whether_they_have_cells_or_not():
    code = create_code()
    with_cell, without = create_plan("With"), create_plan("Without")
    create_policy("Policy", issuer=with_cell, url=URL, codes=[code])
    create_policy("Other", issuer=create_plan("Other"), url=URL, codes=[code])

    page = matrix_for("code=J9302&plan=without&plan=WITH,nosuch")

    assert cells_of(page) == {"Without": [""], "With": ["Policy"]}
    assert page.problems == ["“nosuch” is no health plan on this site; it was ignored."]
    assert without.slug in page.csv_url


def test_organization_can_be_chosen_with_all_its_contracts():
    code = create_code()
    contracts = create_contracts("Palmetto GBA", 28)
    create_policy("Local", kind="lcd", number="L1", url=URL, plans=contracts[:20], codes=[code])

    page = matrix_for("code=J9302&plan=organization:palmetto-gba")

    assert cells_of(page) == {"Palmetto GBA (20 contracts)": ["Local"], "Palmetto GBA (8 contracts)": [""]}
    assert [each["label"] for each in page.chosen] == ["J9302", "Palmetto GBA (28 contracts)"]


def test_more_plans_than_fit_are_named_and_left_out():
    create_code()
    for n in range(22):
        create_plan(f"Plan {n:02}")

    page = matrix_for("code=J9302&plan=" + ",".join(f"plan-{n:02}" for n in range(22)))

    assert len(page.rows) == 20
    assert page.problems == ["At most 20 health plans fit here. Left out: Plan 20, Plan 21."]


def test_chosen_codes_and_plans_can_be_taken_away_one_by_one():
    create_code("J0001", "One")
    create_code("C84.02", "Mycosis", system="icd10cm")
    create_plan("Plan A")

    page = matrix_for("code=J0001,C84.02&plan=plan-a")

    assert {each["label"]: each["url"] for each in page.chosen} == {
        "J0001": "/policies/matrix/?code=icd10cm:C84.02&plan=plan-a",
        "C84.02": "/policies/matrix/?code=hcpcs:J0001&plan=plan-a",
        "Plan A": "/policies/matrix/?code=hcpcs:J0001&code=icd10cm:C84.02",
    }


# Rows


def test_rows_without_chosen_plans_are_those_with_most_cells_then_by_name():
    one, two = create_code("J0001", "One"), create_code("J0002", "Two")
    create_policy("Of B", issuer=create_plan("B"), url=URL, codes=[one])
    create_policy("Of a", issuer=create_plan("a"), url=URL, codes=[two])
    create_policy("Of Z", issuer=create_plan("Z"), url=URL, codes=[one, two])
    create_policy("Without source", issuer=create_plan("No source"), codes=[one, two])

    page = matrix_for("code=J0001,J0002")

    assert cells_of(page) == {"Z": ["Of Z", "Of Z"], "a": ["", "Of a"], "B": ["Of B", ""]}
    assert page.unsourced_count == 1


def test_rows_end_at_twenty_and_the_rest_can_be_chosen():
    code = create_code()
    for n in range(23):
        create_policy(f"Policy {n}", issuer=create_plan(f"Plan {n:02}"), url=URL, codes=[code])

    page = matrix_for("code=J9302")

    assert [str(row.name) for row in page.rows] == [f"Plan {n:02}" for n in range(20)]
    assert page.more_rows == 3
    assert [choice.value for choice in page.plan_choices] == [f"plan-{n:02}" for n in range(23)]


def test_contracts_of_one_organization_with_the_same_cells_are_one_row():
    one, two = create_code("J0001", "One"), create_code("J0002", "Two")
    contracts = create_contracts("Palmetto GBA", 5)
    create_policy("Local", kind="lcd", number="L1", url=URL, plans=contracts, codes=[one])
    create_policy("Article", kind="article", number="A1", url=URL, plans=contracts[:1], codes=[two])
    payers = [create_plan(f"Payer {n}", organization="Payers") for n in range(2)]
    create_policy("For both", issuer=create_plan("Parent"), url=URL, plans=payers, codes=[one])

    page = matrix_for("code=J0001,J0002")

    assert cells_of(page) == {
        "Palmetto GBA, contract 0": ["Local", "Article"],
        "Palmetto GBA (4 contracts)": ["Local", ""],
        "Parent": ["For both", ""],
        "Payer 0": ["For both", ""],
        "Payer 1": ["For both", ""],
    }


def test_national_documents_and_those_that_name_no_plan_stand_in_the_row_of_their_issuer():
    one, two = create_code("J0001", "One"), create_code("J0002", "Two")
    [contract] = create_contracts("Palmetto GBA", 1)
    create_policy("National", kind="ncd", number="1.1", url=URL, plans=[contract], codes=[one])
    create_policy("Local of all", kind="lcd", number="L1", url=URL, codes=[two])

    page = matrix_for("code=J0001,J0002")

    assert cells_of(page) == {get_cms().name: ["National", "Local of all"], contract.name: ["National", ""]}
    assert page.names_national


# Cells


def test_cell_needs_an_original_document():
    code = create_code()
    create_policy("Arzerra (ofatumumab)", codes=[code])

    page = matrix_for("code=J9302")

    assert not page.rows
    assert page.unsourced_count == 1
    assert matrix_for("code=J9302&plan=cms").unsourced_count == 0


def test_cell_shows_the_policy_that_says_most_and_counts_the_others():
    code = create_code()
    day = datetime.date(2026, 1, 1)
    for title, prior_authorization, fields in (
        ("Retired", "no-auth", {"status": "retired"}),
        ("Not known", "unknown", {"status": "active", "effective": day}),
        ("Known", "conditional", {"effective": day}),
        ("Known and older", "auth-needed", {"status": "active"}),
        ("Known and newest", "auth-needed", {"status": "active", "effective": day}),
    ):
        create_policy_code(create_policy(title, url=URL, **fields), code, prior_authorization=prior_authorization)

    [row] = matrix_for("code=J9302").rows
    [cell] = row.cells

    assert cell.first.policy.title == "Known and newest"
    assert (cell.more, cell.more_url) == (4, f"{code.get_absolute_url()}#policies")


def test_cell_tells_of_policies_in_force_that_contradict_each_other():
    code = create_code()
    for title, prior_authorization, fields in (
        ("One", "auth-needed", {"status": "active"}),
        ("Two", "no-auth", {}),
        ("Three", "conditional", {"status": "retired"}),
        ("Four", "unknown", {}),
    ):
        create_policy_code(create_policy(title, url=URL, **fields), code, prior_authorization=prior_authorization)

    [row] = matrix_for("code=J9302").rows
    [cell] = row.cells

    assert cell.differing == [
        "prior authorization needed (auth-needed)",
        "no prior authorization needed (no-auth)",
    ]


def test_cell_does_not_say_what_has_ended():
    code = create_code()
    policy = create_policy(url=URL)
    create_policy_code(policy, code, label="Old", prior_authorization="auth-needed", ends=datetime.date(2020, 1, 1))
    create_policy_code(policy, code, label="New", prior_authorization="no-auth")

    [row] = matrix_for("code=J9302").rows

    assert [str(each) for each in row.cells[0].first.prior_authorizations] == ["no prior authorization needed"]
    assert row.cells[0].first.listed_as == ["New"]


def test_document_that_is_reached_through_an_article_has_a_cell():
    code = create_code()
    contracts = create_contracts("Palmetto GBA", 2)
    lcd = create_policy("Local", kind="lcd", number="L1", url=URL, plans=contracts)
    create_policy("Article", kind="article", number="A52498", codes=[code], references=[lcd])

    page = matrix_for("code=J9302")

    assert cells_of(page) == {"Palmetto GBA (2 contracts)": ["Local"]}
    [cell] = page.rows[0].cells
    assert cell.first.through == ["article A52498"]
    assert page.unsourced_count == 1


def test_cell_prefers_the_document_that_names_the_code_to_a_newer_one_that_is_reached():
    code = create_code()
    newer = {"url": URL, "status": "active", "effective": datetime.date(2026, 1, 1)}
    article = create_policy("Article", kind="article", number="A1", **newer)
    create_policy("Local", kind="lcd", number="L1", url=URL, codes=[code], references=[article])

    assert cells_of(matrix_for("code=J9302")) == {get_cms().name: ["Local"]}


def test_number_of_queries_is_fixed_for_twenty_codes_and_twenty_plans(django_assert_num_queries):
    codes = create_codes({f"J{n:04}": f"Code {n}" for n in range(20)})
    plans = [create_plan(f"Plan {n:02}") for n in range(20)]
    contracts = create_contracts("Palmetto GBA", 20)
    for plan in plans:
        create_policy(f"Policy of {plan}", issuer=plan, url=URL, codes=codes)
    lcd = create_policy("Local", kind="lcd", number="L1", url=URL, plans=contracts)
    create_policy("Article", kind="article", number="A1", url=URL, plans=contracts, codes=codes, references=[lcd])

    def read(query: str) -> int:
        page = matrix_for(query)
        page.plan_choices, page.chosen, page.csv_url, page.unsourced_count  # noqa: B018
        return sum(row.cell_count for row in page.rows)

    with django_assert_num_queries(8):
        assert read("code=J0000") == 20
    with django_assert_num_queries(8):
        assert read("code=" + ",".join(code.code for code in codes)) == 400
    # One more, for the plans that were not chosen.
    with django_assert_num_queries(9):
        assert read("code=J0000&plan=plan-00") == 1
    with django_assert_num_queries(9):
        chosen = "&plan=" + ",".join(plan.slug for plan in plans)
        assert read("code=" + ",".join(code.code for code in codes) + chosen) == 400
