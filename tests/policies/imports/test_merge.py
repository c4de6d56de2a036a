"""The rules of policies.imports.merge, one by one."""

import pytest

from policies.imports.merge import Merged, Sides, merge

KEY = "hcpcs:J9302|named|"
ONE, TWO, THREE = ({"source": "List", "note": note} for note in ("one", "two", "three"))
BLANK = {
    **{"title": "MP-1", "article_type": "", "status": "unknown", "url": "", "summary": ""},
    **{"effective": None, "last_reviewed": None, "retired": None, "plans": [], "references": []},
}


def merge_facts(base: dict, current: dict, now: dict, withheld: dict | None = None) -> tuple[dict, dict]:
    """What is taken and what is withheld of facts; `now` states also what only `base` does."""
    merged = merge(
        Sides(base),
        Sides({**BLANK, **current}),
        Sides({**base, **now}),
        number="MP-1",
        withheld=withheld and Sides(withheld),
    )
    return merged.taken_facts, merged.withheld_facts


def merge_code(base, current, now, withheld=...) -> tuple[dict, dict]:
    """The same of one code, whose columns each side states, or None."""

    def side(columns):
        return Sides(codes={KEY: columns} if columns else {})

    open_before = None if withheld is ... else Sides(codes={KEY: withheld})
    current = Sides(dict(BLANK), side(current).codes)
    merged = merge(side(base), current, side(now), number="MP-1", withheld=open_before)
    return merged.taken_codes, merged.withheld_codes


@pytest.mark.parametrize(
    ("base", "current", "now", "taken", "withheld"),
    [
        ("A", "A", "A", None, None),
        ("A", "E", "A", None, None),
        ("A", "A", "B", "B", None),
        ("A", "E", "B", None, "B"),
        ("A", "B", "B", None, None),
        ("A", "A", "", "", None),
        ("A", "E", "", None, ""),
    ],
    ids=[
        "nothing changed",
        "an editor changed it",
        "the source changed it",
        "both changed it",
        "both changed it in the same way",
        "the source withdrew it",
        "the source withdrew what an editor changed",
    ],
)
def test_fact_is_taken_where_only_the_source_changed_it(base, current, now, taken, withheld):
    assert merge_facts({"summary": base}, {"summary": current}, {"summary": now}) == (
        {} if taken is None else {"summary": taken},
        {} if withheld is None else {"summary": withheld},
    )


@pytest.mark.parametrize(
    ("name", "blank", "written", "now"),
    [
        ("title", "MP-1", "Of an editor", "Of the source"),
        ("status", "unknown", "active", "retired"),
        ("url", "", "https://example.org/editor", "https://example.org/source"),
        ("effective", None, "2025-01-01", "2025-02-01"),
        ("plans", [], ["example-health"], ["other-health"]),
    ],
)
def test_fact_that_is_stated_for_the_first_time_fills_only_what_is_empty(name, blank, written, now):
    assert merge_facts({}, {name: blank}, {name: now}) == ({name: now}, {})
    assert merge_facts({}, {name: written}, {name: now}) == ({}, {name: now})
    assert merge_facts({}, {name: written}, {name: blank}) == ({}, {})


def test_fact_that_the_source_does_not_state_this_time_stays():
    assert merge_facts({"summary": "A"}, {"summary": "E"}, {"title": "New"}) == ({"title": "New"}, {})


@pytest.mark.parametrize(
    ("base", "current", "now", "taken", "withheld"),
    [
        (ONE, ONE, ONE, ..., ...),
        (ONE, TWO, ONE, ..., ...),
        (ONE, ONE, TWO, TWO, ...),
        (ONE, ONE, None, None, ...),
        (ONE, THREE, TWO, ..., TWO),
        (ONE, THREE, None, ..., None),
        (ONE, None, ONE, ..., ...),
        (ONE, None, TWO, ..., TWO),
        (ONE, None, None, ..., ...),
        (ONE, TWO, TWO, ..., ...),
        (None, None, ONE, ONE, ...),
        (None, ONE, None, ..., ...),
        (None, ONE, TWO, ..., TWO),
        (None, ONE, ONE, ..., ...),
    ],
)
def test_code_is_taken_where_only_the_source_changed_it(base, current, now, taken, withheld):
    assert merge_code(base, current, now) == (
        {} if taken is ... else {KEY: taken},
        {} if withheld is ... else {KEY: withheld},
    )


@pytest.mark.parametrize(
    ("base", "current", "now", "withheld"),
    [
        ("B", "E", "B", "B"),
        ("B", "B", "B", ...),
        ("B", "E", "C", "C"),
        ("B", "E", "E", ...),
        ("B", "B", "C", ...),
    ],
    ids=["still open", "an editor followed", "source goes on", "source came round", "source goes on from there"],
)
def test_withheld_fact_is_kept_until_both_agree(base, current, now, withheld):
    _, still_open = merge_facts({"summary": base}, {"summary": current}, {"summary": now}, {"summary": "B"})
    assert still_open == ({} if withheld is ... else {"summary": withheld})


@pytest.mark.parametrize(
    ("base", "current", "now", "before", "after"),
    [
        (TWO, ONE, TWO, TWO, TWO),
        (TWO, TWO, TWO, TWO, ...),
        (None, ONE, None, None, None),
        (None, None, None, None, ...),
        (None, ONE, THREE, None, THREE),
        (TWO, ONE, None, TWO, None),
    ],
)
def test_withheld_code_is_kept_until_both_agree(base, current, now, before, after):
    assert merge_code(base, current, now, before)[1] == ({} if after is ... else {KEY: after})


def test_withheld_fact_that_the_source_does_not_state_this_time_stays_open():
    withheld = {"summary": "B"}
    assert merge_facts({"summary": "B"}, {"summary": "E"}, {"title": "New"}, withheld) == ({"title": "New"}, withheld)


@pytest.mark.parametrize(
    ("current", "now"),
    [
        ({"effective": "2025-06-01"}, {"retired": "2025-01-31"}),
        ({"retired": "2025-01-31"}, {"effective": "2025-06-01"}),
        ({"retired": "2025-01-31"}, {"status": "proposed"}),
    ],
)
def test_days_that_contradict_what_an_editor_wrote_are_withheld(current, now):
    assert merge_facts({}, current, {**now, "url": "https://example.org/"}) == ({"url": "https://example.org/"}, now)


def test_facts_and_codes_of_one_policy_are_judged_apart():
    base = Sides({"title": "A", "url": "https://example.org/1"}, {KEY: ONE})
    current = Sides({**BLANK, "title": "E", "url": "https://example.org/1"}, {KEY: ONE})
    now = Sides({"title": "B", "url": "https://example.org/2"}, {KEY: TWO})
    assert merge(base, current, now, number="MP-1") == Merged(
        taken_facts={"url": "https://example.org/2"},
        taken_codes={KEY: TWO},
        withheld_facts={"title": "B"},
        withheld_codes={},
    )
