import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from procedures.code_sets.records import RefusedFile
from procedures.name_sources import icd10cm_tabular
from procedures.name_sources.icd10cm_tabular import parse_tabular
from tests.procedures.name_sources.made_lists import diagnosis, tabular_file

NAMES = ["icd10cm-tabular-April-2026.xml"]


def parse(content: bytes, **options):
    options.setdefault("names", NAMES)
    return parse_tabular([content[:50], content[50:]], file="list.xml", **options)


def test_terms_and_notes_are_those_of_their_codes_in_official_order():
    read = parse(
        tabular_file(
            diagnosis(
                "C91",
                diagnosis("C91.1", inclusionTerm=["Richter  syndrome", "Richter syndrome"], codeFirst=["this (A00.-)"]),
                excludes1=["personal history of it (Z85.6)", "another"],
                includes=["examples"],
            ),
            diagnosis("C92"),
        )
    )

    assert (read.source, read.version) == ("ICD-10-CM tabular list, April 2026", "2026-04")
    assert read.listed == {"C91", "C911", "C92"}
    assert read.diagnoses["C91"].notes == [
        ("excludes1", "personal history of it (Z85.6)"),
        ("excludes1", "another"),
        ("includes", "examples"),
    ]
    assert read.diagnoses["C911"].terms == ["Richter syndrome"]
    assert read.diagnoses["C911"].notes == [("code-first", "this (A00.-)")]
    assert "C92" not in read.diagnoses


def test_notes_of_chapters_and_blocks_are_counted_and_those_of_a_block_of_one_category_are_its_notes():
    block = "<excludes1><note>of the block</note></excludes1>"
    read = parse(
        tabular_file(diagnosis("C91", excludes1=["own"]), chapter=block, section=block).replace(b"C91-C91", b"C91")
    )

    assert read.diagnoses["C91"].notes == [("excludes1", "of the block"), ("excludes1", "own")]
    assert read.report.dropped == {"notes of chapters and blocks, which have no code": 1}


def test_definitions_of_seventh_characters_are_no_notes():
    seventh = "<sevenChrDef><note>x</note><extension char='A'>initial</extension></sevenChrDef>"

    assert parse(tabular_file(diagnosis("S72", seventh))).diagnoses == {}


def test_terms_that_are_sentences_or_too_long_for_names_are_notes():
    long = "Delivery " * 40
    terms = ["This category is to be used when nothing else fits.", long, "Disease due to:", "Name"]
    read = parse(tabular_file(diagnosis("Z03", inclusionTerm=terms)))

    assert read.diagnoses["Z03"].terms == ["Name"]
    assert read.diagnoses["Z03"].notes == [("note", terms[0]), ("note", long.strip())]
    assert read.report.dropped == {"inclusion term without an end": 1}


@pytest.mark.parametrize(
    ("names", "version", "label"),
    [
        (["icd10cm_tabular_2026.xml"], "", "October 2025"),
        (["icd10c-tabular-April-1-2026.xml"], "", "April 2026"),
        (["list.xml"], "2026-04", "April 2026"),
    ],
)
def test_release_is_told_by_the_name_the_option_or_the_fiscal_year(names, version, label):
    read = parse(tabular_file(diagnosis("C91")), names=names, version=version)

    assert read.source == f"ICD-10-CM tabular list, {label}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfe\x00 noise" * 20, "line 1: this is not the tabular list"),
        (b"<html><body/></html>", "line 1: this is not the tabular list"),
        (tabular_file(diagnosis("C91"))[:-30], "it is damaged (unclosed token)"),
        (tabular_file(diagnosis("C91"), version="x"), "--release YYYY-MM"),
        (tabular_file(), "it names no code"),
        (b"<!DOCTYPE x [<!ENTITY a 'aa'>]><ICD10CM.tabular>&a;</ICD10CM.tabular>", "it declares a document type"),
        (b"<!DOCTYPE x SYSTEM 'file:///etc/passwd'><ICD10CM.tabular/>", "it declares a document type"),
        (b"<?xml version='1.0' encoding='klingon'?><ICD10CM.tabular/>", "unknown encoding"),
        (b"<ICD10CM.tabular>" + b"<diag>" * 30, "nested more than 20 deep"),
    ],
)
def test_another_file_is_refused_with_the_reason(content, problem):
    with pytest.raises(RefusedFile) as refusal:
        parse(content, names=["list.xml"])

    assert problem in str(refusal.value)


def test_text_and_notes_without_end_are_refused(monkeypatch):
    monkeypatch.setattr(icd10cm_tabular, "LONGEST_TEXT", 100)
    monkeypatch.setattr(icd10cm_tabular, "MOST_NOTES", 2)
    monkeypatch.setattr(icd10cm_tabular, "MOST_PENDING", 1000)

    for content, problem in (
        (tabular_file(diagnosis("C91", excludes1=["x" * 200])), "a text is longer than 100 characters"),
        (tabular_file(diagnosis("C91", excludes1=["a", "b", "c"])), "a code has more than 2 notes"),
        (b"<ICD10CM.tabular><diag x='" + b"x" * 5000, "a part of it does not end"),
    ):
        with pytest.raises(RefusedFile, match=problem):
            parse(content)


@given(st.binary(max_size=200), st.integers(0, 400))
@settings(max_examples=50, deadline=None)
def test_any_damage_is_refused_or_read(noise, place):
    content = tabular_file(diagnosis("C91", inclusionTerm=["Richter syndrome"], excludes1=["x (A00)"]))
    try:
        read = parse(content[:place] + noise + content[place + len(noise) :])
    except RefusedFile:
        return
    assert read.listed
