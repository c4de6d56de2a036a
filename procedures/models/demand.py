"""What visitors look for, counted by day, without anything about who they are."""

import datetime
from collections.abc import Mapping

from django.db import IntegrityError, models, transaction
from django.db.models import Count, F, Max, Min, OuterRef, Q, Subquery, Sum, Window
from django.utils import timezone

from procedures.models.codes import MedicalCode

# Days for which counts are kept.
SEARCHES_KEPT = 90
VIEWS_KEPT = 400
# A query that fewer visits brought could tell something about one person.
SHOWN_FROM = 3
# Visitors can make up queries without end.
MOST_QUERIES_A_DAY = 10_000
MOST_SHOWN = 1_000


class DailyCountQuerySet(models.QuerySet):
    """Rows that count one thing on one day, in columns `day` and `count`."""

    def add_counts(self, counts: Mapping[tuple, int]) -> None:
        """Adds to the rows that these values of KEY name, and makes those that are missing.

        Call it in a transaction. The rows are taken in order, so that two processes wait for each other instead of
        stopping each other.
        """
        for values, count in sorted(counts.items()):
            key = dict(zip(self.model.KEY, values, strict=True))
            if self.filter(**key).update(count=F("count") + count):
                continue
            try:
                with transaction.atomic():
                    self.create(**key, count=count)
            except IntegrityError:
                # Another process made it since the update.
                self.filter(**key).update(count=F("count") + count)


class DailyViewsQuerySet(DailyCountQuerySet):
    def add_counts(self, counts):
        """Like that of DailyCountQuerySet; codes that are no longer there are passed over."""
        held = set(MedicalCode.objects.filter(pk__in={pk for pk, _ in counts}).values_list("pk", flat=True))
        super().add_counts({key: count for key, count in counts.items() if key[0] in held})

    def expired(self, today: datetime.date | None = None):
        """Counts that are too old to be kept."""
        return self.filter(day__lt=(today or timezone.localdate()) - datetime.timedelta(days=VIEWS_KEPT))

    def of_last(self, days: int, today: datetime.date | None = None):
        """Counts of so many days, today included."""
        return self.filter(day__gt=(today or timezone.localdate()) - datetime.timedelta(days=days))

    def of_codes_without_guide(self):
        """Counts of codes without a published guide, headings left out. See also MedicalCodeQuerySet.without_guide."""
        # Two short lists: with a join each of the counts would look up its code.
        guided = MedicalCode.objects.with_guide().values("pk")
        return self.exclude(code__in=guided).exclude(
            code__in=MedicalCode.objects.filter(kind=MedicalCode.Kind.HEADER).values("pk")
        )

    def by_code(self):
        """The views of each code together, the most viewed first: {"code", "views", "total"}.

        `total` is the number of codes, the same in each row.
        """
        codes = self.order_by().values("code").annotate(views=Sum("count"), total=Window(Count("*")))
        return codes.order_by("-views", "code")


class DailyViews(models.Model):
    """How often the page of a code was asked for on one day, as far as no cache answered instead."""

    KEY = ("code_id", "day")

    code = models.ForeignKey("procedures.MedicalCode", models.CASCADE, related_name="daily_views")
    day = models.DateField(db_index=True)
    count = models.PositiveIntegerField()

    objects = DailyViewsQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "daily views of codes"
        ordering = ["-day", "-count"]
        constraints = [
            models.UniqueConstraint(fields=["code", "day"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=Q(count__gt=0), name="%(app_label)s_%(class)s_counts_something"),
        ]

    def __str__(self):
        return f"{self.code_id} on {self.day}: {self.count}"


class SearchWithoutResultQuerySet(DailyCountQuerySet):
    def add_counts(self, counts):
        """Like that of DailyCountQuerySet; a day that has too many queries already takes no more."""
        days = {day for _, day in counts}
        full = {day for day in days if self.filter(day=day).count() >= MOST_QUERIES_A_DAY}
        super().add_counts({key: count for key, count in counts.items() if key[1] not in full})

    def expired(self, today: datetime.date | None = None):
        """Counts that are too old to be kept."""
        return self.filter(day__lte=(today or timezone.localdate()) - datetime.timedelta(days=SEARCHES_KEPT))

    def kept(self, today: datetime.date | None = None):
        """Counts that are not expired."""
        return self.filter(day__gt=(today or timezone.localdate()) - datetime.timedelta(days=SEARCHES_KEPT))

    def by_query(self, today: datetime.date | None = None):
        """Queries asked at least three times in the last 90 days, the most frequent first.

        As {"text", "times", "last", "row", "total"}: the sum and the last day of its rows, the primary key of the
        oldest, and the number of such queries, the same in each row.
        """
        queries = self.kept(today).order_by().values("text")
        queries = queries.annotate(times=Sum("count"), last=Max("day"), row=Min("pk")).filter(times__gte=SHOWN_FROM)
        return queries.annotate(total=Window(Count("*"))).order_by("-times", "text")

    def often(self, today: datetime.date | None = None):
        """The oldest row of each of the first thousand of `by_query`, in the same order, with `times` and `last`.

        Which these are is asked at once: a subquery would be run for the count of a list and again for its page.
        """
        of_text = SearchWithoutResult.objects.kept(today).order_by().filter(text=OuterRef("text")).values("text")
        shown = [row["row"] for row in SearchWithoutResult.objects.by_query(today)[:MOST_SHOWN]]
        return (
            self.filter(pk__in=shown)
            .annotate(
                times=Subquery(of_text.annotate(times=Sum("count")).values("times")),
                last=Subquery(of_text.annotate(last=Max("day")).values("last")),
            )
            .order_by("-times", "text")
        )

    def with_text_of(self, queries):
        """All rows of the queries that these rows stand for."""
        return self.filter(text__in=[query.text for query in queries])


class SearchWithoutResult(models.Model):
    """How often a search found nothing on one day; only text that procedures.demand lets through."""

    KEY = ("text", "day")

    text = models.CharField(max_length=120, help_text="The words asked for, in lower case.")
    day = models.DateField(db_index=True)
    count = models.PositiveIntegerField()

    objects = SearchWithoutResultQuerySet.as_manager()

    class Meta:
        verbose_name = "search without result"
        verbose_name_plural = "searches without result"
        ordering = ["-day", "-count"]
        constraints = [
            models.UniqueConstraint(fields=["text", "day"], name="%(app_label)s_%(class)s_once"),
            models.CheckConstraint(condition=Q(count__gt=0), name="%(app_label)s_%(class)s_counts_something"),
            models.CheckConstraint(
                condition=~Q(text="") & ~Q(text__contains="@"), name="%(app_label)s_%(class)s_no_address"
            ),
        ]

    def __str__(self):
        return self.text
