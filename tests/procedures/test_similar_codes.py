import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import MedicalCode, SimilarCodeChoice, Succession
from procedures.search import code_ids_by_words, rebuild
from procedures.similar_codes import MOST_SHOWN, find_similar
from tests.factories import create_code, create_name, create_policy, create_policy_code
from tests.pages import read_page

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 1, 1)
ENDED = datetime.date(2018, 12, 31)


def similar(code) -> list[tuple[str, str]]:
    """The similar codes of a code with their reasons, as its page asks for them."""
    read = MedicalCode.objects.with_page_data().get(pk=code.pk)
    return [(each.code.code, each.reason) for each in find_similar(read, TODAY)]


def choose(code, other, choice="pinned", reason=""):
    return SimilarCodeChoice.objects.create(code=code, similar=other, choice=choice, reason=reason)


# The same drug


def test_other_doses_of_a_drug_come_with_those_in_use_first():
    code = create_code("J1030", "Injection, methylprednisolone acetate, 40 mg")
    create_code("J1020", "Injection, methylprednisolone acetate, 20 mg", terminated=ENDED)
    create_code("J1040", "Injection, methylprednisolone acetate, up to 80 mg")
    create_code("J2930", "Injection, methylprednisolone sodium succinate, up to 125 mg")
    create_code("J0001", "Injection, exampline acetate, 40 mg")
    create_code("J0002", "Injection, otherine acetate, 40 mg")
    rebuild()

    assert similar(code) == [
        ("J1040", "same drug, other dose"),
        ("J2930", "also names “methylprednisolone”"),
        ("J1020", "same drug, other dose"),
    ]


def test_dose_is_compared_however_it_is_written():
    code = create_code("J7000", "Injection, exampline, 1,000 mg")
    create_code("Q7001", "Injection, exampline (brandname), 1000mg")
    create_code("Q7002", "Exampline, oral, 0.5 mg")

    assert similar(code) == [("Q7001", "same drug, described differently"), ("Q7002", "same drug, other dose")]


def test_amount_of_what_is_no_drug_is_called_an_amount():
    code = create_code("A4206", "Syringe with needle, sterile, 1 cc or less, each")
    create_code("A4209", "Syringe with needle, sterile 5 cc or greater, each")

    assert similar(code) == [("A4209", "same item, other amount")]


def test_product_with_another_substance_is_not_the_same_drug():
    code = create_code("J9310", "Injection, rituximab, 100 mg")
    create_code("J9311", "Injection, rituximab 10 mg and hyaluronidase")
    create_code("J9312", "Injection, rituximab, 10 mg")
    create_code("J9313", "Injection, rituximab (brandname), not equivalent to j9312, 10 mg")
    create_code("Q5115", "Injection, rituximab-abbs, biosimilar, 10 mg")
    create_code("G0001", "Talk on rituximab")
    rebuild()

    assert similar(code)[0] == ("J9312", "same drug, other dose")
    assert sorted(similar(code)[1:]) == [(other, "also names “rituximab”") for other in ("J9311", "J9313", "Q5115")]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Injection, exampline (first), 5 mg", "Injection, exampline (second), 5 mg", "also names “exampline”"),
        (
            "Injection, exampline, non-depot, 5 mg",
            "Injection, exampline, depot, 5 mg",
            "also names “exampline” and “depot”",
        ),
        ("Injection, exampline sodium, 5 mg", "Injection, exampline acetate, 5 mg", "also names “exampline”"),
        ("Injection, exampline sodium, 5 mg", "Exampline sodium, oral, up to 9 mg", "same drug, other dose"),
        ("Injection, sodium chloride, 5 mg", "Injection, sodium chloride, 9 mg", "same drug, other dose"),
    ],
)
def test_drug_is_the_same_by_all_its_words(one, other, reason):
    code = create_code("J0001", one)
    create_code("J2000", other)
    rebuild()

    assert similar(code) == [("J2000", reason)]


