"""The sheet of policies, as import_policies reads it."""

import csv
import datetime

import pytest
from django.core.management import call_command

from policies.admin import policy_sheet
from policies.changes import PolicyState
from policies.imports.csv_list import COLUMNS, read_csv_list
from tests.factories import create_code, create_plan, create_policy, create_policy_code, create_user

pytestmark = pytest.mark.django_db

EXPORT = "/admin/policies/policy/export/"


@pytest.fixture
def reader(client):
    """A client logged in as a member of the group Author."""
    client.force_login(create_user("ann", groups=["Author"]))
    return client


def export(client, query: str = "") -> bytes:
    fields = {f"policyresource_{name}": "on" for name in policy_sheet.PolicyResource.columns}
    response = client.post(f"{EXPORT}{query}", {"format": "0", "resource": "0", **fields})
    assert response.status_code == 200
    return response.content


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8-sig").splitlines()))


def test_sheet_of_policies_has_a_row_for_each_status_of_their_codes(reader):
    policy = create_policy(
        "Ofatumumab",
        number="P-1",
        issuer=create_plan("Example Health"),
        url="https://example.org/p1",
        effective=datetime.date(2026, 1, 1),
        last_reviewed=datetime.date(2025, 12, 1),
        status="active",
    )
    for code, status in (("J9302", "auth-needed"), ("J9303", "auth-needed"), ("K0823", "unknown")):
        create_policy_code(policy, create_code(code), prior_authorization=status)
    create_policy("Without code")

    rows = rows_of(export(reader))

    assert set(rows[0]) <= set(COLUMNS)
    assert [(row["title"], row["prior_auth"], row["codes"]) for row in rows] == [
        ("Without code", "", ""),
        ("Ofatumumab", "auth-needed", "J9302 | J9303"),
        ("Ofatumumab", "", "K0823"),
    ]
    facts = {name: rows[1][name] for name in ("plan", "policy_number", "url", "kind", "effective_date", "status")}
    assert facts == {
        "plan": "Example Health",
        "policy_number": "P-1",
        "url": "https://example.org/p1",
        "kind": "payer-policy",
        "effective_date": "2026-01-01",
        "status": "active",
    }
    assert rows[1]["last_reviewed"] == "2025-12-01"


def test_sheet_of_policies_is_read_by_the_importer(reader, tmp_path):
    policy = create_policy("Ofatumumab", number="P-1", status="active")
    create_policy_code(policy, create_code("J9302"), prior_authorization="conditional")
    create_policy_code(policy, create_code("M54.16", system="icd10cm"))
    create_policy("Wheelchairs", kind="lcd", number="L33789")
    path = tmp_path / "policies.csv"
    path.write_bytes(export(reader))

    read = read_csv_list(path)

    assert read.report.problems == []
    policies = {record.number: record for record in read.policies}
    assert read.plans[policies["P-1"].issuer].name == "Example Health"
    assert policies["P-1"].facts["status"] == "active"
    assert set(policies["P-1"].codes) == {"hcpcs:J9302|named|", "icd10cm:M5416|named|"}
    assert policies["P-1"].codes["hcpcs:J9302|named|"]["prior_authorization"] == "conditional"
    assert set(policies) == {"P-1"}


def test_sheet_that_is_imported_again_loses_nothing(reader, tmp_path):
    plan, other = create_plan("Plan A"), create_policy("Other", number="P-2")
    policy = create_policy("Ofatumumab", number="P-1", plans=[plan], references=[other], summary="What it says.")
    create_policy_code(policy, create_code("J9302"), label="Arzerra", note="Only then.", listed_as="covered")
    create_policy_code(policy, create_code("J9303"), note="After 65.", prior_authorization="conditional")
    determination = create_policy("Wheelchairs", kind="lcd", number="L33789", plans=[plan])
    create_policy_code(determination, create_code("K0823"), label="Group 1")
    policies = [policy, other, determination]
    before = [PolicyState.of(each) for each in policies]
    path = tmp_path / "policies.csv"
    path.write_bytes(export(reader))

    for _ in range(2):
        call_command("import_policies", "csv", str(path), verbosity=0)

    for each, state in zip(policies, before, strict=True):
        after = PolicyState.of(each)
        # A list states that a policy applies to its issuer, where nobody has said anything else.
        assert set(after.facts.pop("plans")) - {each.issuer.slug} == set(state.facts.pop("plans"))
        assert after.facts == state.facts
        assert {key: after.codes.get(key) for key in state.codes} == state.codes


def test_sheet_follows_search_and_filters(reader):
    create_policy("Ofatumumab", status="active")
    create_policy("Wheelchairs")

    assert [row["title"] for row in rows_of(export(reader, "?status=active"))] == ["Ofatumumab"]
    assert [row["title"] for row in rows_of(export(reader, "?q=wheel"))] == ["Wheelchairs"]


def test_policy_with_more_codes_than_a_cell_holds_has_several_rows(reader, monkeypatch):
    monkeypatch.setattr(policy_sheet, "CODES_IN_ROW", 2)
    create_policy(codes=[create_code(code) for code in ("J9302", "J9303", "J9304")])

    assert [row["codes"] for row in rows_of(export(reader))] == ["J9302 | J9303", "J9304"]


def test_title_that_a_spreadsheet_would_run_is_exported_as_text(reader):
    create_policy("=1+1")

    assert rows_of(export(reader))[0]["title"] == "'=1+1"


def test_sheet_needs_the_same_queries_for_any_number_of_policies(reader, django_assert_max_num_queries):
    codes = [create_code("J9302"), create_code("J9303")]
    for number in range(40):
        create_policy(f"Policy {number}", number=f"P-{number}", codes=codes)

    with django_assert_max_num_queries(15):
        export(reader)


def test_policies_are_not_imported_from_a_sheet_of_the_desk(admin_client):
    assert "Import" not in admin_client.get("/admin/policies/policy/").content.decode()
    assert admin_client.get("/admin/policies/policy/import/").status_code == 403
