import datetime
from contextlib import suppress

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from policies.facts import split_code_key
from policies.imports import csv_list
from policies.imports.csv_list import read_csv_list
from policies.imports.records import ReadPolicies
from procedures.code_sets.records import RefusedFile
from tests.factories import create_code, create_plan

pytestmark = pytest.mark.django_db

HEADER = "plan,policy_number,title,url,kind,effective_date,last_reviewed,prior_auth,codes"


@pytest.fixture(autouse=True)
def loaded_codes(db):
    for code in ("J9301", "J9302", "J9306"):
        create_code(code, f"Injection {code}")
    create_code("C91.1", "Chronic leukemia", system="icd10cm")


@pytest.fixture
def read(tmp_path):
    """Reads a list of these rows; `header` has the columns."""

    def read_list(*rows: str, header: str = HEADER, name: str = "list.csv", **options) -> ReadPolicies:
        file = tmp_path / name
        file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
        return read_csv_list(file, **options)

    return read_list


def problems(read: ReadPolicies) -> list[str]:
    return [str(line) for line in read.report.problems]


def notes(read: ReadPolicies) -> list[str]:
    return [str(line) for line in read.report.notes]


def codes_of(record) -> dict[str, str]:
    """What is said of prior authorization by code."""
    return {split_code_key(key)[1]: said.get("prior_authorization", "unknown") for key, said in record.codes.items()}


def test_policy_is_read_with_its_facts_and_codes(read):
    create_plan("Example Health")
    found = read("Example Health,MP-1,Ofatumumab,https://plan.example/1,,01/31/2025,N/A,required,J9301-J9306; C91.1")

    (record,) = found.policies
    assert (record.issuer, record.kind, record.number) == ("example-health", "payer-policy", "MP-1")
    assert record.facts == {
        "title": "Ofatumumab",
        "url": "https://plan.example/1",
        "effective": "2025-01-31",
        "last_reviewed": None,
        "plans": ["example-health"],
    }
    assert record.codes["hcpcs:J9302|named|"] == {
        "prior_authorization": "auth-needed",
        "source": "Policy list of the plan",
        "range": "J9301-J9306",
    }
    assert codes_of(record) == dict.fromkeys(["J9301", "J9302", "J9306", "C911"], "auth-needed")
    assert (record.file, record.row) == ("list.csv", 2)
    assert (found.kind, found.source_name) == ("csv", "list.csv")
    assert problems(found) == notes(found) == []


def test_columns_that_are_not_there_state_nothing(read):
    (record,) = read("Example,Ofatumumab", header="Plan;Title".replace(";", ",")).policies

    assert record.facts == {"title": "Ofatumumab", "plans": ["example"]}
    assert record.codes is None


def test_empty_codes_name_none(read):
    (record,) = read("Example,Ofatumumab,No HCPCS", header="plan,title,codes").policies

    assert record.codes == {}


def test_unknown_column_is_a_note(read):
    found = read("Example,Ofatumumab,x", header="plan,title,color")

    assert notes(found)[0] == "list.csv: the column “color” is not known and was not read."


@pytest.mark.parametrize("name", ["Example Health", "EXAMPLE  health", "exhealth", "ExHealth"])
def test_known_plan_is_found_by_name_or_slug_in_any_case(read, name):
    create_plan("Example Health", slug="exhealth")
    found = read(f"{name},T", header="plan,title")

    assert found.policies[0].issuer == "exhealth"
    assert found.plans["exhealth"].name == "Example Health"
    assert notes(found) == []


def test_unknown_plan_is_made_once_with_a_note(read):
    found = read("New Plan,A", "new  plan,B", "New-Plan,C", header="plan,title")

    assert {record.issuer for record in found.policies} == {"new-plan"}
    assert (found.plans["new-plan"].name, found.plans["new-plan"].kind) == ("New Plan", "")
    assert notes(found) == ["list.csv, row 2: the plan “New Plan” is new."]