def test_antibodies_of_neighboring_codes_are_similar():
    code = create_code("J9302", "Injection, ofatumumab, 10 mg")
    create_code("J9303", "Injection, panitumumab, 10 mg")
    create_code("J9304", "Injection, exampline, 10 mg")
    create_code("J9399", "Injection, farawaymab, 10 mg")

    assert similar(code) == [("J9303", "same section, also a monoclonal antibody by its name")]


def test_drug_that_was_indexed_after_the_last_rebuild_is_found():
    code = create_code("J0001", "Injection, exampline, 1 mg")
    rebuild()
    create_code("C9001", "Injection, exampline, 10 mg")

    assert similar(code) == [("C9001", "same drug, other dose")]


def test_word_of_a_guide_or_of_a_longer_word_makes_no_drug_the_same():
    code = create_code("J0001", "Injection, examp, 1 mg")
    create_code("C9001", "Injection, examplinum, 10 mg")

    assert similar(code) == []


# Names, successions, sections


def test_shared_name_is_named():
    code = create_code("J9229", "Injection, inotuzumab, 0.1 mg")
    other = create_code("Q0001", "Kit for infusion at home")
    create_name(code, "Besponsa")
    create_name(other, "BESPONSA", kind="common")

    assert similar(code) == [("Q0001", "same name: Besponsa")]
    assert similar(other) == [("J9229", "same name: BESPONSA")]


def test_codes_that_take_each_others_place_come_first():
    old = create_code("C9028", "Injection, inotuzumab ozogamicin, 0.1 mg", terminated=ENDED)
    new = create_code("J9229", "Injection, inotuzumab ozogamicin, 0.1 mg")
    third = create_code("J0001", "Injection, inotuzumab ozogamicin, 5 mg")
    Succession.objects.create(predecessor=old, successor=new)

    assert similar(old) == [("J9229", "replaces this code"), ("J0001", "same drug, other dose")]
    assert similar(new) == [("C9028", "replaced by this code"), ("J0001", "same drug, other dose")]
    assert [code for code, _ in similar(third)] == ["J9229", "C9028"]


def test_codes_of_an_icd_category_are_of_the_same_section_nearest_first():
    heading = create_code("M17.1", "Unilateral knee wear", system="icd10cm", kind="header")
    codes = [
        create_code(f"M17.1{place}", f"Side {place}", system="icd10cm", parent=heading) for place in "0123456789AB"
    ]

    found = similar(codes[10])

    assert {reason for _, reason in found} == {"same section: M17.1"}
    assert [code for code, _ in found] == [f"M17.1{place}" for place in "3456789B"]


def test_headings_come_after_codes_and_headings_above_are_left_out():
    heading = create_code("E11", "Sugar disease", system="icd10cm", kind="header")
    create_code("E11.0", "Sugar disease with one", system="icd10cm", kind="header", parent=heading)
    create_code("E11.8", "Sugar disease with another", system="icd10cm", parent=heading)
    code = create_code("E11.9", "Sugar disease", system="icd10cm", parent=heading)

    assert [found for found, _ in similar(code)] == ["E11.8", "E11.0"]


def test_hcpcs_neighbors_are_similar_where_they_speak_of_the_same():
    code = create_code("E0143", "Walker, folding, wheeled")
    create_code("E0144", "Walker, enclosed")
    create_code("E0145", "Crutches, each")
    create_code("E0199", "Walker, far away")
    create_code("L0143", "Walker, of another letter")
    create_code("A1", "Walker modifier", kind="modifier")
    rebuild()

    assert similar(code) == [
        ("E0144", "same section"),
        ("E0199", "also names “walker”"),
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Injection, mepivacaine hydrochloride, per 10 ml", "Injection, tacrine hydrochloride, 10 mg"),
        ("Continuous airway device", "Hospice continuous home care"),
        ("Red cells", "Congo red"),
    ],
)
def test_salts_colors_and_other_common_words_say_nothing(one, other):
    code = create_code("J0670", one)
    create_code("J0671", other)
    create_code("J0999", other)
    rebuild()

    assert similar(code) == []


