"""The rules of policies.imports.merge, one by one."""

import pytest

from policies.imports.merge import Merged, Sides, agrees, merge

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


def merge_beside(base: dict, current: dict, now: dict, other: dict) -> tuple[dict, dict]:
    """What is taken and withheld of facts, where a source of another kind states some too."""
    merged = merge(Sides(base), Sides({**BLANK, **current}), Sides(now), number="MP-1", others=[Sides(other)])
    return merged.taken_facts, merged.withheld_facts


@pytest.mark.parametrize(
    ("base", "current", "now", "taken"),
    [
        ({}, ["contractor"], ["acme"], ["acme", "contractor"]),
        ({"plans": ["acme"]}, ["acme", "contractor"], ["beta"], ["beta", "contractor"]),
        ({"plans": ["acme"]}, ["acme", "contractor"], [], ["contractor"]),
        ({"plans": ["acme", "contractor"]}, ["acme", "contractor"], ["acme"], None),
    ],
    ids=["comes", "changes", "goes", "no longer states what the other one states"],
)
def test_plans_of_two_sources_stand_side_by_side(base, current, now, taken):
    expected = {} if taken is None else {"plans": taken}
    other = {"plans": ["contractor"]}
    assert merge_beside(base, {"plans": current}, {"plans": now}, other) == (expected, {})


def test_plans_that_an_editor_changed_are_withheld_beside_another_source():
    taken = merge_beside({}, {"plans": ["elsewhere"]}, {"plans": ["acme"]}, {"plans": ["contractor"]})
    assert taken == ({}, {"plans": ["acme", "contractor"]})


def test_fact_that_another_source_states_otherwise_is_withheld():
    assert merge_beside({}, {"summary": "A"}, {"summary": "B"}, {"summary": "A"}) == ({}, {"summary": "B"})


def test_fact_that_a_source_withdraws_stays_where_another_one_states_it():
    both = {"summary": "A", "effective": "2025-01-01"}
    withdrawn = {"summary": "", "effective": None}
    assert merge_beside(both, both, withdrawn, {"summary": "A"}) == ({"effective": None}, {})


@pytest.mark.parametrize(("other", "taken"), [(ONE, {}), (TWO, {KEY: TWO}), (None, {KEY: None})])
def test_code_that_a_source_drops_stays_where_another_one_names_it(other, taken):
    one = Sides(codes={KEY: ONE})
    others = [Sides(codes={KEY: other} if other else {})]
    merged = merge(one, Sides(dict(BLANK), {KEY: ONE}), Sides(), number="MP-1", others=others)
    assert (merged.taken_codes, merged.withheld_codes) == (taken, {})


def test_where_a_code_was_found_is_nothing_to_decide():
    elsewhere = {**ONE, "source": "Table"}
    assert merge_code(None, elsewhere, ONE) == ({}, {})
    assert merge_code(TWO, elsewhere, ONE, TWO) == ({}, {})
    assert merge_code(None, elsewhere, ONE, ONE) == ({}, {})
    assert merge_code(ONE, ONE, elsewhere) == ({KEY: elsewhere}, {})


def test_withheld_update_of_one_source_outlives_an_import_of_another_one():
    base, current = Sides({"url": ""}), Sides({**BLANK, "summary": "E"}, {KEY: ONE})
    waiting = Sides({"summary": "B"}, {KEY: TWO})
    for other, expected in ((waiting, waiting), (Sides({"summary": "C"}), Sides())):
        merged = merge(base, current, base, number="MP-1", withheld=waiting, others=[other])
        assert Sides(merged.withheld_facts, merged.withheld_codes) == expected
    dropped = Sides(codes={KEY: None})
    for other, expected in ((Sides(), {KEY: None}), (Sides(codes={KEY: TWO}), {})):
        merged = merge(base, current, base, number="MP-1", withheld=dropped, others=[other])
        assert merged.withheld_codes == expected


@pytest.mark.parametrize(
    ("facts", "codes", "states_codes", "expected"),
    [
        ({}, {KEY: ONE}, True, True),
        ({}, {KEY: {**ONE, "source": "Table"}}, True, True),
        ({"url": "https://example.org/"}, {KEY: ONE}, True, True),
        ({"plans": ["acme", "contractor"]}, {KEY: ONE}, True, True),
        ({"plans": ["elsewhere"]}, {KEY: ONE}, True, False),
        ({"summary": "E"}, {KEY: ONE}, True, False),
        ({}, {KEY: TWO}, True, False),
        ({}, {}, True, False),
        ({}, {KEY: ONE, "hcpcs:J0001|named|": ONE}, True, False),
        ({}, {}, False, True),
    ],
)
def test_policy_agrees_with_its_source(facts, codes, states_codes, expected):
    current = Sides({**BLANK, "summary": "A", "plans": ["acme", "contractor"], **facts}, codes)
    now, others = Sides({"summary": "A", "plans": ["acme"]}, {KEY: ONE}), [Sides({"plans": ["contractor"]})]
    assert agrees(current, now, states_codes=states_codes, others=others) is expected
