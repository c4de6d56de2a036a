"""Lists of 100,000 rows that answer at once on both databases: how their pages and their search are asked for."""

from django.core.paginator import Paginator

from procedures.models import MedicalCode

# As many codes are named one by one in a query: both databases then use the index of the rows that refer to them.
MOST_CODES = 2_000


class KeyPaginator(Paginator):
    """Finds the rows of a page by their keys: the rows before them are then passed over without what they refer to."""

    def _get_page(self, object_list, *args, **kwargs):
        keys = list(object_list.values_list("pk", flat=True))
        return super()._get_page(self.object_list.filter(pk__in=keys), *args, **kwargs)


def few_or_query(code_ids):
    """A query for primary keys of codes; as a list, where they are few."""
    few = list(code_ids[: MOST_CODES + 1])
    return few if len(few) <= MOST_CODES else code_ids


def code_ids_beginning(code: str):
    """The primary keys of the codes that begin so, to be looked for in a query."""
    return few_or_query(MedicalCode.objects.filter(normalized__startswith=code).order_by().values_list("pk", flat=True))
