"""Search on PostgreSQL: a generated tsvector column of SearchEntry with a GIN index (migration 0003).

The words come ready cut (procedures.search.text) and never pass PostgreSQL's parser, neither those of the texts nor
those of a query. Words of the title and the names are there a second time, behind `^`. Filters are conditions on the
bits of the id, for the rare ones of which there are partial indexes.
"""

from django.db import connection

from procedures.search.engine import Engine, narrow_by_bits
from procedures.search.entry_ids import RANK_BITS, RANK_SHIFT
from procedures.search.plan import CAP, Plan

ANYWHERE = ""
TITLE_OR_NAMES = "^"

READ_IN_ORDER_FROM = 20_000

INDEXES = ("document", "headings", "policies")


class PostgreSQLEngine(Engine):
    code_order = 'normalized COLLATE "C"'

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        return "normalized LIKE %s AND id BETWEEN %s AND %s", [code + "%", first, last]

    def _word_arm(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        # In the order of the primary key PostgreSQL reads rows until enough of them match, which is fast for the most
        # frequent words alone; `id + 0` makes it take the GIN index and sort what that finds.
        order = "id" if plan.rarest >= READ_IN_ORDER_FROM else "id + 0"
        source, values = self._words_where(plan, first, last)
        return (
            f"SELECT id, CASE WHEN document @@ %s::tsquery THEN 0 ELSE 1 END AS score, "
            f"(id >> {RANK_SHIFT}) & {RANK_BITS} AS place "
            f"FROM (SELECT id, document FROM {source} ORDER BY {order} LIMIT {CAP + 1}) AS found"
        ), [tsquery(plan, TITLE_OR_NAMES), *values]

    def _words_where(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        return (
            f"procedures_searchentry WHERE document @@ %s::tsquery AND id BETWEEN %s AND %s{narrow_by_bits(plan)}",
            [tsquery(plan, ANYWHERE), first, last],
        )

    def clear(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procedures_searchname")
            cursor.execute("DELETE FROM procedures_searchentry")

    def index_all(self) -> None:
        """The column is generated with the row; what the GIN index has put off is done, so that no search has to."""
        with connection.cursor() as cursor:
            for index in INDEXES:
                cursor.execute("SELECT gin_clean_pending_list(%s)", [f"procedures_searchentry_{index}"])

    def insert(self, table: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        # A copy does not pass Django's cursor, which would name its errors.
        with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def add_entries(self, ids: list[int]) -> None:
        """As `index_all`, which does only what was put off."""
        self.index_all()


def tsquery(plan: Plan, place: str) -> str:
    """The plan's words as the text of a tsquery; every word is quoted, so none can be an operator.

    `place` is the mark that the words of some columns have, or "" for words of all columns.
    """
    terms = [_quote(place + word) for word in plan.words]
    if plan.last_is_prefix:
        terms[-1] += ":*"
    return " & ".join(terms)


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
