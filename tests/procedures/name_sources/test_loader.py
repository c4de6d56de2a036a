import pytest
from django.db import connection

from procedures.models import CodeName, CodeNote, ContentVersion
from procedures.name_sources.icd10cm_tabular import parse_tabular
from procedures.name_sources.loader import load_drug_names, load_tabular_list
from procedures.name_sources.names import ListingReport, NameRecord
from procedures.search import search
from tests.factories import create_code, create_name, get_system
from tests.own_database import every_row
from tests.procedures.name_sources.made_lists import diagnosis, tabular_file

pytestmark = pytest.mark.django_db


class MadeList:
    """A list of drugs with these names."""

    def __init__(self, *records: tuple[str, str, str], source: str = "A list, 2026"):
        self.source, self.report = source, ListingReport()
        self.records = [NameRecord(*record) for record in records]

    def names(self, descriptions):
        return self.records


@pytest.fixture
def ofatumumab():
    return create_code("J9302", "Injection, ofatumumab, 10 mg")


@pytest.fixture
def leukemia():
    heading = create_code("C91", "Lymphoid leukemia", system="icd10cm", kind="header")
    return create_code("C91.1", "Chronic leukemia of B-cell type", system="icd10cm", parent=heading)


def found(text: str, system: str = "hcpcs") -> list[str]:
    return [row["code"] for row in search(text, [get_system(system)]).rows]


def tabular(*diagnoses: str, version: str = "2026-04"):
    return parse_tabular([tabular_file(*diagnoses)], file="list.xml", version=version)


def names_of(code) -> list[tuple[str, str, str]]:
    return list(code.names.order_by("pk").values_list("kind", "text", "source"))


def notes_of(code) -> list[tuple[int, str, str]]:
    return list(code.notes.values_list("position", "kind", "text"))


# Names of drugs


def test_names_are_added_with_their_source_and_history_and_found(ofatumumab):
    summary = load_drug_names(MadeList(("J9302", "brand", "Arzerra"), ("J9302", "generic", "Ofatumumab")))

    assert names_of(ofatumumab) == [("brand", "Arzerra", "A list, 2026"), ("generic", "Ofatumumab", "A list, 2026")]
    assert CodeName.history.filter(history_type="+").count() == 2
    assert summary.names_added == {"brand": 1, "generic": 1}
    assert found("arzerra") == found("ofatumumab") == ["J9302"]


def test_code_with_a_brand_gets_the_generic_name_of_its_description(ofatumumab):
    load_drug_names(MadeList(("J9302", "brand", "Arzerra")))
    load_drug_names(MadeList(("J9302", "brand", "Another"), source="A list, 2027"))

    assert names_of(ofatumumab) == [
        ("brand", "Arzerra", "A list, 2026"),
        ("generic", "Ofatumumab", "Official description"),
        ("brand", "Another", "A list, 2027"),
    ]


def test_names_of_codes_that_are_not_held_are_counted(ofatumumab):
    create_code("A1", "A modifier", kind="modifier")
    summary = load_drug_names(MadeList(("J0001", "brand", "One"), ("J0001", "brand", "Two"), ("A1", "brand", "Three")))

    assert (summary.not_loaded, summary.names_not_loaded) == (2, 3)
    assert not CodeName.objects.exists()


def test_second_import_changes_nothing(ofatumumab):
    load_drug_names(MadeList(("J9302", "brand", "Arzerra")))
    before = every_row(connection)
    summary = load_drug_names(MadeList(("J9302", "brand", "Arzerra")))

    assert every_row(connection) == before
    assert (summary.names_added, summary.names_held) == ({}, 1)


def test_withdrawn_product_stays(ofatumumab):
    load_drug_names(MadeList(("J9302", "brand", "Arzerra")))
    load_drug_names(MadeList(("J9302", "brand", "Kesimpta"), source="A list, 2027"))

    assert found("arzerra") == found("kesimpta") == ["J9302"]


def test_name_in_other_capitals_or_of_the_other_kind_is_there_already(ofatumumab):
    create_name(ofatumumab, "ARZERRA", kind="generic")
    summary = load_drug_names(MadeList(("J9302", "brand", "Arzerra"), ("J9302", "generic", "arzerra")))

    assert summary.names_added == {}
    assert ofatumumab.names.count() == 1


def test_name_that_a_guide_gives_does_not_count_because_it_goes_with_the_guide(ofatumumab):
    create_name(ofatumumab, "Arzerra", kind="common", source="Guide")
    load_drug_names(MadeList(("J9302", "brand", "Arzerra")))

    assert ("brand", "Arzerra", "A list, 2026") in names_of(ofatumumab)


