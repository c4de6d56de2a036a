"""Facts and codes as plain JSON."""

import datetime

import pytest

from policies.facts import (
    CODE_COLUMNS,
    DEFAULTS,
    FACTS,
    code_facts,
    code_key,
    facts_of,
    is_retired,
    policy_key,
    split_code_key,
)
from policies.models import Policy, PolicyCode

TODAY = datetime.date(2025, 3, 1)
DAY = datetime.timedelta(days=1)


def test_facts_are_the_columns_as_json_with_sorted_lists():
    policy = Policy(title="Chairs", status=Policy.Status.ACTIVE, effective=TODAY, url="https://cms.example/1")

    facts = facts_of(policy, plans=["south", "north"], references=iter(["lcd:L2", "article:A1"]))

    assert facts == {
        "title": "Chairs",
        "article_type": "",
        "status": "active",
        "effective": "2025-03-01",
        "last_reviewed": None,
        "retired": None,
        "url": "https://cms.example/1",
        "summary": "",
        "plans": ["north", "south"],
        "references": ["article:A1", "lcd:L2"],
    }
    assert set(facts) == set(FACTS)


@pytest.mark.parametrize("status", Policy.Status.values)
@pytest.mark.parametrize("retired", [None, TODAY - DAY, TODAY, TODAY + DAY])
def test_facts_are_retired_when_the_policy_is(status, retired):
    policy = Policy(title="Chairs", status=status, retired=retired)

    assert is_retired(facts_of(policy, [], []), TODAY) == (policy.state(TODAY) == Policy.State.RETIRED)


def test_policy_is_named_by_kind_and_number():
    assert policy_key("lcd", "L33789") == "lcd:L33789"


@pytest.mark.parametrize(
    "parts",
    [
        ("hcpcs", "J9302", "named", ""),
        ("icd10cm", "C911", "noncovered", ""),
        ("hcpcs", "J3490", "named", "Arzerra | 10 mg: vial"),
    ],
)
def test_key_of_a_code_gives_back_what_it_was_made_of(parts):
    assert split_code_key(code_key(*parts)) == parts


def test_key_of_a_code_without_more_says_that_it_is_named():
    assert code_key("hcpcs", "J9302") == "hcpcs:J9302|named|"


def test_facts_of_a_code_are_what_differs_from_the_default():
    assert code_facts(**DEFAULTS) == {}
    assert code_facts(prior_authorization="no-auth", starts=TODAY, ends="2025-12-31", note="") == {
        "prior_authorization": "no-auth",
        "starts": "2025-03-01",
        "ends": "2025-12-31",
    }
    assert code_facts(prior_authorization=PolicyCode.PriorAuthorization.UNKNOWN) == {}


def test_defaults_are_those_of_the_model():
    fields = {name: PolicyCode._meta.get_field(name) for name in CODE_COLUMNS}

    assert {name: field.get_default() for name, field in fields.items()} == DEFAULTS
