"""What keeps a record out: each of these would break a constraint or a column of the database."""

import pytest

from policies.imports.checks import check_plan, check_record
from policies.imports.records import PlanRecord
from tests.policies.imports.loading import named, stated


def broken_code(**columns) -> dict:
    return {"hcpcs:J9302|named|": {"source": "List", **columns}}


GOOD = [
    stated("MP-1"),
    stated("", title="x" * 500),
    stated("MP-1", effective="2025-01-01", retired="2025-01-01", status="retired"),
    stated("A1", kind="article", article_type="faq", url="https://example.org/a?b=c"),
    stated("MP-1", named("J9302", range="J9301-J9306", note="x" * 500, ends="2025-01-01")),
    stated("MP-1", {f"hcpcs:J9302|covered|{'|' * 300}": {"source": "x" * 200}}),
]

BROKEN = {
    "not a kind of policy": stated(kind="memo"),
    "the number has more": stated("1" * 61, title="Title"),
    "the number has more than 60 characters, or one": stated("\0", title="Title"),
    "no title": stated("", title=""),
    "501 characters": stated(title="x" * 501),
    "the summary has more": stated(summary="x" * 20_001),
    "the summary has a character": stated(summary="a\0b"),
    "the title is not a text": stated(title=None),
    "is not a fact": stated(colour="red"),
    "not one of http": stated(url="ftp://example.org/"),
    "the address “": stated(url="https://example.org/a b\n"),
    "the address has more": stated(url="https://example.org/" + "x" * 500),
    "is not a status": stated(status="dead"),
    "is not a type of article": stated(kind="article", article_type="poem"),
    "only an article": stated(kind="lcd", article_type="faq"),
    "is not a day (effective)": stated(effective="20250101"),
    "“2025-02-29” is not a day (last reviewed)": stated(last_reviewed="2025-02-29"),
    "before it takes effect": stated(effective="2025-01-02", retired="2025-01-01"),
    "proposed and retired": stated(status="proposed", retired="2025-01-01"),
    "its key is none": stated(codes={"J9302": {"source": "List"}}),
    "is no way to list it": stated(codes={"hcpcs:J9302|mentioned|": {"source": "List"}}),
    "its label has more": stated(codes={f"hcpcs:J9302|named|{'x' * 301}": {"source": "List"}}),
    "it has no source": stated(codes={"hcpcs:J9302|named|": {}}),
    "its source has more": stated(codes=broken_code(source="x" * 201)),
    "its note has more": stated(codes=broken_code(note="x" * 501)),
    "its note is stated, but empty": stated(codes=broken_code(note="")),
    "its range has more": stated(codes=broken_code(range="A" * 20 + "-" + "B" * 20)),
    "is not a range": stated(codes=broken_code(range="J1 to J2")),
    "says nothing of prior": stated(codes=broken_code(prior_authorization="maybe")),
    "“soon” is not a day": stated(codes=broken_code(starts="soon")),
    "before it starts": stated(codes=broken_code(starts="2025-01-02", ends="2025-01-01")),
    "“color” is not said": stated(codes=broken_code(color="red")),
}


@pytest.mark.parametrize("record", GOOD)
def test_good_record_has_no_problem(record):
    assert check_record(record) == []


@pytest.mark.parametrize(("words", "record"), BROKEN.items(), ids=BROKEN)
def test_broken_record_has_one_problem_that_says_what_it_is(words, record):
    [problem] = check_record(record)
    assert words in problem


def test_broken_column_of_many_codes_is_told_a_few_times():
    assert len(check_record(stated(codes=named(*(f"J{number:04}" for number in range(100)), range="?")))) == 5


def test_plan_has_the_problems_of_its_columns():
    assert check_plan(PlanRecord("Example Health", kind="medicaid", website="https://example.org/")) == []
    assert check_plan(PlanRecord("")) == ["the plan has no name"]
    assert "is not a kind of plan" in check_plan(PlanRecord("x", kind="guild"))[0]
    assert "website" in check_plan(PlanRecord("x", website="example.org"))[0]
    assert "contractor number has more than 10" in check_plan(PlanRecord("x", contractor_number="1" * 11))[0]