def test_documents_of_medicare_are_issued_by_cms_and_apply_to_the_plan(read):
    create_plan("Contractor", kind="medicare-contractor")
    found = read("Contractor,l33789,Wheelchairs,lcd", "cms,1.1,Oxygen,NCD", header="plan,policy_number,title,kind")

    lcd, ncd = found.policies
    assert (lcd.issuer, lcd.kind, lcd.number, lcd.facts["plans"]) == ("cms", "lcd", "L33789", ["contractor"])
    assert (ncd.issuer, ncd.kind, ncd.number, ncd.facts["plans"]) == ("cms", "ncd", "1.1", [])
    assert "cms" in found.plans


# Continued rows


def test_row_with_the_same_number_continues_the_first(read):
    found = read(
        "Example,MP-1,Ofatumumab,,,2025-01-31,,required,J9301",
        "Other,MP-1,Another,,,,,,",
        "Example,MP-1,Ofatumumab,https://plan.example/1,,,,no,J9302 | C91.1",
    )

    assert [record.number for record in found.policies] == ["MP-1", "MP-1"]
    record = found.policies[0]
    assert (record.facts["effective"], record.facts["url"]) == ("2025-01-31", "https://plan.example/1")
    assert codes_of(record) == {"J9301": "auth-needed", "J9302": "no-auth", "C911": "no-auth"}
    assert "list.csv, row 4: row 4 continues row 2." in notes(found)
    assert problems(found) == []


def test_row_without_number_continues_the_one_with_the_same_title_and_kind(read):
    found = read("A,,T,,,,,,J9301", "A,,T,,,,,,J9302", "A,,T,,lcd,,,,J9302", "A,T,T,,,,,,J9302")

    assert [(record.kind, record.number, list(codes_of(record))) for record in found.policies] == [
        ("payer-policy", "", ["J9301", "J9302"]),
        ("lcd", "", ["J9302"]),
        ("payer-policy", "T", ["J9302"]),
    ]


@pytest.mark.parametrize("number", ["", "N/A", "-", "na"])
def test_number_that_is_none_is_empty(read, number):
    found = read(f"A,{number},T,,,,,,", f"A,{number},U,,,,,,")

    assert [record.number for record in found.policies] == ["", ""]
    assert problems(found) == []


def test_continued_document_of_medicare_applies_to_the_plans_of_all_its_rows(read):
    header = "plan,policy_number,title,kind"
    (record,) = read("B,L1,T,lcd", "A,L1,T,lcd", "CMS,L1,T,lcd", header=header).policies

    assert record.facts["plans"] == ["a", "b"]


def test_code_named_alone_and_in_a_range_by_two_rows_has_no_range(read):
    (record,) = read("A,1,T,,,,,yes,J9301-J9306", "A,1,T,,,,,,J9302").policies

    assert record.codes["hcpcs:J9302|named|"] == {
        "prior_authorization": "auth-needed",
        "source": "Policy list of the plan",
    }
    assert record.codes["hcpcs:J9301|named|"]["range"] == "J9301-J9306"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A,1,U,,,,,,J9302", "it continues row 2, but its title is “U” instead of “T”."),
        (
            "A,1,T,,,2024-01-01,,,J9302",
            "it continues row 2, but its effective is “2024-01-01” instead of “2025-01-31”.",
        ),
        ("A,1,T,,,,,no,J9301", "prior_auth: J9301 has “no-auth”, but “auth-needed” in row 2."),
        ("A,1,T,ftp://x,,,,,J9302", "the address “ftp://x” is not one of http or https."),
    ],
)
def test_policy_whose_rows_contradict_each_other_is_left_out(read, row, problem):
    found = read("A,1,T,,,2025-01-31,,yes,J9301", row, "A,2,Other,,,,,,")

    assert problems(found) == [f"list.csv, row 3: {problem}"]
    assert [record.number for record in found.policies] == ["2"]
    assert found.left_out == {("a", "payer-policy", "1")}


def test_policy_is_left_out_whichever_of_its_rows_is_bad(read):
    good = "A,1,T,,,,,,J9301"
    for rows in ((good, "A,1,T,,,,soon,,"), ("A,1,T,,,,soon,,", good), (good, "A,1,T,,", good)):
        found = read(*rows)

        assert found.policies == []
        assert found.left_out == {("a", "payer-policy", "1")}
        assert len(found.report.problems) == 1


