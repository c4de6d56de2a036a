"""Search on PostgreSQL: a generated tsvector column of SearchEntry with a GIN index (migration 0003).

The words come ready cut (procedures.search.text) and never pass PostgreSQL's parser, neither those of the texts nor
those of a query. Words of the title and the names are there a second time, behind `^`. Filters are conditions on the
bits of the id, for the rare ones of which there are partial indexes.
"""

from collections.abc import Sequence

from django.db import connection

from procedures.search.engine import Engine, narrow_by_bits
from procedures.search.entry_ids import SYSTEM_SHIFT
from procedures.search.plan import Meaning, Plan, Term

ANYWHERE = ""
TITLE_OR_NAMES = "^"

READ_IN_ORDER_FROM = 20_000

INDEXES = ("document", "headings", "policies")


class PostgreSQLEngine(Engine):
    code_order = 'normalized COLLATE "C"'

    def begins_with(self, column: str, text: str) -> tuple[str, list]:
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return f"{column} LIKE %s", [escaped + "%"]

    def _code_condition(self, code: str, first: int, last: int, *, by_code: bool) -> tuple[str, list]:
        return "normalized LIKE %s AND id BETWEEN %s AND %s", [code + "%", first, last]

    def _holding_terms(self, plan: Plan, first: int, last: int, *, only_named: bool) -> tuple[str, list]:
        return _matching(_all(plan.terms, TITLE_OR_NAMES if only_named else ANYWHERE), plan, first, last)

    def _meant(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        return _matching(meanings_query(plan, first >> SYSTEM_SHIFT), plan, first, last)

    def _holding(self, plan: Plan, first: int, last: int) -> tuple[str, list]:
        meant = meanings_query(plan, first >> SYSTEM_SHIFT)
        query = _all(plan.terms, ANYWHERE)
        return _matching(f"({query}) | ({meant})" if meant else query, plan, first, last)

    def _first(self, source: str, plan: Plan) -> str:
        return f"{source} ORDER BY {self._order(plan)} LIMIT {plan.cap + 1}"

    @staticmethod
    def _order(plan: Plan) -> str:
        # In the order of the primary key PostgreSQL reads rows until enough of them match, which is fast for the most
        # frequent words alone; `id + 0` makes it take the GIN index and sort what that finds.
        return "id" if plan.rarest >= READ_IN_ORDER_FROM and not plan.phrases else "id + 0"

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


def _matching(query: str, plan: Plan, first: int, last: int) -> tuple[str, list]:
    if not query:
        return "SELECT id FROM procedures_searchentry WHERE id IS NULL", []
    where = f"document @@ %s::tsquery AND id BETWEEN %s AND %s{narrow_by_bits(plan)}"
    return f"SELECT id FROM procedures_searchentry WHERE {where}", [query, first, last]


def meanings_query(plan: Plan, position: int) -> str:
    """What the everyday phrases of a plan mean, beside its other terms, as the text of a tsquery; "" for nothing.

    Codes are meant within their own system alone, which is at `position`.
    """
    parts, at = [], 0
    for phrase in plan.phrases:
        parts += [_term(term, ANYWHERE) for term in plan.terms[at : phrase.start]]
        choices = [each for meaning in phrase.meanings if (each := _meaning(meaning, position))]
        if not plan.is_one_phrase:
            choices.append(f"({_all(plan.terms[phrase.start : phrase.stop], ANYWHERE)})")
        if not choices:
            return ""
        parts.append(f"({' | '.join(choices)})")
        at = phrase.stop
    parts += [_term(term, ANYWHERE) for term in plan.terms[at:]]
    return " & ".join(parts)


def _meaning(meaning: Meaning, position: int) -> str:
    if meaning.code:
        return _quote(f"={meaning.code.lower()}") + ":*" if meaning.position == position else ""
    return f"({_all(meaning.terms, TITLE_OR_NAMES)})"


def _all(terms: Sequence[Term], place: str) -> str:
    """Terms as the text of a tsquery. `place` is the mark of the words of some columns, or "" for those of all."""
    return " & ".join(_term(term, place) for term in terms)


def _term(term: Term, place: str) -> str:
    """Every word is quoted, so that none can be an operator."""
    choices = [_quote(place + text) for text in (*term.typed, *term.forms)]
    if term.beginning:
        choices.append(_quote(place + term.beginning) + ":*")
    return choices[0] if len(choices) == 1 else f"({' | '.join(choices)})"


def _quote(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
