"""Releases that are imported in any order, and the links between codes."""

import datetime

import pytest

from procedures.models import MedicalCode, Succession
from tests.procedures.code_sets.loading import changes, facts, load, successions
from tests.procedures.code_sets.made_releases import hcpcs_release, icd_release, listed

pytestmark = pytest.mark.django_db


# Older releases, imported later


def test_older_release_never_overwrites_newer_facts():
    newer = listed("J9302", "Injection, ofatumumab, 10 mg", short="New", added="2011-01-01", indicators={"COV": "C"})
    load("hcpcs", hcpcs_release("2025-01", newer))
    older = listed("J9302", "Ofatumumab", short="Old", terminated="2012-12-31", action="D", indicators={"COV": "D"})
    summary = load("hcpcs", hcpcs_release("2018-01", older))

    assert facts("hcpcs")["J9302"] == {
        **{"kind": "code", "short": "New", "long": "Injection, ofatumumab, 10 mg", "indicators": {"COV": "C"}},
        **{"title": "Injection, ofatumumab, 10 mg", "added": datetime.date(2011, 1, 1), "effective": None},
        **{"terminated": None, "listed_in": "2025-01", "first_listed_in": "2018-01", "missing_from": None},
        **{"parent": None, "is_noc": False},
    }
    assert (summary.added, summary.changed, summary.unchanged, summary.superseded) == (0, 0, 0, 1)


def test_release_of_the_same_month_corrects_the_one_before():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", "Bandage"), listed("A1001")))
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", "Bandage, elastic")))

    assert facts("hcpcs")["A1000"]["long"] == "Bandage, elastic"
    assert facts("hcpcs")["A1001"]["missing_from"] is None


def test_codes_file_takes_no_short_description_away_from_the_same_wording():
    order_file = (listed("A00.0", "Cholera", short="Cholera, short"), listed("A00.1", "Old wording", short="Old"))
    codes_file = (listed("A00.0", "Cholera"), listed("A00.1", "New wording"))
    load("icd10cm", icd_release("2021-10", *order_file))
    summary = load("icd10cm", icd_release("2024-10", *codes_file, lists_headers=False))

    assert (summary.changed, summary.unchanged) == (1, 1)
    assert {code: each["short"] for code, each in facts("icd10cm").items()} == {"A00.0": "Cholera, short", "A00.1": ""}


def test_older_order_file_brings_the_short_descriptions_that_a_codes_file_lacks():
    order_file = (listed("A00.0", "Cholera", short="Cholera, short"), listed("A00.1", "Old wording", short="Old"))
    codes_file = (listed("A00.0", "Cholera"), listed("A00.1", "New wording"))
    load("icd10cm", icd_release("2024-10", *codes_file, lists_headers=False))
    summary = load("icd10cm", icd_release("2021-10", *order_file))

    assert (summary.changed, summary.superseded) == (1, 1)
    assert {code: each["short"] for code, each in facts("icd10cm").items()} == {"A00.0": "Cholera, short", "A00.1": ""}


def test_older_release_adds_codes_that_have_gone_with_their_history():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000")))
    load("hcpcs", hcpcs_release("2018-01", listed("A1000"), listed("A1001"), listed("A1002", terminated="2017-12-31")))

    assert facts("hcpcs")["A1001"]["missing_from"] == "2025-01"
    assert facts("hcpcs")["A1001"]["terminated"] is None
    assert facts("hcpcs")["A1002"]["missing_from"] is None
    assert facts("hcpcs")["A1002"]["terminated"] == datetime.date(2017, 12, 31)
    assert changes() == [("A1001", "unlisted", "2025-01")]


def test_older_icd_release_adds_ended_codes_and_tells_what_was_new():
    load("icd10cm", icd_release("2024-10", listed("A00.0"), listed("A00.1")))
    load("icd10cm", icd_release("2021-10", listed("A00.0"), listed("A00.2")))

    assert facts("icd10cm")["A00.2"]["terminated"] == datetime.date(2024, 9, 30)
    assert changes() == [("A00.1", "added", "2024-10"), ("A00.2", "terminated", "2024-10")]


