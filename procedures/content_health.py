"""What wants an editor's work and is more than a count: guides that are alike, and what visitors look for in vain."""

from dataclasses import dataclass

from django.core.cache import cache
from django.utils import timezone

from procedures.models import DailyViews, Guide, MedicalCode, SearchWithoutResult
from procedures.search import read_content_version

# Days.
LONG_IN_WORK = 30
VIEWS_COUNTED = 30
# Rows of the longest lists on the page.
MOST_SHOWN = 20


@dataclass(frozen=True)
class Twins:
    """Public guides that are nearly the same as another: their primary keys, and the pairs that are most alike."""

    guides: list[int]
    closest: list[tuple[int, int, float]]


def twins() -> Twins:
    """The near duplicates of GuideQuerySet.near_duplicates; found once for each version of the public content."""
    return cache.get_or_set(f"near-duplicates:{read_content_version()}", _find_twins, timeout=86_400)


def _find_twins() -> Twins:
    pairs = Guide.objects.near_duplicates()
    guides = sorted({pk for one, other, _ in pairs for pk in (one, other)})
    return Twins(guides, sorted(pairs, key=lambda pair: -pair[2])[:MOST_SHOWN])


def guides_with_twins() -> tuple[int, list[dict]]:
    """How many guides are nearly the same as another, and the pairs most alike, as {"guides", "percent"}.

    The guides come without their texts.
    """
    found = twins()
    pks = {pk for one, other, _ in found.closest for pk in (one, other)}
    guides = Guide.objects.select_related("code").only("code__code", "code__title").in_bulk(pks)
    pairs = [
        {"guides": [guides[one], guides[other]], "percent": int(100 * alike)}
        for one, other, alike in found.closest
        if one in guides and other in guides
    ]
    return len(found.guides), pairs


def codes_viewed_without_guide() -> tuple[int, list[dict]]:
    """How many codes without a guide were viewed in the last 30 days, and the most viewed: {"code", "views", "draft"}.

    `draft` is the primary key of the guide in work, None where nobody has begun one. The views are up to ten minutes
    old: there may be a hundred thousand numbers to add.
    """
    key = f"viewed-without-guide:{read_content_version()}:{timezone.localdate()}"
    rows = cache.get_or_set(key, _most_viewed_without_guide, timeout=600)
    found = MedicalCode.objects.select_related("guide_draft").only("code", "title", "guide_draft__id")
    codes = found.in_bulk([row["code"] for row in rows])
    shown = []
    for row in rows:
        if code := codes.get(row["code"]):
            draft = getattr(code, "guide_draft", None)
            shown.append({"code": code, "views": row["views"], "draft": draft and draft.pk})
    return (rows[0]["total"] if rows else 0), shown


def _most_viewed_without_guide() -> list[dict]:
    return list(DailyViews.objects.of_last(VIEWS_COUNTED).of_codes_without_guide().by_code()[:MOST_SHOWN])


def searches_without_result() -> tuple[int, list[dict]]:
    """How many queries found nothing three times or more, and the most frequent: see `by_query`."""
    rows = list(SearchWithoutResult.objects.by_query()[:MOST_SHOWN])
    return (rows[0]["total"] if rows else 0), rows
