import datetime

import pytest
from django.db import IntegrityError, transaction

from procedures.models import DailyViews, SearchWithoutResult
from procedures.models import demand as models
from tests.factories import create_code, create_draft, create_guide

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 20)


def day(days: int) -> datetime.date:
    """The day so many days before TODAY."""
    return TODAY - datetime.timedelta(days=days)


def create_searches(text, *counts):
    """One row for each (days before TODAY, count)."""
    return [SearchWithoutResult.objects.create(text=text, day=day(days), count=count) for days, count in counts]


def create_views(code, *counts):
    for days, count in counts:
        DailyViews.objects.create(code=code, day=day(days), count=count)


@pytest.mark.parametrize("text", ["", "ann@example.org"])
def test_search_cannot_hold_nothing_or_an_address(text):
    with pytest.raises(IntegrityError), transaction.atomic():
        SearchWithoutResult.objects.create(text=text, day=TODAY, count=1)


def test_counts_of_one_thing_on_one_day_are_one_row():
    code = create_code()
    create_views(code, (0, 1))
    create_searches("cat scan", (0, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        create_views(code, (0, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        create_searches("cat scan", (0, 1))


def test_nothing_is_no_count():
    with pytest.raises(IntegrityError), transaction.atomic():
        create_views(create_code(), (0, 0))
    with pytest.raises(IntegrityError), transaction.atomic():
        create_searches("cat scan", (0, 0))


def test_counts_are_added_to_rows_or_make_them():
    create_searches("cat scan", (0, 2), (1, 4))
    SearchWithoutResult.objects.add_counts({("cat scan", TODAY): 3, ("knee scope", TODAY): 1})

    rows = SearchWithoutResult.objects.values_list("text", "day", "count")
    assert set(rows) == {("cat scan", TODAY, 5), ("cat scan", day(1), 4), ("knee scope", TODAY, 1)}


def test_day_with_too_many_queries_takes_no_more(monkeypatch):
    monkeypatch.setattr(models, "MOST_QUERIES_A_DAY", 2)
    create_searches("cat scan", (0, 1))
    create_searches("knee scope", (0, 1))
    SearchWithoutResult.objects.add_counts({("a third", TODAY): 1, ("a third", day(1)): 1})

    assert list(SearchWithoutResult.objects.filter(text="a third").values_list("day", flat=True)) == [day(1)]


def test_expired_are_searches_of_90_days_and_views_of_400():
    create_searches("kept", (89, 1))
    create_searches("expired", (90, 1))
    code = create_code()
    create_views(code, (400, 1), (401, 2))

    assert [row.text for row in SearchWithoutResult.objects.expired(TODAY)] == ["expired"]
    assert [row.text for row in SearchWithoutResult.objects.kept(TODAY)] == ["kept"]
    assert [row.count for row in DailyViews.objects.expired(TODAY)] == [2]


def test_often_gives_queries_from_the_third_time_with_their_sum_and_last_day():
    create_searches("twice", (0, 1), (5, 1))
    oldest = create_searches("three times", (80, 1), (7, 1), (3, 1))[0]
    create_searches("long ago", (90, 9), (1, 2))
    create_searches("many times", (2, 8))

    found = SearchWithoutResult.objects.often(TODAY)

    assert [(row.text, row.times, row.last) for row in found] == [
        ("many times", 8, day(2)),
        ("three times", 3, day(3)),
    ]
    assert found.get(pk=oldest.pk).times == 3
    assert [row["text"] for row in SearchWithoutResult.objects.by_query(TODAY)] == ["many times", "three times"]
    assert {row["total"] for row in SearchWithoutResult.objects.by_query(TODAY)[:1]} == {2}


def test_often_gives_the_most_frequent_where_there_are_too_many(monkeypatch):
    monkeypatch.setattr(models, "MOST_SHOWN", 1)
    create_searches("three times", (0, 3))
    create_searches("four times", (0, 4))

    assert [row.text for row in SearchWithoutResult.objects.often(TODAY)] == ["four times"]


def test_with_text_of_gives_all_days_of_a_query():
    query = create_searches("cat scan", (9, 1), (0, 3))[0]
    create_searches("cat", (0, 3))

    assert {row.day for row in SearchWithoutResult.objects.with_text_of([query])} == {day(9), day(0)}


def test_views_of_codes_without_guide_are_added_up_over_the_last_days():
    viewed, more, guided = create_code("J0001"), create_code("J0002"), create_code("J0003")
    withdrawn, heading = create_code("J0004"), create_code("J00", kind="header")
    create_guide(guided)
    create_guide(withdrawn).unpublish(reason="It was wrong.", by=None)
    create_draft(more)
    create_views(viewed, (0, 1), (29, 2), (30, 100))
    create_views(more, (0, 7))
    create_views(withdrawn, (0, 1))
    create_views(guided, (0, 50))
    create_views(heading, (0, 50))

    rows = DailyViews.objects.of_last(30, TODAY).of_codes_without_guide().by_code()

    assert [(row["code"], row["views"], row["total"]) for row in rows] == [
        (more.pk, 7, 3),
        (viewed.pk, 3, 3),
        (withdrawn.pk, 1, 3),
    ]