def test_release_between_two_tells_better_when_a_code_came_and_went():
    load("icd10cm", icd_release("2021-10", listed("A00.0"), listed("A00.1")))
    load("icd10cm", icd_release("2024-10", listed("A00.0"), listed("A00.2")))
    assert changes() == [("A00.1", "terminated", "2024-10"), ("A00.2", "added", "2024-10")]

    load("icd10cm", icd_release("2022-10", listed("A00.0"), listed("A00.2")))

    assert changes() == [("A00.1", "terminated", "2022-10"), ("A00.2", "added", "2022-10")]
    assert facts("icd10cm")["A00.1"]["terminated"] == datetime.date(2022, 9, 30)
    assert facts("icd10cm")["A00.2"]["first_listed_in"] == "2022-10"


def test_release_between_two_that_dates_a_code_takes_back_that_it_was_unlisted():
    load("hcpcs", hcpcs_release("2018-01", listed("A1000"), listed("A1001")))
    load("hcpcs", hcpcs_release("2025-01", listed("A1001")))
    assert changes() == [("A1000", "unlisted", "2025-01")]

    load("hcpcs", hcpcs_release("2019-01", listed("A1000", terminated="2018-12-31"), listed("A1001")))

    assert changes() == [("A1000", "terminated", "2019-01")]
    assert facts("hcpcs")["A1000"]["missing_from"] is None


def test_release_between_two_that_makes_a_code_a_heading_takes_back_that_it_ended():
    load("icd10cm", icd_release("2021-10", listed("A00.0"), listed("A01")))
    load("icd10cm", icd_release("2023-10", listed("A01"), lists_headers=False))
    assert changes() == [("A00.0", "terminated", "2023-10")]

    load("icd10cm", icd_release("2022-10", listed("A00.0", kind="header"), listed("A01")))

    assert changes() == [("A00.0", "expanded", "2022-10")]
    assert facts("icd10cm")["A00.0"]["terminated"] is None


def test_end_of_a_code_is_recorded_of_the_oldest_release_that_states_it():
    ended = listed("C9028", terminated="2018-12-31")
    load("hcpcs", hcpcs_release("2025-01", ended))
    assert changes() == []

    load("hcpcs", hcpcs_release("2018-01", listed("C9028")))
    assert changes() == [("C9028", "terminated", "2025-01")]

    summary = load("hcpcs", hcpcs_release("2019-01", ended))
    assert changes() == [("C9028", "terminated", "2019-01")]
    assert summary.changes == {"terminated": 1}


def test_addition_moves_to_the_oldest_release_and_is_counted_once():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000"), listed("J9229")))
    assert load("hcpcs", hcpcs_release("2018-01", listed("A1000"))).changes == {"added": 1}
    assert load("hcpcs", hcpcs_release("2017-01", listed("A1000"))).changes == {}
    assert load("hcpcs", hcpcs_release("2019-01", listed("A1000"), listed("J9229"))).changes == {"added": 1}

    assert changes() == [("J9229", "added", "2019-01")]


def test_excerpt_of_a_release_adds_but_says_nothing_by_absence():
    load("hcpcs", hcpcs_release("2024-01", listed("A1000", "Bandage"), listed("A1001")))
    summary = load(
        "hcpcs", hcpcs_release("2025-01", listed("A1000", "Other"), listed("A1002"), complete=False), only_add=True
    )

    assert (summary.added, summary.changed) == (1, 0)
    assert facts("hcpcs")["A1000"]["long"] == "Bandage"
    assert facts("hcpcs")["A1000"]["listed_in"] == "2024-01"
    assert facts("hcpcs")["A1001"]["missing_from"] is None


def test_release_after_an_excerpt_brings_the_rest():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", "Excerpt"), complete=False), only_add=True)
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", "Whole"), listed("A1001")))

    assert facts("hcpcs")["A1000"]["long"] == "Whole"
    assert changes("added", "unlisted") == []


# Headings


def test_codes_lie_under_the_nearest_heading():
    headers = [listed("M54", kind="header"), listed("M54.1", kind="header")]
    load("icd10cm", icd_release("2024-10", listed("M54.16"), listed("M54.50"), listed("I10"), *headers))

    parents = {code: each["parent"] for code, each in facts("icd10cm").items()}
    assert parents == {"M54": None, "M54.1": "M54", "M54.16": "M54.1", "M54.50": "M54", "I10": None}


def test_codes_move_under_a_heading_that_comes_later():
    load("icd10cm", icd_release("2023-10", listed("M54.16"), lists_headers=False))
    assert facts("icd10cm")["M54.16"]["parent"] is None

    load("icd10cm", icd_release("2024-10", listed("M54", kind="header"), listed("M54.16")))
    assert facts("icd10cm")["M54.16"]["parent"] == "M54"

    load("icd10cm", icd_release("2022-10", listed("M54.1", kind="header"), listed("M54.16")))
    assert facts("icd10cm")["M54.16"]["parent"] == "M54.1"
    assert facts("icd10cm")["M54.1"]["parent"] == "M54"


