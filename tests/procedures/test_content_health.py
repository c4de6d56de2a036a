import pytest
from django.utils import timezone

from procedures import content_health
from procedures.models import DailyViews, Guide
from tests.factories import create_code, create_draft, create_guide

pytestmark = pytest.mark.django_db

LONG = " ".join(f"Sentence {number} says what happens at step {number} of the treatment." for number in range(40))


def create_twins():
    """Two guides of the same words, one that is nearly the same, and one of its own."""
    same = [create_guide(create_code(f"J000{number}"), summary=LONG) for number in range(2)]
    similar = create_guide(create_code("J0002"), summary=f"{LONG} One word more.")
    create_guide(create_code("J0003"), summary="Something else altogether is written here, in few words.")
    return [*same, similar]


def test_guides_that_are_nearly_the_same_are_found_in_pairs(django_assert_num_queries):
    one, other, similar = create_twins()

    count, pairs = content_health.guides_with_twins()

    assert count == 3
    assert [(*(guide.code.code for guide in pair["guides"]), pair["percent"]) for pair in pairs[:1]] == [
        ("J0000", "J0001", 100)
    ]
    assert {frozenset(guide.pk for guide in pair["guides"]) for pair in pairs} == {
        frozenset(pair) for pair in ((one.pk, other.pk), (one.pk, similar.pk), (other.pk, similar.pk))
    }
    assert all(90 <= pair["percent"] <= 100 for pair in pairs)
    with django_assert_num_queries(2):
        content_health.guides_with_twins()


def test_guide_that_left_the_public_page_is_nobodys_twin():
    one, other, similar = create_twins()
    assert set(content_health.twins().guides) == {one.pk, other.pk, similar.pk}

    other.unpublish(reason="It was a copy.", by=None)

    assert set(content_health.twins().guides) == {one.pk, similar.pk}


def test_pairs_are_the_most_alike_where_there_are_many(monkeypatch):
    monkeypatch.setattr(content_health, "MOST_SHOWN", 1)
    one, other, _ = create_twins()

    count, [pair] = content_health.guides_with_twins()

    assert count == 3
    assert [guide.pk for guide in pair["guides"]] == [one.pk, other.pk]


def test_codes_viewed_without_guide_come_with_their_guide_in_work():
    begun, viewed, guided = create_code("J0001"), create_code("J0002"), create_code("J0003")
    draft = create_draft(begun)
    create_guide(guided)
    for code, count in ((begun, 5), (viewed, 7), (guided, 9)):
        DailyViews.objects.create(code=code, day=timezone.localdate(), count=count)

    count, rows = content_health.codes_viewed_without_guide()

    assert count == 2
    assert rows == [{"code": viewed, "views": 7, "draft": None}, {"code": begun, "views": 5, "draft": draft.pk}]


def test_code_whose_guide_was_published_is_off_the_list_at_once():
    code = create_code()
    DailyViews.objects.create(code=code, day=timezone.localdate(), count=5)
    assert content_health.codes_viewed_without_guide()[0] == 1

    create_guide(code)

    assert content_health.codes_viewed_without_guide() == (0, [])


def test_nothing_to_find_is_nothing():
    assert content_health.guides_with_twins() == (0, [])
    assert content_health.codes_viewed_without_guide() == (0, [])
    assert content_health.searches_without_result() == (0, [])
    assert not Guide.objects.exists()
