"""What a second import changes: what the source changed, not what an editor did."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from policies.imports.records import PlanRecord
from policies.models import HealthPlan, Policy, PolicyCode, PolicyImport, WithheldUpdate
from procedures.code_sets.records import RefusedFile
from procedures.models import ContentVersion, MedicalCode
from tests.factories import create_code, create_codes, create_plan, create_policy, create_policy_code
from tests.own_database import every_row
from tests.policies.imports.loading import codes_of, facts_of, get_policy, load, named, revisions, stated

pytestmark = pytest.mark.django_db

JANUARY, FEBRUARY, MARCH = (datetime.date(2025, month, 1) for month in (1, 2, 3))
LATER = datetime.date(2025, 4, 1)


@pytest.fixture
def codes():
    for code in ("J0001", "J0002", "J0003"):
        create_code(code)


def version() -> int:
    return ContentVersion.objects.get().number


def test_same_source_twice_changes_nothing(codes):
    records = [
        stated("MP-1", named("J0001", "J0009"), plans=["example"], effective="2025-01-01"),
        stated("A1", named("J0002"), issuer="cms", kind="article", references=["lcd:L1", "lcd:L9"]),
        stated("L1", None, issuer="cms", kind="lcd"),
    ]
    options = {"complete": True, "verified": MARCH}
    load(*records, **options)
    before = every_row(connection)
    summary = load(*records, **options)
    assert every_row(connection) == before
    assert (summary.unchanged, summary.changed, summary.added, summary.verified) == (3, 0, 0, 0)
    assert summary.changes == []


def test_source_that_goes_back_to_what_it_said_is_followed(codes):
    first = stated("MP-1", named("J0001", "J0002"), title="First", plans=["example"], effective="2025-01-01")
    second = stated("MP-1", named("J0002", "J0003", note="Twice"), title="Second", plans=[], effective=None)
    states = []
    for record in (first, second, first):
        load(record)
        states.append((facts_of(), codes_of(), get_policy().slug))
    assert states[0] == states[2] != states[1]
    assert states[1][1:] == (["J0002", "J0003"], "second")
    assert revisions() == [("new", 2, 0, 0), ("revised", 1, 1, 1), ("revised", 1, 1, 1)]


def test_changes_are_told_in_words(codes):
    load(stated("MP-1", named("J0001", "J0002"), effective="2025-01-01"))
    summary = load(
        stated("MP-1", named("J0002", "J0003", prior_authorization="auth-needed"), title="New " * 40, effective=None)
    )
    [change] = summary.changes
    assert (change.kind, change.number) == ("revised", "MP-1")
    assert change.what[0] == f"Title: Policy MP-1 → {'New ' * 19}New…"
    assert change.what[1:] == [
        "Effective date: 2025-01-01 → none",
        "codes added: J0003",
        "codes dropped: J0001",
        "codes changed: J0002 (named → prior authorization needed)",
    ]
    counts = summary.as_counts()
    assert (counts["codes_added"], counts["codes_dropped"], counts["codes_changed"]) == (1, 1, 1)


def test_retired_and_reinstated_policies_are_counted_as_such():
    load(stated("MP-1"))
    assert load(stated("MP-1", status="retired")).retired == 1
    assert load(stated("MP-1", status="active")).reinstated == 1
    assert [kind for kind, *_ in revisions()] == ["new", "retired", "reinstated"]


def test_code_that_no_policy_names_any_more_loses_its_mark(codes):
    load(stated("MP-1", named("J0001", "J0002")), stated("MP-2", named("J0001")))
    load(stated("MP-1", named("J0003")))
    marked = MedicalCode.objects.filter(has_policy=True).order_by("code")
    assert [code.code for code in marked] == ["J0001", "J0003"]


def test_source_that_says_nothing_of_codes_leaves_them(codes):
    load(stated("MP-1", named("J0001")))
    load(stated("MP-1", None, title="New"))
    assert codes_of() == ["J0001"]
    load(stated("MP-1", {}, title="New"))
    assert codes_of() == []


def test_partial_source_leaves_codes_of_tables_it_lacks(codes):
    load(stated("MP-1", {**named("J0001", source="Table A"), **named("J0002", source="Table B")}))
    options = {"keeps_codes": lambda source: source == "Table B"}
    load(stated("MP-1", named("J0003", source="Table A")), **options)
    assert codes_of() == ["J0002", "J0003"]
    before = every_row(connection)
    load(stated("MP-1", named("J0003", source="Table A")), **options)
    assert every_row(connection) == before
    load(stated("MP-1", named("J0003", source="Table A")))
    assert codes_of() == ["J0003"]


def test_change_of_an_editor_stays_while_the_source_stays(codes):
    load(stated("MP-1", named("J0001", "J0002")))
    Policy.objects.update(title="Of an editor")
    PolicyCode.objects.filter(code__code="J0001").delete()
    PolicyCode.objects.filter(code__code="J0002").update(prior_authorization="auth-needed")
    summary = load(stated("MP-1", named("J0001", "J0002"), effective="2025-01-01"))
    assert facts_of()["title"] == "Of an editor"
    assert facts_of()["effective"] == "2025-01-01"
    assert codes_of() == ["J0002 auth-needed"]
    assert summary.withheld == 0
    assert not WithheldUpdate.objects.exists()


def test_what_both_changed_is_withheld_and_the_rest_is_taken(codes):
    load(stated("MP-1", named("J0001", "J0002"), url="https://example.org/1"), verified=JANUARY)
    Policy.objects.update(title="Of an editor")
    PolicyCode.objects.filter(code__code="J0001").update(prior_authorization="auth-needed")
    PolicyCode.objects.filter(code__code="J0002").update(note="Of an editor")
    summary = load(
        stated(
            "MP-1",
            named("J0001", "J0003", prior_authorization="no-auth"),
            title="Of the source",
            url="https://example.org/2",
        ),
        verified=MARCH,
    )
    policy = get_policy()
    assert (policy.title, policy.url) == ("Of an editor", "https://example.org/2")
    assert codes_of() == ["J0001 auth-needed", "J0002", "J0003 no-auth"]
    assert policy.withheld.facts == {"title": "Of the source"}
    assert policy.withheld.codes == {
        "hcpcs:J0001|named|": {"prior_authorization": "no-auth", "source": "List of codes"},
        "hcpcs:J0002|named|": None,
    }
    # It was not verified: something differs from its source.
    assert policy.last_verified == JANUARY
    assert summary.withheld == 1
    assert [change.what for change in summary.changes if change.kind == "withheld"] == [
        [
            "Title: Of an editor → Of the source",
            "J0001: prior authorization needed → no prior authorization needed",
            "J0002: Of an editor → none",
        ]
    ]
    assert summary.report.notes == []


def test_withheld_update_follows_the_source_and_goes_when_both_agree(codes):
    load(stated("MP-1", named("J0001"), title="A"))
    Policy.objects.update(title="E", summary="E")
    load(stated("MP-1", named("J0001"), title="B"))
    assert get_policy().withheld.facts == {"title": "B"}
    first = get_policy().withheld.loaded_from

    before = every_row(connection)
    assert load(stated("MP-1", named("J0001"), title="B")).withheld == 1
    assert every_row(connection) == before

    load(stated("MP-1", named("J0001"), title="C", summary="S"))
    assert get_policy().withheld.facts == {"title": "C", "summary": "S"}
    assert get_policy().withheld.loaded_from != first

    Policy.objects.update(title="C")
    load(stated("MP-1", named("J0001"), title="C", summary="S"))
    assert get_policy().withheld.facts == {"summary": "S"}
    summary = load(stated("MP-1", named("J0001"), title="C", summary="E"))
    assert not WithheldUpdate.objects.exists()
    assert summary.withheld == 0
    assert (get_policy().title, get_policy().summary) == ("C", "E")


def test_withheld_code_follows_the_source(codes):
    load(stated("MP-1", named("J0001")))
    PolicyCode.objects.update(note="Of an editor")
    for note in ("Once", "Twice"):
        load(stated("MP-1", named("J0001", note=note)))
        assert get_policy().withheld.codes == {"hcpcs:J0001|named|": {"source": "List of codes", "note": note}}
    load(stated("MP-1", {}))
    assert get_policy().withheld.codes == {"hcpcs:J0001|named|": None}


def test_policy_that_an_editor_made_is_filled_where_it_says_nothing(codes):
    issuer = create_plan()
    policy = create_policy("Of an editor", issuer=issuer, number="MP-1", codes=[MedicalCode.objects.get(code="J0001")])
    summary = load(
        stated("MP-1", named("J0001", "J0002"), title="Of the source", url="https://example.org/1", status="active"),
        verified=MARCH,
    )
    policy.refresh_from_db()
    assert (policy.title, policy.url, policy.status) == ("Of an editor", "https://example.org/1", "active")
    assert codes_of() == ["J0001", "J0002"]
    assert policy.withheld.facts == {"title": "Of the source"}
    # That the editor found J0001 elsewhere in the document is nothing to decide.
    assert policy.withheld.codes == {}
    assert (summary.changed, summary.withheld) == (1, 1)
    assert revisions() == [("new", 1, 0, 0), ("revised", 1, 0, 0)]


def test_day_that_would_contradict_an_editor_is_withheld():
    load(stated("MP-1"))
    Policy.objects.update(effective="2025-06-01")
    load(stated("MP-1", retired="2025-01-31", url="https://example.org/1"))
    policy = get_policy()
    assert (policy.retired, policy.url) == (None, "https://example.org/1")
    assert policy.withheld.facts == {"retired": "2025-01-31"}


def test_day_of_verification_moves_on_and_never_back():
    load(stated("MP-1"), verified=FEBRUARY)
    number = version()
    for verified, day, moved in ((JANUARY, FEBRUARY, 0), (None, FEBRUARY, 0), (MARCH, MARCH, 1), (MARCH, MARCH, 0)):
        assert load(stated("MP-1"), verified=verified).verified == moved
        assert get_policy().last_verified == day
        number += moved
        assert version() == number
    assert revisions() == [("new", 0, 0, 0)]


def test_day_of_verification_of_a_record_comes_before_that_of_its_source():
    record = stated("MP-1")
    load(record, verified=JANUARY)
    record.verified = FEBRUARY
    assert load(record, verified=MARCH).verified == 1
    assert get_policy().last_verified == FEBRUARY
    assert load(record, verified=MARCH).verified == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda: Policy.objects.update(title="Of an editor"),
        lambda: PolicyCode.objects.update(prior_authorization="auth-needed"),
        lambda: PolicyCode.objects.filter(code__code="J0001").delete(),
        lambda: create_policy_code(get_policy(), MedicalCode.objects.get(code="J0003")),
    ],
    ids=["fact", "what is said of a code", "code dropped", "code added"],
)
def test_policy_that_contradicts_its_source_is_not_verified_by_it(codes, change):
    load(stated("MP-1", named("J0001", "J0002")), verified=JANUARY)
    change()
    assert load(stated("MP-1", named("J0001", "J0002")), verified=MARCH).verified == 0
    assert get_policy().last_verified == JANUARY


def test_policy_that_an_editor_kept_against_its_source_is_not_verified_by_it():
    load(stated("MP-1"), verified=JANUARY)
    Policy.objects.update(title="Of an editor")
    load(stated("MP-1", title="Of the source"), verified=FEBRUARY)
    WithheldUpdate.objects.all().delete()
    load(stated("MP-1", title="Of the source"), verified=MARCH)
    assert get_policy().last_verified == JANUARY


def test_policy_with_more_than_its_source_states_is_verified_by_it(codes):
    load(stated("MP-1", None), verified=JANUARY)
    Policy.objects.update(summary="Of an editor")
    create_policy_code(get_policy(), MedicalCode.objects.get(code="J0003"))
    load(stated("MP-1", None), verified=MARCH)
    assert get_policy().last_verified == MARCH


def test_address_that_changes_loses_what_its_check_said_and_another_fact_does_not():
    def checked() -> tuple:
        policy = get_policy()
        return policy.link_state, policy.link_answer, policy.link_checked_at

    load(stated("MP-1", url="https://example.org/1"))
    Policy.objects.update(link_state="dead", link_answer="404 Not Found", link_checked_at=timezone.now())
    load(stated("MP-1", url="https://example.org/1", title="New"))
    assert checked()[:2] == ("dead", "404 Not Found")
    load(stated("MP-1", url="https://example.org/2"))
    assert checked() == ("", "", None)


def test_list_and_export_that_tell_of_one_document_keep_what_each_of_them_says(codes):
    contractor = {"mac": PlanRecord("North Contractor")}
    in_table = {**named("J0001", source="Table"), "hcpcs:J0002|named|Brand": {"source": "Table"}}
    export = stated("L1", in_table, issuer="cms", kind="lcd", title="Devices", plans=["mac"])
    load(export, kind="mcd", plans=contractor)
    row = stated("L1", named("J0001", "J0003"), issuer="cms", kind="lcd", title="Power devices", plans=["example"])
    summary = load(row)
    assert facts_of("L1")["plans"] == ["example-health", "north-contractor"]
    assert codes_of("L1") == ["J0001", "J0002 Brand", "J0003"]
    assert (facts_of("L1")["title"], get_policy("L1").withheld.facts) == ("Devices", {"title": "Power devices"})
    assert (summary.withheld, get_policy("L1").withheld.codes) == (1, {})

    # A newer list does not make an older export late.
    export.facts["status"] = "retired"
    summary = load(export, kind="mcd", plans=contractor, as_of=FEBRUARY)
    assert (summary.superseded, summary.retired) == (1, 0)
    summary = load(export, kind="mcd", plans=contractor)
    assert (summary.superseded, summary.retired) == (0, 1)
    assert get_policy("L1").withheld.facts == {"title": "Power devices"}

    load(stated("L1", {}, issuer="cms", kind="lcd", title="Devices", plans=[]))
    assert facts_of("L1")["plans"] == ["north-contractor"]
    assert codes_of("L1") == ["J0001", "J0002 Brand"]
    assert not WithheldUpdate.objects.exists()


def test_list_does_not_find_again_what_an_export_misses():
    export = [stated(number, issuer="cms", kind="lcd") for number in ("L1", "L2")]
    load(*export, kind="mcd", complete=True, as_of=JANUARY)
    load(export[0], as_of=JANUARY)
    load(export[1], kind="mcd", complete=True, as_of=FEBRUARY)
    assert load(export[0], as_of=MARCH).found_again == 0
    assert [policy.number for policy in Policy.objects.missing()] == ["L1"]
    assert load(*export, kind="mcd", complete=True, as_of=MARCH).found_again == 1


def test_retired_policy_that_a_full_source_no_longer_lists_is_nothing_to_look_at():
    load(stated("MP-1"), stated("MP-2", status="retired"), stated("MP-3"), complete=True)
    assert load(stated("MP-1"), complete=True).missing == 1
    assert [policy.number for policy in Policy.objects.missing()] == ["MP-3"]
    Policy.objects.filter(number="MP-3").update(status="retired")
    assert not Policy.objects.missing().exists()


def test_older_import_leaves_what_a_newer_one_supplied(codes):
    load(stated("L1", named("J0001"), title="March"), as_of=MARCH, kind="mcd", complete=True)
    before = every_row(connection)
    summary = load(stated("L1", {}, title="January"), as_of=JANUARY, kind="mcd", complete=True)
    assert every_row(connection) == before
    assert (summary.superseded, summary.changed, summary.unchanged) == (1, 0, 0)


def test_older_import_leaves_what_a_newer_one_confirmed():
    load(stated("L1", title="Old"), as_of=JANUARY)
    load(stated("L1", title="Old"), stated("L2"), as_of=MARCH)
    assert load(stated("L1", title="Older"), as_of=FEBRUARY).superseded == 1
    assert get_policy("L1").title == "Old"


def test_policy_that_a_full_source_no_longer_lists_is_marked_and_nothing_else():
    load(stated("MP-1"), stated("MP-2"), stated("", title="Infusions"), complete=True, as_of=JANUARY)
    create_policy("Of an editor", number="MP-9", issuer=HealthPlan.objects.get(slug="example-health"))
    load(stated("L1", kind="lcd", issuer="cms"), as_of=JANUARY, kind="mcd")
    summary = load(stated("MP-1"), complete=True, as_of=FEBRUARY)
    assert summary.missing == 2
    missing = Policy.objects.missing().order_by("title")
    assert [(policy.title, policy.missing_since) for policy in missing] == [
        ("Infusions", FEBRUARY),
        ("Policy MP-2", FEBRUARY),
    ]
    assert revisions("MP-2") == [("new", 0, 0, 0)]
    assert [change.kind for change in summary.changes] == ["missing", "missing"]

    before = every_row(connection)
    assert load(stated("MP-1"), complete=True, as_of=MARCH).missing == 0
    assert every_row(connection) == before

    assert load(stated("MP-1"), stated("MP-2"), complete=True, as_of=MARCH).found_again == 1
    assert [policy.title for policy in Policy.objects.missing()] == ["Infusions"]


def test_only_a_source_of_all_makes_a_policy_missing():
    load(stated("MP-1"), stated("L1", kind="lcd", issuer="cms"))
    load(stated("MP-2"))
    load(stated("MP-2"), is_complete_for=lambda kind, issuer: kind == "lcd")
    assert [policy.number for policy in Policy.objects.missing()] == ["L1"]


def test_policies_are_compared_with_those_held_without_joins_of_large_tables(codes):
    """PostgreSQL knows nothing of rows written in the same transaction, and may compare each with each."""
    records = [stated("MP-1", named("J0001"), plans=["example"]), stated("MP-2")]
    load(*records)
    with CaptureQueriesContext(connection) as captured:
        load(records[0], stated("MP-3"), complete=True, verified=MARCH)
    large = ("policysource", "policycode", "policyrevision", "policy_references", "policy_plans")
    joined = [query["sql"] for query in captured if " JOIN " in query["sql"] and any(x in query["sql"] for x in large)]
    assert joined == []
    assert any("policysource" in query["sql"] for query in captured)


def test_older_full_source_makes_no_policy_missing():
    load(stated("MP-1"), as_of=MARCH)
    load(stated("MP-2"), as_of=JANUARY, complete=True)
    assert not Policy.objects.missing().exists()


@pytest.mark.parametrize("name", ["MP-1", "Policy MP-1"])
def test_policy_that_was_left_out_is_not_missing(name):
    number = name if name == "MP-1" else ""
    load(stated(number, title="Policy MP-1"), stated("MP-2"))
    load(stated("MP-2"), complete=True, left_out={("example", "payer-policy", name)}, skip_errors=True)
    assert not Policy.objects.missing().exists()
    load(stated(number, title="Policy MP-1", effective="yesterday"), complete=True, skip_errors=True)
    assert [policy.number for policy in Policy.objects.missing()] == ["MP-2"]


def test_import_row_tells_what_was_done(codes):
    load(stated("MP-1", named("J0001")), as_of=MARCH)
    made = PolicyImport.objects.get()
    assert (made.kind, made.source_name, made.as_of) == ("csv", "list.csv", MARCH)
    assert made.counts["added"] == made.counts["codes_added"] == 1
    assert get_policy().revisions.get().loaded_from == made


def test_where_a_code_was_found_is_kept_without_a_revision(codes):
    load(stated("MP-1", named("J0001", source="Page 1")))
    number = version()
    load(stated("MP-1", named("J0001", source="Page 2")))
    assert get_policy().policy_codes.get().source == "Page 2"
    assert revisions() == [("new", 1, 0, 0)]
    assert version() > number


def test_retirement_ahead_is_a_revision_and_no_retirement_yet():
    ahead = (timezone.localdate() + datetime.timedelta(days=30)).isoformat()
    load(stated("MP-1"))
    assert load(stated("MP-1", retired=ahead)).retired == 0
    assert [kind for kind, *_ in revisions()] == ["new", "revised"]


def test_retirement_that_its_source_takes_back_without_a_word_is_not_known_any_more():
    load(stated("L1", issuer="cms", kind="lcd", status="retired", retired="2025-01-01"), kind="mcd")

    load(stated("L1", issuer="cms", kind="lcd", retired=None), kind="mcd", as_of=LATER)

    assert (facts_of("L1")["status"], facts_of("L1")["retired"]) == ("unknown", None)
    assert [kind for kind, *_ in revisions("L1")] == ["new", "reinstated"]


def test_retirement_stays_where_the_source_says_nothing_of_it():
    load(stated("L1", issuer="cms", kind="lcd", status="retired"), kind="mcd")

    load(stated("L1", issuer="cms", kind="lcd"), kind="mcd", as_of=LATER)

    assert facts_of("L1")["status"] == "retired"


def test_export_that_lacks_most_documents_is_refused():
    documents = [stated(f"L{number}", issuer="cms", kind="lcd") for number in range(160)]
    load(*documents, kind="mcd", complete=True)

    with pytest.raises(RefusedFile, match="lacks 60 of 160 documents"):
        load(*documents[:100], kind="mcd", complete=True, as_of=LATER)

    assert not Policy.objects.missing().exists()
    assert load(*documents[:120], kind="mcd", complete=True, as_of=LATER).missing == 40


def test_export_that_lacks_most_codes_is_refused():
    codes = [code.code for code in create_codes({f"J{number:04}": f"Code {number}" for number in range(600)})]
    load(stated("L1", named(*codes), issuer="cms", kind="lcd"), kind="mcd")

    with pytest.raises(RefusedFile, match="lacks 599 of the 600 codes"):
        load(stated("L1", named("J0000"), issuer="cms", kind="lcd"), kind="mcd")

    assert len(codes_of("L1")) == 600