def test_pcs_codes_lie_under_their_table():
    load("icd10pcs", icd_release("2024-10", listed("001", kind="header"), listed("0016070")))

    assert facts("icd10pcs")["0016070"]["parent"] == "001"


def test_hcpcs_codes_and_modifiers_have_no_headings():
    load("hcpcs", hcpcs_release("2025-01", listed("A1", kind="modifier"), listed("A1000"), listed("A1001")))

    assert {each["parent"] for each in facts("hcpcs").values()} == {None}


# Successions


def test_ended_code_is_succeeded_by_the_code_that_it_names():
    ended = listed("C9028", terminated="2018-12-31", xref="J9229")
    load("hcpcs", hcpcs_release("2019-01", ended, listed("J9229")))

    assert successions() == [("C9028", "J9229")]
    assert Succession.objects.get().source == "cms-cross-reference"


def test_living_code_that_names_its_predecessor_succeeds_it():
    load("hcpcs", hcpcs_release("2025-01", listed("J7296", xref="Q9984"), listed("Q9984", terminated="2017-12-31")))

    assert successions() == [("Q9984", "J7296")]


def test_ended_code_may_have_several_successors_and_an_ended_successor():
    load(
        "hcpcs",
        hcpcs_release(
            "2025-01",
            listed("A1000", terminated="2010-12-31", xref="A1001 A1002"),
            listed("A1001", terminated="2015-12-31"),
            listed("A1002"),
        ),
    )

    assert successions() == [("A1000", "A1001"), ("A1000", "A1002")]


def test_reference_between_living_codes_or_to_itself_or_to_an_unknown_code_is_no_succession():
    summary = load(
        "hcpcs",
        hcpcs_release(
            "2025-01",
            *(listed("A1000", xref="A1001"), listed("A1001"), listed("A1002", terminated="2020-12-31", xref="A1002")),
            listed("A1003", terminated="2020-12-31", xref="A9999"),
        ),
    )

    assert successions() == []
    assert summary.passed_over == {"cross-reference to a code that is not held, left out": 1}


def test_successor_that_an_older_release_brings_is_linked():
    load("hcpcs", hcpcs_release("2025-01", listed("A1000", terminated="2010-12-31", xref="A1001")))
    load("hcpcs", hcpcs_release("2012-01", listed("A1000", terminated="2010-12-31", xref="A1001"), listed("A1001")))

    assert successions() == [("A1000", "A1001")]


def test_succession_that_a_newer_release_no_longer_states_goes_but_an_editors_stays():
    ended = {"terminated": "2018-12-31"}
    load("hcpcs", hcpcs_release("2019-01", listed("C9028", xref="J9229", **ended), listed("J9229"), listed("J9230")))
    Succession.objects.create(
        predecessor=MedicalCode.objects.get(code="C9028"), successor=MedicalCode.objects.get(code="J9230")
    )
    load("hcpcs", hcpcs_release("2020-01", listed("C9028", **ended), listed("J9229"), listed("J9230")))

    assert successions() == [("C9028", "J9230")]


def test_history_tells_when_an_import_added_and_deleted_a_succession():
    ended = {"terminated": "2018-12-31"}
    load("hcpcs", hcpcs_release("2019-01", listed("C9028", xref="J9229", **ended), listed("J9229")))
    load("hcpcs", hcpcs_release("2020-01", listed("C9028", **ended), listed("J9229")))

    rows = Succession.history.order_by("history_id").values_list(
        "history_type", "predecessor__code", "successor__code", "source", "history_user"
    )
    assert list(rows) == [(kind, "C9028", "J9229", "cms-cross-reference", None) for kind in "+-"]


def test_succession_that_an_editor_made_first_is_kept_once():
    load("hcpcs", hcpcs_release("2018-01", listed("C9028"), listed("J9229")))
    predecessor, successor = MedicalCode.objects.order_by("code")
    Succession.objects.create(predecessor=predecessor, successor=successor)
    load("hcpcs", hcpcs_release("2019-01", listed("C9028", terminated="2018-12-31", xref="J9229"), listed("J9229")))

    assert successions() == [("C9028", "J9229")]
    assert Succession.objects.get().source == "editor"
    assert Succession.history.count() == 1