def test_two_shared_words_count_in_any_range_and_are_named():
    code = create_code("E0601", "Continuous positive airway device")
    create_code("A7027", "Mask, used with positive airway device")
    create_code("A7028", "Airway of another kind")
    rebuild()

    assert similar(code) == [("A7027", "also names “positive” and “airway”")]


def test_catch_all_code_is_about_none_of_its_words():
    code = create_code("E1399", "Folding walker, miscellaneous", is_noc=True)
    create_code("E0143", "Folding walker")
    rebuild()

    assert similar(code) == []


def test_codes_of_the_category_that_can_be_used_come_before_headings():
    category = create_code("E11", "Sugar disease", system="icd10cm", kind="header")
    heading = create_code("E11.6", "Sugar disease with more", system="icd10cm", kind="header", parent=category)
    create_code("E11.65", "High sugar", system="icd10cm", parent=heading)
    create_code("E11.69", "Sugar disease with one", system="icd10cm", parent=heading)
    code = create_code("E11.9", "Sugar disease", system="icd10cm", parent=category)
    create_code("E13.9", "Another disease", system="icd10cm")

    assert similar(code) == [(other, "same section: E11") for other in ("E11.65", "E11.69", "E11.6")]


def test_other_side_of_the_body_is_named():
    left = create_code("LT", "Left side, done on the left", kind="modifier")
    create_code("RT", "Right side, done on the right", kind="modifier")
    create_code("R0001", "Right side, done on the right")
    ring = create_code("S61.1", "Wound of left finger with glass without nail", system="icd10cm")
    create_code("S61.2", "Wound of right finger with glass without nail", system="icd10cm")
    create_code("S71.3", "Wound of right finger without glass with nail", system="icd10cm")

    assert similar(left) == [("RT", "same, other side")]
    assert similar(ring)[0] == ("S61.2", "same, other side")
    assert ("S71.3", "same, other side") not in similar(ring)


@pytest.mark.parametrize("kind", ["modifier", "header"])
def test_modifiers_and_headings_have_only_what_somebody_named(kind):
    code = create_code("A1", "Walker, folding", kind=kind)
    other, new = create_code("E0144", "Walker, folding"), create_code("A2", "Other", kind=kind)
    assert similar(code) == []

    choose(code, other)
    Succession.objects.create(predecessor=code, successor=new)

    assert similar(code) == [("E0144", "chosen by the editors"), ("A2", "replaces this code")]


# Policies


def test_codes_of_the_same_policies_are_similar_the_rarest_company_first():
    code = create_code("J9302", "Injection, ofatumumab, 10 mg", has_policy=True)
    near, far = create_code("J0001", "One drug"), create_code("A0001", "Another thing")
    diagnosis = create_code("C91.1", "A leukemia", system="icd10cm")
    create_policy("Few codes", codes=[code, near], number="1")
    create_policy("More codes", codes=[code, near, far, diagnosis], number="2")

    assert similar(code) == [
        ("J0001", "shares a policy with this code"),
        ("A0001", "shares a policy with this code"),
    ]


def test_policies_of_many_codes_and_catch_all_codes_count_less(monkeypatch):
    monkeypatch.setattr("procedures.similar_codes.FEW_CODES", 3)
    code = create_code("J9302", "Injection, ofatumumab, 10 mg", has_policy=True)
    others = [create_code(f"A000{number}", f"Thing {number}") for number in range(4)]
    catch_all = create_code("J3490", "Unclassified drugs", is_noc=True, has_policy=True)
    create_policy("Many codes", codes=[code, *others], number="1")
    assert similar(code) == []

    create_policy("Few codes", codes=[code, catch_all, others[3]], number="2")

    assert [found for found, _ in similar(code)] == ["A0003", "J3490"]
    assert similar(catch_all) == []