# Problems


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",1,T,,,,,,", "the row names no plan."),
        ("A,1,,,,,,,", "the row has no title."),
        ("A,1,<b></b>,,,,,,", "the row has no title."),
        (f"A,1,{'T' * 501},,,,,,", "the title has 501 characters; at most 500 are kept."),
        (f"A,{'1' * 61},T,,,,,,", "the number has more than 60 characters, or one that cannot be stored."),
        (f"{'A' * 201},1,T,,,,,,", "the plan’s name has more than 200 characters, or one that cannot be stored."),
        ("A,1,T,www.plan.example,,,,,", "the address “www.plan.example” is not one of http or https."),
        ("A,1,T,javascript:alert(1),,,,,", "the address “javascript:alert(1)” is not one of http or https."),
        ("A,1,T,,letter,,,,", "kind: “letter” is none of these: payer-policy, ncd, lcd, article."),
        ("A,1,T,,,2025-02-30,,,", "effective_date: there is no day “2025-02-30”."),
        ("A,1,T,,,,,,J9306-J9301", "codes: the range J9306-J9301 runs backwards."),
        ("A,1,T,,,,,,J0001-J9999", "codes: the range J0001-J9999 spans more than 1,000 numbers."),
        ("A,1,T,,,,,,snomed:1", "codes: “snomed:1” names no known code system (cdt, cpt4, hcpcs, icd10cm, icd10pcs)."),
        ("A,1,T,,,", "it has 6 cells, but the header has 9."),
        ("A,1,T,,,,,,J9301,J9302", "it has 10 cells, but the header has 9."),
    ],
)
def test_bad_row_is_a_problem_with_file_and_row(read, row, problem):
    found = read("B,2,Good,,,,,,J9302", row)

    assert problems(found) == [f"list.csv, row 3: {problem}"]
    assert [record.facts["title"] for record in found.policies] == ["Good"]


@pytest.mark.parametrize(
    ("columns", "cells", "problem"),
    [
        ("status", "maybe", "status: “maybe” is none of these: unknown, proposed, active, retired."),
        ("article_type", "faq", "only an article has a type of article."),
        ("effective_date,retired_date", "2025-01-02,2025-01-01", "it is retired on 2025-01-01, before it takes effect"),
    ],
)
def test_bad_fact_of_a_further_column_is_a_problem(read, columns, cells, problem):
    found = read(f"A,T,{cells}", header=f"plan,title,{columns}")

    assert problems(found)[0].startswith(f"list.csv, row 2: {problem}")
    assert found.left_out == {("a", "payer-policy", "T")}


def test_word_for_prior_authorization_that_is_not_known_is_a_problem_with_the_words(read):
    found = read("A,1,T,,,,,perhaps,J9302")

    assert problems(found)[0].startswith("list.csv, row 2: prior_auth: “perhaps” is none of these: required, yes,")


def test_problem_of_a_row_after_texts_of_several_lines_names_its_line_too(read):
    found = read('A,1,"T\nof two lines",,,,,,', "A,2,,,,,,,")

    assert problems(found) == ["list.csv, row 3: the row has no title (line 4 of the file)."]


def test_file_cut_in_a_quoted_text_is_a_problem_of_the_row_where_it_began(read):
    found = read("A,1,T,,,,,,J9301", 'A,2,T2,,,,,,"J9301,', "J9302,")

    assert problems(found) == [
        "list.csv, row 3: the file ends within a quoted text that begins in this row: "
        "it was cut off, or a quotation mark is missing."
    ]
    assert found.left_out == {("a", "payer-policy", "2")}
    assert [record.number for record in found.policies] == ["1"]


def test_prior_authorization_without_codes_is_a_note(read):
    found = read("New,1,T,,,,,yes,J1234")

    assert "list.csv, row 2: what it says of prior authorization is not kept, as it names no known code." in notes(
        found
    )


def test_dropped_and_unknown_codes_are_counted_over_all_rows(read):
    numbers = f"{'9' * 5} {'9' * 5}"
    found = read(f"A,1,T,,,,,,{numbers} J1234", f"A,2,U,,,,,,{numbers} J1234 J1235")

    assert found.report.dropped == {"CPT number, not licensed": 4}
    assert found.report.unknown_codes == {"J1234": 2, "J1235": 1}
    assert problems(found) == []


