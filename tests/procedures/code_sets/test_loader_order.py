"""Releases imported in any order leave the same facts; and the same changes, for codes that lived once.

A code that goes and comes back, or changes its kind or its last day, has other changes on record when releases arrive
out of order: which release listed what is not stored. Its facts are the same all the same.
"""

import datetime
from collections.abc import Callable

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.code_sets.readers import ReadRelease
from procedures.code_sets.records import CodeRecord
from tests.procedures.code_sets.loading import changes, facts, load, successions
from tests.procedures.code_sets.made_releases import hcpcs_release, icd_release, listed

pytestmark = pytest.mark.django_db

ICD_VERSIONS = ["2021-10", "2022-10", "2023-10", "2024-10"]
HCPCS_VERSIONS = ["2018-01", "2019-01", "2025-01"]
LAST_DAYS = ["2017-12-31", "2018-12-31", "2024-12-31"]

ICD_CODES = ["A00", "A00.0", "A00.01", "A00.1", "B01"]
HCPCS_CODES = ["A1000", "A1001", "C9028", "KX"]

Life = list[CodeRecord | None]
Releases = list[Callable[[], ReadRelease]]


def outcome(system: str, releases: Releases) -> dict:
    """What is stored after these releases, which are then taken back."""
    with transaction.atomic():
        load(system, *(make() for make in releases))
        found = {
            "facts": facts(system),
            "successions": successions(),
            "changes": changes("added", "terminated", "unlisted"),
        }
        transaction.set_rollback(True)
    return found


def assert_same(found: dict, expected: dict, names: tuple[str, ...]) -> None:
    for name in names:
        assert found[name] == expected[name]


def icd_releases(lives: list[Life], are_order_files: list[bool]) -> Releases:
    def make(at: int) -> ReadRelease:
        records = [life[at] for life in lives if life[at]]
        if not are_order_files[at]:
            records = [record for record in records if record.kind == "code"]
        return icd_release(ICD_VERSIONS[at], *records, lists_headers=are_order_files[at])

    return [lambda at=at: make(at) for at in range(len(are_order_files))]


def hcpcs_releases(lives: list[Life]) -> Releases:
    return [
        lambda at=at: hcpcs_release(HCPCS_VERSIONS[at], *(life[at] for life in lives if life[at]))
        for at in range(len(HCPCS_VERSIONS))
    ]


def maybe(strategy):
    return st.none() | strategy


wordings = st.sampled_from(["First wording", "Second wording"])
actions = st.sampled_from(["N", "A", "C", "D"])


@st.composite
def any_icd_lives(draw) -> list[Life]:
    """Codes that come, go, return, and change their wording and kind as they like."""

    def record(code):
        return st.builds(listed, st.just(code), wordings, kind=st.sampled_from(["code", "header"]))

    count = len(ICD_VERSIONS)
    return [draw(st.lists(maybe(record(code)), min_size=count, max_size=count)) for code in ICD_CODES]


@st.composite
def any_hcpcs_lives(draw) -> list[Life]:
    """Codes that come, go, return, end, return, and refer to each other as they like."""

    def record(code):
        return st.builds(
            listed,
            st.just(code),
            wordings,
            kind=st.just("modifier" if len(code) == 2 else "code"),
            terminated=st.sampled_from(["", *LAST_DAYS]),
            xref=st.sampled_from(["", *HCPCS_CODES, "A1000 C9028"]),
            action=actions,
            is_noc=st.booleans(),
        )

    count = len(HCPCS_VERSIONS)
    return [draw(st.lists(maybe(record(code)), min_size=count, max_size=count)) for code in HCPCS_CODES]


def span_of_life(draw, count: int) -> range:
    first = draw(st.integers(0, count - 1))
    return range(first, draw(st.integers(first, count - 1)) + 1)


@st.composite
def plain_icd_lives(draw) -> list[Life]:
    """Codes that are listed from one release to another, always of one kind, with a short description or without."""
    lives = []
    for code in ICD_CODES:
        span, kind = span_of_life(draw, len(ICD_VERSIONS)), draw(st.sampled_from(["code", "header"]))
        wording = draw(wordings)
        records = [
            listed(code, wording, kind=kind, short=draw(st.sampled_from(["", wording[:5]]))) for _ in ICD_VERSIONS
        ]
        lives.append([record if at in span else None for at, record in enumerate(records)])
    return lives


@st.composite
def plain_hcpcs_lives(draw) -> list[Life]:
    """Codes that are listed from one release to another, and perhaps have an end that all from one on state."""
    lives = []
    for code in HCPCS_CODES:
        span = span_of_life(draw, len(HCPCS_VERSIONS))
        last_day, ended_at = draw(st.sampled_from(LAST_DAYS)), draw(st.integers(0, len(HCPCS_VERSIONS)))
        life: Life = []
        for at in range(len(HCPCS_VERSIONS)):
            said = ["N", "C"]
            said += ["A"] if at == span.start else []
            said += ["D"] if at == max(ended_at, span.start) else []
            terminated = last_day if at >= ended_at else ""
            fields = {"terminated": terminated, "action": draw(st.sampled_from(said)), "is_noc": draw(st.booleans())}
            record = listed(code, draw(wordings), **fields)
            life.append(record if at in span else None)
        lives.append(life)
    return lives


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_icd_releases_in_any_order_leave_the_same_facts(data):
    are_order_files = data.draw(st.lists(st.booleans(), min_size=3, max_size=4))
    releases = icd_releases(data.draw(any_icd_lives()), are_order_files)
    shuffled = data.draw(st.permutations(releases))

    assert_same(outcome("icd10cm", shuffled), outcome("icd10cm", releases), ("facts",))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_hcpcs_releases_in_any_order_leave_the_same_facts_and_successions(data):
    releases = hcpcs_releases(data.draw(any_hcpcs_lives()))
    shuffled = data.draw(st.permutations(releases))

    assert_same(outcome("hcpcs", shuffled), outcome("hcpcs", releases), ("facts", "successions"))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_icd_releases_in_any_order_record_the_same_changes_of_plain_lives(data):
    are_order_files = data.draw(st.lists(st.booleans(), min_size=3, max_size=4))
    releases = icd_releases(data.draw(plain_icd_lives()), are_order_files)
    shuffled = data.draw(st.permutations(releases))

    assert_same(outcome("icd10cm", shuffled), outcome("icd10cm", releases), ("facts", "changes"))


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_hcpcs_releases_in_any_order_record_the_same_changes_of_plain_lives(data):
    releases = hcpcs_releases(data.draw(plain_hcpcs_lives()))
    shuffled = data.draw(st.permutations(releases))

    assert_same(outcome("hcpcs", shuffled), outcome("hcpcs", releases), ("facts", "changes"))


def test_facts_and_changes_of_a_life_imported_in_order_are_the_expected_ones():
    """Anchors the properties: what all orders agree on is also right."""
    living, ended = listed("C9028", action="A"), listed("C9028", terminated="2018-12-31", action="D")
    expected = outcome("hcpcs", hcpcs_releases([[living, ended, None]]))

    assert expected["facts"]["C9028"]["terminated"] == datetime.date(2018, 12, 31)
    assert expected["facts"]["C9028"]["listed_in"] == "2019-01"
    assert expected["changes"] == [("C9028", "added", "2018-01"), ("C9028", "terminated", "2019-01")]
