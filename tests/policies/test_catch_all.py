import pytest

from policies.catch_all import MOST_NAMES, find_catch_all_listings, names_of_medicine
from procedures.models import MedicalCode
from tests.factories import create_code, create_name, create_policy, create_policy_code

pytestmark = pytest.mark.django_db


def with_names(code: MedicalCode) -> MedicalCode:
    return MedicalCode.objects.with_page_data().get(pk=code.pk)


@pytest.fixture
def code():
    return create_code()


@pytest.fixture
def catch_all():
    return create_code("J3490", "Unclassified drugs", is_noc=True)


def test_names_are_the_brand_and_generic_ones_of_five_letters_or_more(code):
    create_name(code, "Arzerra  IV", kind="brand")
    create_name(code, "OFATUMUMAB", kind="generic")
    create_name(code, "Rasa 1234", kind="brand")
    create_name(code, "Injection of ofatumumab", kind="common")

    assert names_of_medicine(with_names(code)) == ["arzerra iv", "ofatumumab"]


def test_names_are_not_without_end(code):
    for n in range(MOST_NAMES + 5):
        create_name(code, f"Medicine {n}")

    assert len(names_of_medicine(with_names(code))) == MOST_NAMES


@pytest.mark.parametrize(
    "label", ["Arzerra", "arzerra", "ARZERRA®", "(Arzerra)", "ofatumumab (Arzerra), 10 mg", "Arzerra/Kesimpta"]
)
def test_labels_are_compared_by_whole_words_in_any_case(code, catch_all, label):
    create_name(code, "Arzerra")
    policy = create_policy()
    create_policy_code(policy, catch_all, label=label)
    create_policy_code(policy, catch_all, label="Another")

    [found] = find_catch_all_listings(with_names(code))

    assert (found.policy_id, found.code) == (policy.pk, "J3490")
    assert [listing.label for listing in found.listings] == [label]


def test_one_policy_under_two_catch_all_codes_is_found_under_each(code, catch_all):
    create_name(code, "Arzerra")
    other = create_code("J9999", "Not otherwise classified, antineoplastic drugs", is_noc=True)
    policy = create_policy()
    for each in (catch_all, other):
        create_policy_code(policy, each, label="Arzerra")

    assert {found.code for found in find_catch_all_listings(with_names(code))} == {"J3490", "J9999"}


def test_nothing_is_looked_for_without_names_or_on_the_page_of_a_catch_all(code, catch_all, django_assert_num_queries):
    create_name(catch_all, "Arzerra")
    pages = [with_names(code), with_names(catch_all)]

    with django_assert_num_queries(0):
        assert [find_catch_all_listings(each) for each in pages] == [[], []]
