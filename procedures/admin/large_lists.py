"""Lists of 100,000 rows that answer at once on both databases: how their pages and their search are asked for."""

from django.core.paginator import Paginator

# Rows that a search by words finds. Nobody leafs through more, and naming more of them in a query takes its time.
MOST_FOUND = 1_000


class KeyPaginator(Paginator):
    """Finds the rows of a page by their keys: the rows before them are then passed over without what they refer to."""

    def _get_page(self, object_list, *args, **kwargs):
        keys = list(object_list.values_list("pk", flat=True))
        return super()._get_page(self.object_list.filter(pk__in=keys), *args, **kwargs)


def newest_keys(rows) -> list[int]:
    """The primary keys of the newest rows of a slow query, at most 1,000: for the count and the page of a search."""
    return list(rows.order_by("-pk").values_list("pk", flat=True)[:MOST_FOUND])
