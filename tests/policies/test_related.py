"""What a code's page shows of policies; tests/procedures/test_views_code_policies.py looks at the page itself."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.models import Policy
from policies.related import MOST_ROWS, fair_shares, find_related
from procedures.models import MedicalCode
from tests.factories import create_code, create_plan, create_policy, create_policy_code

TODAY = datetime.date(2026, 11, 20)


def related_to(code):
    code = MedicalCode.objects.with_page_data().get(pk=code.pk)
    return find_related(code, TODAY)


@given(st.lists(st.integers(1, 400), max_size=40), st.integers(0, 60))
def test_shares_use_the_room_and_are_as_even_as_the_sizes_allow(sizes, most):
    shares = fair_shares(sizes, most)

    assert sum(shares) == min(most, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))
    cut = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    assert not cut or max(shares) - min(cut) <= 1


@pytest.mark.django_db
def test_code_without_policies_has_none():
    assert related_to(create_code()) is None


@pytest.mark.django_db
def test_more_issuers_than_rows_are_cut_and_said_to_be():
    code = create_code()
    for n in range(MOST_ROWS + 3):
        create_policy(issuer=create_plan(f"Plan {n:02}"), codes=[code])

    related = related_to(code)

    assert [len(group.rows) for group in related.groups] == [1] * MOST_ROWS
    assert related.is_cut
    assert related.naming_count == MOST_ROWS + 3


@pytest.mark.django_db
def test_documents_reached_through_articles_do_not_count_as_naming_the_code():
    code = create_code()
    lcd = create_policy("Local", kind="lcd", number="L1")
    create_policy("Article", kind="article", number="A1", codes=[code], references=[lcd])

    related = related_to(code)

    assert (related.count, related.naming_count, related.is_cut) == (2, 1, False)


@pytest.mark.django_db
def test_state_and_age_are_those_of_the_day_asked_for():
    code = create_code()
    create_policy(status="active", effective=TODAY, last_verified=TODAY, codes=[code])

    code = MedicalCode.objects.with_page_data().get(pk=code.pk)
    [before] = find_related(code, TODAY - datetime.timedelta(days=1)).groups[0].rows
    [after] = find_related(code, TODAY + datetime.timedelta(days=181)).groups[0].rows

    assert (before.state, before.stale_note) == (Policy.State.FUTURE, "")
    assert (after.state, after.stale_note) == (Policy.State.CURRENT, "Not verified since 20 November 2026")


@pytest.mark.django_db
def test_address_of_a_code_with_a_dot_is_written_so_that_it_is_found_again():
    code = create_code("C84.02", "Mycosis fungoides", system="icd10cm")
    create_policy_code(create_policy(), code)

    related = related_to(code)

    assert related.list_url == "/policies/?code=icd10cm:C84.02"
    assert related.matrix_url == "/policies/matrix/?code=icd10cm:C84.02"
