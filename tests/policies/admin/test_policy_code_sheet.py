"""The sheet of the codes that policies name: export, dry run, and import."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from policies.admin import policy_code_sheet, policy_codes
from policies.models import PolicyCode
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code, create_user
from tests.policies.admin.test_policy_sheet import rows_of
from tests.procedures.admin.desk import get_page
from tests.procedures.admin.desk import rows_of as listed
from tests.procedures.admin.test_sheets import as_csv, as_xlsx, confirm, import_sheet, refusals, said, upload

pytestmark = pytest.mark.django_db

CODES = "/admin/policies/policycode/"
HEADER = ["policy", "system", "code", "listed_as", "label", "prior_authorization", "note", "from", "until", "source"]


@pytest.fixture
def editor(client):
    """A client logged in as a member of the group Data."""
    client.force_login(create_user("dana", groups=["Data"]))
    return client


@pytest.fixture
def policy():
    return create_policy("Ofatumumab", number="P-1")


def row(policy="P-1", code="J9302", *, system="hcpcs", label="", status="", note="", source="Table 1", **others):
    cells = {"policy": policy, "system": system, "code": code, "label": label, "prior_authorization": status}
    cells |= {"note": note, "source": source, **others}
    return [cells.get(name, "") for name in HEADER]


def sheet(*rows) -> bytes:
    return as_csv(*rows, header=HEADER)


def test_codes_are_added_and_changed_after_a_dry_run(editor, policy):
    held = create_policy_code(policy, create_code("J9302"))
    code = create_code("J9303")
    rows = [
        row(status="prior authorization needed", note="After 65.", source="Table 2"),
        row(policy.public_id, "J9303", label="Kesimpta", **{"from": "2026-01-01", "until": "12/31/2026"}),
    ]

    dry_run = upload(editor, as_xlsx(*rows, header=HEADER), "codes.xlsx", to=CODES)
    assert "2 rows would be added or changed" in said(dry_run)
    assert policy.policy_codes.count() == 1
    page = confirm(editor, dry_run, to=CODES)

    assert "Imported codes.xlsx: 1 added, 1 changed." in said(page)
    held.refresh_from_db()
    assert (held.prior_authorization, held.note, held.source) == ("auth-needed", "After 65.", "Table 2")
    added = policy.policy_codes.get(code=code)
    assert (added.label, added.starts, added.ends) == (
        "Kesimpta",
        datetime.date(2026, 1, 1),
        datetime.date(2026, 12, 31),
    )
    assert added.history.get().history_user.username == "dana"
    assert held.history.latest().history_user.username == "dana"
    revision = policy.revisions.newest_first().first()
    assert (revision.number, revision.codes_added, revision.codes_changed) == (3, 1, 1)
    code.refresh_from_db()
    assert code.has_policy


def test_same_sheet_twice_changes_nothing(editor, policy):
    create_code()
    import_sheet(editor, sheet(row()), to=CODES)

    assert "Nothing would change" in said(upload(editor, sheet(row()), to=CODES))


def test_exported_sheet_is_imported_without_a_change(editor, policy):
    create_policy_code(policy, create_code(), label="=Arzerra", starts=datetime.date(2026, 1, 1))
    fields = ["policy", "number", "title", "system", "code", "listed_as", "label", "prior_authorization", "note"]
    fields += ["starts", "ends", "source", "range"]
    chosen = {f"policycoderesource_{name}": "on" for name in fields}
    exported = editor.post(f"{CODES}export/", {"format": "0", "resource": "0", **chosen}).content

    [exported_row] = rows_of(exported)
    assert exported_row["policy"] == policy.public_id
    assert (exported_row["from"], exported_row["label"]) == ("2026-01-01", "'=Arzerra")
    assert "Nothing would change" in said(upload(editor, exported, to=CODES))


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        (row("P-9"), "Unknown policy “P-9”. Write its number, or the eight digits of its address."),
        (row(""), "Unknown policy “”."),
        (row("P-2"), "2 policies have the number P-2"),
        (row(code="J9999"), "Unknown code “J9999” of HCPCS Level II."),
        (row(system="x"), "Unknown code system “x”."),
        (row(status="maybe"), "prior_authorization: “maybe” is not known."),
        (row(listed_as="maybe"), "listed_as: “maybe” is not known. Known: named, covered, noncovered."),
        (row(source=""), "source: This field cannot be blank."),
        (row(note="x" * 501), "note: Ensure this value has at most 500 characters"),
        (row(**{"from": "soon"}), "from: “soon” is no day. Write it as 2025-01-31."),
        (row(**{"from": "2026-02-01", "until": "2026-01-01"}), "It cannot end before it starts."),
        (row(label="a\nb"), "The cell of label holds a line break"),
    ],
)
def test_row_that_cannot_be_is_refused_with_all_others(editor, policy, cells, problem):
    create_code()
    create_code("J9303")
    create_policy("One", number="P-2")
    create_policy("Two", number="P-2", issuer=create_plan("Other"))

    [(number, reason)] = refusals(upload(editor, sheet(row(code="J9303"), cells), to=CODES))

    assert number == 3
    assert problem in reason
    assert not PolicyCode.objects.exists()


def test_row_that_says_the_same_twice_is_refused(editor, policy):
    create_code()

    found = refusals(upload(editor, sheet(row(), row(policy.public_id, note="Other")), to=CODES))

    assert found == [(3, "This is the same as row 2.")]


def test_sheet_needs_the_same_queries_for_any_number_of_rows(editor, policy):
    rows = [row(code=code.code) for code in create_codes({f"J{number:04}": "Drug" for number in range(60)})]
    counts = []
    for count in (5, 60):
        with CaptureQueriesContext(connection) as queries:
            upload(editor, sheet(*rows[:count]), to=CODES)
        counts.append(sum("SAVEPOINT" not in query["sql"] for query in queries.captured_queries))

    assert counts[0] == counts[1]


def test_sheet_that_would_change_too_many_policies_is_refused_before_it_is_confirmed(editor, policy, monkeypatch):
    monkeypatch.setattr(policy_code_sheet, "MOST_POLICIES", 1)
    create_code()
    other = create_policy("Other", number="P-2")

    page = upload(editor, sheet(row(), row(other.public_id)), to=CODES)

    assert "This sheet would change 2 policies, and at most 1 can be changed at once." in said(page)
    assert not page.context["token"]
    assert not PolicyCode.objects.exists()
    confirm(editor, upload(editor, sheet(row(other.public_id)), to=CODES), to=CODES)
    assert PolicyCode.objects.get().policy == other
    # What would not change does not count.
    confirm(editor, upload(editor, sheet(row(), row(other.public_id)), to=CODES), to=CODES)
    assert policy.policy_codes.count() == 1


def test_user_who_may_only_view_exports_and_does_not_import(client, policy):
    create_code()
    client.force_login(create_user("ann", groups=["Author"]))

    assert client.get(f"{CODES}export/").status_code == 200
    assert upload(client, sheet(row()), to=CODES).status_code == 403


def test_list_shows_codes_with_their_policies_and_finds_them(editor, policy, django_assert_max_num_queries):
    create_policy_code(policy, create_code("J9302"))
    create_policy_code(policy, create_code("K0823", "Power wheelchair"), prior_authorization="no-auth")

    assert listed(editor, CODES) == ["K0823", "J9302"]
    assert listed(editor, f"{CODES}?q=J93") == ["J9302"]
    assert listed(editor, f"{CODES}?q=wheelchair") == ["K0823"]
    assert listed(editor, f"{CODES}?prior_authorization=no-auth") == ["K0823"]
    assert editor.get(f"{CODES}?q=%00").status_code == 200
    with django_assert_max_num_queries(10):
        page = get_page(editor, CODES)
    assert page.links[f"/admin/policies/policy/{policy.pk}/change/"] == "P-1 Ofatumumab"


def test_export_of_too_many_codes_is_refused(editor, policy, monkeypatch):
    monkeypatch.setattr(policy_codes, "MOST_EXPORTED", 1)
    create_policy_code(policy, create_code("J9302"))
    create_policy_code(policy, create_code("K0823"))

    assert "choose fewer by a search or a filter first" in said(editor.get(f"{CODES}export/", follow=True))
    assert editor.get(f"{CODES}export/?q=J9302").status_code == 200