# What the list is taken for


def test_list_is_complete_for_the_payer_policies_of_the_issuers_it_names(read):
    found = read("A,1,T,,,,,,", "B,2,T,,lcd,,,,")

    assert found.is_complete_for("payer-policy", "a")
    # The plan has these of Medicare, of which another plan has others.
    assert not found.is_complete_for("lcd", "cms")
    assert not found.is_complete_for("payer-policy", "b")
    assert not found.is_complete_for("article", "cms")


def test_partial_list_is_complete_for_nothing(read):
    assert not read("A,1,T,,,,,,", partial=True).is_complete_for("payer-policy", "a")


@pytest.mark.parametrize(
    "row", [",2,T,,,,,,", "A,2,T,,letter,,,,", 'A,"2" x,T,,,,,,', "A,Inc,2,T,,,,,,", 'A,2,T,,,,,,"J9302']
)
def test_list_with_a_row_of_an_uncertain_policy_is_complete_for_nothing(read, row):
    found = read("A,1,T,,,,,,", row)

    assert not found.is_complete_for("payer-policy", "a")
    assert "so none is taken for missing" in notes(found)[-1]


def test_list_with_a_bad_row_of_a_known_policy_stays_complete(read):
    assert read("A,1,T,,,,,,", "A,2,,,,,,,").is_complete_for("payer-policy", "a")


def test_day_of_the_list_is_that_of_its_verification_or_today(read):
    with time_machine.travel(datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.UTC)):
        undated = read("A,1,T,,,,,,")
        dated = read("A,1,T,,,,,,", verified=datetime.date(2025, 5, 1))

    assert (undated.as_of, undated.verified) == (datetime.date(2025, 6, 1), None)
    assert (dated.as_of, dated.verified) == (datetime.date(2025, 5, 1), datetime.date(2025, 5, 1))


# Limits


def test_more_policies_or_codes_than_allowed_are_refused(read, monkeypatch):
    monkeypatch.setattr(csv_list, "MOST_POLICIES", 2)
    assert len(read("A,1,T,,,,,,", "A,2,T,,,,,,", "A,1,T,,,,,,").policies) == 2
    with pytest.raises(RefusedFile, match=r"list.csv, line 4: it holds more than 2 policies"):
        read("A,1,T,,,,,,", "A,2,T,,,,,,", "A,3,T,,,,,,")

    monkeypatch.setattr(csv_list, "MOST_NAMED_CODES", 3)
    assert read("A,1,T,,,,,,J9301-J9306").report.counts["codes named"] == 3
    with pytest.raises(RefusedFile, match=r"list.csv, line 3: its policies name more than 3 codes"):
        read("A,1,T,,,,,,J9301-J9306", "A,2,T,,,,,,J9301")


def test_many_rows_take_no_more_queries_than_one(read, django_assert_max_num_queries):
    rows = [f"Plan {number % 20},{number},T,,,,,,J9301-J9306 C91.1 J{number:04}" for number in range(500)]
    with django_assert_max_num_queries(5):
        found = read(*rows)

    assert len(found.policies) == 500
    assert len(found.plans) == 20


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.sampled_from(['"', ",", ";", "\n", "A", "MP-1", "T", "J9301-", "J9306", "lcd", "yes", "2025-01-31", "é"])
    )
    | st.binary(max_size=200)
)
@example(['"'])
def test_any_file_is_read_or_refused(tmp_path, pieces):
    content = pieces if isinstance(pieces, bytes) else "".join(pieces).encode("cp1252")
    file = tmp_path / "list.csv"
    file.write_bytes(HEADER.encode() + b"\n" + content)
    with suppress(RefusedFile):
        found = read_csv_list(file)

        # No row goes by without a word.
        assert len(found.policies) + found.report.problem_count >= min(1, found.report.counts["rows read"])


def test_progress_sees_every_row(read):
    seen = []

    def progress(rows, **options):
        for row in rows:
            seen.append((row.number, options["desc"]))
            yield row

    read("A,1,T,,,,,,", "A,2,T,,,,,,", progress=progress)

    assert seen == [(2, "Reading"), (3, "Reading")]