def test_dry_run_says_it_and_writes_nothing(ofatumumab, leukemia):
    before = every_row(connection)
    drugs = load_drug_names(MadeList(("J9302", "brand", "Arzerra")), dry_run=True)
    read = tabular(diagnosis("C91.1", inclusionTerm=["Richter syndrome"], excludes1=["x"]))
    diagnoses = load_tabular_list(read, dry_run=True)

    assert every_row(connection) == before
    assert drugs.names_added == {"brand": 1, "generic": 1}
    assert (diagnoses.names_added, diagnoses.notes_added) == ({"inclusion": 1}, 1)


# The tabular list


def test_inclusion_terms_are_found_and_notes_kept_in_order(leukemia):
    read = tabular(
        diagnosis("C91", diagnosis("C91.1", inclusionTerm=["Richter syndrome"]), includes=["a"], excludes1=["b", "c"]),
        diagnosis("C99", inclusionTerm=["Not held"]),
    )
    summary = load_tabular_list(read)

    assert names_of(leukemia) == [("inclusion", "Richter syndrome", "ICD-10-CM tabular list, April 2026")]
    assert notes_of(leukemia.parent) == [(1, "includes", "a"), (2, "excludes1", "b"), (3, "excludes1", "c")]
    assert found("richter syndrome", "icd10cm") == ["C91.1"]
    assert (summary.not_loaded, summary.names_not_loaded) == (1, 1)


def test_same_list_again_changes_nothing(leukemia):
    read = tabular(diagnosis("C91.1", inclusionTerm=["Richter syndrome"], excludes1=["b"]))
    load_tabular_list(read)
    before = every_row(connection)
    load_tabular_list(read)

    assert every_row(connection) == before


def test_newer_list_replaces_what_the_older_one_said_of_the_codes_that_it_lists(leukemia):
    other = create_code("C92", "Myeloid leukemia", system="icd10cm")
    create_name(leukemia, "Of an editor", kind="inclusion")
    CodeNote.objects.create(code=leukemia, kind="note", text="Of an editor", position=1, source="Editor")
    first = tabular(
        diagnosis("C91.1", inclusionTerm=["Stays", "Goes"], excludes1=["old"]), diagnosis("C92", excludes1=["old"])
    )
    load_tabular_list(first)
    summary = load_tabular_list(
        tabular(diagnosis("C91.1", inclusionTerm=["Stays", "Comes"], excludes2=["new"]), version="2026-10")
    )

    october = "ICD-10-CM tabular list, October 2026"
    assert names_of(leukemia) == [
        ("inclusion", "Of an editor", "Test"),
        ("inclusion", "Stays", october),
        ("inclusion", "Comes", october),
    ]
    assert notes_of(leukemia) == [(1, "note", "Of an editor"), (2, "excludes2", "new")]
    assert notes_of(other) == [(1, "excludes1", "old")]
    assert found("goes", "icd10cm") == []
    assert CodeName.history.filter(text="Goes", history_type="-").count() == 1
    assert (summary.names_removed, summary.names_renewed, summary.notes_removed) == (1, 1, 1)


def test_code_of_which_the_newer_list_says_nothing_loses_its_notes(leukemia):
    load_tabular_list(tabular(diagnosis("C91.1", inclusionTerm=["Richter syndrome"], excludes1=["b"])))
    load_tabular_list(tabular(diagnosis("C91.1"), version="2026-10"))

    assert not leukemia.names.exists()
    assert not leukemia.notes.exists()


def test_older_list_leaves_what_a_newer_one_said(leukemia):
    load_tabular_list(tabular(diagnosis("C91.1", excludes1=["new"])))
    summary = load_tabular_list(tabular(diagnosis("C91.1", excludes1=["old"]), version="2025-10"))

    assert notes_of(leukemia) == [(1, "excludes1", "new")]
    assert summary.newer == 1


def test_only_adding_leaves_codes_that_have_something(leukemia):
    load_tabular_list(tabular(diagnosis("C91.1", excludes1=["first"])))
    read = tabular(diagnosis("C91", diagnosis("C91.1", excludes1=["second"]), includes=["new"]), version="2026-10")
    load_tabular_list(read, only_add=True)

    assert notes_of(leukemia) == [(1, "excludes1", "first")]
    assert notes_of(leukemia.parent) == [(1, "includes", "new")]


def test_notes_alone_make_pages_new(leukemia):
    before = list(ContentVersion.objects.values())
    load_tabular_list(tabular(diagnosis("C91.1", excludes1=["b"])))

    assert list(ContentVersion.objects.values()) != before
