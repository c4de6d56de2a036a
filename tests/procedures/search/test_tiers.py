"""What comes first: exact names, what people say, words as typed, their forms, then short descriptions and guides."""

import datetime

import pytest

from procedures.models import EverydayWord, Succession
from procedures.search import rebuild, reindex_everyday_words
from tests.factories import create_code, create_guide, create_name, get_system
from tests.procedures.search.questions import codes, facet, find

pytestmark = pytest.mark.django_db


def create_everyday_word(phrase: str, *, words: str = "", code: str = "") -> None:
    EverydayWord.objects.create(phrase=phrase, words=words, code=code)
    reindex_everyday_words()


def test_exact_name_comes_before_shorter_descriptions():
    create_code("M75.01", "Frozen left shoulder", system="icd10cm")
    create_name(
        create_code("M75.0", "Adhesive capsulitis of the shoulder joint, of either side", system="icd10cm"),
        "Frozen shoulder",
        kind="inclusion",
    )

    assert codes("frozen shoulder") == ["M75.0", "M75.01"]
    assert codes("the frozen shoulders") == ["M75.0", "M75.01"]
    assert codes("frozen shoul")[0] == "M75.01"


def test_brand_finds_generic_and_generic_brand():
    code = create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    create_name(code, "Besponsa")
    create_name(code, "Inotuzumab ozogamicin", kind="generic")

    assert codes("besponsa") == codes("inotuzumab ozogamicin") == ["J9229"]


def test_names_of_a_retired_predecessor_find_the_living_code():
    living = create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    retired = create_code("C9028", "Injection, inotuzumab, old", terminated=datetime.date(2018, 12, 31))
    Succession.objects.create(predecessor=retired, successor=living)
    create_name(retired, "Besponsa")

    found = find("besponsa")
    assert [row["code"] for row in found.rows] == ["J9229", "C9028"]
    match = found.rows[0]["match"]
    assert (match["kind"], match["text"]) == ("name", "Besponsa")
    assert match["label"] == "Brand name of C9028, which this code replaces"


def test_words_as_typed_come_before_their_other_forms():
    create_code("A0001", "Pad, small")
    create_code("A0002", "Padding of a compression bandage, a long description")

    assert codes("padding") == ["A0002", "A0001"]
    assert codes("pads") == ["A0001", "A0002"]
    assert codes("paddin") == ["A0002"]


def test_description_comes_before_guide():
    create_guide(create_code("J0001", "Infusion"), summary="It can ease pain.")
    create_code("R0001", "Treatment of pain by a very long procedure")

    assert codes("pain") == ["R0001", "J0001"]


def test_number_and_unit_belong_together():
    create_code("J0001", "Injection, first, 10 mg")
    create_code("J0002", "Injection, second, 100 mg in 10 ml")

    assert codes("injection 10 mg") == codes("10mg injection") == ["J0001"]
    assert sorted(codes("injection 10")) == ["J0001", "J0002"]


def test_everyday_phrase_finds_words_of_the_classification():
    create_code("I21.9", "Acute myocardial infarction, unspecified", system="icd10cm")
    create_code("Z82.49", "Family history of heart disease", system="icd10cm")
    create_everyday_word("heart attack", words="myocardial infarction")

    found = find("heart attacks")
    assert [row["code"] for row in found.rows] == ["I21.9"]
    match = found.rows[0]["match"]
    assert (match["kind"], match["label"], match["text"]) == ("everyday", "Everyday word", "heart attack")
    assert match["title_html"] == "Acute <mark>myocardial</mark> <mark>infarction</mark>, unspecified"
    assert facet(found, "system") == {"icd10cm": 1}


def test_everyday_phrase_finds_codes_of_its_system_alone():
    create_code("E11.9", "Type 2 diabetes mellitus", system="icd10cm")
    create_code("E1130", "Standard wheelchair")
    create_everyday_word("sugar", code="icd10cm:E11")

    assert codes("sugar") == ["E11.9"]


def test_everyday_phrase_wins_over_its_words():
    create_code("I21.9", "Myocardial infarction", system="icd10cm")
    create_code("R41.0", "Panic", system="icd10cm")
    create_everyday_word("heart attack", words="myocardial infarction")
    create_everyday_word("attack", words="panic")

    assert codes("heart attack") == ["I21.9"]
    assert codes("attack") == ["R41.0"]


def test_meanings_are_not_looked_up_again():
    create_code("A0001", "Liver")
    create_code("A0002", "Uterus")
    create_everyday_word("big gland", words="liver")
    create_everyday_word("liver", words="uterus")

    assert codes("big gland") == ["A0001"]


def test_everyday_phrase_among_other_words_adds_to_what_the_words_find():
    create_code("I25.2", "Old myocardial infarction", system="icd10cm")
    create_code("Z82.1", "Old heart attack in the family, noted", system="icd10cm")
    create_everyday_word("heart attack", words="myocardial infarction")

    assert codes("old heart attack") == ["Z82.1", "I25.2"]
    assert codes("new heart attack") == []


def test_everyday_words_stay_after_a_rebuild():
    create_code("I21.9", "Acute myocardial infarction, unspecified", system="icd10cm")
    create_everyday_word("heart attack", words="myocardial infarction")
    rebuild()

    assert codes("heart attack") == ["I21.9"]


def test_codes_in_use_come_before_headings_of_the_same_length_and_retired_ones_last():
    create_code("C95", "Leukemia unspecified", system="icd10cm", kind="header")
    create_code("C95.9", "Leukemia, all other", system="icd10cm")
    create_code("C95.8", "Leukemia", system="icd10cm", terminated=datetime.date(2018, 12, 31))

    assert codes("leukemia unspecified") == ["C95"]
    assert codes("leukem") == ["C95.9", "C95", "C95.8"]


def test_names_of_a_predecessor_whose_texts_may_not_be_shown_find_nothing(client):
    system = get_system("cpt4")
    living = create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    retired = create_code("0001T", "Text under license", system="cpt4", terminated=datetime.date(2018, 12, 31))
    Succession.objects.create(predecessor=retired, successor=living)
    create_name(retired, "Licensedname")

    assert system.may_hold_texts is False
    assert codes("licensedname") == []
    assert "Licensedname" not in client.get(living.get_absolute_url()).content.decode()
    assert "Text under license" not in client.get("/codes/compare/?code=cpt4:0001T&code=J9229").content.decode()
    assert client.get("/code/cpt4/0001T").status_code == 404