def test_diagnoses_of_a_policy_do_not_count_as_its_services(monkeypatch):
    monkeypatch.setattr("procedures.similar_codes.FEW_CODES", 2)
    code, other = create_code("J9302", "Injection, ofatumumab", has_policy=True), create_code("J0001", "One drug")
    policy = create_policy("Few services", codes=[code, other])
    for number in range(3):
        diagnosis = create_code(f"C91.{number}", f"Leukemia {number}", system="icd10cm")
        create_policy_code(policy, diagnosis, listed_as="covered")

    assert similar(code) == [("J0001", "shares a policy with this code")]


# What editors chose


def test_pinned_codes_come_first_and_hidden_ones_never():
    code = create_code("E0143", "Walker, folding")
    create_code("E0144", "Walker, enclosed")
    hidden = create_code("E0145", "Walker, hidden")
    retired = create_code("G0001", "Something else", terminated=ENDED)
    choose(code, hidden, "hidden")
    choose(code, retired, reason="the same at home")

    assert similar(code) == [("G0001", "the same at home"), ("E0144", "same section")]
    assert ("E0143", "same section") in similar(hidden)


def test_hidden_successor_is_not_shown():
    old, new = create_code("C9028", "An old one", terminated=ENDED), create_code("J9229", "A new one")
    Succession.objects.create(predecessor=old, successor=new)
    choose(old, new, "hidden")

    assert similar(old) == []


def test_at_most_eight_are_shown_and_the_order_is_the_same_every_time():
    for number in range(20):
        create_code(f"E01{number:02}", f"Walker number {number}")
    code = MedicalCode.objects.get(code="E0110")

    assert len(similar(code)) == MOST_SHOWN
    assert similar(code) == similar(code)
    assert [found for found, _ in similar(code)] == sorted(found for found, _ in similar(code))


def test_number_of_queries_does_not_grow_with_what_is_found():
    def count_queries(code):
        read = MedicalCode.objects.with_page_data().get(pk=code.pk)
        with CaptureQueriesContext(connection) as captured:
            assert find_similar(read, TODAY)
        return len(captured)

    code = create_code("J9302", "Injection, ofatumumab, 10 mg", has_policy=True)
    other = create_code("J0001", "Injection, ofatumumab, 20 mg")
    for each in (code, other):
        create_name(each, "Arzerra")
    create_policy("Both", codes=[code, other], number="1")
    with CaptureQueriesContext(connection) as searched:
        code_ids_by_words("ofatumumab", [code.system])
    few = count_queries(code)
    for number in range(2, 6):
        another = create_code(f"J000{number}", f"Injection, ofatumumab, {number} mg")
        create_name(another, "Arzerra")
        create_policy(f"Both {number}", codes=[code, other, another], number=str(number))

    assert count_queries(code) == few <= 11 + len(searched)


# The page


def test_page_lists_similar_codes_with_reason_status_and_a_link_to_compare(client):
    code = create_code("J1030", "Injection, exampline, 40 mg")
    create_code("J1040", "Injection, exampline, 80 mg")
    create_code("J1020", "Injection, exampline, 20 mg", terminated=ENDED)

    page = read_page(client.get(code.get_absolute_url()))

    assert "Similar Codes" in page.headings
    assert page.links["#similar-codes"] == "Similar Codes"
    assert "Same drug, other dose In use Compare J1030 with J1040" in page.text
    assert "Same drug, other dose Retired, last day 31 December 2018" in page.text
    assert page.links["/codes/compare/?code=hcpcs:J1030&code=hcpcs:J1040"] == "Compare J1030 with J1040"


def test_page_without_similar_codes_has_no_such_section(client):
    page = read_page(client.get(create_code().get_absolute_url()))

    assert "Similar Codes" not in page.headings
    assert "#similar-codes" not in page.links
